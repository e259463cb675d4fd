# Export and import of chat data: files, bytes, paths, scopes, dates, dry runs.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    Import-Module -Name $modulePath -Force
    Use-RealHost
    $source = "sqlite:$env:CSBACKUP_TEST_CHAT"
    $archive = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'chat.zip')
    $temporary = @(Get-TemporaryName)
    $before = $PWD.Path
}

AfterAll {
    Set-Location -LiteralPath $before
}

Describe 'An export' {
    It 'writes a file and nothing else' {
        @(Export-CsPersistentChatData -DBInstance $source -FileName $archive *>&1).Count | Should -Be 0
        [System.IO.File]::Exists($archive) | Should -BeTrue
    }

    It 'writes an archive that .NET opens, with every entry whole' {
        Add-Type -AssemblyName System.IO.Compression.FileSystem
        $folder = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'unpacked')
        [System.IO.Compression.ZipFile]::ExtractToDirectory($archive, $folder)
        $manifest = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($folder, 'manifest.json')) | ConvertFrom-Json
        $manifest.members.Count | Should -BeGreaterThan 5
        foreach ($member in $manifest.members) {
            $file = [System.IO.Path]::Combine($folder, $member.name)
            (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash | Should -Be $member.sha256
        }
    }

    It 'gives one byte array' {
        $bytes = Export-CsPersistentChatData -DBInstance $source -AsBytes
        $bytes.GetType().FullName | Should -Be 'System.Byte[]'
        $bytes[0..1] | Should -Be @(0x50, 0x4B)
        @(Get-TemporaryName).Count | Should -Be $temporary.Count
    }

    It 'writes a report' {
        $report = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'report.html')
        Export-CsPersistentChatData -DBInstance $source -FileName $archive -Report $report
        [System.IO.File]::ReadAllText($report) | Should -Match '<html'
    }

    It 'takes PowerShell paths: <Path>' -ForEach @(
        @{ Path = 'relative.zip'; File = 'relative.zip' }
        @{ Path = './with [x].zip'; File = 'with [x].zip' }
        @{ Path = 'Chat:/on a drive.zip'; File = 'on a drive.zip' }
    ) {
        Set-Location -LiteralPath $env:CSBACKUP_TEST_DIR
        New-PSDrive -Name Chat -PSProvider FileSystem -Root $env:CSBACKUP_TEST_DIR -Scope Global | Out-Null
        try {
            Export-CsPersistentChatData -DBInstance $source -FileName $Path
            [System.IO.File]::Exists([System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, $File)) | Should -BeTrue
        }
        finally {
            Remove-PSDrive -Name Chat -Scope Global
        }
    }

    It 'takes the home folder' {
        $name = 'csbackup-test-' + [System.Guid]::NewGuid().ToString('N') + '.zip'
        try {
            Export-CsPersistentChatData -DBInstance $source -FileName "~/$name"
            [System.IO.File]::Exists([System.IO.Path]::Combine($HOME, $name)) | Should -BeTrue
        }
        finally {
            Remove-Item -LiteralPath ([System.IO.Path]::Combine($HOME, $name)) -ErrorAction Ignore
        }
    }

    It 'refuses paths that are none' {
        { Export-CsPersistentChatData -DBInstance $source -FileName 'NoSuchDrive:/x.zip' } | Should -Throw -ErrorId 'PathInvalid,*'
        { Export-CsPersistentChatData -DBInstance $source -FileName 'Env:/x.zip' } | Should -Throw -ErrorId 'PathInvalid,*'
        if ([System.IO.Path]::DirectorySeparatorChar -eq '/') {
            { Export-CsPersistentChatData -DBInstance $source -FileName '\\server\share\x.zip' } | Should -Throw -ErrorId 'PathInvalid,*'
        }
        $nowhere = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'no', 'x.zip')
        { Export-CsPersistentChatData -DBInstance $source -FileName $nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
    }

    It 'sends scopes as a list and the date in UTC' {
        Use-FakeHost -Mode 'record'
        Export-CsPersistentChatData -DBInstance $source -FileName x.zip -Scope 'Sales', 'Support' -StartDate '1/31/2018'
        $request = Get-RecordedRequest
        @($request.parameters.Scope) | Should -Be @('Sales', 'Support')
        $expected = ([datetime]'2018-01-31').ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss')
        [System.IO.File]::ReadAllText($env:FAKEHOST_RECORD).Contains('"StartDate":"' + $expected) | Should -BeTrue
        Export-CsPersistentChatData -DBInstance $source -FileName x.zip -Scope 'Sales'
        [System.IO.File]::ReadAllText($env:FAKEHOST_RECORD) | Should -Match '"Scope":\["Sales"\]'
        Export-CsPersistentChatData -DBInstance $source -FileName x.zip -Scope @('Sales', 'Support') -StartDate '2018-01-31T00:00:00Z'
        [System.IO.File]::ReadAllText($env:FAKEHOST_RECORD) | Should -Match '"StartDate":"2018-01-31T00:00:00'
        Use-RealHost
    }
}

