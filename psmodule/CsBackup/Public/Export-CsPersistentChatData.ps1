function Export-CsPersistentChatData {
    <#
    .SYNOPSIS
    Writes Persistent Chat data into an archive.

    .DESCRIPTION
    Reads the Persistent Chat database and writes categories, rooms, members and messages into a .zip archive,
    or gives that archive as a byte array. The archive appears under its name only when it is whole. Give
    either -FileName or -AsBytes.

    .PARAMETER DBInstance
    The SQL Server that holds the database: server, server\instance or server,port; or sqlite:PATH for an
    embedded database.

    .PARAMETER DBName
    The database; mgc when left out.

    .PARAMETER FileName
    The archive to write, as a PowerShell path. An existing file is replaced.

    .PARAMETER AsBytes
    Gives the archive as one byte array instead of writing a file.

    .PARAMETER Level
    What to export: All, User, Category, RoomDirectory or Content. All when left out.

    .PARAMETER Scope
    The categories to export, with their rooms, by name or GUID. All when left out.

    .PARAMETER StartDate
    Only messages from this time on. A time without a zone is local time.

    .PARAMETER DisableExportedNodes
    Disables the exported rooms in the database once the archive is complete, which holds them as they were before.

    .PARAMETER Report
    A report to write, as a page for a browser (.html), or the result as JSON (.json).

    .PARAMETER TrustServerCertificate
    Takes whatever certificate the server shows; only where the network itself is trusted.

    .PARAMETER ServerCertificate
    A file, as a PowerShell path, with the certificate that the server must have, or that of its issuer.

    .PARAMETER Encrypt
    How the connection to the server is encrypted: true (when left out), strict or false.

    .INPUTS
    None.

    .OUTPUTS
    None, or with -AsBytes a System.Byte[].

    .EXAMPLE
    Export-CsPersistentChatData -DBInstance "atl-sql-001.contoso.com\rtc" -FileName "C:\Logs\PersistentChatData.zip"

    Exports everything.

    .EXAMPLE
    Export-CsPersistentChatData -DBInstance "atl-sql-001.contoso.com\rtc" -FileName "C:\Logs\PersistentChatData.zip" -Level Content -StartDate "1/31/2018"

    Exports only the messages from January 31st, 2018 on.

    .EXAMPLE
    $archive = Export-CsPersistentChatData -DBInstance sqlite:/srv/chat/mgc.db -AsBytes -Scope 'Sales', 'Support'

    Keeps an archive of two categories in a variable.

    .LINK
    Import-CsPersistentChatData
    #>
    [CmdletBinding(DefaultParameterSetName = 'FileName', PositionalBinding = $false)]
    [OutputType([byte[]])]
    param(
        [Parameter(Mandatory = $true)]
        [string] $DBInstance,

        [Parameter()]
        [string] $DBName,

        [Parameter(ParameterSetName = 'FileName')]
        [string] $FileName,

        [Parameter(ParameterSetName = 'AsBytes')]
        [switch] $AsBytes,

        [Parameter()]
        [ValidateSet('All', 'User', 'Category', 'RoomDirectory', 'Content')]
        [string] $Level,

        [Parameter()]
        [System.Collections.Generic.List[string]] $Scope,

        [Parameter()]
        [datetime] $StartDate,

        [Parameter()]
        [switch] $DisableExportedNodes,

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

    process {
        Import-CsBackupPreference -Cmdlet $PSCmdlet
        if ([string]::IsNullOrEmpty($FileName) -and (-not $AsBytes)) {
            $PSCmdlet.ThrowTerminatingError((New-CsBackupErrorRecord -Id 'InvalidUsage' -Category 'InvalidArgument' -Target $DBInstance `
                -Message 'Nothing says where the archive is to go.' -Hint 'Give -FileName for a file, or -AsBytes for a byte array.'))
        }
        $request = ConvertTo-CsBackupRequest -Bound $PSBoundParameters -Name 'DBInstance', 'DBName', 'Level', 'Scope', 'StartDate', 'DisableExportedNodes', 'TrustServerCertificate', 'Encrypt'
        if (-not [string]::IsNullOrEmpty($Report)) {
            $request['Report'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $Report
        }
        if (-not [string]::IsNullOrEmpty($ServerCertificate)) {
            $request['ServerCertificate'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $ServerCertificate
        }
        if (-not $AsBytes) {
            $request['FileName'] = Resolve-CsBackupPath -Cmdlet $PSCmdlet -Path $FileName
            $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'chat export' -Parameters $request
            Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
            return
        }

        $folder = Get-CsBackupTemporaryPath
        $archive = [System.IO.Path]::Combine($folder, 'export.zip')
        $request['FileName'] = $archive
        try {
            New-CsBackupTemporaryFolder -Cmdlet $PSCmdlet -Path $folder
            $outcome = Invoke-CsBackupHost -Cmdlet $PSCmdlet -Command 'chat export' -Parameters $request -Temporary $folder
            Read-CsBackupArchive -Cmdlet $PSCmdlet -Path $archive -Outcome $outcome
        }
        finally {
            Remove-CsBackupTemporaryFolder -Path $folder
        }
        if ($null -ne $outcome.Bytes) {
            $PSCmdlet.WriteObject($outcome.Bytes, $false)
        }
        Write-CsBackupOutcome -Cmdlet $PSCmdlet -Outcome $outcome
    }
}
