# Reads one line as an event; nothing when it is none.
function ConvertFrom-CsBackupLine {
    param(
        [hashtable] $Session,
        [string] $Line
    )

    $text = $Line.Trim()
    if (-not ($text.StartsWith('{', [System.StringComparison]::Ordinal) -and $text.EndsWith('}', [System.StringComparison]::Ordinal))) {
        return $null
    }
    try {
        $message = Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject $text
    }
    catch {
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
        return $null
    }
    if (($null -eq $message) -or [string]::IsNullOrEmpty($message.type)) {
        return $null
    }
    return $message
}

# The error for an answer that broke off or cannot be read. What the executable wrote to standard error
# goes into the advice.
function New-CsBackupBrokenRecord {
    param(
        [hashtable] $Session,
        [string] $Id,
        [string] $Category,
        [string] $Message
    )

    $hint = 'Run the command again; if it happens again, put the executable and the module of one release in place.'
    $words = $Session.ErrorText.Trim()
    if ($words.Length -gt 0) {
        $hint = "$hint The executable said: $words"
    }
    return New-CsBackupErrorRecord -Id $Id -Category $Category -Message $Message -Hint $hint -Target $Session.Path
}

# Tells why there is no further line.
function New-CsBackupEndRecord {
    param(
        [hashtable] $Session
    )

    Receive-CsBackupDiagnostic -Session $Session
    if ($Session.Silent) {
        return New-CsBackupBrokenRecord -Session $Session -Id 'ExecutableSilent' -Category 'OperationTimeout' `
            -Message "The csbackup executable '$($Session.Path)' did not answer in time."
    }
    if ($Session.Overlong) {
        return New-CsBackupBrokenRecord -Session $Session -Id 'AnswerUnreadable' -Category 'InvalidData' `
            -Message "The csbackup executable '$($Session.Path)' sent a line that is too long to be an answer."
    }
    return New-CsBackupBrokenRecord -Session $Session -Id 'AnswerIncomplete' -Category 'InvalidData' `
        -Message "The csbackup executable '$($Session.Path)' ended before it had given its whole answer."
}

# Reads the greeting and checks that both sides speak one protocol; gives an error record when not.
# Another release with the same protocol will do, which is told on the verbose stream.
function Test-CsBackupGreeting {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Session
    )

    $line = Read-CsBackupLine -Session $Session -Seconds 30
    if ($null -eq $line) {
        return New-CsBackupEndRecord -Session $Session
    }
    $message = ConvertFrom-CsBackupLine -Session $Session -Line $line
    if (($null -eq $message) -or ($message.type -ne 'hello')) {
        return New-CsBackupBrokenRecord -Session $Session -Id 'AnswerUnreadable' -Category 'InvalidData' `
            -Message "What '$($Session.Path)' answered is not the answer of a csbackup executable."
    }
    $theirs = ConvertTo-CsBackupText -Value $message.version
    $ours = [string]$ExecutionContext.SessionState.Module.Version
    if (([string]$message.protocol -ne '1') -or ([string]$message.schema -ne '1')) {
        return New-CsBackupErrorRecord -Id 'ProtocolMismatch' -Category 'InvalidOperation' -Target $Session.Path `
            -Message "The csbackup executable '$($Session.Path)' is version $theirs and speaks protocol $($message.protocol), but this module is version $ours and speaks protocol 1." `
            -Hint 'Install the module and the executable of the same release.'
    }
    if ($theirs.TrimStart('v') -ne $ours) {
        $Session.Versions = "The csbackup executable '$($Session.Path)' is version $theirs, and this module is version $ours."
        $Cmdlet.WriteVerbose($Session.Versions)
    }
    return $null
}

