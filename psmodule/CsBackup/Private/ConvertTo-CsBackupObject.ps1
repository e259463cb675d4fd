# A time from the answer, as a local time (PowerShell 7 has read it as a time already, 5.1 has not);
# nothing for what never happened.
function ConvertTo-CsBackupTime {
    param(
        [object] $Value
    )

    if ($null -eq $Value) {
        return $null
    }
    if ($Value -is [datetime]) {
        return $Value.ToLocalTime()
    }
    $styles = [System.Globalization.DateTimeStyles]::AssumeUniversal
    $invariant = [System.Globalization.CultureInfo]::InvariantCulture
    return [datetime]::Parse([string]$Value, $invariant, $styles).ToLocalTime()
}

# How one module stands.
function ConvertTo-CsBackupModuleStatus {
    param(
        [object] $Value
    )

    return [pscustomobject]@{
        PSTypeName           = 'CsBackup.BackupModuleStatus'
        Identity             = [string]$Value.Identity
        ExportStatus         = [string]$Value.ExportStatus
        ImportStatus         = [string]$Value.ImportStatus
        Reason               = [string]$Value.Reason
        Backlog              = [long]$Value.Backlog
        BacklogBytes         = [long]$Value.BacklogBytes
        LastExportTime       = ConvertTo-CsBackupTime -Value $Value.LastExportTime
        LastImportTime       = ConvertTo-CsBackupTime -Value $Value.LastImportTime
        LastAcknowledgedTime = ConvertTo-CsBackupTime -Value $Value.LastAcknowledgedTime
        Conflicts            = [long]$Value.Conflicts
        Suspects             = [long]$Value.Suspects
    }
}

# A name without which a result is not what it should be.
function Assert-CsBackupName {
    param(
        [object] $Value
    )

    if ([string]::IsNullOrEmpty([string]$Value)) {
        throw 'A result has no name.'
    }
}

# How a pool stands, with all its modules.
function ConvertTo-CsBackupStatus {
    param(
        [object] $Value
    )

    Assert-CsBackupName -Value $Value.PoolFqdn
    $modules = [System.Collections.Generic.List[object]]::new()
    foreach ($module in $Value.BackupModules) {
        $modules.Add((ConvertTo-CsBackupModuleStatus -Value $module))
    }
    return [pscustomobject]@{
        PSTypeName          = 'CsBackup.BackupServiceStatus'
        PoolFqdn            = [string]$Value.PoolFqdn
        BackupPoolFqdn      = [string]$Value.BackupPoolFqdn
        ActiveMachineFqdn   = [string]$Value.ActiveMachineFqdn
        OverallExportStatus = [string]$Value.OverallExportStatus
        OverallImportStatus = [string]$Value.OverallImportStatus
        BackupModules       = $modules.ToArray()
    }
}

# The settings, each in its real type.
function ConvertTo-CsBackupConfiguration {
    param(
        [object] $Value
    )

    Assert-CsBackupName -Value $Value.Identity
    $interval = [timespan]::Parse([string]$Value.SyncInterval, [System.Globalization.CultureInfo]::InvariantCulture)
    return [pscustomobject]@{
        PSTypeName                                = 'CsBackup.BackupServiceConfiguration'
        Identity                                  = [string]$Value.Identity
        SyncInterval                              = $interval
        MaxConcurrentCalls                        = [int]$Value.MaxConcurrentCalls
        MaxBatchesPerCmsSync                      = [int]$Value.MaxBatchesPerCmsSync
        MaxBatchesPerUserStoreSync                = [int]$Value.MaxBatchesPerUserStoreSync
        MaxDataConfPackageSizeKB                  = [int]$Value.MaxDataConfPackageSizeKB
        MaxHighPriQueuePercentagePerUserStoreSync = [int]$Value.MaxHighPriQueuePercentagePerUserStoreSync
        AuthorizedUniversalGroups                 = [string[]]@($Value.AuthorizedUniversalGroups)
        AuthorizedLocalAccounts                   = [string[]]@($Value.AuthorizedLocalAccounts)
        EnableRgsBackupService                    = [bool]$Value.EnableRgsBackupService
    }
}

# Two pools that back each other up.
function ConvertTo-CsBackupRelationship {
    param(
        [object] $Value
    )

    Assert-CsBackupName -Value $Value.BackupPoolFqdn
    return [pscustomobject]@{
        PSTypeName     = 'CsBackup.PoolBackupRelationship'
        PoolFqdn       = [string]$Value.PoolFqdn
        BackupPoolFqdn = [string]$Value.BackupPoolFqdn
    }
}
