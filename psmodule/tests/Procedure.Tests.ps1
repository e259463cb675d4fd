# The published procedures, as an administrator's scripts run them, on real files and real services.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    Import-Module -Name $modulePath -Force
    Use-RealHost

    # The folder of a pool's store that holds the content of its conferences.
    function Get-ContentFolder {
        param(
            [int] $Number
        )

        return [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, "pool$Number", "1-WebServices-$Number")
    }

    # Every file of a pool's content: its name, its bytes and the time it was last written.
    function Get-ContentList {
        param(
            [int] $Number
        )

        $folder = Get-ContentFolder -Number $Number
        $files = @(Get-ChildItem -LiteralPath $folder -Recurse -File -Force | Where-Object -FilterScript { $_.FullName -match 'Collab(Content|Metadata)' })
        return @($files | ForEach-Object -Process {
            '{0} {1} {2}' -f $_.FullName.Substring($folder.Length), (Get-FileHash -LiteralPath $_.FullName).Hash, $_.LastWriteTimeUtc.Ticks
        } | Sort-Object)
    }

    # Waits, as the procedure says, until the status of a pool says that all has arrived.
    function Wait-FinalState {
        param(
            [string] $PoolFqdn
        )

        $arrived = Wait-Until -Condition {
            (Get-CsBackupServiceStatus -PoolFqdn $PoolFqdn -BackupModule ConfServices.DataConf).BackupModules[0].ExportStatus -eq 'FinalState'
        }
        if (-not $arrived) {
            $module = (Get-CsBackupServiceStatus -PoolFqdn $PoolFqdn -BackupModule ConfServices.DataConf).BackupModules[0]
            throw "$PoolFqdn is still in $($module.ExportStatus): $($module | Format-List -Property * | Out-String)"
        }
    }
}

Describe 'A pool that lost its conference content' {
    BeforeAll {
        foreach ($name in 'CollabContent', 'CollabMetadata') {
            for ($i = 0; $i -lt 20; $i++) {
                $file = [System.IO.Path]::Combine((Get-ContentFolder -Number 1), $name, "meeting $i", "slide [$i].bin")
                [void][System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($file))
                [System.IO.File]::WriteAllText($file, "$name $i")
                [System.IO.File]::SetLastWriteTimeUtc($file, [datetime]::UtcNow.AddHours(-1))
            }
        }
        Invoke-CsBackupServiceSync -PoolFqdn $pool1 -BackupModule ConfServices.DataConf
        Wait-FinalState -PoolFqdn $pool1
        Invoke-CsBackupServiceSync -PoolFqdn $pool2 -BackupModule ConfServices.DataConf
        Wait-FinalState -PoolFqdn $pool2
        $whole = Get-ContentList -Number 1
    }

    It 'has all of it at its partner' {
        $whole.Count | Should -BeGreaterThan 39
        Get-ContentList -Number 2 | Should -Be $whole
    }

    It 'loses it, and says so' {
        foreach ($name in 'CollabContent', 'CollabMetadata') {
            [System.IO.Directory]::Delete([System.IO.Path]::Combine((Get-ContentFolder -Number 1), $name), $true)
        }
        # The pool's own cycle would find out within two minutes; a synchronization finds out at once.
        Invoke-CsBackupServiceSync -PoolFqdn $pool1 -BackupModule ConfServices.DataConf
        Wait-Until -Condition {
            (Get-CsBackupServiceStatus -PoolFqdn $pool1 -BackupModule ConfServices.DataConf).BackupModules[0].ExportStatus -eq 'ErrorState'
        } | Should -BeTrue
        Get-ContentList -Number 2 | Should -Be $whole
    }

    It 'gets it back from its partner' {
        Invoke-CsBackupServiceSync -PoolFqdn $pool2 -BackupModule ConfServices.DataConf | Should -BeNullOrEmpty
        Wait-FinalState -PoolFqdn $pool2
        Get-ContentList -Number 1 | Should -Be $whole
        Get-ContentList -Number 2 | Should -Be $whole
    }
}
