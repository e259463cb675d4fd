# Ends the executable: it cancels and cleans up when its standard input closes, and has 1.5 seconds for
# that, of the 2 within which a stopped cmdlet must be gone. It is called from a finally block, also
# when the pipeline is being stopped, so it writes nothing.
function Stop-CsBackupHost {
    param(
        [hashtable] $Session
    )

    if ($Session.Started) {
        try {
            $Session.Process.StandardInput.BaseStream.Dispose()
        }
        catch {
            Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
        }
        try {
            if (-not $Session.Process.WaitForExit(1500)) {
                $Session.Process.Kill()
                # Only until it has let go of its files.
                [void]$Session.Process.WaitForExit(400)
            }
        }
        catch {
            Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Session.Cmdlet
        }
        # A stream that is being read still cannot be closed without waiting; the end of the process
        # ends it.
        if (($null -ne $Session.OutputTask) -and $Session.OutputTask.IsCompleted) {
            $Session.Process.StandardOutput.Dispose()
        }
        if (($null -eq $Session.ErrorTask) -or $Session.ErrorTask.IsCompleted) {
            $Session.Process.StandardError.Dispose()
        }
    }
    $Session.Process.Dispose()
}
