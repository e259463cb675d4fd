# Keeps the last words on the executable's standard error, which is read all the time so that the
# executable never has to wait for us there. One that never stops talking is left alone for a while.
function Receive-CsBackupDiagnostic {
    param(
        [hashtable] $Session
    )

    $most = 4096
    $rounds = 16
    while (($null -ne $Session.ErrorTask) -and $Session.ErrorTask.IsCompleted -and ($rounds -gt 0)) {
        $rounds = $rounds - 1
        $count = 0
        if ($Session.ErrorTask.Status -eq [System.Threading.Tasks.TaskStatus]::RanToCompletion) {
            $count = $Session.ErrorTask.Result
        }
        if ($count -le 0) {
            $Session.ErrorTask = $null
            return
        }
        $text = $Session.ErrorText + [string]::new($Session.ErrorBuffer, 0, $count)
        if ($text.Length -gt $most) {
            $text = $text.Substring($text.Length - $most)
        }
        $Session.ErrorText = $text
        $Session.ErrorTask = $Session.Process.StandardError.ReadAsync($Session.ErrorBuffer, 0, $Session.ErrorBuffer.Length)
    }
}

# Waits until there is output or the named time has passed. The waits are short, because PowerShell can
# only stop a pipeline between two of them. They are counted, and no clock is asked: while the machine
# sleeps, neither side can say anything.
function Wait-CsBackupOutput {
    param(
        [hashtable] $Session,
        [int] $Seconds
    )

    $milliseconds = 50
    $left = $Seconds * 1000 / $milliseconds
    $tasks = [System.Threading.Tasks.Task[]]::new(1)
    $tasks[0] = $Session.OutputTask
    while (-not $Session.OutputTask.IsCompleted) {
        Complete-CsBackupRequest -Session $Session
        Receive-CsBackupDiagnostic -Session $Session
        if ($left -le 0) {
            $Session.Silent = $true
            $Session.Ended = $true
            return
        }
        $left = $left - 1
        [void][System.Threading.Tasks.Task]::WaitAny($tasks, $milliseconds)
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
    $text = [string]::new($Session.OutputBuffer, 0, $count)
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
