# What an entry of $Error is about: its innermost exception.
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

# An error that the module has caught is no failure of the cmdlet: it is taken out of $Error again, so
# that one failure leaves one record. Whatever else is in $Error stays. Call it first thing in a catch
# block.
function Clear-CsBackupCaughtError {
    param(
        [System.Management.Automation.ErrorRecord] $Caught
    )

    $cause = Get-CsBackupErrorCause -Entry $Caught
    while ($global:Error.Count -gt 0) {
        $newest = Get-CsBackupErrorCause -Entry $global:Error[0]
        if (($null -eq $newest) -or (-not [object]::ReferenceEquals($newest, $cause))) {
            return
        }
        $global:Error.RemoveAt(0)
    }
}
