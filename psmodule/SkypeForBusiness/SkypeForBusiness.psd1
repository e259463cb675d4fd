@{
    RootModule           = 'SkypeForBusiness.psm1'
    ModuleVersion        = '7.0.0'
    GUID                 = '1b1f2fb6-54ce-4c83-9c46-0f2f7f1f4a3d'
    Author               = 'The csbackup project'
    Description          = 'Brings in CsBackup for scripts that say Import-Module SkypeForBusiness, on machines without the real module of that name.'
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
