package filestore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"csbackup/internal/filestore"
)

// acl is an access list in the kernel's form: what the owner, the user 1234, the group, the mask and others may.
func acl(owner, user, group, mask, other uint16) []byte {
	list := []byte{2, 0, 0, 0}
	for _, entry := range [][3]uint32{{1, uint32(owner), ^uint32(0)}, {2, uint32(user), 1234},
		{4, uint32(group), ^uint32(0)}, {16, uint32(mask), ^uint32(0)}, {32, uint32(other), ^uint32(0)}} {
		list = binary.LittleEndian.AppendUint16(list, uint16(entry[0]))
		list = binary.LittleEndian.AppendUint16(list, uint16(entry[1]))
		list = binary.LittleEndian.AppendUint32(list, entry[2])
	}
	return list
}

// rightsOf is everything that decides who may do what with a file.
func rightsOf(t *testing.T, path string) string {
	t.Helper()
	var stat unix.Stat_t
	must(t, unix.Lstat(path, &stat))
	list := make([]byte, 1024)
	n, err := unix.Lgetxattr(path, "system.posix_acl_access", list)
	if err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.EOPNOTSUPP) {
		t.Fatal(err)
	}
	return fmt.Sprintf("%o %d:%d %x", stat.Mode&0o7777, stat.Uid, stat.Gid, list[:max(n, 0)])
}

// staged makes a file in a folder of quite other rights.
func staged(t *testing.T, store filestore.Store, name string) {
	t.Helper()
	w, err := store.Create(name)
	must(t, err)
	_, err = w.Write([]byte("new"))
	must(t, err, w.Close())
}

// What arrives has the rights that it would have if it had been written in its place: in every kind of
// folder, and over every kind of file.
func TestRightsAreThoseOfAFileWrittenInPlace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("owners can be given by root only")
	}
	root := t.TempDir()
	store, err := filestore.OpenReal(root)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	folders(t, root, "temp", "kept")
	must(t, os.Chmod(filepath.Join(root, "temp"), 0o2700), os.Chown(filepath.Join(root, "temp"), 0, 77))
	number := 0
	for _, mode := range []uint32{0o755, 0o2775, 0o700, 0o2070} {
		for _, list := range [][]byte{nil, acl(7, 6, 5, 7, 0), acl(6, 7, 7, 4, 4), acl(0, 0, 0, 0, 7)} {
			number++
			folder := fmt.Sprintf("folder%d", number)
			at := filepath.Join(root, folder)
			must(t, os.Mkdir(at, 0o755), os.Chown(at, 12, 34), unix.Chmod(at, mode))
			if list != nil {
				if err := unix.Setxattr(at, "system.posix_acl_default", list, 0); err != nil {
					t.Skipf("the volume of temporary files has no access lists: %v", err)
				}
			}
			must(t, os.WriteFile(filepath.Join(at, "model"), nil, 0o666))
			staged(t, store, "temp/new")
			must(t, store.Rights("temp/new", folder+"/new", 0), store.Publish("temp/new", folder+"/new"))
			if got, want := rightsOf(t, filepath.Join(at, "new")), rightsOf(t, filepath.Join(at, "model")); got != want {
				t.Errorf("a folder of mode %o with %x: a new file has %s, one written there %s", mode, list, got, want)
			}

			old := filepath.Join(at, "old")
			must(t, os.WriteFile(old, []byte("old"), 0o600), os.Chown(old, 56, 78), os.Chmod(old, os.FileMode(0o640+number%8)))
			if number%2 == 0 {
				must(t, unix.Setxattr(old, "system.posix_acl_access", acl(6, 4, 4, 6, 4), 0))
			}
			before := rightsOf(t, old)
			staged(t, store, "temp/newer")
			kept := fmt.Sprintf("kept/%d", number)
			must(t, store.Rights("temp/newer", folder+"/old", 0), store.Exchange("temp/newer", folder+"/old", kept))
			for what, name := range map[string]string{"the file that replaces another": folder + "/old", "the kept one": kept} {
				if got := rightsOf(t, filepath.Join(root, name)); got != before {
					t.Errorf("%s has %s, before it was %s", what, got, before)
				}
			}
		}
	}
}

// A service that may not give files to others leaves the owner out, and gives what the group of the file that is
// replaced could do to no other group.
func TestRightsOfAServiceThatIsNotRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the files of others can be made by root only")
	}
	root := t.TempDir()
	must(t, os.Chmod(root, 0o777), os.Chmod(filepath.Dir(root), 0o777))
	store, err := filestore.OpenReal(root)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	for name, mode := range map[string]os.FileMode{"private": 0o660, "readable": 0o664} {
		path := filepath.Join(root, name)
		must(t, os.WriteFile(path, nil, 0o600), os.Chown(path, 56, 78), os.Chmod(path, mode))
	}
	must(t, unix.Setxattr(filepath.Join(root, "readable"), "system.posix_acl_access", acl(6, 6, 6, 6, 4), 0))
	runtime.LockOSThread() // for the rest of the test the thread acts on files as another user
	must(t, unix.Setfsgid(1000), unix.Setfsuid(1000))
	defer func() {
		must(t, unix.Setfsuid(0), unix.Setfsgid(0))
		runtime.UnlockOSThread()
	}()
	for name, want := range map[string]string{"private": "600 1000:1000 ", "readable": "644 1000:1000 "} {
		staged(t, store, "new")
		must(t, store.Rights("new", name, 0))
		if got := rightsOf(t, filepath.Join(root, "new")); got != want {
			t.Errorf("over the file that is %s: %q, want %q", name, got, want)
		}
		must(t, store.Remove("new"))
	}
}

// What is withheld is given to nobody, whatever the folder, the file in the place and its access list give.
func TestRightsThatAreWithheld(t *testing.T) {
	root := t.TempDir()
	store, err := filestore.OpenReal(root)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	folders(t, root, "temp", "open")
	at := filepath.Join(root, "open")
	must(t, os.Chmod(at, 0o777))
	for number, list := range [][]byte{nil, acl(7, 7, 7, 7, 7)} {
		if list != nil && unix.Setxattr(at, "system.posix_acl_default", list, 0) != nil {
			t.Log("THE VOLUME HAS NO ACCESS LISTS: only modes are tested")
			break
		}
		for _, over := range []bool{false, true} {
			name := fmt.Sprintf("open/%d%v", number, over)
			staged(t, store, "temp/new")
			if over {
				must(t, os.WriteFile(filepath.Join(root, name), nil, 0o666), os.Chmod(filepath.Join(root, name), 0o777))
			}
			must(t, store.Rights("temp/new", name, 0o077))
			if info := look(t, store, "temp/new"); info.Withheld&0o077 != 0o077 {
				t.Errorf("list %x, over a file %v: %03o are withheld", list, over, info.Withheld)
			}
			must(t, store.Remove("temp/new"))
		}
	}
	must(t, store.Rights("open", "open", 0o027))
	if info := look(t, store, "open"); info.Withheld != 0o027 {
		t.Errorf("a folder withholds %03o", info.Withheld)
	}
	if list := make([]byte, 100); true {
		n, err := unix.Lgetxattr(at, "system.posix_acl_default", list)
		if err == nil && !bytes.Equal(list[:n], acl(7, 7, 7, 7, 7)) {
			t.Error("what the folder gives to new files was changed")
		}
	}
	must(t, os.Symlink("/etc/passwd", filepath.Join(root, "link")))
	wants(t, store.Rights("link", "link", 0o777), filestore.ErrNotRegular)
}
