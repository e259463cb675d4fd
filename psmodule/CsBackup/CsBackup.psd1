@{
    RootModule           = 'CsBackup.psm1'
    ModuleVersion        = '1.0.0'
    GUID                 = '6f0b7a52-3d0e-4c58-9b0e-2f6f4f6f1c77'
    Author               = 'The csbackup project'
    Description          = 'Backs up and restores the conference content and the Persistent Chat data of paired Lync Server 2013 and Skype for Business Server pools.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    TypesToProcess       = @('CsBackup.Types.ps1xml')
    FormatsToProcess     = @('CsBackup.Format.ps1xml')
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
    PrivateData          = @{
        PSData = @{
            Tags = @('Lync', 'SkypeForBusiness', 'Backup', 'Windows', 'Linux')
        }
    }
}
