# Brings in CsBackup under the name SkypeForBusiness, on machines without the real module of that name. Where that is
# installed too, it is the one that is loaded, even if this one was found first.
$ours = '1b1f2fb6-54ce-4c83-9c46-0f2f7f1f4a3d'
$real = @(Microsoft.PowerShell.Core\Get-Module -ListAvailable -Name 'SkypeForBusiness' | Microsoft.PowerShell.Core\Where-Object -FilterScript { [string]$_.Guid -ne $ours })
if ($real.Count -gt 0) {
    Microsoft.PowerShell.Core\Import-Module -Name $real[0].Path -Global
    return
}

$parent = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
$beside = [System.IO.Path]::Combine($parent, 'CsBackup', 'CsBackup.psd1')
if ([System.IO.File]::Exists($beside)) {
    Microsoft.PowerShell.Core\Import-Module -Name $beside -Scope Local
}
else {
    Microsoft.PowerShell.Core\Import-Module -Name 'CsBackup' -Scope Local
}

Microsoft.PowerShell.Core\Export-ModuleMember -Function @(
    'Export-CsPersistentChatData',
    'Get-CsBackupServiceConfiguration',
    'Get-CsBackupServiceStatus',
    'Get-CsPoolBackupRelationship',
    'Import-CsPersistentChatData',
    'Invoke-CsBackupServiceSync',
    'Remove-CsBackupServiceConfiguration',
    'Set-CsBackupServiceConfiguration'
)
