function Set-CsBackupServiceConfiguration {
    <#
    .SYNOPSIS
    Changes settings of the Backup Service.

    .DESCRIPTION
    Changes the named settings at every service of the topology that answers; a warning names the pools that
    did not. What is not named stays as it is. With -Instance all settings of the object are set.

    .PARAMETER Identity
    The name of the set: Global, in any case.

    .PARAMETER Instance
    A settings object from Get-CsBackupServiceConfiguration, changed or not.

    .PARAMETER SyncInterval
    The time between two cycles, from 00:00:05 to 03:00:00, such as 00:03:00.

    .PARAMETER MaxConcurrentCalls
    The most calls at a time. Kept for scripts that set it.

    .PARAMETER MaxBatchesPerCmsSync
    The most batches of a synchronization of the Central Management store. Kept for scripts that set it.

    .PARAMETER MaxBatchesPerUserStoreSync
    The most batches of a synchronization of the user store. Kept for scripts that set it.

    .PARAMETER MaxDataConfPackageSizeKB
    The most that one batch of conference content carries, in KB.

    .PARAMETER MaxHighPriQueuePercentagePerUserStoreSync
    The share of high priority work in a synchronization of the user store, in percent. Kept for scripts
    that set it.

    .PARAMETER AuthorizedUniversalGroups
    The groups that may administer the service, separated by commas.

    .PARAMETER AuthorizedLocalAccounts
    The accounts that may administer the service, separated by commas.

    .PARAMETER EnableRgsBackupService
    Whether the files of the response groups are replicated: $true or 1, $false or 0.

    .PARAMETER Force
    Accepted for scripts that give it.

    .INPUTS
    CsBackup.BackupServiceConfiguration. Settings to set.

    .OUTPUTS
    None.

    .EXAMPLE
    Set-CsBackupServiceConfiguration -Identity global -SyncInterval 00:03:00

    Has the service look for changes every three minutes.

    .EXAMPLE
    Set-CsBackupServiceConfiguration -EnableRgsBackupService 1

    Has the files of the response groups replicated too.

    .LINK
    Get-CsBackupServiceConfiguration
    #>
    [CmdletBinding(DefaultParameterSetName = 'Identity', SupportsShouldProcess = $true, PositionalBinding = $false)]
    param(
        [Parameter(Position = 0, ParameterSetName = 'Identity')]
        [string] $Identity,

        [Parameter(ValueFromPipeline = $true, ParameterSetName = 'Instance')]
        [psobject] $Instance,

        [Parameter()]
        [timespan] $SyncInterval,

        [Parameter()]
        [int] $MaxConcurrentCalls,

        [Parameter()]
        [int] $MaxBatchesPerCmsSync,

        [Parameter()]
        [int] $MaxBatchesPerUserStoreSync,

        [Parameter()]
        [int] $MaxDataConfPackageSizeKB,

        [Parameter()]
        [int] $MaxHighPriQueuePercentagePerUserStoreSync,

        [Parameter()]
        [string] $AuthorizedUniversalGroups,

        [Parameter()]
        [string] $AuthorizedLocalAccounts,

        [Parameter()]
        [bool] $EnableRgsBackupService,

        [Parameter()]
        [switch] $Force
    )

    process {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        $request = ConvertTo-CsBackupSettingRequest -Bound $PSBoundParameters -Instance $Instance
        if (-not (Confirm-CsBackupAction -Cmdlet $PSCmdlet -Target 'Global' -Action 'Change the settings of the Backup Service')) {
            return
        }
        $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'configuration set' -Parameters $request
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
