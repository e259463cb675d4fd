# Makes the error record of one failure: its id, one sentence, its category and target, and what to do
# next in ErrorDetails.RecommendedAction.
function New-CsBackupErrorRecord {
    param(
        [string] $Id,
        [string] $Category,
        [string] $Message,
        [string] $Hint,
        [string] $Target
    )

    $kind = [System.Management.Automation.ErrorCategory]::NotSpecified
    $known = [System.Enum]::GetNames([System.Management.Automation.ErrorCategory])
    if ($known -ccontains $Category) {
        $kind = [System.Management.Automation.ErrorCategory]$Category
    }
    if ([string]::IsNullOrEmpty($Id)) {
        $Id = 'UnexpectedError'
    }
    $text = ConvertTo-CsBackupText -Value $Message
    if ($text.Length -eq 0) {
        $text = 'csbackup reported an error without saying what it is.'
    }

    $exception = [System.InvalidOperationException]::new($text)
    $record = [System.Management.Automation.ErrorRecord]::new($exception, $Id, $kind, $Target)
    $details = [System.Management.Automation.ErrorDetails]::new($text)
    $details.RecommendedAction = ConvertTo-CsBackupText -Value $Hint
    $record.ErrorDetails = $details
    return $record
}
