function Import-CsPersistentChatData {
    <#
    .SYNOPSIS
    Brings an archive of Persistent Chat data into a database.

    .DESCRIPTION
    Merges an archive that Export-CsPersistentChatData made into a Persistent Chat database: all of it or
    nothing. What is there already is matched and not doubled, and nothing is taken away. Import several archives
    of one database in the order in which they were made. With -WhatIf the archive and the database are
    gone through in full: a line for each table tells what would be done, warnings tell what clashes or is
    missing, and nothing is changed.

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
    A report to write, as a page for a browser (.html), or the result as JSON (.json). An existing file is overwritten.

    .PARAMETER TrustServerCertificate
    Takes whatever certificate the server shows; only where the network itself is trusted.

    .PARAMETER ServerCertificate
    A file, as a PowerShell path, with the certificate that the server must have, or that of its issuer.

    .PARAMETER Encrypt
    How the connection to the server is encrypted: true (when left out), strict or false.

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
        [string] $DBInstance,

        [Parameter()]
        [string] $DBName,

        [Parameter(Mandatory = $true, ParameterSetName = 'FileName')]
        [string] $FileName,

        [Parameter(Mandatory = $true, ValueFromPipeline = $true, ParameterSetName = 'ByteInput')]
        [byte[]] $ByteInput,

        [Parameter()]
        [string] $Report,

        [Parameter()]
        [switch] $TrustServerCertificate,

        [Parameter()]
        [string] $ServerCertificate,

        [Parameter()]
        [ValidateSet('true', 'strict', 'false')]
        [string] $Encrypt
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
            $collected = [System.IO.MemoryStream]::new()
            $collected.Write($whole, 0, $whole.Length)
        }
        $collected.Write($ByteInput, 0, $ByteInput.Length)
    }

    end {
        if (($null -eq $whole) -and [string]::IsNullOrEmpty($FileName)) {
            $PSCmdlet.ThrowTerminatingError((New-CsBackupErrorRecord -Id 'InvalidUsage' -Category 'InvalidArgument' -Target $DBInstance `
                -Message 'There is no archive to import: nothing came through the pipeline.' -Hint 'Pipe the archive as one byte array, or give -ByteInput or -FileName.'))
        }
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'DBInstance', 'DBName', 'TrustServerCertificate', 'Encrypt'
        if (-not [string]::IsNullOrEmpty($Report)) {
            $request['Report'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $Report
        }
        if (-not [string]::IsNullOrEmpty($ServerCertificate)) {
            $request['ServerCertificate'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $ServerCertificate
        }
        # A dry run is a run of its own: it goes through everything and changes nothing.
        if (-not (Confirm-CsBackupAction -Cmdlet $PSCmdlet -Target $DBInstance -Action 'Import Persistent Chat data')) {
            if (-not $WhatIfPreference) {
                return
            }
            $request['WhatIf'] = $true
        }
        if ($null -eq $whole) {
            $request['FileName'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $FileName
            $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'chat import' -Parameters $request
            Write-CsBackupFinding -Cmdlet $PSCmdlet -Outcome $outcome
            Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
            return
        }

        $folder = Get-CsBackupTemporaryPath
        $archive = [System.IO.Path]::Combine($folder, 'import.zip')
        $request['FileName'] = $archive
        try {
            New-CsBackupTemporaryFolder -Cmdlet $PSCmdlet -Path $folder
            Write-CsBackupArchive -Cmdlet $PSCmdlet -Path $archive -Bytes $whole -Collected $collected
            $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'chat import' -Parameters $request -Temporary $folder
        }
        finally {
            Remove-CsBackupTemporaryFolder -Path $folder
        }
        Write-CsBackupFinding -Cmdlet $PSCmdlet -Outcome $outcome
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
