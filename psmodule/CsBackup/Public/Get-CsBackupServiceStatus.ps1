function Get-CsBackupServiceStatus {
    <#
    .SYNOPSIS
    Shows how a pool's backup stands.

    .DESCRIPTION
    Asks the Backup Service of the named pool for the state of its modules. The export state tells how far
    the partner has what this pool has: FinalState (everything, and the partner has acknowledged it),
    SteadyState (what is left fits one batch), NonSteadyState (a backlog), NotInitialized, ErrorState. The
    import state is NormalState, ErrorState or NotInitialized. The state is one of this direction: ask for
    both pools to know about both. A service that does not run is an error, and gives no object.

    .PARAMETER PoolFqdn
    The pool, by its fully qualified domain name as in the topology file.

    .PARAMETER Category
    Only the modules of this category: UserData, CMS or RGS. Left out, all are shown.

    .PARAMETER BackupModule
    Only this module, by its full or its short name, such as ConfServices.DataConf or DataConf; All, or
    leaving it out, means every module.

    .PARAMETER Force
    Leaves out the messages about what does not stop the command.

    .INPUTS
    None.

    .OUTPUTS
    CsBackup.BackupServiceStatus

    .EXAMPLE
    Get-CsBackupServiceStatus -PoolFqdn "pool1.contoso.com"

    Shows the state of all modules of pool1.contoso.com.

    .EXAMPLE
    (Get-CsBackupServiceStatus -PoolFqdn pool1.contoso.com).BackupModules

    Shows the modules as a table.

    .EXAMPLE
    Get-CsBackupServiceStatus -PoolFqdn pool2.contoso.com -BackupModule ConfServices.DataConf

    Follows a restore: it is done when the export state is FinalState.

    .LINK
    Invoke-CsBackupServiceSync
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('CsBackup.BackupServiceStatus')]
    param(
        [Parameter(Mandatory = $true)]
        [string] $PoolFqdn,

        [Parameter()]
        [ValidateSet('CMS', 'UserData', 'RGS')]
        [string] $Category,

        [Parameter()]
        [string] $BackupModule,

        [Parameter()]
        [switch] $Force
    )

    process {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'PoolFqdn', 'Category', 'BackupModule', 'Force'
        $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'status' -Parameters $request -Converter 'ConvertTo-CsBackupStatus'
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
