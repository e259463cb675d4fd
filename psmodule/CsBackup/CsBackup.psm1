# Loads the cmdlets (Public, one a file) and what they share (Private). Strict mode is switched off for
# the module alone, so that a caller's own strict mode changes nothing here.
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    throw "The module CsBackup cannot be loaded in a session whose language is restricted ($($ExecutionContext.SessionState.LanguageMode)). Sign its files, or have the policy trust '$PSScriptRoot'; in a session configuration, list it under ModulesToImport."
}
Microsoft.PowerShell.Core\Set-StrictMode -Off

# No cmdlet lists the files: the module that has it would have to be loaded first.
$privateFiles = [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'Private'), '*.ps1')
$publicFiles = [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'Public'), '*.ps1')

foreach ($file in $privateFiles + $publicFiles) {
    . $file
}

Register-CsBackupCompletion

Microsoft.PowerShell.Core\Export-ModuleMember -Function @($publicFiles | Microsoft.PowerShell.Core\ForEach-Object -Process { [System.IO.Path]::GetFileNameWithoutExtension($_) })
