function Get-CsPoolBackupRelationship {
    <#
    .SYNOPSIS
    Tells which pool is a pool's backup pool.

    .DESCRIPTION
    Reads the partner of the named pool from the topology file. No service is asked, so it works while the
    pool is down. A pool without a partner is an error.

    .PARAMETER PoolFqdn
    The pool, by its fully qualified domain name as in the topology file.

    .PARAMETER LocalStore
    Accepted for scripts that give it: the topology file is always a local one.

    .PARAMETER Force
    Accepted for scripts that give it.

    .INPUTS
    None.

    .OUTPUTS
    CsBackup.PoolBackupRelationship

    .EXAMPLE
    Get-CsPoolBackupRelationship -PoolFqdn "pool1.contoso.com"

    Shows the backup pool of pool1.contoso.com.

    .EXAMPLE
    $partner = (Get-CsPoolBackupRelationship -PoolFqdn pool1.contoso.com).BackupPoolFqdn
    Invoke-CsBackupServiceSync -PoolFqdn $partner -BackupModule ConfServices.DataConf

    Restores the conference content of pool1.contoso.com from its partner, whatever that is called.

    .LINK
    Get-CsBackupServiceStatus
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('CsBackup.PoolBackupRelationship')]
    param(
        [Parameter(Mandatory = $true)]
        [string] $PoolFqdn,

        [Parameter()]
        [switch] $LocalStore,

        [Parameter()]
        [switch] $Force
    )

    process {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'PoolFqdn', 'LocalStore', 'Force'
        $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'relationship' -Parameters $request -Converter 'ConvertTo-CsBackupRelationship'
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
