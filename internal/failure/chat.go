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
	DatabaseBusy         ID = "DatabaseBusy"
	DatabaseFull         ID = "DatabaseFull"
	DatabaseUntrusted    ID = "DatabaseCertificateNotTrusted"
	DatabaseValueUnfit   ID = "DatabaseValueUnfit"
	ArchiveDamaged       ID = "ArchiveDamaged"
	ArchiveForeign       ID = "ArchiveForeign"
	ArchiveNewer         ID = "ArchiveNewer"
	ScopeNotFound        ID = "ScopeNotFound"
	DateInvalid          ID = "DateInvalid"
	ImportClash          ID = "ImportClash"
)

var chat = []Kind{
	{DatabaseNotFound, ObjectNotFound, ExitUnknown, "the database does not exist"},
	{DatabaseUnreachable, ConnectionError, ExitUnreachable, "the database server cannot be reached"},
	{DatabaseLoginFailed, AuthenticationError, ExitRefused, "the database server refused the login"},
	{DatabaseAccessDenied, PermissionDenied, ExitRefused, "the login lacks rights in the database"},
	{DatabaseNotChat, InvalidData, ExitFailed, "the database is not a Persistent Chat database"},
	{DatabaseTablesExist, ResourceExists, ExitRefused, "tables of the schema exist already"},
	{DatabaseFailed, InvalidOperation, ExitFailed, "the database reported an error"},
	{DatabaseBusy, ResourceBusy, ExitFailed, "other users of the database stood in the way"},
	{DatabaseFull, WriteError, ExitFailed, "the database has no room left"},
	{DatabaseUntrusted, SecurityError, ExitRefused, "no trusted connection to the database server"},
	{DatabaseValueUnfit, InvalidData, ExitFailed, "a value that the database cannot hold"},
	{ArchiveDamaged, InvalidData, ExitDamaged, "the archive is damaged"},
	{ArchiveForeign, InvalidData, ExitDamaged, "the file is not an archive of csbackup"},
	{ArchiveNewer, InvalidData, ExitDamaged, "the archive is of a newer version"},
	{ScopeNotFound, ObjectNotFound, ExitUnknown, "a named category does not exist"},
	{DateInvalid, InvalidArgument, ExitUsage, "a date that cannot be read"},
	{ImportClash, InvalidData, ExitFailed, "the import would clash with what is in the database"},
}
