# Measures what the PowerShell module costs beyond the executable, and prints one line a figure. Needs Go
# and PowerShell 7 or Windows PowerShell 5.1. Run it on a machine that does nothing else.
#
#     pwsh -NoProfile -File scripts/bench-powershell.ps1
$ErrorActionPreference = 'Stop'
$project = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
$module = [System.IO.Path]::Combine($project, 'psmodule', 'CsBackup', 'CsBackup.psd1')
$shell = (Get-Process -Id $PID).Path
$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'csbench' + [System.Guid]::NewGuid().ToString('N').Substring(0, 8))

. "$project/psmodule/tests/New-Executable.ps1"

# The median of the milliseconds that a script takes, after one run that does not count.
function Get-Median {
    param(
        [int] $Count,
        [scriptblock] $Script
    )

    $times = New-Object -TypeName 'System.Collections.Generic.List[double]'
    for ($i = 0; $i -le $Count; $i++) {
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        & $Script | Out-Null
        if ($i -gt 0) {
            $times.Add($clock.Elapsed.TotalMilliseconds)
        }
    }
    $times.Sort()
    return $times[[int][System.Math]::Floor($times.Count / 2)]
}

function Write-Figure {
    param(
        [string] $Name,
        [double] $Value,
        [double] $Most,
        [string] $Unit
    )

    $verdict = 'held'
    if ($Value -gt $Most) {
        $verdict = 'NOT HELD'
    }
    Write-Output ('{0}: {1:N1} {2}, at most {3:N0}: {4}' -f $Name, $Value, $Unit, $Most, $verdict)
}

# Calls an executable's host once, as the module does, and reads all that it says.
function Invoke-BareHost {
    param(
        [string] $Path
    )

    $info = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $info.FileName = $Path
    $info.Arguments = 'host'
    $info.UseShellExecute = $false
    $info.RedirectStandardInput = $true
    $info.RedirectStandardOutput = $true
    $process = [System.Diagnostics.Process]::Start($info)
    $process.StandardInput.WriteLine('{"protocol":1,"command":"status","parameters":{"PoolFqdn":"pool1.contoso.com"}}')
    $answer = $process.StandardOutput.ReadToEnd()
    $process.WaitForExit()
    $process.Dispose()
    return $answer
}

function Measure-Import {
    $code = '$c = [System.Diagnostics.Stopwatch]::StartNew(); Import-Module -Name "' + $module + '"; $c.Elapsed.TotalMilliseconds.ToString([cultureinfo]::InvariantCulture)'
    $times = @(1..11 | ForEach-Object -Process { [double](& $shell -NoProfile -NonInteractive -Command $code) } | Sort-Object)
    Write-Figure -Name 'Import-Module' -Value $times[5] -Most 150 -Unit 'ms'
}

function Measure-Status {
    $env:FAKEHOST = 'good'
    $env:CSBACKUP_EXE = $fake
    $bare = Get-Median -Count 50 -Script { Invoke-BareHost -Path $fake }
    $cmdlet = Get-Median -Count 50 -Script { Get-CsBackupServiceStatus -PoolFqdn pool1.contoso.com }
    Write-Figure -Name 'Get-CsBackupServiceStatus beyond its executable' -Value ($cmdlet - $bare) -Most 40 -Unit 'ms'
}

function Measure-Export {
    $log = [System.IO.Path]::Combine($folder, 'log.tsv')
    $writer = New-Object -TypeName System.IO.StreamWriter -ArgumentList $log
    for ($i = 0; $i -lt 100000; $i++) {
        $writer.Write("room$($i % 50)`t$(1507466702 + $i)`tperson$($i % 300)`tmessage $i of a room that people write in`n")
    }
    $writer.Dispose()
    $database = 'sqlite:' + [System.IO.Path]::Combine($folder, 'chat.db')
    & go run ./scripts/load-chat --log $log --db-instance $database | Out-Null
    if ($LASTEXITCODE -ne 0) {
        throw 'The chat database cannot be filled.'
    }
    $archive = [System.IO.Path]::Combine($folder, 'chat.zip')
    $env:CSBACKUP_EXE = $real
    $bare = Get-Median -Count 15 -Script { & $real chat export --db-instance $database --file-name $archive --progress none }
    # Neither shows its progress: what PowerShell takes to draw a bar is measured by itself.
    $ProgressPreference = 'SilentlyContinue'
    $cmdlet = Get-Median -Count 15 -Script { Export-CsPersistentChatData -DBInstance $database -FileName $archive }
    $ProgressPreference = 'Continue'
    $shown = Get-Median -Count 15 -Script { Export-CsPersistentChatData -DBInstance $database -FileName $archive }
    Write-Figure -Name 'An export of 100,000 messages beyond the bare executable' -Value (100 * ($cmdlet / $bare - 1)) -Most 5 -Unit '%'
    Write-Output ('The same with its progress shown: {0:N1} ms more, of {1:N1}' -f ($shown - $cmdlet), $bare)
}

function Measure-Byte {
    $env:FAKEHOST = 'archive'
    $env:CSBACKUP_EXE = $fake
    $code = 'Import-Module -Name "' + $module + '"; $p = [System.Diagnostics.Process]::GetCurrentProcess(); $p.Refresh(); $b = $p.PeakWorkingSet64; ' +
        '$a = Export-CsPersistentChatData -DBInstance x -AsBytes; $p.Refresh(); if ($a.Length -ne 104857600) { throw "no archive" }; ($p.PeakWorkingSet64 - $b) / 1MB'
    $most = [double](& $shell -NoProfile -NonInteractive -Command $code)
    Write-Figure -Name '-AsBytes of 100 MB above the session' -Value $most -Most 250 -Unit 'MB'
}

Push-Location -LiteralPath $project
try {
    [void][System.IO.Directory]::CreateDirectory($folder)
    $env:CGO_ENABLED = '0'
    $real = New-Executable -Package './cmd/csbackup' -Folder $folder
    $fake = New-Executable -Package './psmodule/tests/fakehost' -Folder $folder
    Import-Module -Name $module -Force
    Measure-Import
    Measure-Status
    Measure-Export
    Measure-Byte
}
finally {
    Pop-Location
    Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
}
