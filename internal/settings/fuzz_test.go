package settings

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Whatever the settings file holds, it is settings within their ranges, which are the same when they are
// written and read again, or it is damaged, and said to be. Another test proves what happens then.
func FuzzTheSettingsFile(f *testing.F) {
	whole, err := json.MarshalIndent(Versioned{Version: 3, Origin: "pool1", Settings: Defaults()}, "", "  ")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"SyncInterval":"99:00:00"}`))
	f.Add([]byte(`{"Version":18446744073709551615}`))
	f.Add([]byte(`{"AuthorizedUniversalGroups":["\u001b[2J"]}`))
	f.Add([]byte("null"))
	path := filepath.Join(f.TempDir(), "settings.json")
	taken := func(t *testing.T, raw []byte) (Versioned, error) {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return read(path)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := taken(t, raw)
		var damage *damaged
		if errors.As(err, &damage) {
			return
		}
		if err == nil {
			err = checkVersioned(v)
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := taken(t, again); err != nil || !reflect.DeepEqual(same, v) {
			t.Errorf("%+v was read again as %+v, %v", v, same, err)
		}
	})
}
