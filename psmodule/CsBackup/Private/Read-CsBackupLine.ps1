# Keeps the last words on the executable's standard error, which is read all the time so that the
# executable never has to wait for us there.
function Receive-CsBackupDiagnostic {
    param(
        [hashtable] $Session
    )

    $most = 4096
    while (($null -ne $Session.ErrorTask) -and $Session.ErrorTask.IsCompleted) {
        $count = 0
        if ($Session.ErrorTask.Status -eq [System.Threading.Tasks.TaskStatus]::RanToCompletion) {
            $count = $Session.ErrorTask.Result
        }
        if ($count -le 0) {
            $Session.ErrorTask = $null
            return
        }
        $text = $Session.ErrorText + (New-Object -TypeName string -ArgumentList $Session.ErrorBuffer, 0, $count)
        if ($text.Length -gt $most) {
            $text = $text.Substring($text.Length - $most)
        }
        $Session.ErrorText = $text
        $Session.ErrorTask = $Session.Process.StandardError.ReadAsync($Session.ErrorBuffer, 0, $Session.ErrorBuffer.Length)
    }
}

# Waits until there is output or the time is over. The waits are short, because PowerShell can only
# stop a pipeline between two of them. No time means to wait for as long as it takes.
function Wait-CsBackupOutput {
    param(
        [hashtable] $Session,
        [int] $Seconds
    )

    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $tasks = New-Object -TypeName 'System.Threading.Tasks.Task[]' -ArgumentList 1
    $tasks[0] = $Session.OutputTask
    while (-not $Session.OutputTask.IsCompleted) {
        Receive-CsBackupDiagnostic -Session $Session
        if (($Seconds -gt 0) -and ($clock.Elapsed.TotalSeconds -ge $Seconds)) {
            $Session.Silent = $true
            $Session.Ended = $true
            return
        }
        [void][System.Threading.Tasks.Task]::WaitAny($tasks, 50)
    }
}

# Cuts what has arrived into lines. A line longer than 8 Mi characters is not from csbackup.
function Add-CsBackupOutput {
    param(
        [hashtable] $Session,
        [string] $Text
    )

    $most = 8388608
    $lineFeed = [char]10
    $start = 0
    $end = $Text.IndexOf($lineFeed)
    while ($end -ge 0) {
        [void]$Session.Partial.Append($Text, $start, $end - $start)
        $Session.Lines.Enqueue($Session.Partial.ToString())
        [void]$Session.Partial.Clear()
        $start = $end + 1
        $end = $Text.IndexOf($lineFeed, $start)
    }
    [void]$Session.Partial.Append($Text, $start, $Text.Length - $start)
    if ($Session.Partial.Length -gt $most) {
        $Session.Overlong = $true
        $Session.Ended = $true
    }
}

# Takes over the output that has arrived and asks for more.
function Receive-CsBackupOutput {
    param(
        [hashtable] $Session
    )

    $count = 0
    if ($Session.OutputTask.Status -eq [System.Threading.Tasks.TaskStatus]::RanToCompletion) {
        $count = $Session.OutputTask.Result
    }
    if ($count -le 0) {
        $Session.Ended = $true
        return
    }
    $text = New-Object -TypeName string -ArgumentList $Session.OutputBuffer, 0, $count
    Add-CsBackupOutput -Session $Session -Text $text
    if (-not $Session.Ended) {
        $Session.OutputTask = $Session.Process.StandardOutput.ReadAsync($Session.OutputBuffer, 0, $Session.OutputBuffer.Length)
    }
}

# Gives the next whole line, or nothing when there will be none: at the end, after a line that is too
# long, or when the named time is over. Half a line at the end is no line.
function Read-CsBackupLine {
    param(
        [hashtable] $Session,
        [int] $Seconds
    )

    while ($Session.Lines.Count -eq 0) {
        if ($Session.Ended) {
            return $null
        }
        Wait-CsBackupOutput -Session $Session -Seconds $Seconds
        if (-not $Session.Ended) {
            Receive-CsBackupOutput -Session $Session
        }
    }
    return $Session.Lines.Dequeue()
}
