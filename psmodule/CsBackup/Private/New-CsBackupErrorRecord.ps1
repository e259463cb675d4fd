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
    if ([string]::IsNullOrEmpty($Message)) {
        $Message = 'csbackup reported an error without saying what it is.'
    }

    $exception = New-Object -TypeName System.InvalidOperationException -ArgumentList $Message
    $record = New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList $exception, $Id, $kind, $Target
    $details = New-Object -TypeName System.Management.Automation.ErrorDetails -ArgumentList $Message
    $details.RecommendedAction = $Hint
    $record.ErrorDetails = $details
    return $record
}
