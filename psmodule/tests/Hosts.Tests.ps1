# Executables that are missing, of another release, or hostile; and calls that are stopped.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    Import-Module -Name $modulePath -Force
    # How many records a cmdlet of PowerShell itself leaves behind in the same place.
    $global:Error.Clear()
    try {
        Get-Item -LiteralPath ([System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'none')) -ErrorAction Stop
    }
    catch {
        $usual = $global:Error.Count
    }
}

AfterAll {
    Use-RealHost
}

Describe 'An executable' {
    It 'that does <Mode> gives <Id> and is gone' -ForEach @(
        @{ Mode = 'nonsense'; Id = 'AnswerUnreadable' }
        @{ Mode = 'late-nonsense'; Id = 'AnswerUnreadable' }
        @{ Mode = 'nothing'; Id = 'AnswerIncomplete' }
        @{ Mode = 'no-result'; Id = 'AnswerIncomplete' }
        @{ Mode = 'half'; Id = 'AnswerIncomplete' }
        @{ Mode = 'crash'; Id = 'AnswerIncomplete' }
        @{ Mode = 'gigabyte'; Id = 'AnswerUnreadable' }
        @{ Mode = 'late-gigabyte'; Id = 'AnswerUnreadable' }
        @{ Mode = 'other-protocol'; Id = 'ProtocolMismatch' }
        @{ Mode = 'wrong-object'; Id = 'AnswerUnreadable' }
        @{ Mode = 'wrong-progress'; Id = 'AnswerUnreadable' }
        @{ Mode = 'many-objects'; Id = 'AnswerUnreadable' }
        @{ Mode = 'silent'; Id = 'ExecutableSilent' }
        @{ Mode = 'strange-error'; Id = 'UnexpectedError' }
    ) {
        Use-FakeHost -Mode $Mode
        $global:Error.Clear()
        $global:LASTEXITCODE = 77
        $caught = $null
        try {
            Get-CsBackupServiceStatus -PoolFqdn $pool1 -ErrorAction Stop | Out-Null
        }
        catch {
            $caught = $_
        }
        $caught.FullyQualifiedErrorId | Should -Be "$Id,Get-CsBackupServiceStatus"
        $caught.Exception.Message | Should -Not -BeNullOrEmpty
        $global:Error.Count | Should -BeGreaterThan 0
        $global:Error.Count | Should -BeLessOrEqual $usual
        $global:LASTEXITCODE | Should -Be 77
        Test-FakeHostGone | Should -BeTrue
    }

    It 'leaves one record in an error variable too: <Mode>' -ForEach @(
        @{ Mode = 'late-nonsense' }
        @{ Mode = 'wrong-object' }
        @{ Mode = 'error' }
    ) {
        Use-FakeHost -Mode $Mode
        $problem = @()
        Get-CsBackupServiceStatus -PoolFqdn $pool1 -ErrorAction SilentlyContinue -ErrorVariable problem | Out-Null
        @($problem).Count | Should -Be 1
        Get-CsBackupServiceStatus -PoolFqdn $pool1 -ErrorAction SilentlyContinue -ErrorVariable +problem | Out-Null
        @($problem).Count | Should -Be 2
    }

    It 'of another release with the same protocol works, and -Verbose tells' {
        Use-FakeHost -Mode 'good'
        $all = @(Get-CsBackupServiceStatus -PoolFqdn $pool1 -Verbose 4>&1)
        $all.Count | Should -Be 2
        "$($all[0])" | Should -Match 'version 9\.9\.9.*version 1\.'
        $all[1].BackupModules[0].LastExportTime.ToUniversalTime().ToString('yyyy-MM-dd HH:mm') | Should -Be '2026-01-31 12:00'
    }

    It 'of another protocol is told of in one sentence' {
        Use-FakeHost -Mode 'other-protocol'
        { Get-CsBackupServiceStatus -PoolFqdn $pool1 } | Should -Throw -ExpectedMessage '*version 9.9.9*protocol 2*protocol 1*'
    }

    It 'that talks all the time on standard error does not hold us' {
        Use-FakeHost -Mode 'chatter'
        Invoke-CsBackupServiceSync -PoolFqdn $pool1
        Test-FakeHostGone | Should -BeTrue
    }

    It 'cannot steer the console' {
        Use-FakeHost -Mode 'steering'
        $warning = @(Invoke-CsBackupServiceSync -PoolFqdn $pool1 3>&1)
        "$($warning[0])" | Should -Be 'a [2Jb c'
    }

    It 'that is missing is told of in one error that says what to do' {
        $env:CSBACKUP_EXE = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'no', 'csbackup')
        $caught = $null
        try {
            Get-CsBackupServiceConfiguration
        }
        catch {
            $caught = $_
        }
        $caught.FullyQualifiedErrorId | Should -Be 'ExecutableNotFound,Get-CsBackupServiceConfiguration'
        $caught.ErrorDetails.RecommendedAction | Should -Match 'CSBACKUP_EXE'
    }

    It 'that is none is told of' {
        $env:CSBACKUP_EXE = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'pools.yaml')
        { Get-CsBackupServiceConfiguration } | Should -Throw -ErrorId 'ExecutableNotStarted,*'
    }

    It 'gets what was meant' {
        Use-FakeHost -Mode 'record'
        Invoke-CsBackupServiceSync -PoolFqdn ('p' + [char]0xF6 + 'ol"1') -BackupModule DataConf -Force -Wait
        $request = Get-RecordedRequest
        $request.command | Should -Be 'sync'
        $request.parameters.PoolFqdn | Should -Be ('p' + [char]0xF6 + 'ol"1')
        $request.parameters.Force | Should -BeTrue
        $request.parameters.Wait | Should -BeTrue
        Set-CsBackupServiceConfiguration -SyncInterval 00:03:00 -EnableRgsBackupService 0 -AuthorizedLocalAccounts ''
        $request = Get-RecordedRequest
        $request.parameters.SyncInterval | Should -Be '00:03:00'
        $request.parameters.EnableRgsBackupService | Should -BeFalse
        @($request.parameters.AuthorizedLocalAccounts).Count | Should -Be 0
        $request.parameters.PSObject.Properties['MaxConcurrentCalls'] | Should -BeNullOrEmpty
    }

    It 'gets a name that came from a file as text' {
        Use-FakeHost -Mode 'record'
        $file = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'pools.txt')
        [System.IO.File]::WriteAllText($file, "pool1.contoso.com`n")
        Get-Content -LiteralPath $file | Invoke-CsBackupServiceSync
        (Get-RecordedRequest).parameters.PoolFqdn | Should -Be $pool1
    }
}