# Turns a result into the cmdlet's own object and keeps it. Gives an error record for one that is not
# what the command's results are.
function Add-CsBackupObject {
    param(
        [hashtable] $Session,
        [hashtable] $Outcome,
        [object] $Value
    )

    # No cmdlet of the module has more than a few results.
    if (($null -ne $Value) -and ($Outcome.Objects.Count -lt 10000)) {
        if ([string]::IsNullOrEmpty($Outcome.Converter)) {
            $Outcome.Objects.Add($Value)
            return $null
        }
        try {
            $Outcome.Objects.Add((& $Outcome.Converter -Value $Value))
            return $null
        }
        catch {
            Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
        }
    }
    return New-CsBackupBrokenRecord -Session $Session -Id 'AnswerUnreadable' -Category 'InvalidData' `
        -Message "The csbackup executable '$($Session.Path)' sent a result that is not one of this command."
}

# Shows a report of progress. Gives an error record for one that is none, such as a number that is text.
function Show-CsBackupProgress {
    param(
        [hashtable] $Session,
        [object] $Message
    )

    try {
        Write-CsBackupProgress -Cmdlet $Session.Cmdlet -Session $Session -Message $Message
        return $null
    }
    catch {
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
    }
    return New-CsBackupBrokenRecord -Session $Session -Id 'AnswerUnreadable' -Category 'InvalidData' `
        -Message "The csbackup executable '$($Session.Path)' sent a report of progress that cannot be read."
}

# Makes the error record of the executable's own error.
function New-CsBackupReportedRecord {
    param(
        [hashtable] $Session,
        [object] $Message
    )

    $hint = [string]$Message.Hint
    if (($Message.Id -eq 'InvalidUsage') -and ($Session.Versions -ne '')) {
        $hint = "$hint $($Session.Versions)"
    }
    return New-CsBackupErrorRecord -Id $Message.Id -Category $Message.Category -Message $Message.Message -Hint $hint -Target $Message.Target
}

# Carries out one event. Returns $true after the last one.
function Receive-CsBackupEvent {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Session,
        [hashtable] $Outcome,
        [object] $Message
    )

    switch ([string]$Message.type) {
        'object' {
            $Outcome.Failure = Add-CsBackupObject -Session $Session -Outcome $Outcome -Value $Message.object
            return ($null -ne $Outcome.Failure)
        }
        'progress' {
            $Outcome.Failure = Show-CsBackupProgress -Session $Session -Message $Message
            return ($null -ne $Outcome.Failure)
        }
        'verbose' {
            $Cmdlet.WriteVerbose((ConvertTo-CsBackupText -Value $Message.message))
            return $false
        }
        'warning' {
            $Cmdlet.WriteWarning((ConvertTo-CsBackupText -Value $Message.message))
            return $false
        }
        'error' {
            $Outcome.Failure = New-CsBackupReportedRecord -Session $Session -Message $Message
            return $true
        }
        'result' {
            return $true
        }
        default {
            # What is not known is not needed: it only shows that the executable is alive.
            return $false
        }
    }
}

# Reads the answer to its end. A failure of the connection itself is fatal: nothing else can go on.
function Receive-CsBackupAnswer {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Session,
        [hashtable] $Outcome
    )

    $Outcome.Failure = Test-CsBackupGreeting -Cmdlet $Cmdlet -Session $Session
    if ($null -ne $Outcome.Failure) {
        $Outcome.Fatal = $true
        return
    }
    $last = $false
    while (-not $last) {
        $line = Read-CsBackupLine -Session $Session -Seconds 60
        if ($null -eq $line) {
            $Outcome.Failure = New-CsBackupEndRecord -Session $Session
            return
        }
        $message = ConvertFrom-CsBackupLine -Session $Session -Line $line
        if ($null -eq $message) {
            $Outcome.Failure = New-CsBackupBrokenRecord -Session $Session -Id 'AnswerUnreadable' -Category 'InvalidData' `
                -Message "The csbackup executable '$($Session.Path)' sent something that is not an event."
            return
        }
        $last = Receive-CsBackupEvent -Cmdlet $Cmdlet -Session $Session -Outcome $Outcome -Message $message
    }
}
