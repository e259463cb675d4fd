# What is known of one run of the executable, from before its start until it is gone.
function New-CsBackupSession {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Path
    )

    return @{
        Cmdlet        = $Cmdlet
        Path          = $Path
        Process       = [System.Diagnostics.Process]::new()
        Started       = $false
        Failure       = $null
        Versions      = ''
        InputStream   = $null
        InputTask     = $null
        Lines         = [System.Collections.Generic.Queue[string]]::new()
        Partial       = [System.Text.StringBuilder]::new()
        Ended         = $false
        Overlong      = $false
        Silent        = $false
        OutputBuffer  = [char[]]::new(65536)
        OutputTask    = $null
        ErrorBuffer   = [char[]]::new(16384)
        ErrorTask     = $null
        ErrorText     = ''
        ProgressNames = [System.Collections.Generic.List[string]]::new()
    }
}

# How the executable is started: hidden, with its three streams in our hands, in the folder that the
# caller is in, so that a relative path in an environment variable means what the caller thinks.
function New-CsBackupStartInfo {
    param(
        [string] $Path,
        [string] $Folder
    )

    $info = [System.Diagnostics.ProcessStartInfo]::new()
    $info.FileName = $Path
    $info.Arguments = 'host'
    $info.UseShellExecute = $false
    $info.CreateNoWindow = $true
    $info.RedirectStandardInput = $true
    $info.RedirectStandardOutput = $true
    $info.RedirectStandardError = $true
    $info.StandardOutputEncoding = [System.Text.UTF8Encoding]::new($false)
    $info.StandardErrorEncoding = [System.Text.UTF8Encoding]::new($false)
    if ((-not [string]::IsNullOrEmpty($Folder)) -and [System.IO.Directory]::Exists($Folder)) {
        $info.WorkingDirectory = $Folder
    }
    return $info
}

# Starts the executable and sends the request. When it cannot be started, the session's Failure says
# why.
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
        $reason = $_.Exception.GetBaseException().Message
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
        $Session.Failure = New-CsBackupErrorRecord -Id 'ExecutableNotStarted' -Category 'ResourceUnavailable' -Target $Session.Path `
            -Message "The csbackup executable '$($Session.Path)' could not be started: $reason" `
            -Hint 'Check that it is the executable for this machine and that you may run it (on Linux: chmod +x).'
        return
    }

    $Session.OutputTask = $process.StandardOutput.ReadAsync($Session.OutputBuffer, 0, $Session.OutputBuffer.Length)
    $Session.ErrorTask = $process.StandardError.ReadAsync($Session.ErrorBuffer, 0, $Session.ErrorBuffer.Length)
    Send-CsBackupRequest -Session $Session -Request $Request
}

# Sends the request. It is written asynchronously: an executable that does not read must not hold us.
# Its streams' own encoding is not used, for it follows the console's code page in Windows PowerShell.
function Send-CsBackupRequest {
    param(
        [hashtable] $Session,
        [string] $Request
    )

    $encoding = [System.Text.UTF8Encoding]::new($false)
    $bytes = $encoding.GetBytes($Request + "`n")
    try {
        $Session.InputStream = $Session.Process.StandardInput.BaseStream
        $Session.InputTask = $Session.InputStream.WriteAsync($bytes, 0, $bytes.Length)
        $tasks = [System.Threading.Tasks.Task[]]::new(1)
        $tasks[0] = $Session.InputTask
        [void][System.Threading.Tasks.Task]::WaitAny($tasks, 50)
    }
    catch {
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
    }
    Complete-CsBackupRequest -Session $Session
}

# Flushes the request once it is written: what is left in the stream's buffer then fits into the empty
# pipe, so that this does not wait. A request that cannot be written means that the executable is gone:
# what it said tells more.
function Complete-CsBackupRequest {
    param(
        [hashtable] $Session
    )

    if (($null -eq $Session.InputTask) -or (-not $Session.InputTask.IsCompleted)) {
        return
    }
    $written = ($Session.InputTask.Status -eq [System.Threading.Tasks.TaskStatus]::RanToCompletion)
    $Session.InputTask = $null
    if (-not $written) {
        return
    }
    try {
        $Session.InputStream.Flush()
    }
    catch {
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
    }
}
