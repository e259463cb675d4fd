# A single value as the request carries it: times in UTC, spans of time as text. A string is taken bare:
# Windows PowerShell writes one with notes, such as a line of a file, as an object.
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
    if ($Value -is [string]) {
        return $Value.ToString()
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

    $names = [System.Collections.Generic.List[string]]::new()
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

# A whole number that may have become text on its way through a file. What is none stays as it is, for
# the executable to refuse.
function ConvertTo-CsBackupNumber {
    param(
        [object] $Value
    )

    $number = 0
    $invariant = [System.Globalization.CultureInfo]::InvariantCulture
    if (($Value -is [string]) -and [int]::TryParse($Value, [System.Globalization.NumberStyles]::Integer, $invariant, [ref]$number)) {
        return $number
    }
    return $Value
}

# True or false, also from a number or from text, as for a parameter of this type.
function ConvertTo-CsBackupTruth {
    param(
        [object] $Value
    )

    if ($Value -is [bool]) {
        return $Value
    }
    $text = ([string]$Value).Trim()
    if (($text -eq '1') -or ($text -eq 'True')) {
        return $true
    }
    if (($text -eq '0') -or ($text -eq 'False')) {
        return $false
    }
    return $Value
}

# The values of a settings object and over them those that were given as parameters, by name.
function Get-CsBackupSettingValue {
    param(
        [System.Collections.IDictionary] $Bound,
        [psobject] $Instance
    )

    $values = @{}
    if ($null -ne $Instance) {
        foreach ($property in $Instance.PSObject.Properties) {
            $values[$property.Name] = $property.Value
        }
    }
    foreach ($name in @($Bound.Keys)) {
        $values[$name] = $Bound[$name]
    }
    return $values
}

# The settings that an object from Get-CsBackupServiceConfiguration holds, changed or not, and over
# them those that were given as parameters.
function ConvertTo-CsBackupSettingRequest {
    param(
        [System.Collections.IDictionary] $Bound,
        [psobject] $Instance
    )

    $numbers = @(
        'MaxConcurrentCalls',
        'MaxBatchesPerCmsSync',
        'MaxBatchesPerUserStoreSync',
        'MaxDataConfPackageSizeKB',
        'MaxHighPriQueuePercentagePerUserStoreSync'
    )
    $lists = @('AuthorizedUniversalGroups', 'AuthorizedLocalAccounts')

    $values = Get-CsBackupSettingValue -Bound $Bound -Instance $Instance
    $request = [ordered]@{}
    foreach ($name in @('Identity', 'SyncInterval')) {
        if ($null -ne $values[$name]) {
            $request[$name] = ConvertTo-CsBackupValue -Value $values[$name]
        }
    }
    foreach ($name in $numbers) {
        if ($null -ne $values[$name]) {
            $request[$name] = ConvertTo-CsBackupNumber -Value $values[$name]
        }
    }
    foreach ($name in $lists) {
        if ($values.ContainsKey($name)) {
            $names = ConvertTo-CsBackupNameList -Value $values[$name]
            $request[$name] = $names.ToArray()
        }
    }
    if ($null -ne $values['EnableRgsBackupService']) {
        $request['EnableRgsBackupService'] = ConvertTo-CsBackupTruth -Value $values['EnableRgsBackupService']
    }
    if ($Bound.ContainsKey('Force')) {
        $request['Force'] = $Bound['Force'].ToBool()
    }
    return $request
}
