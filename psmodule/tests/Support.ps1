# What the tests share. run.ps1 has started a pair of services and set the environment variables
# CSBACKUP_TEST_EXE (csbackup), CSBACKUP_TEST_FAKE (fakehost), CSBACKUP_TEST_DIR (a folder of the run)
# and CSBACKUP_TEST_CHAT (an embedded chat database with messages).
if ([string]::IsNullOrEmpty($env:CSBACKUP_TEST_EXE)) {
    throw 'Run the tests with psmodule/tests/run.ps1, which starts what they need.'
}
$modulesFolder = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
$modulePath = [System.IO.Path]::Combine($modulesFolder, 'CsBackup', 'CsBackup.psd1')
$pool1 = 'pool1.contoso.com'
$pool2 = 'pool2.contoso.com'

# Has the module call the real executable.
function Use-RealHost {
    $env:CSBACKUP_EXE = $env:CSBACKUP_TEST_EXE
    $env:FAKEHOST = $null
}

# Has the module call fakehost, which does what its mode says.
function Use-FakeHost {
    param(
        [string] $Mode
    )

    $env:CSBACKUP_EXE = $env:CSBACKUP_TEST_FAKE
    $env:FAKEHOST = $Mode
    $env:FAKEHOST_PID = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'fakehost.pid')
    $env:FAKEHOST_RECORD = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, 'fakehost.record')
    foreach ($file in @($env:FAKEHOST_PID, $env:FAKEHOST_RECORD)) {
        if ([System.IO.File]::Exists($file)) {
            [System.IO.File]::Delete($file)
        }
    }
}

# The parameters of the request that fakehost has noted in its mode record.
function Get-RecordedRequest {
    return ([System.IO.File]::ReadAllText($env:FAKEHOST_RECORD) | ConvertFrom-Json)
}

# Waits until something is true, for half a minute at most, and gives what it was in the end.
function Wait-Until {
    param(
        [scriptblock] $Condition
    )

    for ($i = 0; $i -lt 300; $i++) {
        if (& $Condition) {
            return $true
        }
        Start-Sleep -Milliseconds 100
    }
    return $false
}

# Whether the fakehost of the last call is gone.
function Test-FakeHostGone {
    $id = [int][System.IO.File]::ReadAllText($env:FAKEHOST_PID)
    return (Wait-Until -Condition { $null -eq (Get-Process -Id $id -ErrorAction Ignore) })
}

# The numbers of the processes of the csbackup under test.
function Get-TestProcess {
    return @(Get-Process -Name 'csbackup' -ErrorAction Ignore | Where-Object -FilterScript { $_.Path -eq $env:CSBACKUP_TEST_EXE } | ForEach-Object -Process { $_.Id })
}

# The names in the folder for temporary files that the module may have left.
function Get-TemporaryName {
    return @(Get-ChildItem -LiteralPath ([System.IO.Path]::GetTempPath()) -Filter 'csbackup-*' | ForEach-Object -Process { $_.Name })
}

# An empty chat database; gives what -DBInstance takes.
function New-ChatDatabase {
    param(
        [string] $Name
    )

    $path = [System.IO.Path]::Combine($env:CSBACKUP_TEST_DIR, $Name)
    & $env:CSBACKUP_TEST_EXE chat create-database --db-instance "sqlite:$path" | Out-Null
    return "sqlite:$path"
}

# Runs a script in a new session of this PowerShell, with a folder put before the others in which modules
# are looked for, and gives its lines.
function Invoke-NewSession {
    param(
        [string] $Script,
        [string] $ModulePath
    )

    $kept = $env:PSModulePath
    try {
        $env:PSModulePath = $ModulePath + [System.IO.Path]::PathSeparator + $kept
        return @(& (Get-Process -Id $PID).Path -NoProfile -NonInteractive -Command $Script)
    }
    finally {
        $env:PSModulePath = $kept
    }
}
