# What is known of one run of the executable, from before its start until it is gone.
function New-CsBackupSession {
    param(
        [string] $Path
    )

    return @{
        Path          = $Path
        Process       = New-Object -TypeName System.Diagnostics.Process
        Started       = $false
        Failure       = $null
        Lines         = New-Object -TypeName 'System.Collections.Generic.Queue[string]'
        Partial       = New-Object -TypeName System.Text.StringBuilder
        Ended         = $false
        Overlong      = $false
        Silent        = $false
        OutputBuffer  = New-Object -TypeName 'char[]' -ArgumentList 65536
        OutputTask    = $null
        ErrorBuffer   = New-Object -TypeName 'char[]' -ArgumentList 16384
        ErrorTask     = $null
        ErrorText     = ''
        ProgressNames = New-Object -TypeName 'System.Collections.Generic.List[string]'
    }
}

# How the executable is started: hidden, with its three streams in our hands, in the folder that the
# caller is in, so that a relative path in an environment variable means what the caller thinks.
function New-CsBackupStartInfo {
    param(
        [string] $Path,
        [string] $Folder
    )

    $info = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $info.FileName = $Path
    $info.Arguments = 'host'
    $info.UseShellExecute = $false
    $info.CreateNoWindow = $true
    $info.RedirectStandardInput = $true
    $info.RedirectStandardOutput = $true
    $info.RedirectStandardError = $true
    $info.StandardOutputEncoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    $info.StandardErrorEncoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    if ((-not [string]::IsNullOrEmpty($Folder)) -and [System.IO.Directory]::Exists($Folder)) {
        $info.WorkingDirectory = $Folder
    }
    return $info
}

# Starts the executable and sends the request. When it cannot be started, the session's Failure says
# why. A request that cannot be written means that the executable is gone: what it said tells more.
function Start-CsBackupHost {
    param(
        [hashtable] $Session,
        [string] $Request,
        [string] $Folder
    )

    $process = $Session.Process
    $process.StartInfo = New-CsBackupStartInfo -Path $Session.Path -Folder $Folder
    try {
        $Session.Started = $process.Start()
    }
    catch {
        Clear-CsBackupCaughtError
        $reason = $_.Exception.GetBaseException().Message
        $Session.Failure = New-CsBackupErrorRecord -Id 'ExecutableNotStarted' -Category 'ResourceUnavailable' -Target $Session.Path `
            -Message "The csbackup executable '$($Session.Path)' could not be started: $reason" `
            -Hint 'Check that it is the executable for this machine and that you may run it (on Linux: chmod +x).'
        return
    }

    $Session.OutputTask = $process.StandardOutput.ReadAsync($Session.OutputBuffer, 0, $Session.OutputBuffer.Length)
    $Session.ErrorTask = $process.StandardError.ReadAsync($Session.ErrorBuffer, 0, $Session.ErrorBuffer.Length)
    $encoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    $bytes = $encoding.GetBytes($Request + "`n")
    try {
        $process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
        $process.StandardInput.BaseStream.Flush()
    }
    catch {
        Clear-CsBackupCaughtError
    }
}
