package topology

import (
	"net/url"
	"path"
	"strconv"
	"strings"
)

func (r *reader) check(entries []entry) {
	byName := map[string]*entry{}
	for i := range entries {
		e := &entries[i]
		r.checkPool(e)
		if e.pool.FQDN == "" {
			continue
		}
		if first, ok := byName[e.pool.FQDN]; ok {
			r.wrong(e.at("fqdn"), "the pool %s is described twice, first in line %d", e.pool.FQDN, first.line)
			continue
		}
		byName[e.pool.FQDN] = e
	}
	for i := range entries {
		r.checkPartner(&entries[i], byName)
	}
	r.checkStores(entries)
}

func (r *reader) checkPool(e *entry) {
	p := &e.pool
	if !hostName(p.FQDN) {
		r.wrong(e.at("fqdn"), "fqdn %.100q is not a host name", p.FQDN)
	}
	if p.BackupPool != "" && !hostName(p.BackupPool) {
		r.wrong(e.at("backupPool"), "backupPool %.100q is not a host name", p.BackupPool)
	}
	if len(p.Service) == 0 {
		r.wrong(e.at("service"), "service is missing")
	}
	for _, s := range p.Service {
		if reason := badService(s); reason != "" {
			r.wrong(e.at("service"), "service %.100q %s", s, reason)
		}
	}
	if p.FileStore == "" || strings.ContainsFunc(p.FileStore, control) {
		r.wrong(e.at("fileStore"), "fileStore is missing or not a path")
	} else if !absolute(p.FileStore) {
		r.wrong(e.at("fileStore"), "fileStore %.100q is not an absolute path", p.FileStore)
	}
	seen := map[string]string{}
	for _, id := range ids(p) {
		if !component(id.value) {
			r.wrong(e.at(id.key), "serviceIds.%s %.100q is not one plain folder name", id.key, id.value)
			continue
		}
		if other, ok := seen[strings.ToLower(id.value)]; ok {
			r.wrong(e.at(id.key), "serviceIds.%s is the same as serviceIds.%s", id.key, other)
		}
		seen[strings.ToLower(id.value)] = id.key
	}
}

func (r *reader) checkPartner(e *entry, byName map[string]*entry) {
	name := e.pool.BackupPool
	if name == "" {
		return
	}
	partner, ok := byName[name]
	switch {
	case name == e.pool.FQDN:
		r.wrong(e.at("backupPool"), "the pool %s is its own backup pool", name)
	case !ok:
		r.wrong(e.at("backupPool"), "the backup pool %.100q is not described in this file", name)
	case partner.pool.BackupPool != e.pool.FQDN:
		r.wrong(e.at("backupPool"), "%s names %s as its backup pool, but %s does not name %s", e.pool.FQDN, name, name, e.pool.FQDN)
	}
}

// checkStores keeps any two pools' files apart. The stores are compared as text in lower case,
// because a share's host decides alone whether it tells case apart.
func (r *reader) checkStores(entries []entry) {
	const most = 1000
	if len(entries) > most {
		r.wrong(0, "it has more than %d pools", most)
		return
	}
	for i := range entries {
		for j := range i {
			r.checkStorePair(&entries[j], &entries[i])
		}
	}
}

func (r *reader) checkStorePair(a, b *entry) {
	if a.pool.FileStore == "" || b.pool.FileStore == "" {
		return
	}
	x, y := clean(a.pool.FileStore), clean(b.pool.FileStore)
	if x != y {
		if within(x, y) || within(y, x) {
			r.wrong(b.at("fileStore"), "the file stores of %s and %s lie one inside the other", a.pool.FQDN, b.pool.FQDN)
		}
		return
	}
	for _, m := range ids(&a.pool) {
		for _, n := range ids(&b.pool) {
			if m.value != "" && strings.EqualFold(m.value, n.value) {
				r.wrong(b.at(n.key), "%s and %s share a file store and the service id %.100q", a.pool.FQDN, b.pool.FQDN, n.value)
			}
		}
	}
}

type serviceID struct{ key, value string }

func ids(p *Pool) []serviceID {
	return []serviceID{
		{"WebServices", p.ServiceIDs.WebServices},
		{"BackupService", p.ServiceIDs.BackupService},
		{"ApplicationServer", p.ServiceIDs.ApplicationServer},
	}
}

func clean(store string) string {
	return path.Clean(strings.ToLower(strings.ReplaceAll(store, `\`, "/")))
}

func within(inner, outer string) bool {
	return strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

// absolute accepts the forms of both systems on both, since all hosts have the same file.
func absolute(store string) bool {
	if strings.HasPrefix(store, "/") || strings.HasPrefix(store, `\\`) {
		return true
	}
	return len(store) >= 3 && (store[0]|0x20) >= 'a' && (store[0]|0x20) <= 'z' && store[1] == ':' && (store[2] == '\\' || store[2] == '/')
}

func control(c rune) bool { return c < ' ' || c == 0x7f }

// component accepts what is one folder's name on both systems.
func component(name string) bool {
	if name == "" || len(name) > 255 || strings.Trim(name, ". ") != name {
		return false
	}
	return !strings.ContainsFunc(name, control) && !strings.ContainsAny(name, `/\:*?"<>|`)
}

func hostName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

func badService(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return "is not an https address"
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || (u.Path != "" && u.Path != "/") {
		return "must be https://host:port and nothing more"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "has a port outside 1 to 65535"
		}
	}
	return ""
}
