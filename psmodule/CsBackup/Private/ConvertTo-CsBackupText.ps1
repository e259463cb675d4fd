# Text from the executable as it may be shown on a console: it can quote names from a database or a
# file store, and control characters in these would steer the console.
function ConvertTo-CsBackupText {
    param(
        [object] $Value
    )

    return [regex]::Replace([string]$Value, '[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+', ' ').Trim()
}
