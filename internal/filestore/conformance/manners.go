package conformance

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"csbackup/internal/filestore"
)

// spelling proves that a name can get another spelling, whether or not both are the same name to the store.
func spelling(t *testing.T, store filestore.Store) {
	_, err := store.MakeFolder("Folder")
	must(t, err)
	put(t, store, "Folder/File", "content")
	for _, names := range [][2]string{{"Folder/File", "Folder/FILE"}, {"Folder/FILE", "Folder/file"},
		{"Folder", "FOLDER"}} {
		must(t, store.Publish(names[0], names[1]))
		above, last := ".", names[1]
		if folder, rest, nested := strings.Cut(names[1], "/"); nested {
			above, last = folder, rest
		}
		infos, err := store.ReadDir(above)
		must(t, err)
		if len(infos) != 1 || infos[0].Name != last {
			t.Fatalf("renamed to %q it is listed as %+v", names[1], infos)
		}
	}
	holds(t, store, "FOLDER/file", "content")
	put(t, store, "FOLDER/other", "other")
	wants(t, store.Publish("FOLDER/other", "FOLDER/file"), fs.ErrExist)
	if store.Properties().CaseInsensitive {
		wants(t, store.Publish("FOLDER/other", "FOLDER/FILE"), fs.ErrExist)
	}
}

// limits proves that the longest names work, and that longer ones are refused by every operation.
func limits(t *testing.T, store filestore.Store) {
	deep := strings.Repeat("d/", filestore.MaxLevels-1) + "f"
	long := strings.Repeat(strings.Repeat("x", 127)+"/", filestore.MaxName/128)
	long = long[:filestore.MaxName-1] + "y"
	for _, name := range []string{deep, long} {
		folder := name[:strings.LastIndexByte(name, '/')]
		_, err := store.MakeFolder(folder)
		must(t, err)
		put(t, store, name, "1")
		holds(t, store, name, "1")
		infos, err := store.ReadDir(folder)
		must(t, err)
		if len(infos) != 1 {
			t.Fatalf("listed %+v", infos)
		}
		must(t, store.Flush(t.Context(), []string{name}))
		must(t, store.Publish(name, "short"))
		must(t, store.Remove("short"))
	}
	put(t, store, "good", "1")
	for _, name := range []string{"d/" + deep, strings.Replace(long, "/", "/x/", 1)} {
		refused(t, store, name)
	}
}

// refused wants a name to be refused by every operation.
func refused(t *testing.T, store filestore.Store, name string) {
	t.Helper()
	_, err := store.Lstat(name)
	wants(t, err, filestore.ErrName)
	_, err = store.ReadDir(name)
	wants(t, err, filestore.ErrName)
	_, err = store.Open(name)
	wants(t, err, filestore.ErrName)
	_, err = store.Create(name)
	wants(t, err, filestore.ErrName)
	_, err = store.Append(name)
	wants(t, err, filestore.ErrName)
	_, err = store.MakeFolder(name)
	wants(t, err, filestore.ErrName)
	wants(t, store.Remove(name), filestore.ErrName)
	wants(t, store.Publish("good", name), filestore.ErrName)
	wants(t, store.Publish(name, "other"), filestore.ErrName)
	wants(t, store.Exchange("good", "good", name), filestore.ErrName)
	wants(t, store.Rights("good", name, 0), filestore.ErrName)
	wants(t, store.Rights(name, "good", 0), filestore.ErrName)
	wants(t, store.Flush(t.Context(), []string{name}), filestore.ErrName)
	wants(t, store.FlushFolders(t.Context(), []string{name}), filestore.ErrName)
}

// rights proves what every store does about rights: what is withheld stays withheld from what is published.
func rights(t *testing.T, store filestore.Store) {
	for _, folder := range []string{"temp", "final"} {
		_, err := store.MakeFolder(folder)
		must(t, err)
	}
	put(t, store, "temp/a", "a")
	must(t, store.Rights("temp/a", "final/a", 0o077))
	must(t, store.Publish("temp/a", "final/a"))
	info, err := store.Lstat("final/a")
	must(t, err)
	if info.Withheld != 0 && info.Withheld&0o077 != 0o077 {
		t.Fatalf("%03o are withheld", info.Withheld)
	}
	put(t, store, "temp/b", "b")
	must(t, store.Rights("temp/b", "final/a", 0))
	replaced, err := store.Lstat("temp/b")
	must(t, err)
	if replaced.Withheld != info.Withheld {
		t.Fatalf("%03o are withheld, of the file to be replaced %03o", replaced.Withheld, info.Withheld)
	}
	must(t, store.Rights("final", "final", 0o007))
	wants(t, store.Rights("final", "temp/b", 0), filestore.ErrNotRegular)
	wants(t, store.Rights("absent", "final/a", 0), fs.ErrNotExist)
	wants(t, store.Rights("temp/b", "absent/b", 0), fs.ErrNotExist)
}

// Volumes proves what a store promises about a folder in it, inside, that is a volume of its own.
func Volumes(t *testing.T, store filestore.Store, inside string) {
	for _, folder := range []string{"temp", "kept", inside + "/folder"} {
		_, err := store.MakeFolder(folder)
		must(t, err)
	}
	at, err := store.Lstat(inside)
	must(t, err)
	root, err := store.Lstat(".")
	must(t, err)
	if at.Volume == root.Volume {
		t.Fatalf("%q is on the volume of the store", inside)
	}
	file, kept := inside+"/folder/file", "kept/file"
	put(t, store, "temp/a", "first")
	must(t, store.Publish("temp/a", file))
	holds(t, store, file, "first")
	put(t, store, "temp/a", "second")
	wants(t, store.Publish("temp/a", file), fs.ErrExist)
	must(t, store.Exchange("temp/a", file, kept))
	holds(t, store, file, "second")
	holds(t, store, kept, "first")
	must(t, store.Exchange(kept, file, "temp/back"))
	holds(t, store, file, "first")
	holds(t, store, "temp/back", "second")
	must(t, store.Publish(file, kept))
	holds(t, store, kept, "first")
	for _, name := range []string{file, "temp/a"} {
		if _, err := store.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s is still there: %v", name, err)
		}
	}
	wants(t, store.Publish("temp", inside+"/temp"), filestore.ErrCrossVolume)
	wants(t, store.Publish(inside, "elsewhere"), filestore.ErrLocked)
	wants(t, store.Remove(inside), filestore.ErrLocked)
}
