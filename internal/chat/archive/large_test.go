package archive_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"csbackup/internal/chat/archive"
)

// TestTheLongestTextThatAColumnHolds carries an nvarchar(max) of 2 GB there and back: writing and proving it
// takes no memory for it, and reading it no more than the value needs.
func TestTheLongestTextThatAColumnHolds(t *testing.T) {
	const variable = "CSBACKUP_TEST_LARGE"
	if os.Getenv(variable) == "" {
		t.Skipf("SKIPPED: set %s to write and read a text of 2^30-1 characters, which takes 4 GiB of memory", variable)
	}
	content := strings.Repeat(counted("long ", 1<<20), 1<<10)[:1<<30-1]
	path := filepath.Join(t.TempDir(), "a.zip")
	err := archive.Create(path, func(to io.Writer) error {
		w := archive.NewWriter(to, archive.About{Schema: "mgc"})
		for _, err := range []error{
			w.Room(archive.Room{ID: 1}),
			w.Message(archive.Message{ChannelID: 1, ChatID: 1, UserID: 1, Content: content}),
			w.Node(archive.NodeReference{ID: 1}),
			w.Principal(archive.PrincipalReference{ID: 1}),
		} {
			if err != nil {
				return err
			}
		}
		_, err := w.Close()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(file, info.Size(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(5)) // so that what is in use is what is needed
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	before, most := memory.HeapInuse, uint64(0)
	_, err = a.Verify(testContext, func(int64, int64) {
		runtime.ReadMemStats(&memory)
		most = max(most, memory.HeapInuse)
	})
	if err != nil {
		t.Fatal(err)
	}
	if most > before+before/10+64<<20 {
		t.Errorf("proving it took %d MiB, with %d MiB before", most>>20, before>>20)
	}
	messages := 0
	err = a.Messages(testContext, nil, func(archive.Room) error { return nil }, func(m archive.Message) error {
		messages++
		if m.Content != content || m.HasRTF {
			t.Error("the text is not the one that was written")
		}
		return nil
	})
	if err != nil || messages != 1 {
		t.Errorf("%d messages, %v", messages, err)
	}
}
