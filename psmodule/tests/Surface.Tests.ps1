# Pins the parameter surface of each cmdlet as PowerShell itself reports it.
BeforeDiscovery {
    $everywhere = '__AllParameterSets'
    $surface = @(
        @{ Cmdlet = 'Invoke-CsBackupServiceSync'; Name = 'PoolFqdn'; Type = 'String'; Set = $everywhere; Position = 0; Mandatory = $true; Piped = $true }
        @{ Cmdlet = 'Invoke-CsBackupServiceSync'; Name = 'BackupModule'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Invoke-CsBackupServiceSync'; Name = 'Force'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Invoke-CsBackupServiceSync'; Name = 'Wait'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsBackupServiceStatus'; Name = 'PoolFqdn'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $true; Piped = $false }
        @{ Cmdlet = 'Get-CsBackupServiceStatus'; Name = 'Category'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsBackupServiceStatus'; Name = 'BackupModule'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsBackupServiceStatus'; Name = 'Force'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsPoolBackupRelationship'; Name = 'PoolFqdn'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $true; Piped = $false }
        @{ Cmdlet = 'Get-CsPoolBackupRelationship'; Name = 'LocalStore'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsPoolBackupRelationship'; Name = 'Force'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsBackupServiceConfiguration'; Name = 'Identity'; Type = 'String'; Set = 'Identity'; Position = 0; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsBackupServiceConfiguration'; Name = 'Filter'; Type = 'String'; Set = 'Filter'; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Get-CsBackupServiceConfiguration'; Name = 'LocalStore'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'Identity'; Type = 'String'; Set = 'Identity'; Position = 0; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'Instance'; Type = 'PSObject'; Set = 'Instance'; Position = -1; Mandatory = $false; Piped = $true }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'SyncInterval'; Type = 'TimeSpan'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'MaxConcurrentCalls'; Type = 'Int32'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'MaxBatchesPerCmsSync'; Type = 'Int32'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'MaxBatchesPerUserStoreSync'; Type = 'Int32'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'MaxDataConfPackageSizeKB'; Type = 'Int32'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'MaxHighPriQueuePercentagePerUserStoreSync'; Type = 'Int32'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'AuthorizedUniversalGroups'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'AuthorizedLocalAccounts'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'EnableRgsBackupService'; Type = 'Boolean'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Set-CsBackupServiceConfiguration'; Name = 'Force'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Remove-CsBackupServiceConfiguration'; Name = 'Identity'; Type = 'String'; Set = $everywhere; Position = 0; Mandatory = $true; Piped = $false }
        @{ Cmdlet = 'Remove-CsBackupServiceConfiguration'; Name = 'Force'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'DBInstance'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $true; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'DBName'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'FileName'; Type = 'String'; Set = 'FileName'; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'AsBytes'; Type = 'SwitchParameter'; Set = 'AsBytes'; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'Level'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'Scope'; Type = 'List`1'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'StartDate'; Type = 'DateTime'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'DisableExportedNodes'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'Report'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'TrustServerCertificate'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'ServerCertificate'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Export-CsPersistentChatData'; Name = 'Encrypt'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'DBInstance'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $true; Piped = $false }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'DBName'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'FileName'; Type = 'String'; Set = 'FileName'; Position = -1; Mandatory = $true; Piped = $false }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'ByteInput'; Type = 'Byte[]'; Set = 'ByteInput'; Position = -1; Mandatory = $true; Piped = $true }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'Report'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'TrustServerCertificate'; Type = 'SwitchParameter'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'ServerCertificate'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
        @{ Cmdlet = 'Import-CsPersistentChatData'; Name = 'Encrypt'; Type = 'String'; Set = $everywhere; Position = -1; Mandatory = $false; Piped = $false }
    )
    $counts = @($surface | Group-Object -Property { $_.Cmdlet } | ForEach-Object -Process { @{ Cmdlet = $_.Name; Count = $_.Count } })
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    Import-Module -Name $modulePath -Force
    Use-RealHost
    $common = @([System.Management.Automation.PSCmdlet]::CommonParameters) + @([System.Management.Automation.PSCmdlet]::OptionalCommonParameters)
}

Describe 'The parameters' {
    It '<Cmdlet> -<Name> is as published' -ForEach $surface {
        $parameter = (Get-Command -Name $Cmdlet -Module CsBackup).Parameters[$Name]
        $parameter | Should -Not -BeNullOrEmpty
        $parameter.ParameterType.Name | Should -Be $Type
        @($parameter.ParameterSets.Keys) | Should -Be @($Set)
        $inSet = $parameter.ParameterSets[$Set]
        $inSet.IsMandatory | Should -Be $Mandatory
        $inSet.ValueFromPipeline | Should -Be $Piped
        [System.Math]::Max($inSet.Position, -1) | Should -Be $Position
    }

    It '<Cmdlet> has no other parameters' -ForEach $counts {
        $own = @((Get-Command -Name $Cmdlet).Parameters.Keys | Where-Object -FilterScript { $common -notcontains $_ })
        $own.Count | Should -Be $Count
    }

    It 'WhatIf and Confirm are where things change' {
        $with = @(Get-Command -Module CsBackup | Where-Object -FilterScript { $_.Parameters.ContainsKey('WhatIf') } | ForEach-Object -Process { $_.Name } | Sort-Object)
        $with | Should -Be @('Import-CsPersistentChatData', 'Invoke-CsBackupServiceSync', 'Remove-CsBackupServiceConfiguration', 'Set-CsBackupServiceConfiguration')
    }

    It 'prefixes bind as they did' {
        Use-FakeHost -Mode 'record'
        Set-CsBackupServiceConfiguration -AuthorizedUniversalGroup 'one,two' -Identity global
        $request = Get-RecordedRequest
        @($request.parameters.AuthorizedUniversalGroups) | Should -Be @('one', 'two')
        Import-CsPersistentChatData -DBI 'server\instance' -FileName x.zip -Confirm:$false
        (Get-RecordedRequest).parameters.DBInstance | Should -Be 'server\instance'
        Use-RealHost
    }

    It 'every cmdlet has help with examples' {
        foreach ($command in Get-Command -Module CsBackup) {
            $help = Get-Help -Name $command.Name -Full
            $help.Synopsis | Should -Not -BeNullOrEmpty
            @($help.Examples.Example).Count | Should -BeGreaterThan 1
            foreach ($parameter in $help.Parameters.Parameter) {
                if (@('WhatIf', 'Confirm') -notcontains $parameter.Name) {
                    $parameter.Description | Should -Not -BeNullOrEmpty
                }
            }
        }
        Get-Help -Name about_CsBackup | Should -Not -BeNullOrEmpty
    }

    It 'the tab key knows modules and pools' {
        $line = 'Invoke-CsBackupServiceSync -BackupModule Conf'
        $found = (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches
        $found[0].CompletionText | Should -Be 'ConfServices.DataConf'
        $line = 'Get-CsBackupServiceStatus -PoolFqdn pool2'
        $found = (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches
        $found[0].CompletionText | Should -Be $pool2
    }

    It 'the tab key knows the categories of an embedded database' {
        Use-RealHost
        $known = @(& $env:CSBACKUP_TEST_EXE chat categories --db-instance "sqlite:$env:CSBACKUP_TEST_CHAT" --output json | ConvertFrom-Json | ForEach-Object -Process { $_.Name })
        $known.Count | Should -BeGreaterThan 0
        $global:Error.Clear()
        $line = "Export-CsPersistentChatData -DBInstance 'sqlite:$env:CSBACKUP_TEST_CHAT' -Scope "
        $found = (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches
        @($found | ForEach-Object -Process { $_.ListItemText }) | Should -Be $known
        $line = "Export-CsPersistentChatData -DBInstance 'sqlite:/none/none.db' -Scope "
        @((TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches | Where-Object -FilterScript { $_.ResultType -eq 'ParameterValue' }).Count | Should -Be 0
        $global:Error.Count | Should -Be 0
    }
}
