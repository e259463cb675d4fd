# Loads the cmdlets (Public, one a file) and what they share (Private). Strict mode is switched off for
# the module alone, so that a caller's own strict mode changes nothing here.
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    throw "The module CsBackup cannot be loaded in a session whose language is restricted ($($ExecutionContext.SessionState.LanguageMode)). Sign its files, or have the policy trust '$PSScriptRoot'; in a session configuration, list it under ModulesToImport."
}
Set-StrictMode -Off

$privateFiles = @(Get-ChildItem -LiteralPath ([System.IO.Path]::Combine($PSScriptRoot, 'Private')) -Filter '*.ps1')
$publicFiles = @(Get-ChildItem -LiteralPath ([System.IO.Path]::Combine($PSScriptRoot, 'Public')) -Filter '*.ps1')

foreach ($file in $privateFiles) {
    . $file.FullName
}
foreach ($file in $publicFiles) {
    . $file.FullName
}

Register-CsBackupCompletion

Export-ModuleMember -Function @($publicFiles | ForEach-Object -Process { $_.BaseName })
