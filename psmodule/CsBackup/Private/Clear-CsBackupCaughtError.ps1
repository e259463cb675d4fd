# An error that the module has caught is no failure of the cmdlet: it is taken out of $Error again, so
# that one failure leaves one record. Call it first thing in a catch block.
function Clear-CsBackupCaughtError {
    if ($global:Error.Count -gt 0) {
        $global:Error.RemoveAt(0)
    }
}
