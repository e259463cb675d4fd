# Objects, their text and views, and the ways on which they leave the process.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    Import-Module -Name $modulePath -Force
    Use-RealHost
    Invoke-CsBackupServiceSync -PoolFqdn $pool2 -Wait
    Invoke-CsBackupServiceSync -PoolFqdn $pool1 -Wait
    $status = Get-CsBackupServiceStatus -PoolFqdn $pool1
    $settings = Get-CsBackupServiceConfiguration
    $properties = @('PoolFqdn', 'BackupPoolFqdn', 'ActiveMachineFqdn', 'OverallExportStatus', 'OverallImportStatus', 'BackupModules')
}

Describe 'A status' {
    It 'has its properties in their order' {
        $status.PSObject.TypeNames[0] | Should -Be 'CsBackup.BackupServiceStatus'
        @($status.PSObject.Properties.Name) | Should -Be $properties
        $module = $status.BackupModules[0]
        @($module.PSObject.Properties.Name)[0..2] | Should -Be @('Identity', 'ExportStatus', 'ImportStatus')
        @($status.BackupModules.Identity) | Should -Be @('UserServices.PresenceFocus', 'ConfServices.DataConf', 'CentralMgmt.CMSMaster')
    }

    It 'has times that are times, in local time' {
        $module = $status.BackupModules[1]
        $module.LastAcknowledgedTime | Should -BeOfType ([datetime])
        $module.LastAcknowledgedTime.Kind | Should -Be 'Local'
        $status.BackupModules[0].LastExportTime | Should -BeNullOrEmpty
    }

    It 'gives a module as text' {
        "$($status.BackupModules[1])" | Should -Be 'ConfServices.DataConf:[FinalState,NormalState]'
        ($status.BackupModules -join ';') | Should -BeLike 'UserServices.PresenceFocus:*;ConfServices.DataConf:*'
    }

    It 'is shown as a list with each module on a line of its own' {
        $lines = @(($status | Out-String -Width 120).Split([char]10) | ForEach-Object -Process { $_.Trim() } | Where-Object -FilterScript { $_ -ne '' })
        $lines[0] | Should -Be 'PoolFqdn            : pool1.contoso.com'
        $lines[5] | Should -BeLike 'BackupModules       : UserServices.PresenceFocus:*'
        $lines[6] | Should -Be 'ConfServices.DataConf:[FinalState,NormalState]'
        $lines.Count | Should -Be 8
    }

    It 'shows the modules as a table of three columns' {
        $lines = @(($status.BackupModules | Out-String -Width 120).Split([char]10) | ForEach-Object -Process { $_.Trim() } | Where-Object -FilterScript { $_ -ne '' })
        $lines[0] | Should -Match '^Identity +ExportStatus +ImportStatus$'
        $lines[3] | Should -Match '^ConfServices.DataConf +FinalState +NormalState$'
    }

    It 'looks the same after a file, and keeps its values' {
        $file = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'status.xml')
        $status | Export-Clixml -LiteralPath $file
        $back = Import-Clixml -LiteralPath $file
        $back.PSObject.TypeNames[0] | Should -Be 'Deserialized.CsBackup.BackupServiceStatus'
        ($back | Out-String -Width 120) | Should -Be ($status | Out-String -Width 120)
        "$($back.BackupModules[1])" | Should -Be 'ConfServices.DataConf:[FinalState,NormalState]'
        ($back.BackupModules | Out-String -Width 120) | Should -Be ($status.BackupModules | Out-String -Width 120)
    }

    It 'looks the same when it comes out of a job' {
        $job = Start-Job -ScriptBlock { Import-Module -Name $using:modulePath; Get-CsBackupServiceStatus -PoolFqdn pool1.contoso.com }
        $back = $job | Wait-Job | Receive-Job
        $job | Remove-Job
        @($back.BackupModules).Count | Should -Be 3
        "$($back.BackupModules[1])" | Should -Be 'ConfServices.DataConf:[FinalState,NormalState]'
        ($back | Out-String -Width 120) | Should -BeLike '*ConfServices.DataConf:[[]FinalState,NormalState]*'
    }

    It 'goes through JSON and CSV' {
        $back = $status | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        $back.BackupModules[1].ExportStatus | Should -Be 'FinalState'
        $rows = $status.BackupModules | ConvertTo-Csv -NoTypeInformation | ConvertFrom-Csv
        $rows[1].Identity | Should -Be 'ConfServices.DataConf'
        ($status | ConvertTo-Csv -NoTypeInformation | ConvertFrom-Csv).OverallExportStatus | Should -Be 'FinalState'
    }

    It 'can be of one module or category' {
        @((Get-CsBackupServiceStatus -PoolFqdn $pool1 -BackupModule dataconf).BackupModules.Identity) | Should -Be @('ConfServices.DataConf')
        @((Get-CsBackupServiceStatus -PoolFqdn $pool1 -Category CMS).BackupModules.Identity) | Should -Be @('CentralMgmt.CMSMaster')
    }
}

