package failure

// The ids of the Persistent Chat commands.
const (
	DatabaseNotFound     ID = "DatabaseNotFound"
	DatabaseUnreachable  ID = "DatabaseUnreachable"
	DatabaseLoginFailed  ID = "DatabaseLoginFailed"
	DatabaseAccessDenied ID = "DatabaseAccessDenied"
	DatabaseNotChat      ID = "DatabaseNotPersistentChat"
	DatabaseTablesExist  ID = "DatabaseTablesExist"
	DatabaseFailed       ID = "DatabaseFailed"
	DatabaseUnknownHost  ID = "DatabaseServerUnknown"
	DatabaseUnknownName  ID = "DatabaseInstanceUnknown"
	DatabaseNoBrowser    ID = "DatabaseBrowserSilent"
	DatabaseTimeout      ID = "DatabaseTimeout"
	DatabaseBroken       ID = "DatabaseConnectionBroken"
	DatabaseOldTLS       ID = "DatabaseProtectionTooOld"
	DatabaseNotReady     ID = "DatabaseNotReady"
	DatabaseDeadlock     ID = "DatabaseDeadlock"
	DatabaseNoSnapshot   ID = "DatabaseSnapshotNotAllowed"
	DatabaseBusy         ID = "DatabaseBusy"
	DatabaseFull         ID = "DatabaseFull"
	DatabaseUntrusted    ID = "DatabaseCertificateNotTrusted"
	DatabaseValueUnfit   ID = "DatabaseValueUnfit"
	DatabaseKeyTwice     ID = "DatabaseKeyTwice"
	DatabaseDamaged      ID = "DatabaseDamaged"
	DatabaseUnknown      ID = "DatabaseOutcomeUnknown"
	ArchiveDamaged       ID = "ArchiveDamaged"
	ArchiveForeign       ID = "ArchiveForeign"
	ArchiveNewer         ID = "ArchiveNewer"
	ScopeNotFound        ID = "ScopeNotFound"
	RoomNotFound         ID = "RoomNotFound"
	DateInvalid          ID = "DateInvalid"
	ImportClash          ID = "ImportClash"
	ImportMissing        ID = "ImportMissing"
	ArchiveTooLarge      ID = "ArchiveTooLarge"
	PeopleMapInvalid     ID = "PeopleMapInvalid"
	OutputExists         ID = "OutputExists"
	GraphRefused         ID = "GraphRefused"
	GraphUnreachable     ID = "GraphUnreachable"
	GraphRejected        ID = "GraphRejected"
	RequestsInvalid      ID = "RequestsInvalid"
)

var chat = []Kind{
	{DatabaseNotFound, ObjectNotFound, ExitUnknown, "the database does not exist"},
	{DatabaseUnreachable, ConnectionError, ExitUnreachable, "the database server cannot be reached"},
	{DatabaseUnknownHost, ConnectionError, ExitUnreachable, "the name of the database server is not known"},
	{DatabaseUnknownName, ObjectNotFound, ExitUnknown, "the server has no instance of that name"},
	{DatabaseNoBrowser, ConnectionError, ExitUnreachable, "the SQL Server Browser does not tell the port of a named instance"},
	{DatabaseTimeout, OperationTimeout, ExitUnreachable, "the database server did not answer in time"},
	{DatabaseBroken, ConnectionError, ExitUnreachable, "the connection to the database server broke"},
	{DatabaseNotReady, ResourceUnavailable, ExitUnreachable, "the database is starting, offline or being restored"},
	{DatabaseLoginFailed, AuthenticationError, ExitRefused, "the database server refused the login"},
	{DatabaseAccessDenied, PermissionDenied, ExitRefused, "the login lacks rights in the database"},
	{DatabaseNotChat, InvalidData, ExitFailed, "the database is not a Persistent Chat database"},
	{DatabaseTablesExist, ResourceExists, ExitRefused, "tables of the schema exist already"},
	{DatabaseFailed, InvalidOperation, ExitFailed, "the database reported an error"},
	{DatabaseBusy, ResourceBusy, ExitFailed, "other users of the database held their locks for too long"},
	{DatabaseDeadlock, ResourceBusy, ExitFailed, "another user of the database won a deadlock"},
	{DatabaseNoSnapshot, InvalidOperation, ExitFailed, "the database does not allow snapshot isolation"},
	{DatabaseFull, WriteError, ExitFailed, "the database has no room left"},
	{DatabaseUntrusted, SecurityError, ExitRefused, "the certificate of the database server is not trusted"},
	{DatabaseOldTLS, SecurityError, ExitRefused, "the database server offers no protection that is safe today"},
	{DatabaseValueUnfit, InvalidData, ExitFailed, "a value that the database cannot hold"},
	{DatabaseKeyTwice, InvalidData, ExitFailed, "rows of the database have a key that only one may have"},
	{DatabaseDamaged, InvalidData, ExitFailed, "the file of the database is damaged"},
	{DatabaseUnknown, ConnectionError, ExitUnreachable, "the connection broke during the commit: all was written or nothing"},
	{ArchiveDamaged, InvalidData, ExitDamaged, "the archive is damaged"},
	{ArchiveForeign, InvalidData, ExitDamaged, "the file is not an archive of csbackup"},
	{ArchiveNewer, InvalidData, ExitDamaged, "the archive is of a newer version"},
	{ScopeNotFound, ObjectNotFound, ExitUnknown, "a named category does not exist"},
	{RoomNotFound, ObjectNotFound, ExitUnknown, "a named room is not in the archive"},
	{DateInvalid, InvalidArgument, ExitUsage, "a date that cannot be read"},
	{ImportClash, InvalidData, ExitFailed, "the import would clash with what is in the database"},
	{ArchiveTooLarge, InvalidData, ExitFailed, "the archive has more rooms and people than a conversion can hold"},
	{PeopleMapInvalid, InvalidData, ExitUsage, "the map of people cannot be used"},
	{OutputExists, ResourceExists, ExitRefused, "the place of the output is taken by something else"},
	{GraphRefused, PermissionDenied, ExitRefused, "Microsoft Graph does not take the token, or refuses the application's rights"},
	{GraphUnreachable, ConnectionError, ExitUnreachable, "Microsoft Graph cannot be reached, or is too busy"},
	{GraphRejected, InvalidOperation, ExitFailed, "Microsoft Graph rejects a request without which nothing goes on"},
	{RequestsInvalid, InvalidData, ExitDamaged, "the folder does not hold requests that can be sent"},
	{ImportMissing, ObjectNotFound, ExitFailed, "what the archive refers to is neither in it nor in the database"},
}
