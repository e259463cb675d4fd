# Errors and streams: one failure is one record, and success leaves no trace but the object.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    Import-Module -Name $modulePath -Force
    Use-RealHost
}

Describe 'A failure' {
    It 'is one record with all that a script asks for' {
        $global:Error.Clear()
        $output = Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com' -ErrorAction SilentlyContinue -ErrorVariable problem
        $output | Should -BeNullOrEmpty
        @($problem).Count | Should -Be 1
        $global:Error.Count | Should -Be 1
        $record = @($problem)[0]
        $record.FullyQualifiedErrorId | Should -Be 'PoolNotFound,Get-CsBackupServiceStatus'
        $record.CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $record.TargetObject | Should -Be 'pool9.contoso.com'
        $record.Exception.Message | Should -Match 'pool9\.contoso\.com'
        $record.Exception.Message | Should -Not -Match '[\r\n]'
        $record.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'advises in the words of the cmdlets' {
        Export-CsPersistentChatData -DBInstance 'sqlite:none.db' -FileName x.zip -Level User -StartDate '1/31/2018' -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].ErrorDetails.RecommendedAction | Should -BeLike 'Leave -StartDate out, or give -Level All or Content.*'
        $problem[0].Exception.Message | Should -Not -Match '--'
    }

    It 'clears $? and nothing else' {
        $global:LASTEXITCODE = 77
        Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com' -ErrorAction SilentlyContinue
        $? | Should -BeFalse
        $global:LASTEXITCODE | Should -Be 77
    }

    It 'does not keep the other pools from their turn' {
        $names = 'pool9.contoso.com', $pool1, 'pool8.contoso.com'
        $names | Invoke-CsBackupServiceSync -ErrorAction SilentlyContinue -ErrorVariable problems
        @($problems).Count | Should -Be 2
    }

    It 'ends the command when it is told to' {
        { Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com' -ErrorAction Stop } | Should -Throw -ErrorId 'PoolNotFound,Get-CsBackupServiceStatus'
        $caught = ''
        try {
            Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com' -ErrorAction Stop
        }
        catch {
            $caught = $_.FullyQualifiedErrorId
        }
        $caught | Should -Be 'PoolNotFound,Get-CsBackupServiceStatus'
    }

    It 'follows the preference of the script that calls' {
        $script = {
            $ErrorActionPreference = 'Stop'
            Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com'
            'went on'
        }
        { & $script } | Should -Throw -ErrorId 'PoolNotFound,Get-CsBackupServiceStatus'
        $script = {
            $ErrorActionPreference = 'SilentlyContinue'
            Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com'
            'went on'
        }
        & $script | Should -Be 'went on'
    }

    It 'can be trapped' {
        $script = {
            trap {
                "trapped $($_.FullyQualifiedErrorId)"
                continue
            }
            Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com' -ErrorAction Stop
        }
        & $script | Should -Be 'trapped PoolNotFound,Get-CsBackupServiceStatus'
    }

    It 'is told about the hostile name <Name>' -ForEach @(
        @{ Name = 'pool"1''' }
        @{ Name = "pool`n1" }
        @{ Name = '$(exit 3)' }
        @{ Name = 'pool*?[a]' }
        @{ Name = '; csbackup version' }
    ) {
        { Get-CsBackupServiceStatus -PoolFqdn $Name -ErrorAction Stop } | Should -Throw -ErrorId 'PoolNotFound,Get-CsBackupServiceStatus'
    }

    It 'in the parameters is told before anything is done' {
        { Get-CsBackupServiceStatus -PoolFqdn $pool1 -BackupModule Nothing -ErrorAction Stop } | Should -Throw -ErrorId 'UnknownModule,*'
        { Get-CsBackupServiceStatus -PoolFqdn $pool1 -Category Nothing } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        { Export-CsPersistentChatData -DBInstance x } | Should -Throw -ErrorId 'InvalidUsage,*'
        { Export-CsPersistentChatData -DBInstance x -FileName y -AsBytes } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        { Get-CsBackupServiceConfiguration -Identity global -Filter '*' } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }
}

Describe 'Success' {
    It 'writes nothing but the object' {
        $global:Error.Clear()
        $global:LASTEXITCODE = 77
        $all = @(Get-CsBackupServiceStatus -PoolFqdn $pool1 *>&1)
        $? | Should -BeTrue
        $all.Count | Should -Be 1
        $all[0].PSObject.TypeNames[0] | Should -Be 'CsBackup.BackupServiceStatus'
        @(Invoke-CsBackupServiceSync -PoolFqdn $pool1 -BackupModule DataConf *>&1).Count | Should -Be 0
        @(Set-CsBackupServiceConfiguration -MaxConcurrentCalls 10 *>&1).Count | Should -Be 0
        $global:Error.Count | Should -Be 0
        $global:LASTEXITCODE | Should -Be 77
    }

    It 'tells the steps to those who ask' {
        $told = @(Invoke-CsBackupServiceSync -PoolFqdn $pool1 -Wait -Verbose 4>&1 | ForEach-Object -Process { "$_" })
        $told | Should -Contain 'Attempting to get into steady state.'
        @($told | Where-Object -FilterScript { $_ -match 'Set variable' }).Count | Should -Be 0
    }

    It 'warns of what a person must know, unless forced' {
        $warnings = @(Invoke-CsBackupServiceSync -PoolFqdn $pool1 -BackupModule CMSMaster 3>&1)
        $warnings.Count | Should -Be 1
        @(Invoke-CsBackupServiceSync -PoolFqdn $pool1 -BackupModule CMSMaster -Force 3>&1).Count | Should -Be 0
    }

    It 'does nothing with -WhatIf' {
        Use-FakeHost -Mode 'record'
        Invoke-CsBackupServiceSync -PoolFqdn $pool1 -WhatIf
        [System.IO.File]::Exists($env:FAKEHOST_PID) | Should -BeFalse
        Use-RealHost
    }
}

Describe 'The session' {
    It 'may be strict' {
        $script = {
            Set-StrictMode -Version 3.0
            (Get-CsBackupServiceStatus -PoolFqdn $pool1 | Out-String) | Should -BeLike '*DataConf*'
            Set-CsBackupServiceConfiguration -MaxConcurrentCalls 10
            Get-CsPoolBackupRelationship -PoolFqdn $pool1
        }
        (& $script).BackupPoolFqdn | Should -Be $pool2
    }

    It 'may be of the culture <Culture>' -ForEach @(
        @{ Culture = 'tr-TR' }
        @{ Culture = 'de-DE' }
        @{ Culture = 'ar-SA' }
    ) {
        $before = [System.Threading.Thread]::CurrentThread.CurrentCulture
        try {
            [System.Threading.Thread]::CurrentThread.CurrentCulture = [System.Globalization.CultureInfo]::GetCultureInfo($Culture)
            Import-Module -Name $modulePath -Force
            (Get-CsBackupServiceStatus -PoolFqdn $pool1 -Category userdata).BackupModules[1].Identity | Should -Be 'ConfServices.DataConf'
            (Get-CsBackupServiceConfiguration -Identity GLOBAL).SyncInterval | Should -Be ([timespan]'00:02:00')
            Use-FakeHost -Mode 'record'
            Export-CsPersistentChatData -DBInstance x -FileName y.zip -StartDate '1/31/2018'
            (Get-RecordedRequest).parameters.StartDate.ToString() | Should -Not -BeNullOrEmpty
            [System.IO.File]::ReadAllText($env:FAKEHOST_RECORD) | Should -Match '"StartDate":"2018-0[12]-[0-9]{2}T[0-9:.]+Z"'
        }
        finally {
            [System.Threading.Thread]::CurrentThread.CurrentCulture = $before
            Use-RealHost
        }
    }

    It 'may have preferences for native programs' {
        $script = {
            $PSNativeCommandUseErrorActionPreference = $true
            $ErrorActionPreference = 'SilentlyContinue'
            $OutputEncoding = [System.Text.Encoding]::Unicode
            Get-CsBackupServiceStatus -PoolFqdn 'pool9.contoso.com'
            (Get-CsBackupServiceStatus -PoolFqdn $pool1).PoolFqdn
        }
        & $script | Should -Be $pool1
    }

    It 'may be restricted to <Mode> after the module was loaded' -ForEach @(
        @{ Mode = 'NoLanguage' }
        @{ Mode = 'RestrictedLanguage' }
        @{ Mode = 'ConstrainedLanguage' }
    ) {
        $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault()
        $state.ImportPSModule(@($modulePath))
        $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($state)
        $runspace.Open()
        try {
            $runspace.SessionStateProxy.LanguageMode = $Mode
            $shell = [System.Management.Automation.PowerShell]::Create()
            $shell.Runspace = $runspace
            $found = $shell.AddCommand('Get-CsPoolBackupRelationship').AddParameter('PoolFqdn', $pool1).Invoke()
            $found[0].BackupPoolFqdn | Should -Be $pool2
            $shell.Dispose()
        }
        finally {
            $runspace.Dispose()
        }
    }

    It 'that is restricted before the module is loaded is told what to do' {
        $script = "`$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; try { Import-Module -Name '$modulePath' } catch { `$_.Exception.Message }; `$Error.Count"
        $lines = Invoke-NewSession -ModulePath $modulesFolder -Script $script
        $lines.Count | Should -Be 2
        $lines[0] | Should -Match 'ConstrainedLanguage.*ModulesToImport'
    }
}

Describe 'A question that cannot be asked' {
    AfterAll {
        Use-RealHost
    }

    It 'is no yes: <Name>' -ForEach @(
        @{ Name = 'import'; Call = 'Import-CsPersistentChatData -DBInstance sqlite:none.db -FileName none.zip' }
        @{ Name = 'sync'; Call = 'Invoke-CsBackupServiceSync -PoolFqdn pool1.contoso.com' }
        @{ Name = 'set'; Call = 'Set-CsBackupServiceConfiguration -SyncInterval 00:03:00' }
        @{ Name = 'remove'; Call = 'Remove-CsBackupServiceConfiguration -Identity global' }
    ) {
        Use-FakeHost -Mode 'record'
        $script = "Import-Module -Name '$modulePath'; `$Error.Clear(); try { {0} } catch { }; `$Error.Count; `$Error[0].FullyQualifiedErrorId.Split(',')[0]"
        foreach ($asking in "$Call -Confirm", "`$ConfirmPreference = 'Low'; $Call") {
            $lines = Invoke-NewSession -Script $script.Replace('{0}', $asking) -ModulePath $modulesFolder
            $lines | Should -Be @('1', 'ConfirmationImpossible')
            [System.IO.File]::Exists($env:FAKEHOST_RECORD) | Should -BeFalse
        }
        # A pipeline of its own has nobody to ask, either.
        $shell = [powershell]::Create()
        [void]$shell.AddScript("Import-Module -Name '$modulePath'; $Call -Confirm")
        try {
            [void]$shell.Invoke()
        }
        catch {
            $_.Exception.Message | Should -BeLike '*Nobody can be asked*'
        }
        [System.IO.File]::Exists($env:FAKEHOST_RECORD) | Should -BeFalse
        $shell.Dispose()
    }
}

Describe 'Commands of the caller''s own' {
    It 'do not stand in for those of PowerShell' {
        $names = 'New-Object', 'ConvertTo-Json', 'ConvertFrom-Json', 'Set-Variable', 'ForEach-Object', 'Where-Object', 'Test-Path', 'Get-Content'
        $script = ($names | ForEach-Object -Process { "function global:$_ { throw 'not this one' }" }) -join '; '
        $lines = Invoke-NewSession -Script "$script; Import-Module -Name '$modulePath'; (Get-CsPoolBackupRelationship -PoolFqdn pool1.contoso.com).BackupPoolFqdn" -ModulePath $modulesFolder
        $lines | Should -Be @('pool2.contoso.com')
    }
}
