package settings

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"csbackup/internal/failure"
)

// Global is the identity of the only set.
const Global = "Global"

// The ranges of the settings. Where the original documents none, the range only keeps out what
// cannot be meant.
const (
	MinimumSyncInterval  = 5 * time.Second
	MaximumSyncInterval  = 3 * time.Hour
	maximumCount         = 1_000_000
	maximumPackageSizeKB = 1 << 30
	maximumNames         = 1000
	maximumNameLength    = 256
)

// Settings is the set that Get-CsBackupServiceConfiguration shows.
type Settings struct {
	Identity                                  string   // always "Global"
	SyncInterval                              Interval // 5 seconds to 3 hours
	MaxConcurrentCalls                        int      // 1 to 1,000,000
	MaxBatchesPerCmsSync                      int      // 1 to 1,000,000
	MaxBatchesPerUserStoreSync                int      // 1 to 1,000,000
	MaxDataConfPackageSizeKB                  int      // 1 to 1,073,741,824
	MaxHighPriQueuePercentagePerUserStoreSync int      // 0 to 100
	AuthorizedUniversalGroups                 []string // never nil
	AuthorizedLocalAccounts                   []string // never nil
	EnableRgsBackupService                    bool
}

// Defaults gives the set that holds until somebody changes it. The percentage's default is our
// choice, for the original documents none.
func Defaults() Settings {
	return Settings{
		Identity: Global, SyncInterval: Interval(2 * time.Minute), MaxConcurrentCalls: 10,
		MaxBatchesPerCmsSync: 500, MaxBatchesPerUserStoreSync: 500, MaxDataConfPackageSizeKB: 102400,
		MaxHighPriQueuePercentagePerUserStoreSync: 50,
		AuthorizedUniversalGroups:                 []string{}, AuthorizedLocalAccounts: []string{},
	}
}

// Change names the settings that are to get another value; nil leaves one as it is.
type Change struct {
	SyncInterval                              *Interval `json:",omitempty"`
	MaxConcurrentCalls                        *int      `json:",omitempty"`
	MaxBatchesPerCmsSync                      *int      `json:",omitempty"`
	MaxBatchesPerUserStoreSync                *int      `json:",omitempty"`
	MaxDataConfPackageSizeKB                  *int      `json:",omitempty"`
	MaxHighPriQueuePercentagePerUserStoreSync *int      `json:",omitempty"`
	AuthorizedUniversalGroups                 *[]string `json:",omitempty"`
	AuthorizedLocalAccounts                   *[]string `json:",omitempty"`
	EnableRgsBackupService                    *bool     `json:",omitempty"`
}

// Apply gives s with the changes made. It fails, changing nothing, with ValueOutOfRange or
// SettingsInvalid.
func (c Change) Apply(s Settings) (Settings, error) {
	set(&s.SyncInterval, c.SyncInterval)
	set(&s.MaxConcurrentCalls, c.MaxConcurrentCalls)
	set(&s.MaxBatchesPerCmsSync, c.MaxBatchesPerCmsSync)
	set(&s.MaxBatchesPerUserStoreSync, c.MaxBatchesPerUserStoreSync)
	set(&s.MaxDataConfPackageSizeKB, c.MaxDataConfPackageSizeKB)
	set(&s.MaxHighPriQueuePercentagePerUserStoreSync, c.MaxHighPriQueuePercentagePerUserStoreSync)
	set(&s.AuthorizedUniversalGroups, c.AuthorizedUniversalGroups)
	set(&s.AuthorizedLocalAccounts, c.AuthorizedLocalAccounts)
	set(&s.EnableRgsBackupService, c.EnableRgsBackupService)
	s = s.copied()
	return s, s.Check()
}

func set[T any](into *T, value *T) {
	if value != nil {
		*into = *value
	}
}

// copied gives a set that shares no memory with s, with lists that are never nil.
func (s Settings) copied() Settings {
	s.AuthorizedUniversalGroups = append([]string{}, s.AuthorizedUniversalGroups...)
	s.AuthorizedLocalAccounts = append([]string{}, s.AuthorizedLocalAccounts...)
	return s
}

// Check fails with ValueOutOfRange or SettingsInvalid for the first setting that cannot be kept.
func (s Settings) Check() error {
	if s.Identity != Global {
		return failure.New(failure.SettingsInvalid, shown(s.Identity), fmt.Sprintf("There are no settings named %q", shown(s.Identity)),
			"Leave Identity out or use Global.")
	}
	if v := time.Duration(s.SyncInterval); v < MinimumSyncInterval || v > MaximumSyncInterval {
		return outOfRange("SyncInterval", s.SyncInterval, Interval(MinimumSyncInterval), Interval(MaximumSyncInterval))
	}
	for _, n := range []struct {
		name               string
		value, least, most int
	}{
		{"MaxConcurrentCalls", s.MaxConcurrentCalls, 1, maximumCount},
		{"MaxBatchesPerCmsSync", s.MaxBatchesPerCmsSync, 1, maximumCount},
		{"MaxBatchesPerUserStoreSync", s.MaxBatchesPerUserStoreSync, 1, maximumCount},
		{"MaxDataConfPackageSizeKB", s.MaxDataConfPackageSizeKB, 1, maximumPackageSizeKB},
		{"MaxHighPriQueuePercentagePerUserStoreSync", s.MaxHighPriQueuePercentagePerUserStoreSync, 0, 100},
	} {
		if n.value < n.least || n.value > n.most {
			return outOfRange(n.name, n.value, n.least, n.most)
		}
	}
	if err := checkNames("AuthorizedUniversalGroups", s.AuthorizedUniversalGroups); err != nil {
		return err
	}
	return checkNames("AuthorizedLocalAccounts", s.AuthorizedLocalAccounts)
}

func outOfRange(name string, value, least, most any) error {
	return failure.New(failure.OutOfRange, name, fmt.Sprintf("%s cannot be %v: it must be from %v to %v", name, value, least, most),
		fmt.Sprintf("Give %s a value from %v to %v.", name, least, most))
}

func checkNames(setting string, names []string) error {
	if len(names) > maximumNames {
		return failure.New(failure.SettingsInvalid, setting, fmt.Sprintf("%s has %d names", setting, len(names)),
			fmt.Sprintf("Name at most %d.", maximumNames))
	}
	for i, n := range names {
		bad := strings.TrimSpace(n) != n || n == "" || len(n) > maximumNameLength || !utf8.ValidString(n) ||
			strings.ContainsFunc(n, func(c rune) bool { return c < ' ' || c == 0x7f })
		if bad {
			return failure.New(failure.SettingsInvalid, setting, fmt.Sprintf("%s has a name that cannot be used: %q", setting, shown(n)),
				"Give names without control characters and outer blanks, of at most 256 bytes.")
		}
		if slices.Contains(names[:i], n) {
			return failure.New(failure.SettingsInvalid, setting, fmt.Sprintf("%s has %q twice", setting, shown(n)), "Name each once.")
		}
	}
	return nil
}

func shown(text string) string {
	const most = 100
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
