package replica_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// What a file or folder does not give at the exporter it does not give at the partner, nor as a kept
// version, nor restored; what the partner's own files give is left as it was.
func TestP17_RightsNeverGrow(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	ours, theirs := filepath.Join(one, "1-WebServices-1/CollabContent"), filepath.Join(two, "2-WebServices-2/CollabContent")
	a, b := realSide(t, one, "pool1", "pool2", "1-WebServices-1"), realSide(t, two, "pool2", "pool1", "2-WebServices-2")
	put := func(folder, name string, mode os.FileMode, content string) {
		t.Helper()
		path := filepath.Join(folder, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, []byte(content), 0o600))
		check(t, os.Chmod(path, mode))
	}
	modes := func(folder string, want map[string]os.FileMode) {
		t.Helper()
		for name, mode := range want {
			info, err := os.Lstat(filepath.Join(folder, name))
			check(t, err)
			if info.Mode().Perm() != mode {
				t.Errorf("%s has the mode %o, want %o", name, info.Mode().Perm(), mode)
			}
		}
	}
	put(ours, "m/secret", 0o600, "first")
	put(ours, "m/plain", 0o644, "first")
	put(ours, "m/odd", 0o604, "first")
	put(ours, "private/inside", 0o666, "first")
	check(t, os.Chmod(filepath.Join(ours, "private"), 0o700))
	check(t, os.Link(filepath.Join(ours, "m/secret"), filepath.Join(ours, "m/linked")))
	for i := range 4 {
		put(ours, fmt.Sprint("m/", i), 0o644, "beside")
	}
	both(t, a, b)
	modes(theirs, map[string]os.FileMode{"m/secret": 0o600, "m/linked": 0o600, "m/plain": 0o644, "m/odd": 0o604,
		"private": 0o700, "private/inside": 0o644})

	// The partner's own rights of a file stay with what replaces it, and are not sent back.
	check(t, os.Chmod(filepath.Join(theirs, "m/plain"), 0o640))
	put(ours, "m/plain", 0o666, "second")
	put(ours, "m/secret", 0o600, "second")
	both(t, a, b)
	modes(theirs, map[string]os.FileMode{"m/plain": 0o640, "m/secret": 0o600})
	modes(ours, map[string]os.FileMode{"m/plain": 0o666, "m/secret": 0o600, "private": 0o700})
	modes(filepath.Join(two, "own/DataConf"), map[string]os.FileMode{"Temp": 0o700, "Versions": 0o700})

	kept, err := filepath.Glob(filepath.Join(two, "own/DataConf/Versions/*/replaced/CollabContent/m/secret"))
	check(t, err)
	if len(kept) != 1 {
		t.Fatalf("kept: %v", kept)
	}
	modes("/", map[string]os.FileMode{kept[0]: 0o600})
	check(t, os.Remove(filepath.Join(theirs, "m/secret")))
	id, err := filepath.Rel(filepath.Join(two, "own/DataConf/Versions"), kept[0])
	check(t, err)
	check(t, b.RestoreVersion(id))
	modes(theirs, map[string]os.FileMode{"m/secret": 0o600})
}
