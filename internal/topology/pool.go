package topology

import (
	"net/url"
	"slices"
	"strings"

	"csbackup/internal/module"
)

// Pool is one pool of the topology.
type Pool struct {
	FQDN       string   // lower case
	BackupPool string   // the partner's FQDN in lower case, empty without one
	Service    []string // https URLs where its Backup Service answers
	FileStore  string   // the share or folder that holds the pool's files
	ServiceIDs struct{ WebServices, BackupService, ApplicationServer string }
}

// Root is a folder that a module replicates.
type Root struct {
	Name   string // first component of logical paths, as in "CollabContent"
	Folder string // below FileStore, separated by slashes, as in "1-WebServices-1/CollabContent"
}

// Roots lists the folders that hold a module's data; none for a module that csbackup does not hold.
func (p *Pool) Roots(m module.Module) []Root {
	switch m.Identity {
	case module.DataConf.Identity:
		return []Root{
			{"CollabContent", p.ServiceIDs.WebServices + "/CollabContent"},
			{"CollabMetadata", p.ServiceIDs.WebServices + "/CollabMetadata"},
		}
	case module.RGSFileStore.Identity:
		return []Root{{"Rgs", p.ServiceIDs.ApplicationServer + "/AppServerFiles/Rgs"}}
	}
	return nil
}

// BackupStore is the folder of the service's own things, below FileStore, separated by slashes.
func (p *Pool) BackupStore() string { return p.ServiceIDs.BackupService + "/BackupStore" }

// Names lists, in lower case and without repetition, what a certificate of this pool may name: the
// pool's FQDN and the hosts of its service addresses.
func (p *Pool) Names() []string {
	names := []string{strings.ToLower(p.FQDN)}
	for _, s := range p.Service {
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" {
			continue
		}
		if host := strings.ToLower(u.Hostname()); !slices.Contains(names, host) {
			names = append(names, host)
		}
	}
	return names
}

// ListenAddress is the port of the first service address, on all addresses of the host: ":5077".
func (p *Pool) ListenAddress() string {
	if len(p.Service) > 0 {
		if u, err := url.Parse(p.Service[0]); err == nil && u.Port() != "" {
			return ":" + u.Port()
		}
	}
	return ":443"
}
