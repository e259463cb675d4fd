function Invoke-CsBackupServiceSync {
    <#
    .SYNOPSIS
    Has a pool's Backup Service send everything that its backup pool lacks.

    .DESCRIPTION
    Asks the Backup Service of the named pool to compare its files with those of its backup pool in full,
    and to send what differs: from the named pool to its partner. To restore what one pool has lost, name
    the other one, which holds the copy. The cmdlet returns once the request is accepted; follow the work
    with Get-CsBackupServiceStatus, or use -Wait. Asking twice does no work twice.

    .PARAMETER PoolFqdn
    The pool that sends, by its fully qualified domain name as in the topology file. Several can be piped
    to the cmdlet.

    .PARAMETER BackupModule
    Only this module, by its full or its short name, such as ConfServices.DataConf or DataConf; All, or
    leaving it out, means every module.

    .PARAMETER Force
    Leaves out the messages about what does not stop the command.

    .PARAMETER Wait
    Shows the progress and returns only when the state is FinalState or SteadyState.

    .INPUTS
    System.String. The name of a pool.

    .OUTPUTS
    None.

    .EXAMPLE
    Invoke-CsBackupServiceSync -PoolFqdn "pool1.contoso.com"

    Sends all data of pool1.contoso.com that its backup pool lacks.

    .EXAMPLE
    Invoke-CsBackupServiceSync -PoolFqdn pool2.contoso.com -BackupModule ConfServices.DataConf -Wait

    Restores the conference content that the partner of pool2.contoso.com has lost, and waits until all of
    it is there.

    .LINK
    Get-CsBackupServiceStatus
    #>
    [CmdletBinding(SupportsShouldProcess = $true, PositionalBinding = $false)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true)]
        [string] $PoolFqdn,

        [Parameter()]
        [string] $BackupModule,

        [Parameter()]
        [switch] $Force,

        [Parameter()]
        [switch] $Wait
    )

    process {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        if (-not (Confirm-CsBackupAction -Cmdlet $PSCmdlet -Target $PoolFqdn -Action 'Synchronize with the backup pool')) {
            return
        }
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'PoolFqdn', 'BackupModule', 'Force', 'Wait'
        $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'sync' -Parameters $request
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
