package conformance

import (
	"errors"
	"io"
	"io/fs"
	"testing"

	"csbackup/internal/filestore"
)

// Run proves the promises of filestore.Store on the empty stores that open returns.
func Run(t *testing.T, open func(t *testing.T) filestore.Store) {
	for _, one := range []struct {
		name string
		test func(t *testing.T, store filestore.Store)
	}{
		{"names", names}, {"content", content}, {"folders", folders}, {"publish", publish},
		{"exchange", exchange}, {"spelling", spelling}, {"limits", limits}, {"rights", rights},
		{"P1 exchange with readers", exchangeWithReaders}, {"flush", flush}, {"watch", watch},
	} {
		t.Run(one.name, func(t *testing.T) { one.test(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func put(t *testing.T, store filestore.Store, name, data string) {
	t.Helper()
	writer, err := store.Create(name)
	must(t, err)
	_, err = io.WriteString(writer, data)
	must(t, err)
	must(t, writer.Close())
}

func read(store filestore.Store, name string) (string, error) {
	reader, err := store.Open(name)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(reader)
	return string(data), errors.Join(err, reader.Close())
}

func holds(t *testing.T, store filestore.Store, name, want string) {
	t.Helper()
	got, err := read(store, name)
	must(t, err)
	if got != want {
		t.Fatalf("%s holds %q, want %q", name, got, want)
	}
}

func names(t *testing.T, store filestore.Store) {
	put(t, store, "good", "1")
	for _, name := range []string{"", "..", "../x", "/x", "a//b", "a/", "./a", "a/../b", "a/.", "a\x00b",
		".csbackup-copy-1", "a/.csbackup-copy-1/b"} {
		refused(t, store, name)
	}
}

func content(t *testing.T, store filestore.Store) {
	writer, err := store.Create("a")
	must(t, err)
	_, err = io.WriteString(writer, "one")
	must(t, err)
	const stamp = 1_700_000_000_000_000_000
	must(t, writer.SetModTime(stamp))
	must(t, writer.Close())
	info, err := store.Lstat("a")
	must(t, err)
	if info.Name != "a" || info.Kind != filestore.File || info.Size != 3 || info.ModTime != stamp {
		t.Fatalf("got %+v", info)
	}
	_, err = store.Create("a")
	wants(t, err, fs.ErrExist)
	writer, err = store.Append("a")
	must(t, err)
	_, err = io.WriteString(writer, "two")
	must(t, err)
	must(t, writer.Close())
	holds(t, store, "a", "onetwo")
	reader, err := store.Open("a")
	must(t, err)
	must(t, reader.SkipTo(3))
	rest, err := io.ReadAll(reader)
	must(t, errors.Join(err, reader.Close()))
	if string(rest) != "two" {
		t.Fatalf("after SkipTo(3) read %q", rest)
	}
	_, err = store.Create("missing/a")
	wants(t, err, fs.ErrNotExist)
	_, err = store.Lstat("a/below")
	wants(t, err, fs.ErrNotExist)
	must(t, store.Remove("a"))
	wants(t, store.Remove("a"), fs.ErrNotExist)
}

func folders(t *testing.T, store filestore.Store) {
	made, err := store.MakeFolder("f/g")
	must(t, err)
	if len(made) != 2 || made[0] != "f" || made[1] != "f/g" {
		t.Fatalf("made %v", made)
	}
	made, err = store.MakeFolder("f/g")
	must(t, err)
	if len(made) != 0 {
		t.Fatalf("made %v again", made)
	}
	put(t, store, "f/b", "")
	put(t, store, "f/B1", "")
	infos, err := store.ReadDir("f")
	must(t, err)
	if len(infos) != 3 || infos[0].Name != "B1" || infos[1].Name != "b" || infos[2].Kind != filestore.Folder {
		t.Fatalf("listed %+v", infos)
	}
	wants(t, store.Remove("f"), filestore.ErrNotEmpty)
	if errors.Is(store.Remove("f"), fs.ErrExist) {
		t.Fatal("a folder that is not empty counts as an existing name")
	}
	_, err = store.ReadDir("f/b")
	wants(t, err, filestore.ErrNotRegular)
	_, err = store.Open("f")
	wants(t, err, filestore.ErrNotRegular)
	_, err = store.MakeFolder("f/b")
	wants(t, err, fs.ErrExist)
	_, err = store.ReadDir("absent")
	wants(t, err, fs.ErrNotExist)
}

func publish(t *testing.T, store filestore.Store) {
	_, err := store.MakeFolder("to")
	must(t, err)
	put(t, store, "a", "new")
	put(t, store, "to/taken", "old")
	wants(t, store.Publish("a", "to/taken"), fs.ErrExist)
	holds(t, store, "to/taken", "old")
	must(t, store.Publish("a", "to/free"))
	holds(t, store, "to/free", "new")
	_, err = store.Lstat("a")
	wants(t, err, fs.ErrNotExist)
	wants(t, store.Publish("a", "b"), fs.ErrNotExist)
	wants(t, store.Publish("to/free", "absent/b"), fs.ErrNotExist)
	must(t, store.Publish("to", "moved"))
	holds(t, store, "moved/free", "new")
}

func exchange(t *testing.T, store filestore.Store) {
	for _, folder := range []string{"temp", "final", "kept"} {
		_, err := store.MakeFolder(folder)
		must(t, err)
	}
	put(t, store, "temp/a", "new")
	wants(t, store.Exchange("temp/a", "final/a", "kept/a"), fs.ErrNotExist)
	put(t, store, "final/a", "old")
	put(t, store, "kept/taken", "kept")
	wants(t, store.Exchange("temp/a", "final/a", "kept/taken"), fs.ErrExist)
	holds(t, store, "final/a", "old")
	holds(t, store, "temp/a", "new")
	holds(t, store, "kept/taken", "kept")
	must(t, store.Exchange("temp/a", "final/a", "kept/a"))
	holds(t, store, "final/a", "new")
	holds(t, store, "kept/a", "old")
	_, err := store.Lstat("temp/a")
	wants(t, err, fs.ErrNotExist)
}

func exchangeWithReaders(t *testing.T, store filestore.Store) {
	if !store.Properties().Exchange {
		t.Skip("this store does not promise that an exchange is one step")
	}
	old, fresh := string(make([]byte, 40_000)), string(append(make([]byte, 39_999), 1))
	put(t, store, "a", old)
	stop, result := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				result <- nil
				return
			default:
			}
			got, err := read(store, "a")
			if err == nil && got != old && got != fresh {
				err = errors.New("a reader saw a torn file")
			}
			if err != nil {
				result <- err
				return
			}
		}
	}()
	for number := range 300 {
		data := fresh
		if number%2 == 1 {
			data = old
		}
		put(t, store, "temp", data)
		must(t, store.Exchange("temp", "a", "kept"))
		must(t, store.Remove("kept"))
	}
	close(stop)
	must(t, <-result)
}

func flush(t *testing.T, store filestore.Store) {
	var all []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		put(t, store, name, name)
		all = append(all, name)
		must(t, store.Flush(t.Context(), all))
	}
	must(t, store.FlushFolders(t.Context(), []string{"."}))
	wants(t, store.Flush(t.Context(), append(all, "absent")), fs.ErrNotExist)
}
