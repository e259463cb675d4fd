function Import-CsPersistentChatData {
    <#
    .SYNOPSIS
    Brings an archive of Persistent Chat data into a database.

    .DESCRIPTION
    Merges an archive that Export-CsPersistentChatData made into a Persistent Chat database: all of it or
    nothing. What is there already is matched and not doubled. With -WhatIf the archive and the database are
    gone through in full, and warnings tell what clashes or is missing; nothing is changed.

    .PARAMETER DBInstance
    The SQL Server that holds the database: server, server\instance or server,port; or sqlite:PATH for an
    embedded database.

    .PARAMETER DBName
    The database; mgc when left out.

    .PARAMETER FileName
    The archive, as a PowerShell path.

    .PARAMETER ByteInput
    The archive as a byte array, as -AsBytes of Export-CsPersistentChatData gave it. To pipe it, write a comma
    before it, so that it comes as a whole: , $archive | Import-CsPersistentChatData ...

    .PARAMETER Report
    A report to write, as a page for a browser (.html). An existing file is overwritten.

    .INPUTS
    System.Byte[]. An archive.

    .OUTPUTS
    None.

    .EXAMPLE
    Import-CsPersistentChatData -DBInstance "atl-sql-001.contoso.com\rtc" -FileName "C:\Logs\PersistentChatData.zip" -WhatIf

    Goes through the import without changing anything, and shows the warnings that it would give.

    .EXAMPLE
    Import-CsPersistentChatData -DBInstance "atl-sql-001.contoso.com\rtc" -FileName "C:\Logs\PersistentChatData.zip" -Report import.html

    Imports the archive and writes a report.

    .EXAMPLE
    $archive = Export-CsPersistentChatData -DBInstance sqlite:old.db -AsBytes
    Import-CsPersistentChatData -DBInstance sqlite:new.db -ByteInput $archive

    Moves data from one database into another without a file in between.

    .LINK
    Export-CsPersistentChatData
    #>
    [CmdletBinding(DefaultParameterSetName = 'FileName', SupportsShouldProcess = $true, PositionalBinding = $false)]
    param(
        [Parameter(Mandatory = $true)]
        [Alias('DB')]
        [string] $DBInstance,

        [Parameter()]
        [string] $DBName,

        [Parameter(Mandatory = $true, ParameterSetName = 'FileName')]
        [string] $FileName,

        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ParameterSetName = 'ByteInput')]
        [byte[]] $ByteInput,

        [Parameter()]
        [string] $Report
    )

    begin {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        $whole = $null
        $collected = $null
    }

    process {
        if ($PSCmdlet.ParameterSetName -ne 'ByteInput') {
            return
        }
        # A whole array comes in one call and is used as it is; only one that was piped byte by byte is
        # put together.
        if ($null -eq $whole) {
            $whole = $ByteInput
            return
        }
        if ($null -eq $collected) {
            $collected = New-Object -TypeName System.IO.MemoryStream
            $collected.Write($whole, 0, $whole.Length)
        }
        $collected.Write($ByteInput, 0, $ByteInput.Length)
    }

    end {
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'DBInstance', 'DBName'
        if (-not [string]::IsNullOrEmpty($Report)) {
            $request['Report'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $Report
        }
        # A dry run is a run of its own: it goes through everything and changes nothing.
        if (-not $PSCmdlet.ShouldProcess($DBInstance, 'Import Persistent Chat data')) {
            if (-not $WhatIfPreference) {
                return
            }
            $request['WhatIf'] = $true
        }
        if ($PSCmdlet.ParameterSetName -ne 'ByteInput') {
            $request['FileName'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $FileName
            $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'chat import' -Parameters $request
            Write-CsBackupFailure -Cmdlet $PSCmdlet -Outcome $outcome
            return
        }

        $folder = New-CsBackupTemporaryFolder
        try {
            $archive = [System.IO.Path]::Combine($folder, 'import.zip')
            if ($null -eq $collected) {
                [System.IO.File]::WriteAllBytes($archive, $whole)
            }
            else {
                $file = [System.IO.File]::Create($archive)
                try {
                    $collected.WriteTo($file)
                }
                finally {
                    $file.Dispose()
                }
            }
            $request['FileName'] = $archive
            $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'chat import' -Parameters $request
        }
        finally {
            Remove-CsBackupTemporaryFolder -Path $folder
        }
        Write-CsBackupFailure -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
