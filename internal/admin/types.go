package admin

import (
	"context"
	"time"

	"csbackup/internal/settings"
)

// Status tells how a pool's Backup Service stands.
type Status struct {
	PoolFqdn            string
	BackupPoolFqdn      string
	ActiveMachineFqdn   string
	OverallExportStatus string
	OverallImportStatus string
	BackupModules       []ModuleStatus
}

// ModuleStatus tells how one module stands. Times are nil for what never happened.
type ModuleStatus struct {
	Identity             string
	ExportStatus         string
	ImportStatus         string
	Reason               string
	Backlog              int64 // files
	BacklogBytes         int64
	LastExportTime       *time.Time
	LastImportTime       *time.Time
	LastAcknowledgedTime *time.Time
	Conflicts            int64
	Suspects             int64
}

// Version is a kept version of a replaced or deleted file.
type Version struct {
	ID      string
	Path    string
	Kind    string // replaced, deleted or conflict
	Size    int64
	ModTime time.Time
	Kept    time.Time
}

// Loss is what the loss brake holds back in one module.
type Loss struct {
	Module string
	Plan   string // the name of this very set of losses
	Reason string
	Files  int64
	Bytes  int64
	Known  int64
	Sample []string
}

// Adoption is what taking a pool's file store over from a pool of another name would mean.
type Adoption struct {
	PoolFqdn       string
	FormerPoolFqdn string
	FileStore      string
	Plan           string // the name of this very adoption
	Files          int64  // that the service knows in the store, and their bytes
	Bytes          int64
}

// Backend is the service behind the door. Its errors are failures with ids.
type Backend interface {
	Status(ctx context.Context, modules []string) (Status, error)
	Sync(ctx context.Context, modules []string) error
	Settings(ctx context.Context) (settings.Versioned, error)
	SetSettings(ctx context.Context, change settings.Change) error
	ResetSettings(ctx context.Context) error
	// Versions lists a page of kept versions: at most limit of them, from the one after an id on. Fewer are the
	// last ones.
	Versions(ctx context.Context, path, after string, limit int) ([]Version, error)
	RestoreVersion(ctx context.Context, id string) error
	Loss(ctx context.Context, module string) ([]Loss, error)
	ConfirmLoss(ctx context.Context, module, plan string) error
	Adoption(ctx context.Context) (Adoption, error)
	AdoptStore(ctx context.Context, plan string) error
}

// request is what every call carries; each uses what it needs.
type request struct {
	Modules []string         `json:",omitempty"`
	Module  string           `json:",omitempty"`
	Path    string           `json:",omitempty"`
	ID      string           `json:",omitempty"`
	After   string           `json:",omitempty"`
	Limit   int              `json:",omitempty"`
	Plan    string           `json:",omitempty"`
	Change  *settings.Change `json:",omitempty"`
}

// refusal is a failure on the wire.
type refusal struct{ ID, Message, Hint, Target string }
