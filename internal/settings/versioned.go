package settings

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
)

// Versioned is a set with what decides between two services that have different ones.
type Versioned struct {
	Version uint64 // raised with every change; 0 stands for the defaults, never changed
	Origin  string // the pool whose service made the change
	Settings
}

// Shared gives what travels between services: all but who may administer, which nobody but an administrator decides,
// at each service.
func (v Versioned) Shared() Versioned {
	v.AuthorizedUniversalGroups, v.AuthorizedLocalAccounts = nil, nil
	v.Settings = v.Settings.copied()
	return v
}

// Newer tells whether a replaces b: by version, then by origin, then by content, so that any two
// services decide alike whatever they met first.
func Newer(a, b Versioned) bool {
	if a.Version != b.Version {
		return a.Version > b.Version
	}
	if a.Origin != b.Origin {
		return a.Origin > b.Origin
	}
	return strings.Compare(content(a), content(b)) > 0
}

func content(v Versioned) string {
	// Settings hold only numbers, text and flags, which always have a JSON form.
	text, _ := json.Marshal(v.Shared().Settings)
	sum := sha256.Sum256(text)
	return string(sum[:])
}
