# The folder below bin that holds the executable for this machine.
function Get-CsBackupPlatform {
    if ([System.Environment]::OSVersion.Platform -eq [System.PlatformID]::Win32NT) {
        return 'windows-amd64'
    }
    if ([System.Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture -eq 'Arm64') {
        return 'linux-arm64'
    }
    return 'linux-amd64'
}

# The executable's full path: what CSBACKUP_EXE names, else the one beside the module, else the one on
# the PATH; nothing when there is none. A CSBACKUP_EXE that names no file is not passed over, for
# whoever set it does not want another one.
function Find-CsBackupExecutable {
    $named = [System.Environment]::GetEnvironmentVariable('CSBACKUP_EXE')
    if (-not [string]::IsNullOrEmpty($named)) {
        if ([System.IO.File]::Exists($named)) {
            return [System.IO.Path]::GetFullPath($named)
        }
        return $null
    }

    $platform = Get-CsBackupPlatform
    $name = 'csbackup'
    if ($platform -eq 'windows-amd64') {
        $name = 'csbackup.exe'
    }
    $moduleFolder = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
    $beside = [System.IO.Path]::Combine($moduleFolder, 'bin', $platform, $name)
    if ([System.IO.File]::Exists($beside)) {
        return $beside
    }

    $found = $ExecutionContext.InvokeCommand.GetCommand($name, [System.Management.Automation.CommandTypes]::Application)
    if ($null -ne $found) {
        return $found.Path
    }
    return $null
}

# The error for a machine on which Find-CsBackupExecutable finds nothing.
function New-CsBackupNotFoundRecord {
    $named = [System.Environment]::GetEnvironmentVariable('CSBACKUP_EXE')
    if (-not [string]::IsNullOrEmpty($named)) {
        return New-CsBackupErrorRecord -Id 'ExecutableNotFound' -Category 'ObjectNotFound' -Target $named `
            -Message "The environment variable CSBACKUP_EXE names '$named', and there is no such file." `
            -Hint 'Correct CSBACKUP_EXE, or remove it to use the executable that lies beside the module or on the PATH.'
    }
    $moduleFolder = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
    $folder = [System.IO.Path]::Combine($moduleFolder, 'bin', (Get-CsBackupPlatform))
    return New-CsBackupErrorRecord -Id 'ExecutableNotFound' -Category 'ObjectNotFound' -Target 'csbackup' `
        -Message 'The csbackup executable was found neither beside the module nor on the PATH.' `
        -Hint "Put the csbackup executable of the module's release into '$folder' or on the PATH, or set the environment variable CSBACKUP_EXE to its full path."
}
