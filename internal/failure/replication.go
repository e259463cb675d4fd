package failure

// The ids of the Backup Service and its commands.
const (
	TopologyNotFound    ID = "TopologyNotFound"
	TopologyInvalid     ID = "TopologyInvalid"
	PoolNotFound        ID = "PoolNotFound"
	PoolNotPaired       ID = "PoolNotPaired"
	ServiceNotRunning   ID = "ServiceNotRunning"
	ServiceUnreachable  ID = "ServiceUnreachable"
	ServiceTimeout      ID = "ServiceTimeout"
	AccessDenied        ID = "AccessDenied"
	CertificateInvalid  ID = "CertificateInvalid"
	CertificateExists   ID = "CertificateExists"
	PeerNotTrusted      ID = "PeerNotTrusted"
	ProtocolMismatch    ID = "ProtocolMismatch"
	InstanceRunning     ID = "InstanceRunning"
	StateUnusable       ID = "StateUnusable"
	StoreUnavailable    ID = "StoreUnavailable"
	StoreHeld           ID = "StoreHeld"
	LossPlanStale       ID = "LossPlanStale"
	StoreNotForeign     ID = "StoreNotForeign"
	StorePlanStale      ID = "StorePlanStale"
	LossNothingHeld     ID = "LossNothingHeld"
	VersionNotFound     ID = "VersionNotFound"
	SettingsInvalid     ID = "SettingsInvalid"
	ServiceInstallation ID = "ServiceInstallationFailed"
	DemoFailed          ID = "DemoFailed"
)

var replication = []Kind{
	{TopologyNotFound, ObjectNotFound, ExitUsage, "no topology file was named or found"},
	{TopologyInvalid, InvalidData, ExitUsage, "the topology file cannot be used"},
	{PoolNotFound, ObjectNotFound, ExitUnknown, "the pool is not in the topology"},
	{PoolNotPaired, InvalidOperation, ExitFailed, "the pool has no backup pool"},
	{ServiceNotRunning, ConnectionError, ExitUnreachable, "nothing answers where the pool's Backup Service should be"},
	{ServiceUnreachable, ConnectionError, ExitUnreachable, "the pool's Backup Service cannot be reached"},
	{ServiceTimeout, OperationTimeout, ExitUnreachable, "the pool's Backup Service did not answer in time"},
	{AccessDenied, PermissionDenied, ExitRefused, "the caller has no rights"},
	{CertificateInvalid, SecurityError, ExitFailed, "a certificate or key is missing, expired or does not fit"},
	{CertificateExists, ResourceExists, ExitRefused, "a certificate file is there already and is never overwritten"},
	{PeerNotTrusted, AuthenticationError, ExitRefused, "the other side's certificate is not the one that the topology names"},
	{ProtocolMismatch, InvalidOperation, ExitFailed, "the two sides are of versions that cannot talk to each other"},
	{InstanceRunning, ResourceBusy, ExitRefused, "another Backup Service holds this pool's store"},
	{StateUnusable, InvalidData, ExitFailed, "the service's own state cannot be used"},
	{StoreUnavailable, ResourceUnavailable, ExitFailed, "the pool's file store cannot be used"},
	{StoreHeld, InvalidOperation, ExitRefused, "the loss brake holds the module"},
	{LossPlanStale, InvalidOperation, ExitRefused, "the named loss plan is no longer true"},
	{StoreNotForeign, ObjectNotFound, ExitUnknown, "the file store belongs to the pool already: there is nothing to adopt"},
	{StorePlanStale, InvalidOperation, ExitRefused, "the named plan to adopt a file store is no longer true"},
	{LossNothingHeld, ObjectNotFound, ExitUnknown, "the loss brake holds nothing"},
	{VersionNotFound, ObjectNotFound, ExitUnknown, "no kept version matches"},
	{SettingsInvalid, InvalidArgument, ExitUsage, "a setting is out of range or unknown"},
	{ServiceInstallation, InvalidOperation, ExitFailed, "the service could not be installed or removed"},
	{DemoFailed, InvalidData, ExitFailed, "a comparison of the demo did not hold"},
}
