function Get-CsBackupServiceConfiguration {
    <#
    .SYNOPSIS
    Shows the settings of the Backup Service.

    .DESCRIPTION
    Gives the one set of settings, Global, which holds for all pools of the topology. The nearest service is
    asked; when none answers, the defaults are given, and the verbose stream says so.

    .PARAMETER Identity
    The name of the set: Global, in any case.

    .PARAMETER Filter
    A pattern with wildcards for the name of the set.

    .PARAMETER LocalStore
    Accepted for scripts that give it.

    .INPUTS
    None.

    .OUTPUTS
    CsBackup.BackupServiceConfiguration

    .EXAMPLE
    Get-CsBackupServiceConfiguration

    Shows the settings.

    .EXAMPLE
    $settings = Get-CsBackupServiceConfiguration -Identity Global
    $settings.SyncInterval = '00:05:00'
    Set-CsBackupServiceConfiguration -Instance $settings

    Has the service look for changes every five minutes.

    .LINK
    Set-CsBackupServiceConfiguration

    .LINK
    Remove-CsBackupServiceConfiguration
    #>
    [CmdletBinding(DefaultParameterSetName = 'Identity', PositionalBinding = $false)]
    [OutputType('CsBackup.BackupServiceConfiguration')]
    param(
        [Parameter(Position = 0, ParameterSetName = 'Identity')]
        [string] $Identity,

        [Parameter(ParameterSetName = 'Filter')]
        [string] $Filter,

        [Parameter()]
        [switch] $LocalStore
    )

    process {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'Identity', 'Filter', 'LocalStore'
        $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'configuration get' -Parameters $request -Converter 'ConvertTo-CsBackupConfiguration'
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
