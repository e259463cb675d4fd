# Brings in CsBackup under the name Lync, on machines without the real module of that name. Where that is
# installed too, it is the one that is loaded, even if this one was found first.
$ours = 'c2a0c1d5-7a6f-4a0a-8f5b-6f4dc2f5e0a4'
$real = @(Microsoft.PowerShell.Core\Get-Module -ListAvailable -Name 'Lync' | Microsoft.PowerShell.Core\Where-Object -FilterScript { [string]$_.Guid -ne $ours })
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
