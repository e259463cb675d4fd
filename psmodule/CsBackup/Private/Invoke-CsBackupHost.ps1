# Has the executable carry out one command and shows its progress, warnings and verbose text. Gives a
# hashtable: Objects (what the command gave, as the function named by Converter made it), Failure (an
# error record or nothing), Fatal (nothing else can go on). Without a Converter the cmdlet has no output,
# and the objects stay as the executable gave them. A Temporary folder of the caller is taken away by the
# executable when this PowerShell is gone before the answer.
function Invoke-CsBackupHost {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Command,
        [System.Collections.IDictionary] $Parameters,
        [string] $Converter,
        [string] $Temporary
    )

    $outcome = @{
        Objects   = [System.Collections.Generic.List[object]]::new()
        Converter = $Converter
        Failure   = $null
        Fatal     = $false
    }
    $path = Find-CsBackupExecutable
    if ($null -eq $path) {
        $outcome.Failure = New-CsBackupNotFoundRecord
        $outcome.Fatal = $true
        return $outcome
    }
    $content = @{ protocol = 1; command = $Command; parameters = $Parameters }
    if (-not [string]::IsNullOrEmpty($Temporary)) {
        $content['temporary'] = $Temporary
    }
    $request = Microsoft.PowerShell.Utility\ConvertTo-Json -InputObject $content -Compress -Depth 4
    $folder = $Cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath

    $session = New-CsBackupSession -Cmdlet $Cmdlet -Path $path
    try {
        Start-CsBackupHost -Session $session -Request $request -Folder $folder
        if ($null -ne $session.Failure) {
            $outcome.Failure = $session.Failure
            $outcome.Fatal = $true
        }
        else {
            Receive-CsBackupAnswer -Cmdlet $Cmdlet -Session $session -Outcome $outcome
            Complete-CsBackupProgress -Cmdlet $Cmdlet -Session $session
        }
    }
    finally {
        Stop-CsBackupHost -Session $session
    }
    return $outcome
}

# Writes a cmdlet's output, and its failure, if there is one: as a terminating error where nothing can
# go on.
function Write-CsBackupOutcome {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Outcome
    )

    if (-not [string]::IsNullOrEmpty($Outcome.Converter)) {
        foreach ($value in $Outcome.Objects) {
            $Cmdlet.WriteObject($value)
        }
    }
    if ($null -eq $Outcome.Failure) {
        return
    }
    if ($Outcome.Fatal) {
        $Cmdlet.ThrowTerminatingError($Outcome.Failure)
    }
    $Cmdlet.WriteError($Outcome.Failure)
}
