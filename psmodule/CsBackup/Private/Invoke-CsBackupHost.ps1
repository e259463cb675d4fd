# Reads one line as an event; nothing when it is none.
function ConvertFrom-CsBackupLine {
    param(
        [string] $Line
    )

    $text = $Line.Trim()
    if (-not ($text.StartsWith('{', [System.StringComparison]::Ordinal) -and $text.EndsWith('}', [System.StringComparison]::Ordinal))) {
        return $null
    }
    try {
        $message = ConvertFrom-Json -InputObject $text -ErrorAction Stop
    }
    catch {
        Clear-CsBackupCaughtError
        return $null
    }
    if ([string]::IsNullOrEmpty($message.type)) {
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
function Test-CsBackupGreeting {
    param(
        [hashtable] $Session
    )

    $line = Read-CsBackupLine -Session $Session -Seconds 30
    if ($null -eq $line) {
        return New-CsBackupEndRecord -Session $Session
    }
    $message = ConvertFrom-CsBackupLine -Line $line
    if (($null -eq $message) -or ($message.type -ne 'hello')) {
        return New-CsBackupBrokenRecord -Session $Session -Id 'AnswerUnreadable' -Category 'InvalidData' `
            -Message "What '$($Session.Path)' answered is not the answer of a csbackup executable."
    }
    if (([string]$message.protocol -ne '1') -or ([string]$message.schema -ne '1')) {
        return New-CsBackupErrorRecord -Id 'ProtocolMismatch' -Category 'InvalidOperation' -Target $Session.Path `
            -Message "The csbackup executable '$($Session.Path)' (version $($message.version)) speaks protocol $($message.protocol), and this module speaks protocol 1." `
            -Hint 'Install the module and the executable of the same release.'
    }
    return $null
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
            $Outcome.Objects.Add($Message.object)
            return $false
        }
        'progress' {
            Write-CsBackupProgress -Cmdlet $Cmdlet -Session $Session -Message $Message
            return $false
        }
        'verbose' {
            $Cmdlet.WriteVerbose([string]$Message.message)
            return $false
        }
        'warning' {
            $Cmdlet.WriteWarning([string]$Message.message)
            return $false
        }
        'error' {
            $Outcome.Failure = New-CsBackupErrorRecord -Id $Message.Id -Category $Message.Category -Message $Message.Message -Hint $Message.Hint -Target $Message.Target
            return $true
        }
        'result' {
            return $true
        }
        default {
            # A later release may send more kinds of events; what is not known is not needed.
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

    $Outcome.Failure = Test-CsBackupGreeting -Session $Session
    if ($null -ne $Outcome.Failure) {
        $Outcome.Fatal = $true
        return
    }
    $last = $false
    while (-not $last) {
        $line = Read-CsBackupLine -Session $Session -Seconds 0
        if ($null -eq $line) {
            $Outcome.Failure = New-CsBackupEndRecord -Session $Session
            return
        }
        $message = ConvertFrom-CsBackupLine -Line $line
        if ($null -eq $message) {
            $Outcome.Failure = New-CsBackupBrokenRecord -Session $Session -Id 'AnswerUnreadable' -Category 'InvalidData' `
                -Message "The csbackup executable '$($Session.Path)' sent something that is not an event."
            return
        }
        $last = Receive-CsBackupEvent -Cmdlet $Cmdlet -Session $Session -Outcome $Outcome -Message $message
    }
}

# Has the executable carry out one command and shows its progress, warnings and verbose text. Gives a
# hashtable: Objects (what the command gave), Failure (an error record or nothing), Fatal.
function Invoke-CsBackupHost {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Command,
        [System.Collections.IDictionary] $Parameters
    )

    $outcome = @{
        Objects = New-Object -TypeName 'System.Collections.Generic.List[object]'
        Failure = $null
        Fatal   = $false
    }
    $path = Find-CsBackupExecutable
    if ($null -eq $path) {
        $outcome.Failure = New-CsBackupNotFoundRecord
        $outcome.Fatal = $true
        return $outcome
    }
    $request = ConvertTo-Json -InputObject @{ protocol = 1; command = $Command; parameters = $Parameters } -Compress -Depth 4
    $folder = $Cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath

    $session = New-CsBackupSession -Path $path
    try {
        Start-CsBackupHost -Session $session -Request $request -Folder $folder
        if ($null -ne $session.Failure) {
            $outcome.Failure = $session.Failure
            $outcome.Fatal = $true
        }
        else {
            Receive-CsBackupAnswer -Cmdlet $Cmdlet -Session $session -Outcome $outcome
            Complete-CsBackupProgress -Cmdlet $Cmdlet -Session $session
        }
    }
    finally {
        Stop-CsBackupHost -Session $session
    }
    return $outcome
}

# Writes an outcome's failure, if there is one: as a terminating error where nothing can go on.
function Write-CsBackupFailure {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Outcome
    )

    if ($null -eq $Outcome.Failure) {
        return
    }
    if ($Outcome.Fatal) {
        $Cmdlet.ThrowTerminatingError($Outcome.Failure)
    }
    $Cmdlet.WriteError($Outcome.Failure)
}
