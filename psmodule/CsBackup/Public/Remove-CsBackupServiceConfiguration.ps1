function Remove-CsBackupServiceConfiguration {
    <#
    .SYNOPSIS
    Returns the settings of the Backup Service to their defaults.

    .DESCRIPTION
    The one set of settings, Global, cannot be removed: its settings get their default values again, at every
    service of the topology that answers; a warning names the pools that did not.

    .PARAMETER Identity
    The name of the set: Global, in any case.

    .PARAMETER Force
    Accepted for scripts that give it.

    .INPUTS
    None.

    .OUTPUTS
    None.

    .EXAMPLE
    Remove-CsBackupServiceConfiguration -Identity global

    Sets all settings to their defaults.

    .EXAMPLE
    Remove-CsBackupServiceConfiguration -Identity global -WhatIf

    Says what would be done, and does nothing.

    .LINK
    Get-CsBackupServiceConfiguration
    #>
    [CmdletBinding(SupportsShouldProcess = $true, PositionalBinding = $false)]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string] $Identity,

        [Parameter()]
        [switch] $Force
    )

    process {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        if (-not (Confirm-CsBackupAction -Cmdlet $PSCmdlet -Target $Identity -Action 'Return the settings of the Backup Service to their defaults')) {
            return
        }
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'Identity', 'Force'
        $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'configuration reset' -Parameters $request
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
