# Shows what a dry run of an import has found, in the way in which -WhatIf speaks: a line for each table
# of the archive that has rows. A run that was no dry run has nothing to show.
function Write-CsBackupFinding {
    param(
        [System.Management.Automation.PSCmdlet] $Cmdlet,
        [hashtable] $Outcome
    )

    foreach ($result in $Outcome.Objects) {
        if (-not $result.WhatIf) {
            continue
        }
        foreach ($table in $result.Tables) {
            if ($table.Rows -gt 0) {
                $text = ConvertTo-CsBackupText -Value "$($table.Table): of $($table.Rows) rows in the archive, $($table.Added) would be added, $($table.Changed) changed, $($table.Same) left as they are, $($table.LeftOut) left out."
                [void]$Cmdlet.ShouldProcess($text, $text, 'Import Persistent Chat data')
            }
        }
    }
}
