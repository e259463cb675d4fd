# Completes a text with those of the given values that begin with it.
function Select-CsBackupCompletion {
    param(
        [string[]] $Values,
        [string] $Word
    )

    $begin = $Word.Trim("'", '"')
    foreach ($value in $Values) {
        if ($value.StartsWith($begin, [System.StringComparison]::OrdinalIgnoreCase)) {
            $text = $value
            if (-not ($value -match '^[A-Za-z][A-Za-z0-9._-]*$')) {
                $text = "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($value) + "'"
            }
            [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $value)
        }
    }
}

# The pools that the topology file names. It is only read for names to propose; whether it is right is
# for the executable to say.
function Get-CsBackupPoolName {
    $path = [System.Environment]::GetEnvironmentVariable('CSBACKUP_TOPOLOGY')
    if ([string]::IsNullOrEmpty($path) -or (-not (Microsoft.PowerShell.Management\Test-Path -LiteralPath $path -PathType Leaf))) {
        return
    }
    $lines = Microsoft.PowerShell.Management\Get-Content -LiteralPath $path -TotalCount 5000 -ErrorAction Ignore
    foreach ($line in $lines) {
        $found = [regex]::Match($line, '\bfqdn:\s*["'']?([A-Za-z0-9._-]+)')
        if ($found.Success) {
            $found.Groups[1].Value
        }
    }
}

# The categories of an embedded database. Only such a one is near enough to be asked at a key press; what
# goes wrong, the export itself will tell.
function Get-CsBackupCategoryName {
    [CmdletBinding()]
    param(
        [string] $DBInstance
    )

    if (-not $DBInstance.StartsWith('sqlite:', [System.StringComparison]::OrdinalIgnoreCase)) {
        return
    }
    $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'chat categories' -Parameters @{ DBInstance = $DBInstance }
    foreach ($category in $outcome.Objects) {
        $category.Name
    }
}

# Lets the tab key complete the names of modules, pools and categories.
function Register-CsBackupCompletion {
    $withModule = @('Invoke-CsBackupServiceSync', 'Get-CsBackupServiceStatus')
    $withPool = @('Invoke-CsBackupServiceSync', 'Get-CsBackupServiceStatus', 'Get-CsPoolBackupRelationship')

    Microsoft.PowerShell.Core\Register-ArgumentCompleter -CommandName $withModule -ParameterName 'BackupModule' -ScriptBlock {
        param($commandName, $parameterName, $wordToComplete)
        $modules = @(
            'All',
            'ConfServices.DataConf',
            'UserServices.PresenceFocus',
            'CentralMgmt.CMSMaster',
            'ApplicationServer.RGSDataStore',
            'ApplicationServer.RGSFileStore',
            'DataConf',
            'PresenceFocus',
            'CMSMaster'
        )
        Select-CsBackupCompletion -Values $modules -Word $wordToComplete
    }
    Microsoft.PowerShell.Core\Register-ArgumentCompleter -CommandName $withPool -ParameterName 'PoolFqdn' -ScriptBlock {
        param($commandName, $parameterName, $wordToComplete)
        Select-CsBackupCompletion -Values @(Get-CsBackupPoolName) -Word $wordToComplete
    }
    Microsoft.PowerShell.Core\Register-ArgumentCompleter -CommandName 'Export-CsPersistentChatData' -ParameterName 'Scope' -ScriptBlock {
        param($commandName, $parameterName, $wordToComplete, $commandAst, $fakeBoundParameters)
        $names = @(Get-CsBackupCategoryName -DBInstance ([string]$fakeBoundParameters['DBInstance']))
        Select-CsBackupCompletion -Values $names -Word $wordToComplete
    }
}
