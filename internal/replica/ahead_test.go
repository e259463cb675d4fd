package replica_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"csbackup/internal/index"
)

// Files that are read several at a time are known by their own content, also where folders stand
// between them and where there are more than are read ahead at once.
func TestReadingAheadMixesNothingUp(t *testing.T) {
	a, _ := pair(t)
	a.Readers = 4
	want := map[string]string{}
	for i := range 700 {
		name := fmt.Sprintf("m/%03d.bin", i)
		if i%50 == 7 {
			name = fmt.Sprintf("m/%03d/inner.bin", i)
		}
		want[name] = fmt.Sprintf("content %d", i)
		a.write(t, name, want[name], int64(1000+i))
	}
	a.look(t)
	for name, content := range want {
		it, ok, err := a.Index.Get("CollabContent/" + name)
		if err != nil || !ok || it.Hash != index.Hash(sha256.Sum256([]byte(content))) || it.Size != int64(len(content)) {
			t.Errorf("%s: the index has %+v, %v, %v", name, it, ok, err)
		}
	}
	if files := a.Index.Counts().Files; files != int64(len(want)) {
		t.Errorf("the index has %d files, not %d", files, len(want))
	}
}
