# Shows one report of progress. Whole numbers of percent come from the bytes where their total is
# known, else from the units.
function Write-CsBackupProgress {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Session,
        [object] $Message
    )

    $activity = ConvertTo-CsBackupText -Value $Message.Activity
    if ($activity.Length -eq 0) {
        $activity = 'csbackup'
    }
    $number = $Session.ProgressNames.IndexOf($activity)
    if ($number -lt 0) {
        # No command does so many things side by side.
        if ($Session.ProgressNames.Count -ge 16) {
            return
        }
        $Session.ProgressNames.Add($activity)
        $number = $Session.ProgressNames.Count - 1
    }

    $record = [System.Management.Automation.ProgressRecord]::new((5077 + $number), $activity, (Get-CsBackupProgressText -Message $Message))
    if ($Message.TotalBytes -gt 0) {
        $record.PercentComplete = Get-CsBackupPercent -Done $Message.Bytes -Total $Message.TotalBytes
    }
    elseif ($Message.Total -gt 0) {
        $record.PercentComplete = Get-CsBackupPercent -Done $Message.Done -Total $Message.Total
    }
    if (($Message.SecondsLeft -ge 0) -and ($Message.SecondsLeft -lt 2147483647)) {
        $record.SecondsRemaining = [int]$Message.SecondsLeft
    }
    if ($Message.Completed) {
        $record.RecordType = [System.Management.Automation.ProgressRecordType]::Completed
    }
    $Cmdlet.WriteProgress($record)
}

# What the line below the activity says; never empty, for PowerShell refuses that.
function Get-CsBackupProgressText {
    param(
        [object] $Message
    )

    $text = [string]$Message.Status
    if ($Message.Total -gt 0) {
        $text = "$text $($Message.Done) / $($Message.Total) $($Message.Unit)"
    }
    elseif ($Message.Done -gt 0) {
        $text = "$text $($Message.Done) $($Message.Unit)"
    }
    $text = ConvertTo-CsBackupText -Value $text
    if ($text.Length -eq 0) {
        return '...'
    }
    return $text
}

function Get-CsBackupPercent {
    param(
        [double] $Done,
        [double] $Total
    )

    $percent = [System.Math]::Floor(100.0 * $Done / $Total)
    return [int][System.Math]::Max(0.0, [System.Math]::Min(100.0, $percent))
}

# Takes away what is still shown once the work is over.
function Complete-CsBackupProgress {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Session
    )

    $number = 5077
    foreach ($activity in $Session.ProgressNames) {
        $record = [System.Management.Automation.ProgressRecord]::new($number, $activity, '...')
        $record.RecordType = [System.Management.Automation.ProgressRecordType]::Completed
        $Cmdlet.WriteProgress($record)
        $number = $number + 1
    }
}
