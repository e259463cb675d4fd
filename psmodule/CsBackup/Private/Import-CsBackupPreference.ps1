# A function of a module does not see the preferences that its caller set in a script or a function, as
# a compiled cmdlet does. This takes them over into the calling cmdlet's own scope, except for those
# that were given as a parameter.
function Import-CsBackupPreference {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet
    )

    $preferences = @{
        Confirm        = 'ConfirmPreference'
        ErrorAction    = 'ErrorActionPreference'
        ProgressAction = 'ProgressPreference'
        Verbose        = 'VerbosePreference'
        WarningAction  = 'WarningPreference'
        WhatIf         = 'WhatIfPreference'
    }
    foreach ($parameter in $preferences.Keys) {
        if ($Cmdlet.MyInvocation.BoundParameters.ContainsKey($parameter)) {
            continue
        }
        $value = $Cmdlet.SessionState.PSVariable.GetValue($preferences[$parameter])
        if ([string]$value -eq 'Ignore') {
            # Good for a parameter only: as a variable's value, Windows PowerShell refuses it.
            $value = 'SilentlyContinue'
        }
        if ($null -ne $value) {
            # Set-Variable itself is not to ask, to pretend or to tell.
            Microsoft.PowerShell.Utility\Set-Variable -Name $preferences[$parameter] -Value $value -Scope 1 -WhatIf:$false -Confirm:$false -Verbose:$false
        }
    }
}
