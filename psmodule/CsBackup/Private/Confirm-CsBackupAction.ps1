# Asks whether a cmdlet may do what it is about to do, as -WhatIf and -Confirm want it. Where nobody can be
# asked, nothing is done: an exception of the question would end this one statement only, and the cmdlet would
# go on as if the answer had been yes.
function Confirm-CsBackupAction {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Target,
        [string] $Action
    )

    try {
        return $Cmdlet.ShouldProcess($Target, $Action)
    }
    catch {
        $problem = $_.Exception.GetBaseException().Message
        Clear-CsBackupCaughtError -Caught $_ -Cmdlet $Cmdlet
    }
    $Cmdlet.ThrowTerminatingError((New-CsBackupErrorRecord -Id 'ConfirmationImpossible' -Category 'InvalidOperation' -Target $Target `
        -Message "Nobody can be asked here to confirm '$Action' on '$Target', so nothing was done: $problem" `
        -Hint 'Run the command in a session in which it can ask, or give -Confirm:$false to have it done without a question.'))
}
