package filestore_test

import (
	"errors"
	"io/fs"
	"testing"

	"csbackup/internal/filestore"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func look(t *testing.T, store filestore.Store, name string) filestore.Info {
	t.Helper()
	info, err := store.Lstat(name)
	must(t, err)
	return info
}

func holds(t *testing.T, m *filestore.Memory, name, want string) {
	t.Helper()
	got, err := m.ReadFile(name)
	must(t, err)
	if string(got) != want {
		t.Fatalf("%s holds %q, want %q", name, got, want)
	}
}

func newMemory(t *testing.T, options filestore.MemoryOptions, files ...string) *filestore.Memory {
	t.Helper()
	m := filestore.NewMemory(options)
	for _, name := range files {
		must(t, m.WriteFile(name, []byte(name), 1))
	}
	return m
}

// A volume inside the tree: unmounted, its content vanishes; mounted again, it returns under another
// number; what is moved between volumes is copied, and durable before the original goes.
func TestMemoryMounts(t *testing.T) {
	m := newMemory(t, filestore.MemoryOptions{}, "tree/under", "other/new")
	before := look(t, m, "tree")
	must(t, m.Mount("tree"))
	wants(t, m.Mount("tree"), fs.ErrExist)
	if _, err := m.ReadFile("tree/under"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("what is under a mount is seen: %v", err)
	}
	mounted := look(t, m, "tree")
	if mounted.Volume == before.Volume || mounted.Identity == before.Identity {
		t.Fatalf("mounted %+v, before %+v", mounted, before)
	}
	must(t, m.WriteFile("tree/a", []byte("old"), 1), m.Flush(t.Context(), []string{"tree/a"}),
		m.FlushFolders(t.Context(), []string{"tree"}))
	wants(t, m.Remove("tree"), filestore.ErrLocked)
	wants(t, m.Publish("tree", "elsewhere"), filestore.ErrLocked)
	wants(t, m.Publish("other", "tree/other"), filestore.ErrCrossVolume)

	must(t, m.Exchange("other/new", "tree/a", "other/kept"))
	holds(t, m, "tree/a", "other/new")
	holds(t, m, "other/kept", "old")
	must(t, m.Publish("tree/a", "other/back"))
	after := m.Durable()
	for name, want := range map[string]string{"other/kept": "old", "other/back": "other/new"} {
		holds(t, m, name, want)
		holds(t, after, name, want)
	}

	must(t, m.WriteFile("tree/stays", []byte("stays"), 1))
	must(t, m.Unmount("tree"))
	holds(t, m, "tree/under", "tree/under")
	if again := look(t, m, "tree"); again != before {
		t.Fatalf("unmounted %+v, before %+v", again, before)
	}
	must(t, m.Remount("tree"))
	holds(t, m, "tree/stays", "stays")
	if again := look(t, m, "tree"); again.Identity != mounted.Identity || again.Volume == mounted.Volume {
		t.Fatalf("remounted %+v, before %+v", again, mounted)
	}

	must(t, m.Mount("."))
	if files := m.Files(); len(files) != 0 {
		t.Fatalf("below a mount on the root: %v", files)
	}
	must(t, m.Unmount("."))
	holds(t, m, "tree/stays", "stays")
}

// A file has more names, also outside of the store, and what is written through those is told to nobody.
func TestMemoryLinks(t *testing.T) {
	m := newMemory(t, filestore.MemoryOptions{}, "a")
	must(t, m.LinkOutside("a"), m.Link("a", "b"))
	if info := look(t, m, "a"); info.Links != 3 {
		t.Fatalf("%+v", info)
	}
	watcher, err := m.Watch([]string{"a", "b"})
	must(t, err)
	must(t, m.WriteUntold("a", []byte("changed"), 2))
	if names, lost, err := watcher.Take(); len(names) > 0 || lost || err != nil {
		t.Fatal(names, lost, err)
	}
	holds(t, m, "b", "changed")
	must(t, m.Flush(t.Context(), []string{"a"}), m.FlushFolders(t.Context(), []string{"."}))
	if info := look(t, m.Durable(), "b"); info.Links != 3 {
		t.Fatalf("after a crash %+v", info)
	}
	must(t, m.Remove("a"), m.UnlinkOutside("b"))
	if info := look(t, m, "b"); info.Links != 1 {
		t.Fatalf("%+v", info)
	}
	wants(t, m.UnlinkOutside("b"), fs.ErrNotExist)
}

// A Windows-like store: no evidence, spelling that is kept, files that other programs hold, an exchange in
// two steps.
func TestMemoryLikeWindows(t *testing.T) {
	held := ""
	m := newMemory(t, filestore.MemoryOptions{CaseInsensitive: true, WindowsNames: true, TimeGranularity: 100,
		NoChangeTime: true, NoIdentity: true, SlowExchange: true,
		Held: func(operation, name string) bool { return operation+" "+name == held }}, "Folder/File", "other")
	if info := look(t, m, "folder/FILE"); info.ChangeTime != 0 || info.Identity != 0 || info.Name != "File" {
		t.Fatalf("%+v", info)
	}
	release, err := m.Use("Folder/File")
	must(t, err)
	holds(t, m, "Folder/File", "Folder/File")
	reader, err := m.Open("Folder/File")
	must(t, err)
	must(t, reader.Close())
	wants(t, m.Remove("folder/file"), filestore.ErrLocked)
	wants(t, m.Publish("folder", "moved"), filestore.ErrLocked)
	wants(t, m.Exchange("other", "Folder/file", "aside"), filestore.ErrLocked)
	release()
	held = "publish folder/file"
	wants(t, m.Publish("folder/file", "x"), filestore.ErrLocked)
	held = ""

	must(t, m.Publish("folder/file", "folder/FILE"))
	infos, err := m.ReadDir("Folder")
	must(t, err)
	if len(infos) != 1 || infos[0].Name != "FILE" {
		t.Fatalf("%+v", infos)
	}
	must(t, m.Flush(t.Context(), []string{"other", "folder/file"}),
		m.FlushFolders(t.Context(), []string{".", "folder"}))
	must(t, m.Exchange("other", "folder/file", "aside"))
	seen := map[bool]int{}
	for seed := range uint64(40) {
		after := m.Crash(seed)
		current, err := after.ReadFile("folder/file")
		must(t, err)
		_, kept := after.ReadFile("aside")
		if string(current) == "other" && kept != nil {
			t.Fatalf("seed %d: the old file is gone", seed)
		}
		seen[string(current) != "other" && kept == nil]++
	}
	if seen[true] == 0 {
		t.Error("no crash was between the two steps")
	}
}
