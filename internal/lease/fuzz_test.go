package lease_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/lease"
)

// Whatever stands in the file of a lease, its holder is waited for and no longer, and what is told of it
// is one line of text.
func FuzzTheFileOfALease(f *testing.F) {
	f.Add([]byte(`{"Host":"fe2","Process":7,"Since":"2018-01-31T12:00:00Z","State":"b","Life":"c"}` + "\n"))
	f.Add([]byte(`{"Host":"fe2","Process":7}` + "\nreleased\n"))
	f.Add([]byte(`{"Host":"\u001b[2J\n","Process":-1,"Since":"0000-01-01T00:00:00Z"}`))
	f.Add([]byte(strings.Repeat("[", 5000)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		store := filestore.NewMemory(filestore.MemoryOptions{})
		store.WriteFile("own/Lease/00000000000000000003", raw, 1000)
		h := newHost(store, "fe1", "a")
		if err := h.write("1"); err != nil {
			said := err.Error()
			if !failure.IsID(err, failure.InstanceRunning) || len(said) > 1000 || !utf8.ValidString(said) || strings.ContainsFunc(said, unicode.IsControl) {
				t.Fatalf("it says %q", said)
			}
			h.elapsed += lease.Term + time.Second
			must(t, h.write("1"))
		}
		must(t, h.Release())
	})
}
