# A new folder that only this user can read, for an archive on its way between the executable and a
# byte array.
function New-CsBackupTemporaryFolder {
    $version = $PSVersionTable.PSVersion
    if (($version.Major -gt 7) -or (($version.Major -eq 7) -and ($version.Minor -ge 3))) {
        return [System.IO.Directory]::CreateTempSubdirectory('csbackup-').FullName
    }
    # Windows PowerShell: the folder for temporary files is the user's own.
    $name = 'csbackup-' + [System.Guid]::NewGuid().ToString('N')
    $path = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), $name)
    return [System.IO.Directory]::CreateDirectory($path).FullName
}

# Takes the folder away. It is called from a finally block, also when the pipeline is being stopped, so
# it writes nothing.
function Remove-CsBackupTemporaryFolder {
    param(
        [string] $Path
    )

    try {
        [System.IO.Directory]::Delete($Path, $true)
    }
    catch {
        Clear-CsBackupCaughtError
    }
}
