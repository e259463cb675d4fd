# A single value as the request carries it: times in UTC, spans of time as text.
function ConvertTo-CsBackupValue {
    param(
        [object] $Value
    )

    $invariant = [System.Globalization.CultureInfo]::InvariantCulture
    if ($Value -is [System.Management.Automation.SwitchParameter]) {
        return $Value.ToBool()
    }
    if ($Value -is [timespan]) {
        return $Value.ToString('c', $invariant)
    }
    if ($Value -is [datetime]) {
        return $Value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", $invariant)
    }
    return $Value
}

# Makes a request's parameters from those of a cmdlet: the named ones that were given, and no others.
# A list becomes an array right where it is stored: Windows PowerShell writes an array that a function
# has returned as an object with a Count.
function ConvertTo-CsBackupRequest {
    param(
        [System.Collections.IDictionary] $Bound,
        [string[]] $Name
    )

    $request = [ordered]@{}
    foreach ($one in $Name) {
        if (-not $Bound.ContainsKey($one)) {
            continue
        }
        if ($Bound[$one] -is [System.Collections.Generic.List[string]]) {
            $request[$one] = $Bound[$one].ToArray()
        }
        else {
            $request[$one] = ConvertTo-CsBackupValue -Value $Bound[$one]
        }
    }
    return $request
}

# Names in one text, separated by commas, or in a list; always gives a list.
function ConvertTo-CsBackupNameList {
    param(
        [object] $Value
    )

    $names = New-Object -TypeName 'System.Collections.Generic.List[string]'
    foreach ($text in @($Value)) {
        foreach ($part in ([string]$text).Split(',')) {
            $name = $part.Trim()
            if ($name.Length -gt 0) {
                $names.Add($name)
            }
        }
    }
    return , $names
}

# The settings that an object from Get-CsBackupServiceConfiguration holds, changed or not, and over
# them those that were given as parameters.
function ConvertTo-CsBackupSettingRequest {
    param(
        [System.Collections.IDictionary] $Bound,
        [psobject] $Instance
    )

    $plain = @(
        'Identity',
        'SyncInterval',
        'MaxConcurrentCalls',
        'MaxBatchesPerCmsSync',
        'MaxBatchesPerUserStoreSync',
        'MaxDataConfPackageSizeKB',
        'MaxHighPriQueuePercentagePerUserStoreSync',
        'EnableRgsBackupService'
    )
    $lists = @('AuthorizedUniversalGroups', 'AuthorizedLocalAccounts')

    $values = @{}
    if ($null -ne $Instance) {
        foreach ($property in $Instance.PSObject.Properties) {
            $values[$property.Name] = $property.Value
        }
    }
    foreach ($name in @($Bound.Keys)) {
        $values[$name] = $Bound[$name]
    }

    $request = [ordered]@{}
    foreach ($name in $plain) {
        if ($null -ne $values[$name]) {
            $request[$name] = ConvertTo-CsBackupValue -Value $values[$name]
        }
    }
    foreach ($name in $lists) {
        if ($null -ne $values[$name]) {
            $names = ConvertTo-CsBackupNameList -Value $values[$name]
            $request[$name] = $names.ToArray()
        }
    }
    if ($Bound.ContainsKey('Force')) {
        $request['Force'] = $Bound['Force'].ToBool()
    }
    return $request
}
