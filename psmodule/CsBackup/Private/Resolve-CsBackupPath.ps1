# The full path of a file as the operating system knows it, from a PowerShell path: relative to $PWD,
# with ~, or on a PowerShell drive. Wildcards are plain characters. A path that cannot be one of a
# file ends the cmdlet.
function Resolve-CsBackupPath {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Path
    )

    $hint = 'Give the path of a file on a drive that exists here.'
    if (($Path.StartsWith('\\', [System.StringComparison]::Ordinal)) -and ([System.IO.Path]::DirectorySeparatorChar -ne '\')) {
        $problem = 'this system does not open network paths'
        $hint = 'Mount the share, and give the path of the file below the mount point.'
    }
    else {
        $provider = $null
        $drive = $null
        $problem = 'it is not a path of the file system'
        try {
            $full = $Cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path, [ref]$provider, [ref]$drive)
            if ($provider.Name -eq 'FileSystem') {
                return $full
            }
        }
        catch {
            $problem = $_.Exception.GetBaseException().Message
            Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Cmdlet
        }
    }
    $record = New-CsBackupErrorRecord -Id 'PathInvalid' -Category 'InvalidArgument' -Target $Path -Message "The path '$Path' cannot be used: $problem" -Hint $hint
    $Cmdlet.ThrowTerminatingError($record)
}
