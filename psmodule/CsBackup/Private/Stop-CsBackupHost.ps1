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
            Clear-CsBackupCaughtError
        }
        try {
            if (-not $Session.Process.WaitForExit(1500)) {
                $Session.Process.Kill()
            }
        }
        catch {
            Clear-CsBackupCaughtError
        }
    }
    $Session.Process.Dispose()
}
