# The full path of a file as the operating system knows it, from a PowerShell path: relative to $PWD,
# with ~, or on a PowerShell drive. Wildcards are plain characters. A path that cannot be one of a
# file ends the cmdlet.
function Resolve-CsBackupPath {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Path
    )

    $provider = $null
    $drive = $null
    $problem = 'it is not a path of the file system'
    $full = $null
    try {
        $full = $Cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path, [ref]$provider, [ref]$drive)
    }
    catch {
        Clear-CsBackupCaughtError
        $problem = $_.Exception.GetBaseException().Message
    }
    if (($null -ne $full) -and ($null -ne $provider) -and ($provider.Name -eq 'FileSystem')) {
        return $full
    }
    $record = New-CsBackupErrorRecord -Id 'PathInvalid' -Category 'InvalidArgument' -Target $Path `
        -Message "The path '$Path' cannot be used: $problem" `
        -Hint 'Give the path of a file on a drive that exists here.'
    $Cmdlet.ThrowTerminatingError($record)
}
