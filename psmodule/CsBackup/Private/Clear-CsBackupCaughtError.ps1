# What an entry of a list of errors is about: its innermost exception.
function Get-CsBackupErrorCause {
    param(
        [object] $Entry
    )

    if ($Entry -is [System.Management.Automation.ErrorRecord]) {
        return $Entry.Exception.GetBaseException()
    }
    if ($Entry -is [System.Exception]) {
        return $Entry.GetBaseException()
    }
    return $null
}

# The list behind a cmdlet's -ErrorVariable; nothing where it was not given.
function Get-CsBackupErrorList {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet
    )

    if (($null -eq $Cmdlet) -or (-not $Cmdlet.MyInvocation.BoundParameters.ContainsKey('ErrorVariable'))) {
        return $null
    }
    $name = ([string]$Cmdlet.MyInvocation.BoundParameters['ErrorVariable']).TrimStart('+')
    $list = $Cmdlet.SessionState.PSVariable.GetValue($name)
    if ($list -is [System.Collections.ArrayList]) {
        return , $list
    }
    return $null
}

# An error that the module has caught is no failure of the cmdlet, yet PowerShell has noted it in $Error
# and in the list behind -ErrorVariable. It is taken out again, so that one failure leaves one record;
# whatever else is there stays. Call it first thing in a catch block.
function Clear-CsBackupCaughtError {
    param(
        [System.Management.Automation.ErrorRecord] $Caught,
        [System.Management.Automation.PSCmdlet] $Cmdlet
    )

    $cause = Get-CsBackupErrorCause -Entry $Caught
    # The newest stands first in $Error, and last in the other list.
    while ($global:Error.Count -gt 0) {
        $newest = Get-CsBackupErrorCause -Entry $global:Error[0]
        if (($null -eq $newest) -or (-not [object]::ReferenceEquals($newest, $cause))) {
            break
        }
        $global:Error.RemoveAt(0)
    }
    $list = Get-CsBackupErrorList -Cmdlet $Cmdlet
    while (($null -ne $list) -and ($list.Count -gt 0)) {
        $newest = Get-CsBackupErrorCause -Entry $list[$list.Count - 1]
        if (($null -eq $newest) -or (-not [object]::ReferenceEquals($newest, $cause))) {
            break
        }
        $list.RemoveAt($list.Count - 1)
    }
}
