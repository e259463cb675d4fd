package certificate

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// checkEvery bounds how often the files are looked at.
const checkEvery = time.Second

// Keeper holds a loaded identity and takes up renewed files. Its methods may be called at the same
// time.
type Keeper struct {
	files   Files
	mutex   sync.Mutex
	current *identity
	seen    []stamp
	checked time.Time
	problem error
}

// stamp is what tells a changed file from an unchanged one.
type stamp struct {
	size     int64
	modified time.Time
}

// Load reads the files. It fails with CertificateInvalid.
func Load(files Files) (*Keeper, error) {
	seen := stamps(files)
	id, err := read(files)
	if err != nil {
		return nil, err
	}
	return &Keeper{files: files, current: id, seen: seen, checked: time.Now()}, nil
}

func stamps(files Files) []stamp {
	var list []stamp
	for _, path := range files.paths() {
		s := stamp{size: -1}
		if info, err := os.Stat(path); err == nil {
			s = stamp{info.Size(), info.ModTime()}
		}
		list = append(list, s)
	}
	return list
}

// identity gives what the files hold now; while they cannot be used, what they held before.
func (k *Keeper) identity() *identity {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if time.Since(k.checked) < checkEvery {
		return k.current
	}
	k.checked = time.Now()
	now := stamps(k.files)
	if k.problem == nil && same(now, k.seen) {
		return k.current
	}
	// A failure is tried again at every check: the certificate and its key are seldom replaced in
	// the same instant.
	k.seen = now
	id, err := read(k.files)
	k.problem = err
	if err == nil {
		k.current = id
	}
	return k.current
}

func same(a, b []stamp) bool {
	for i := range a {
		if a[i].size != b[i].size || !a[i].modified.Equal(b[i].modified) {
			return false
		}
	}
	return true
}

// remindBefore is how long before its end a certificate is worth a word.
const remindBefore = 14 * 24 * time.Hour

// Trouble tells why somebody has to see to the certificate: it has expired, the files that were changed
// cannot be taken up, or its end is near. It is nil when all is well.
func (k *Keeper) Trouble(now time.Time) (trouble error, expired bool) {
	leaf := k.identity().pair.Leaf
	k.mutex.Lock()
	defer k.mutex.Unlock()
	until := leaf.NotAfter.UTC().Format(time.RFC3339)
	switch {
	case now.After(leaf.NotAfter):
		return outlived(k.files.Certificate, leaf, k.problem), true
	case k.problem != nil:
		return renew(k.files.Certificate, "The changed certificate files cannot be used, and the certificate that they held before still is, until "+until, k.problem), false
	case leaf.NotAfter.Sub(now) < remindBefore:
		return renew(k.files.Certificate, fmt.Sprintf("The service's certificate %s is valid until %s only", k.files.Certificate, until), nil), false
	}
	return nil, false
}

// Certificate gives the certificate in use.
func (k *Keeper) Certificate() tls.Certificate { return k.identity().pair }