Describe 'The settings' {
    AfterEach {
        Remove-CsBackupServiceConfiguration -Identity global
    }

    It 'have real types' {
        $settings.Identity | Should -Be 'Global'
        $settings.SyncInterval | Should -BeOfType ([timespan])
        $settings.MaxConcurrentCalls | Should -BeOfType ([int])
        $settings.EnableRgsBackupService | Should -BeOfType ([bool])
        $settings.AuthorizedUniversalGroups.GetType().Name | Should -Be 'String[]'
        (Get-CsBackupServiceConfiguration -Filter 'G*').Identity | Should -Be 'Global'
        Get-CsBackupServiceConfiguration -Filter 'site*' | Should -BeNullOrEmpty
    }

    It 'go there and back through -Instance' {
        $changed = Get-CsBackupServiceConfiguration
        $changed.SyncInterval = '00:05:00'
        $changed.EnableRgsBackupService = 1
        $changed.MaxConcurrentCalls = '12'
        $changed.AuthorizedUniversalGroups = 'one', 'two'
        Set-CsBackupServiceConfiguration -Instance $changed
        $now = Get-CsBackupServiceConfiguration
        $now.SyncInterval | Should -Be ([timespan]'00:05:00')
        $now.EnableRgsBackupService | Should -BeTrue
        $now.MaxConcurrentCalls | Should -Be 12
        $now.AuthorizedUniversalGroups | Should -Be @('one', 'two')
        $changed.AuthorizedUniversalGroups = $null
        $changed | Set-CsBackupServiceConfiguration -SyncInterval 00:03:00
        $now = Get-CsBackupServiceConfiguration
        $now.SyncInterval | Should -Be ([timespan]'00:03:00')
        @($now.AuthorizedUniversalGroups).Count | Should -Be 0
    }

    It 'survive a file on the way' {
        $file = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'settings.xml')
        $settings | Export-Clixml -LiteralPath $file
        Import-Clixml -LiteralPath $file | Set-CsBackupServiceConfiguration
        (Get-CsBackupServiceConfiguration).SyncInterval | Should -Be $settings.SyncInterval
    }

    It 'take what the procedures pass' {
        Set-CsBackupServiceConfiguration -Identity global -SyncInterval 00:03:00
        Set-CsBackupServiceConfiguration -EnableRgsBackupService 1
        $now = Get-CsBackupServiceConfiguration
        $now.SyncInterval | Should -Be ([timespan]'00:03:00')
        $now.EnableRgsBackupService | Should -BeTrue
        { Set-CsBackupServiceConfiguration -SyncInterval 3 -ErrorAction Stop } | Should -Throw -ErrorId 'SettingsInvalid,*'
        { Set-CsBackupServiceConfiguration -SyncInterval 00:00:04 -ErrorAction Stop } | Should -Throw -ErrorId 'ValueOutOfRange,*'
    }

    It 'stay as they are with -WhatIf' {
        Set-CsBackupServiceConfiguration -SyncInterval 00:07:00 -WhatIf
        Remove-CsBackupServiceConfiguration -Identity global -WhatIf
        (Get-CsBackupServiceConfiguration).SyncInterval | Should -Be ([timespan]'00:02:00')
    }
}

Describe 'A relationship' {
    It 'names both pools' {
        $pair = Get-CsPoolBackupRelationship -PoolFqdn $pool1
        $pair.PSObject.TypeNames[0] | Should -Be 'CsBackup.PoolBackupRelationship'
        $pair.BackupPoolFqdn | Should -Be $pool2
    }
}
