# The modules that bring in CsBackup under the names of the real ones, and the sessions that load them.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    Use-RealHost
}

Describe 'The module <Name>' -ForEach @(@{ Name = 'SkypeForBusiness' }, @{ Name = 'Lync' }) {
    It 'has all cmdlets under its own name' {
        $lines = Invoke-NewSession -ModulePath $modulesFolder -Script "Import-Module $Name; (Get-Module $Name).Version.Major; (Get-Command -Module $Name).Count; (Get-CsPoolBackupRelationship -PoolFqdn pool1.contoso.com).BackupPoolFqdn; `$Error.Count"
        $lines | Should -Be @('7', '8', 'pool2.contoso.com', '0')
    }

    It 'goes together with CsBackup' {
        $lines = Invoke-NewSession -ModulePath $modulesFolder -Script "Import-Module CsBackup; Import-Module $Name; (CsBackup\Get-CsPoolBackupRelationship -PoolFqdn pool1.contoso.com).BackupPoolFqdn; ($Name\Get-CsPoolBackupRelationship -PoolFqdn pool1.contoso.com).BackupPoolFqdn"
        $lines | Should -Be @('pool2.contoso.com', 'pool2.contoso.com')
    }

    It 'leaves the field to the real one' {
        $real = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'real')
        $folder = [System.IO.Path]::Combine($real, $Name)
        [void][System.IO.Directory]::CreateDirectory($folder)
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, "$Name.psm1"), "function Get-CsPool { 'the real one' }`n")
        New-ModuleManifest -Path ([System.IO.Path]::Combine($folder, "$Name.psd1")) -RootModule "$Name.psm1" -ModuleVersion '7.0.2046.0' -FunctionsToExport 'Get-CsPool'
        $both = $modulesFolder + [System.IO.Path]::PathSeparator + $real
        $lines = Invoke-NewSession -ModulePath $both -Script "Import-Module $Name; Get-CsPool; `$Error.Count"
        $lines | Should -Be @('the real one', '0')
    }
}

Describe 'A session' {
    It 'loads the module without a trace' {
        $script = "Set-StrictMode -Version 3.0; `$ErrorActionPreference = 'Stop'; Import-Module CsBackup; `$Error.Count; " +
            "Test-Path variable:global:LASTEXITCODE; (Get-Command -Module CsBackup).Count"
        Invoke-NewSession -ModulePath $modulesFolder -Script $script | Should -Be @('0', 'False', '8')
    }

    It 'finds a cmdlet without an import' {
        $lines = Invoke-NewSession -ModulePath $modulesFolder -Script '(Get-CsPoolBackupRelationship -PoolFqdn pool1.contoso.com).BackupPoolFqdn'
        $lines | Should -Be @('pool2.contoso.com')
    }
}
