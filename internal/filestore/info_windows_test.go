package filestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"csbackup/internal/filestore"
)

// windowsStore is a store on the real file system.
func windowsStore(t *testing.T) (filestore.Store, string) {
	t.Helper()
	root, err := os.MkdirTemp("", "csbackup-store")
	must(t, err)
	store, err := filestore.OpenReal(root)
	must(t, err)
	t.Cleanup(func() {
		must(t, store.Close())
		_ = os.RemoveAll(root) // what programs under Wine cannot remove stays
	})
	return store, root
}

// A file's evidence is the same whether it is looked at, listed or open, and tells what size and
// modification time hide.
func TestWindowsEvidence(t *testing.T) {
	store, root := windowsStore(t)
	path := filepath.Join(root, "folder", "file")
	stamp := time.Unix(1_700_000_000, 0)
	must(t, os.Mkdir(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("one"), 0o644),
		os.Chtimes(path, stamp, stamp))
	evidence := func() filestore.Info {
		t.Helper()
		looked := look(t, store, "folder/file")
		listed, err := store.ReadDir("folder")
		must(t, err)
		reader, err := store.Open("folder/file")
		must(t, err)
		open, err := reader.Info()
		must(t, err, reader.Close())
		if len(listed) != 1 || open != looked {
			t.Fatalf("looked at %+v, listed %+v, open %+v", looked, listed, open)
		}
		listed[0].Links = looked.Links // a listing does not tell it
		if listed[0] != looked {
			t.Fatalf("looked at %+v, listed %+v", looked, listed[0])
		}
		return looked
	}
	first := evidence()
	if first.ChangeTime == 0 || first.Identity == 0 || first.Volume == 0 || first.Links != 1 || first.Size != 3 ||
		first.ModTime != stamp.UnixNano() || first.Kind != filestore.File {
		t.Fatalf("%+v", first)
	}
	time.Sleep(20 * time.Millisecond) // longer than a tick of the system's clock
	must(t, os.WriteFile(path, []byte("two"), 0o644), os.Chtimes(path, stamp, stamp))
	second := evidence()
	if second.ChangeTime == first.ChangeTime || second.Identity != first.Identity || second.ModTime != first.ModTime {
		t.Fatalf("rewritten: %+v, before %+v", second, first)
	}
	must(t, os.Link(path, filepath.Join(root, "second name")))
	if linked := look(t, store, "second name"); linked.Links != 2 || linked.Identity != first.Identity {
		t.Fatalf("linked: %+v", linked)
	}
	must(t, os.WriteFile(path+"new", []byte("two"), 0o644), os.Chtimes(path+"new", stamp, stamp),
		os.Rename(path+"new", path))
	if third := evidence(); third.Identity == first.Identity {
		t.Fatalf("replaced: %+v, before %+v", third, first)
	}
}

// A large folder is listed in full.
func TestWindowsListing(t *testing.T) {
	store, root := windowsStore(t)
	const files = 500 // more than one call of the system lists
	for i := range files {
		must(t, os.WriteFile(filepath.Join(root, fmt.Sprintf("%04d with a long name of many letters", i)), nil, 0o644))
	}
	infos, err := store.ReadDir(".")
	must(t, err)
	if len(infos) != files {
		t.Fatalf("%d of %d files are listed", len(infos), files)
	}
}

// What arrives takes the access list of the file that it replaces, or the one that its folder gives.
func TestWindowsRights(t *testing.T) {
	store, root := windowsStore(t)
	list := func(name string) string {
		t.Helper()
		sd, err := windows.GetNamedSecurityInfo(filepath.Join(root, name), windows.SE_FILE_OBJECT,
			windows.DACL_SECURITY_INFORMATION)
		must(t, err)
		return sd.String()
	}
	restrict := func(name, sddl string) {
		t.Helper()
		sd, err := windows.SecurityDescriptorFromString(sddl)
		must(t, err)
		dacl, _, err := sd.DACL()
		must(t, err, windows.SetNamedSecurityInfo(filepath.Join(root, name), windows.SE_FILE_OBJECT,
			windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, dacl, nil))
	}
	for _, folder := range []string{"temp", "target"} {
		must(t, os.Mkdir(filepath.Join(root, folder), 0o755))
	}
	put := func(name string) { t.Helper(); must(t, os.WriteFile(filepath.Join(root, name), nil, 0o644)) }
	put("target/old")
	restrict("target/old", "D:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;FA;;;CO)(A;;FR;;;AU)")
	put("temp/new")
	must(t, store.Rights("temp/new", "target/old", 0))
	if got, want := list("temp/new"), list("target/old"); got != want {
		t.Errorf("over a file it has %s, which had %s", got, want)
	}
	restrict("target", "D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FA;;;CO)(A;OICI;FR;;;AU)")
	put("target/model")
	put("temp/fresh")
	must(t, store.Rights("temp/fresh", "target/fresh", 0), store.Publish("temp/fresh", "target/fresh"))
	if got, want := list("target/fresh"), list("target/model"); got != want {
		t.Errorf("in a folder it has %s, a new file there %s", got, want)
	}
}
