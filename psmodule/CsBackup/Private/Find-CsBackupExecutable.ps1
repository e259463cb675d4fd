# The folder below bin that holds the executable for this machine; empty where none is made for it.
function Get-CsBackupPlatform {
    if ([System.Environment]::OSVersion.Platform -eq [System.PlatformID]::Win32NT) {
        return 'windows-amd64'
    }
    if ($IsMacOS) {
        return ''
    }
    if ([System.Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture -eq 'Arm64') {
        return 'linux-arm64'
    }
    return 'linux-amd64'
}

# Where the executable lies in a packaged build; empty where none is made for this machine.
function Get-CsBackupPackagedPath {
    $platform = Get-CsBackupPlatform
    if ($platform -eq '') {
        return ''
    }
    $name = 'csbackup'
    if ($platform -eq 'windows-amd64') {
        $name = 'csbackup.exe'
    }
    $moduleFolder = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
    return [System.IO.Path]::Combine($moduleFolder, 'bin', $platform, $name)
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

    $beside = Get-CsBackupPackagedPath
    if (($beside -ne '') -and [System.IO.File]::Exists($beside)) {
        return $beside
    }

    $name = 'csbackup'
    if ([System.Environment]::OSVersion.Platform -eq [System.PlatformID]::Win32NT) {
        $name = 'csbackup.exe'
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
            -Hint 'Set CSBACKUP_EXE to the full path of the csbackup executable, or remove it to use the one that lies beside the module or on the PATH.'
    }
    $place = Get-CsBackupPackagedPath
    if ($place -ne '') {
        $place = "as '$place' or "
    }
    return New-CsBackupErrorRecord -Id 'ExecutableNotFound' -Category 'ObjectNotFound' -Target 'csbackup' `
        -Message 'The csbackup executable was found neither beside the module nor on the PATH.' `
        -Hint "Install the csbackup executable of the module's release ${place}in a folder of the PATH, or set the environment variable CSBACKUP_EXE to its full path."
}
