# The path of a folder that does not exist yet, for an archive on its way between the executable and a
# byte array. It only becomes a folder inside the try block whose finally takes it away.
function Get-CsBackupTemporaryPath {
    $name = 'csbackup-' + [System.Guid]::NewGuid().ToString('N')
    return [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), $name)
}

# The error for an archive that could not be kept in the meantime.
function New-CsBackupTemporaryRecord {
    param(
        [string] $Path,
        [string] $Problem
    )

    return New-CsBackupErrorRecord -Id 'TemporaryFileFailed' -Category 'WriteError' -Target $Path `
        -Message "The archive could not be kept in the temporary folder '$Path': $Problem" `
        -Hint 'Make room on the volume of the folder for temporary files, or use -FileName with a file.'
}

# Makes a folder that only this user can read where .NET cannot: before its release 7, under PowerShell
# 7.0 to 7.2 on Linux.
function New-CsBackupOwnerFolder {
    param(
        [string] $Path
    )

    $info = [System.Diagnostics.ProcessStartInfo]::new('mkdir')
    foreach ($argument in '-m', '700', '--', $Path) {
        $info.ArgumentList.Add($argument)
    }
    $process = [System.Diagnostics.Process]::Start($info)
    try {
        [void]$process.WaitForExit()
        if ($process.ExitCode -ne 0) {
            throw "mkdir ended with code $($process.ExitCode)."
        }
    }
    finally {
        $process.Dispose()
    }
}

# Makes the folder, which only this user can read. Ends the cmdlet when it cannot be made.
function New-CsBackupTemporaryFolder {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Path
    )

    try {
        if ([System.IO.Path]::DirectorySeparatorChar -eq '\') {
            # On Windows the folder for temporary files is the user's own.
            [void][System.IO.Directory]::CreateDirectory($Path)
        }
        elseif ($null -ne ('System.IO.UnixFileMode' -as [type])) {
            $ownerOnly = [System.IO.UnixFileMode]448
            [void][System.IO.Directory]::CreateDirectory($Path, $ownerOnly)
        }
        else {
            New-CsBackupOwnerFolder -Path $Path
        }
        return
    }
    catch {
        $problem = $_.Exception.GetBaseException().Message
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Cmdlet
    }
    $Cmdlet.ThrowTerminatingError((New-CsBackupTemporaryRecord -Path $Path -Problem $problem))
}

# Takes the folder away. It is called from a finally block, also when the pipeline is being stopped, so
# it writes nothing.
function Remove-CsBackupTemporaryFolder {
    param(
        [string] $Path
    )

    try {
        if ([System.IO.Directory]::Exists($Path)) {
            [System.IO.Directory]::Delete($Path, $true)
        }
    }
    catch {
        Clear-CsBackupCaughtError -Caught $_
    }
}

# Reads the archive that a command has written and keeps it in the outcome, as Bytes. After a failure
# there may be none; without one there must be.
function Read-CsBackupArchive {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Path,
        [hashtable] $Outcome
    )

    $Outcome.Bytes = $null
    if (($null -ne $Outcome.Failure) -and (-not [System.IO.File]::Exists($Path))) {
        return
    }
    try {
        $Outcome.Bytes = [System.IO.File]::ReadAllBytes($Path)
    }
    catch {
        $problem = $_.Exception.GetBaseException().Message
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Cmdlet
        if ($null -eq $Outcome.Failure) {
            $Outcome.Failure = New-CsBackupTemporaryRecord -Path $Path -Problem $problem
        }
    }
}

# Writes an archive to a file. Ends the cmdlet when it cannot be written.
function Write-CsBackupArchive {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Path,
        [byte[]] $Bytes,
        [System.IO.MemoryStream] $Collected
    )

    try {
        if ($null -eq $Collected) {
            [System.IO.File]::WriteAllBytes($Path, $Bytes)
            return
        }
        $file = [System.IO.File]::Create($Path)
        try {
            $Collected.WriteTo($file)
        }
        finally {
            $file.Dispose()
        }
        return
    }
    catch {
        $problem = $_.Exception.GetBaseException().Message
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Cmdlet
    }
    $Cmdlet.ThrowTerminatingError((New-CsBackupTemporaryRecord -Path $Path -Problem $problem))
}
