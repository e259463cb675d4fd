@{
    RootModule           = 'Lync.psm1'
    ModuleVersion        = '7.0.0'
    GUID                 = 'c2a0c1d5-7a6f-4a0a-8f5b-6f4dc2f5e0a4'
    Author               = 'The csbackup project'
    Description          = 'Brings in CsBackup for scripts that say Import-Module Lync, on machines without the real module of that name.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FunctionsToExport    = @(
        'Export-CsPersistentChatData',
        'Get-CsBackupServiceConfiguration',
        'Get-CsBackupServiceStatus',
        'Get-CsPoolBackupRelationship',
        'Import-CsPersistentChatData',
        'Invoke-CsBackupServiceSync',
        'Remove-CsBackupServiceConfiguration',
        'Set-CsBackupServiceConfiguration'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}
