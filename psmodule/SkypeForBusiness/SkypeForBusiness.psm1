# Brings in CsBackup under the name SkypeForBusiness. It must never stand in the way of the real module of
# that name: where that is installed, this one refuses to load and says how to choose.
$real = @(Get-Module -ListAvailable -Name 'SkypeForBusiness' | Where-Object -FilterScript { $_.ModuleBase -ne $PSScriptRoot })
if ($real.Count -gt 0) {
    throw "The real SkypeForBusiness module is installed in '$($real[0].ModuleBase)'. Remove '$PSScriptRoot' to use it as before, and say 'Import-Module CsBackup' where you want the cmdlets of csbackup."
}

$parent = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
$beside = [System.IO.Path]::Combine($parent, 'CsBackup', 'CsBackup.psd1')
if ([System.IO.File]::Exists($beside)) {
    Import-Module -Name $beside -Scope Local
}
else {
    Import-Module -Name 'CsBackup' -Scope Local
}

Export-ModuleMember -Function @(
    'Export-CsPersistentChatData',
    'Get-CsBackupServiceConfiguration',
    'Get-CsBackupServiceStatus',
    'Get-CsPoolBackupRelationship',
    'Import-CsPersistentChatData',
    'Invoke-CsBackupServiceSync',
    'Remove-CsBackupServiceConfiguration',
    'Set-CsBackupServiceConfiguration'
)
