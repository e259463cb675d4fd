package settings

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"csbackup/internal/failure"
)

func TestJSONKeepsTheContractsOrder(t *testing.T) {
	text, err := json.Marshal(Defaults())
	want := `{"Identity":"Global","SyncInterval":"00:02:00","MaxConcurrentCalls":10,"MaxBatchesPerCmsSync":500,"MaxBatchesPerUserStoreSync":500,` +
		`"MaxDataConfPackageSizeKB":102400,"MaxHighPriQueuePercentagePerUserStoreSync":50,"AuthorizedUniversalGroups":[],"AuthorizedLocalAccounts":[],"EnableRgsBackupService":false}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

func TestIntervalsAreReadAsTimeSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"00:02:00": 2 * time.Minute, "3:00:00": 3 * time.Hour, "1.02:03:04": 26*time.Hour + 3*time.Minute + 4*time.Second, "00:05": 5 * time.Minute, "00:00:05.0000000": 5 * time.Second} {
		if got, err := ParseInterval(text); err != nil || got.Duration() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2m", "24:00:00", "00:60:00", "00:00:60", "-00:02:00", "00:02:00\n", "00:00:05.5", "999999999.00:00:00", strings.Repeat("1", 1<<20)} {
		if got, err := ParseInterval(text); !failure.IsID(err, failure.SettingsInvalid) {
			t.Errorf("%.30q: %v, %v", text, got, err)
		}
	}
	if s := Interval(26 * time.Hour).String(); s != "1.02:00:00" {
		t.Error(s)
	}
}

func TestRanges(t *testing.T) {
	n := func(i int) *int { return &i }
	d := func(v time.Duration) *Interval { i := Interval(v); return &i }
	names := func(s ...string) *[]string { return &s }
	for name, c := range map[string]struct {
		change Change
		id     failure.ID
	}{
		"shortest":        {Change{SyncInterval: d(5 * time.Second)}, ""},
		"longest":         {Change{SyncInterval: d(3 * time.Hour)}, ""},
		"too short":       {Change{SyncInterval: d(4 * time.Second)}, failure.OutOfRange},
		"too long":        {Change{SyncInterval: d(3*time.Hour + time.Second)}, failure.OutOfRange},
		"no calls":        {Change{MaxConcurrentCalls: n(0)}, failure.OutOfRange},
		"negative":        {Change{MaxBatchesPerCmsSync: n(-1)}, failure.OutOfRange},
		"too many":        {Change{MaxBatchesPerUserStoreSync: n(1_000_001)}, failure.OutOfRange},
		"largest package": {Change{MaxDataConfPackageSizeKB: n(1073741824)}, ""},
		"percentage":      {Change{MaxHighPriQueuePercentagePerUserStoreSync: n(101)}, failure.OutOfRange},
		"zero percent":    {Change{MaxHighPriQueuePercentagePerUserStoreSync: n(0)}, ""},
		"group":           {Change{AuthorizedUniversalGroups: names("CsAdmins")}, ""},
		"empty name":      {Change{AuthorizedLocalAccounts: names("")}, failure.SettingsInvalid},
		"control":         {Change{AuthorizedLocalAccounts: names("a\x1b[2J")}, failure.SettingsInvalid},
		"twice":           {Change{AuthorizedLocalAccounts: names("a", "a")}, failure.SettingsInvalid},
		"crowd":           {Change{AuthorizedLocalAccounts: names(make([]string, 1001)...)}, failure.SettingsInvalid},
	} {
		_, err := c.change.Apply(Defaults())
		if c.id == "" && err != nil || c.id != "" && !failure.IsID(err, c.id) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := Change{SyncInterval: d(time.Second)}.Apply(Defaults())
	if want := "SyncInterval cannot be 00:00:01: it must be from 00:00:05 to 03:00:00"; err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestChangesSurviveARestartAndWakeWaiters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	k, err := Open(path)
	if err != nil || k.Get().Version != 0 {
		t.Fatal(err)
	}
	changed, yes := k.Changed(), true
	set, err := k.Set(Change{EnableRgsBackupService: &yes}, "pool1")
	if err != nil || set.Version != 1 {
		t.Fatal(set, err)
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was woken")
	}
	again, err := Open(path)
	if err != nil || !reflect.DeepEqual(again.Get(), set) {
		t.Errorf("%v, %v", again.Get(), err)
	}
	if reset, err := again.Reset("pool1"); err != nil || reset.Version != 2 || reset.EnableRgsBackupService {
		t.Error(reset, err)
	}
}

func TestRefusedChangesLeaveEverythingAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	k, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	zero := 0
	if _, err := k.Set(Change{MaxConcurrentCalls: &zero}, "p"); !failure.IsID(err, failure.OutOfRange) {
		t.Error(err)
	}
	bad := Versioned{Version: 9, Settings: Defaults()}
	bad.MaxConcurrentCalls = 0
	huge := Versioned{Version: 1 << 63, Settings: Defaults()}
	for _, v := range []Versioned{bad, huge, {Version: 9}} {
		if adopted, err := k.Offer(v); adopted || err == nil {
			t.Errorf("adopted %v", v)
		}
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) || k.Get().Version != 0 {
		t.Error("a refused change left a trace")
	}
}

func TestTwoServicesEndWithTheSameSet(t *testing.T) {
	yes, five := true, 5
	a, errA := Open(filepath.Join(t.TempDir(), "a"))
	b, errB := Open(filepath.Join(t.TempDir(), "b"))
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	va, _ := a.Set(Change{EnableRgsBackupService: &yes}, "pool1")
	vb, _ := b.Set(Change{MaxConcurrentCalls: &five}, "pool2")
	tookA, _ := a.Offer(vb)
	tookB, _ := b.Offer(va)
	if tookA == tookB || !reflect.DeepEqual(a.Get(), b.Get()) {
		t.Errorf("%v\n%v", a.Get(), b.Get())
	}
	if took, err := a.Offer(b.Get()); took || err != nil {
		t.Error("an equal set was adopted", err)
	}
}

// Who may administer is never decided by a partner, nor told to it, and a partner cannot use the version numbers up.
func TestAPartnerDecidesNotWhoAdministers(t *testing.T) {
	k, err := Open(filepath.Join(t.TempDir(), "settings.json"))
	if err != nil {
		t.Fatal(err)
	}
	groups, accounts, five := []string{"Admins"}, []string{"me"}, 5
	if _, err := k.Set(Change{AuthorizedUniversalGroups: &groups, AuthorizedLocalAccounts: &accounts}, "pool1"); err != nil {
		t.Fatal(err)
	}
	if shared := k.Get().Shared(); len(shared.AuthorizedUniversalGroups)+len(shared.AuthorizedLocalAccounts) > 0 {
		t.Errorf("%+v travels", shared)
	}
	evil := Versioned{Version: 7, Origin: "pool2", Settings: Defaults()}
	evil.AuthorizedLocalAccounts, evil.MaxConcurrentCalls = []string{"evil"}, five
	if took, err := k.Offer(evil); !took || err != nil {
		t.Fatal(took, err)
	}
	now := k.Get()
	if !reflect.DeepEqual(now.AuthorizedUniversalGroups, groups) || !reflect.DeepEqual(now.AuthorizedLocalAccounts, accounts) || now.MaxConcurrentCalls != five {
		t.Errorf("the settings are %+v", now)
	}
	evil.Version = now.Version + maximumStep + 1
	if took, err := k.Offer(evil); took || !failure.IsID(err, failure.SettingsInvalid) {
		t.Error("a version that jumps was taken", err)
	}
	other := now
	other.AuthorizedLocalAccounts = []string{"evil"}
	if Newer(other, now) || Newer(now, other) {
		t.Error("who may administer decides which settings are newer")
	}
}

func TestADamagedFileIsSetAsideAndReported(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "cut": `{"Version":1,`, "zeros": "\x00\x00\x00", "foreign": `{"x":1}`, "trailing": `{} {}`,
		"range": `{"MaxConcurrentCalls":0}`, "type": `[]`, "large": strings.Repeat(" ", maximumFile+1)} {
		path := filepath.Join(t.TempDir(), "settings.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := Open(path)
		if !failure.IsID(err, failure.StateUnusable) || k == nil || !reflect.DeepEqual(k.Get().Settings, Defaults()) {
			t.Errorf("%s: %v", name, err)
		}
		if kept, err := os.ReadFile(path + ".damaged-1"); err != nil || string(kept) != text {
			t.Errorf("%s: the damaged file was not kept: %v", name, err)
		}
		if _, err := Open(path); err != nil {
			t.Errorf("%s: the second start failed: %v", name, err)
		}
	}
}