Describe 'The server' {
    It 'can be trusted in the ways of the executable' {
        Use-FakeHost -Mode 'record'
        Set-Location -LiteralPath $env:CSBACKUP_TEST_DIR
        $file = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'sql.pem')
        Export-CsPersistentChatData -DBInstance 'sql1\rtc' -FileName x.zip -TrustServerCertificate -Encrypt False
        $parameters = (Get-RecordedRequest).parameters
        $parameters.TrustServerCertificate | Should -BeTrue
        $parameters.Encrypt | Should -Be 'false'
        Import-CsPersistentChatData -DBInstance 'sql1\rtc' -FileName x.zip -ServerCertificate sql.pem
        $parameters = (Get-RecordedRequest).parameters
        $parameters.ServerCertificate | Should -Be $file
        $parameters.PSObject.Properties.Name | Should -Not -Contain 'Encrypt'
        Use-RealHost
    }
}

Describe 'An import' {
    It 'takes a file, and finds nothing to do the second time' {
        $target = New-ChatDatabase -Name 'file.db'
        @(Import-CsPersistentChatData -DBInstance $target -FileName $archive *>&1).Count | Should -Be 0
        $lines = Invoke-NewSession -ModulePath $modulesFolder -Script "Import-CsPersistentChatData -DBInstance '$target' -FileName '$archive' -WhatIf"
        @($lines | Where-Object -FilterScript { $_ -match 'tblChat.* 0 would be added' }).Count | Should -Be 1
    }

    It 'takes bytes as an argument, as a whole and one by one' {
        $bytes = Export-CsPersistentChatData -DBInstance $source -AsBytes
        Import-CsPersistentChatData -DBInstance (New-ChatDatabase -Name 'argument.db') -ByteInput $bytes
        , $bytes | Import-CsPersistentChatData -DBInstance (New-ChatDatabase -Name 'whole.db')
        if ($bytes.Length -lt 100000) {
            $bytes | Import-CsPersistentChatData -DBInstance (New-ChatDatabase -Name 'single.db')
        }
        @(Get-TemporaryName).Count | Should -Be $temporary.Count
    }

    It 'with -WhatIf goes through everything and changes nothing' {
        $target = New-ChatDatabase -Name 'dry.db'
        # What -WhatIf says goes to the host and past all streams, so that it takes a session of its own.
        $script = "Import-CsPersistentChatData -DBInstance '$target' -FileName '$archive' -WhatIf; `$Error.Count"
        $lines = Invoke-NewSession -ModulePath $modulesFolder -Script $script
        @($lines | Where-Object -FilterScript { $_ -match 'tblChat.* [1-9][0-9]* would be added' }).Count | Should -Be 1
        $lines[-1] | Should -Be '0'
        Invoke-NewSession -ModulePath $modulesFolder -Script $script | Should -Be $lines
    }

    It 'of bytes that are no archive is refused' {
        { Import-CsPersistentChatData -DBInstance $source -ByteInput (New-Object -TypeName 'byte[]' -ArgumentList 5000) -ErrorAction Stop } | Should -Throw -ErrorId 'Archive*'
        { @() | Import-CsPersistentChatData -DBInstance $source -ErrorAction Stop } | Should -Throw
        @(Get-TemporaryName).Count | Should -Be $temporary.Count
    }

    It 'of a very large array is refused, and leaves nothing behind' {
        { Import-CsPersistentChatData -DBInstance $source -ByteInput (New-Object -TypeName 'byte[]' -ArgumentList 314572800) -ErrorAction Stop } | Should -Throw -ErrorId 'Archive*'
        @(Get-TemporaryName).Count | Should -Be $temporary.Count
    }
}
