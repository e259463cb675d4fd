# Builds csbackup and fakehost, starts a pair of services in a folder for temporary files, runs the
# Pester tests beside this script, and ends and removes what it started. Needs Go, PowerShell 7 (or
# Windows PowerShell 5.1 on Windows) and Pester 5. Exits 0 when every test has passed.
#
#     pwsh -NoProfile -File psmodule/tests/run.ps1
$ErrorActionPreference = 'Stop'
$services = New-Object -TypeName 'System.Collections.Generic.List[object]'
$project = [System.IO.Path]::GetDirectoryName([System.IO.Path]::GetDirectoryName($PSScriptRoot))
# Short, for the path of a socket may have about 100 characters.
$folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'cst' + [System.Guid]::NewGuid().ToString('N').Substring(0, 8))
$code = 1

. "$PSScriptRoot/New-Executable.ps1"

# A port of the loopback address that nobody uses.
function Get-FreePort {
    $listener = New-Object -TypeName System.Net.Sockets.TcpListener -ArgumentList ([System.Net.IPAddress]::Loopback), 0
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    return $port
}

# Two pools with some content, and the file that describes them.
function New-Pair {
    $text = "pools:`n"
    foreach ($number in 1, 2) {
        $other = 3 - $number
        $store = [System.IO.Path]::Combine($folder, "pool$number")
        foreach ($name in 'CollabContent', 'CollabMetadata') {
            $tree = [System.IO.Path]::Combine($store, "1-WebServices-$number", $name)
            [void][System.IO.Directory]::CreateDirectory($tree)
            $file = [System.IO.Path]::Combine($tree, "of-pool$number.txt")
            [System.IO.File]::WriteAllText($file, "content of pool $number")
            # What was just written is left for a later cycle.
            [System.IO.File]::SetLastWriteTimeUtc($file, [datetime]::UtcNow.AddHours(-1))
        }
        $text = $text + "  - fqdn: pool$number.contoso.com`n    backupPool: pool$other.contoso.com`n    service: https://127.0.0.1:$(Get-FreePort)`n"
        $text = $text + "    fileStore: $($store.Replace('\', '/'))`n"
        $text = $text + "    serviceIds: {WebServices: 1-WebServices-$number, BackupService: 1-BackupService-$($number + 2), ApplicationServer: 1-ApplicationServer-$number}`n"
    }
    $topology = [System.IO.Path]::Combine($folder, 'pools.yaml')
    [System.IO.File]::WriteAllText($topology, $text)
    $env:CSBACKUP_TOPOLOGY = $topology
    $env:CSBACKUP_RUNTIME_DIR = [System.IO.Path]::Combine($folder, 'run')
    [void][System.IO.Directory]::CreateDirectory($env:CSBACKUP_RUNTIME_DIR)
}

# Starts the service of a pool and waits until it answers.
function Start-BackupService {
    param(
        [string] $Executable,
        [string] $Pool
    )

    $certificates = [System.IO.Path]::Combine($folder, 'certs')
    & $Executable certificate create --dir $certificates --pool-fqdn $Pool | Out-Null
    $arguments = @(
        'serve', '--pool-fqdn', $Pool,
        '--state-dir', [System.IO.Path]::Combine($folder, "state-$Pool"),
        '--certificate', [System.IO.Path]::Combine($certificates, "$Pool.pem"),
        '--private-key', [System.IO.Path]::Combine($certificates, "$Pool.key"),
        '--ca', [System.IO.Path]::Combine($certificates, 'ca.pem'),
        '--log-file', [System.IO.Path]::Combine($folder, "$Pool.log")
    )
    $quoted = @($arguments | ForEach-Object -Process { '"' + $_ + '"' })
    $services.Add((Start-Process -FilePath $Executable -ArgumentList $quoted -PassThru -RedirectStandardOutput ([System.IO.Path]::Combine($folder, "$Pool.out"))))
    # What a program says on standard error is an error of the script in Windows PowerShell.
    $ErrorActionPreference = 'Continue'
    for ($i = 0; $i -lt 300; $i++) {
        & $Executable status --pool-fqdn $Pool --output json 2>&1 | Out-Null
        if ($LASTEXITCODE -eq 0) {
            return
        }
        Start-Sleep -Milliseconds 100
    }
    throw "The service of $Pool does not answer; see $folder."
}

# A chat database with a few hundred messages.
function New-FilledChatDatabase {
    $log = [System.IO.Path]::Combine($folder, 'log.tsv')
    $lines = New-Object -TypeName System.Text.StringBuilder
    for ($i = 0; $i -lt 300; $i++) {
        [void]$lines.Append("room$($i % 3)`t$(1507466702 + $i)`tperson$($i % 7)`tmessage $i`n")
    }
    [System.IO.File]::WriteAllText($log, $lines.ToString())
    $path = [System.IO.Path]::Combine($folder, 'chat.db')
    & go run ./scripts/load-chat --log $log --db-instance "sqlite:$path" | Out-Null
    if ($LASTEXITCODE -ne 0) {
        throw 'The chat database cannot be filled.'
    }
    return $path
}

Push-Location -LiteralPath $project
try {
    Import-Module -Name Pester -MinimumVersion 5.0
    [void][System.IO.Directory]::CreateDirectory($folder)
    $env:CGO_ENABLED = '0'
    $env:CSBACKUP_TEST_DIR = $folder
    $env:CSBACKUP_TEST_EXE = New-Executable -Package './cmd/csbackup' -Folder $folder
    $env:CSBACKUP_TEST_FAKE = New-Executable -Package './psmodule/tests/fakehost' -Folder $folder
    New-Pair
    Start-BackupService -Executable $env:CSBACKUP_TEST_EXE -Pool 'pool1.contoso.com'
    Start-BackupService -Executable $env:CSBACKUP_TEST_EXE -Pool 'pool2.contoso.com'
    $env:CSBACKUP_TEST_CHAT = New-FilledChatDatabase

    $configuration = New-PesterConfiguration
    $configuration.Run.Path = $PSScriptRoot
    $configuration.Run.PassThru = $true
    $configuration.Output.Verbosity = 'Normal'
    $result = Invoke-Pester -Configuration $configuration
    Write-Output "$($result.PassedCount) passed, $($result.FailedCount) failed, $($result.SkippedCount) skipped"
    if (($result.Result -eq 'Passed') -and ($result.PassedCount -gt 0)) {
        $code = 0
    }
}
finally {
    foreach ($service in $services) {
        if (-not $service.HasExited) {
            $service.Kill()
            $service.WaitForExit()
        }
    }
    Pop-Location
    Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
}
exit $code