Describe 'A call that is stopped' {
    It 'ends the executable that does <Mode>' -ForEach @(
        @{ Mode = 'obedient' }
        @{ Mode = 'stuck' }
        @{ Mode = 'silent' }
    ) {
        Use-FakeHost -Mode $Mode
        $shell = [System.Management.Automation.PowerShell]::Create()
        # One script, for some releases of PowerShell crash when a batch of statements is stopped and disposed.
        [void]$shell.AddScript("Import-Module -Name '$modulePath'; Invoke-CsBackupServiceSync -PoolFqdn '$pool1' -Wait")
        [void]$shell.BeginInvoke()
        Wait-Until -Condition { [System.IO.File]::Exists($env:FAKEHOST_PID) } | Should -BeTrue
        $shell.Stop()
        Test-FakeHostGone | Should -BeTrue
        if ($Mode -eq 'obedient') {
            [System.IO.File]::ReadAllText($env:FAKEHOST_RECORD) | Should -Match 'standard input ended'
        }
        $shell.Dispose()
    }

    It 'after <_> milliseconds leaves no process and no folder' -ForEach 0, 20, 60, 120, 200, 300, 450, 700, 1000 {
        Use-RealHost
        $before = @(Get-TemporaryName)
        $hosts = @(Get-TestProcess)
        $shell = [System.Management.Automation.PowerShell]::Create()
        [void]$shell.AddScript("Import-Module -Name '$modulePath'; while (`$true) { [void](Export-CsPersistentChatData -DBInstance 'sqlite:$env:CSBACKUP_TEST_CHAT' -AsBytes) }")
        [void]$shell.BeginInvoke()
        Start-Sleep -Milliseconds $_
        $shell.Stop()
        $shell.Dispose()
        Wait-Until -Condition {
            @(Get-TestProcess | Where-Object -FilterScript { $hosts -notcontains $_ }).Count -eq 0
        } | Should -BeTrue
        Get-TemporaryName | Should -Be $before
    }

    It 'by a job' {
        Use-FakeHost -Mode 'stuck'
        $job = Start-Job -ScriptBlock { Import-Module -Name $using:modulePath; Invoke-CsBackupServiceSync -PoolFqdn pool1.contoso.com -Wait }
        Wait-Until -Condition { [System.IO.File]::Exists($env:FAKEHOST_PID) } | Should -BeTrue
        $job | Stop-Job
        $job | Remove-Job -Force
        Test-FakeHostGone | Should -BeTrue
    }

    It 'by Select-Object ends the pipeline' {
        Use-FakeHost -Mode 'good'
        $first = 1..50 | ForEach-Object -Process { Get-CsBackupServiceStatus -PoolFqdn pool1.contoso.com } | Select-Object -First 1
        $first.PoolFqdn | Should -Be $pool1
        Test-FakeHostGone | Should -BeTrue
    }
}
