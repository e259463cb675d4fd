package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"

	"csbackup/internal/failure"
)

const (
	maximumFile = 4 << 20
	// maximumVersion keeps a hostile or damaged peer from using up the numbers for good.
	maximumVersion = math.MaxInt64
	// maximumStep is by how much an offered version may exceed the own one: more changes than administrators make while a
	// service is away, and too few to come near the last number.
	maximumStep = 10_000
)

// Keeper holds the set and its file. Its methods may be called at the same time.
type Keeper struct {
	path    string
	mutex   sync.Mutex
	current Versioned
	changed chan struct{}
}

// Open reads the set from path, or starts with the defaults when there is none. A damaged file is
// moved aside: then the Keeper is usable, with the defaults, and the error, StateUnusable, says so.
// The Keeper is nil only when path cannot be used at all.
func Open(path string) (*Keeper, error) {
	k := &Keeper{path: path, current: Versioned{Settings: Defaults()}, changed: make(chan struct{})}
	v, err := read(path)
	var damage *damaged
	switch {
	case err == nil:
		k.current = v
		return k, nil
	case errors.Is(err, fs.ErrNotExist):
		return k, k.write(k.current)
	case !errors.As(err, &damage):
		return nil, failure.Wrap(failure.StateUnusable, path, "The settings file cannot be read", "Make the state directory readable for the service's account.", err)
	}
	aside, moveErr := setAside(path)
	if moveErr != nil {
		return nil, failure.Wrap(failure.StateUnusable, path, "The settings file is damaged and cannot be moved aside", "Remove the file and start the service again.", moveErr)
	}
	if err := k.write(k.current); err != nil {
		return nil, err
	}
	return k, failure.Wrap(failure.StateUnusable, path, "The settings file is damaged, was moved to "+aside+", and the defaults are used",
		"Set the settings again, or wait: the partner's are taken over when it has any.", damage)
}

// Get gives the set as it is now.
func (k *Keeper) Get() Versioned {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.copyOf()
}

func (k *Keeper) copyOf() Versioned {
	v := k.current
	v.Settings = v.Settings.copied()
	return v
}

// Set makes a change on behalf of the pool origin and gives the set with its new version.
func (k *Keeper) Set(c Change, origin string) (Versioned, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	s, err := c.Apply(k.current.Settings)
	if err != nil {
		return k.copyOf(), err
	}
	return k.advance(s, origin)
}

// Reset returns to the defaults, as a change with a version of its own.
func (k *Keeper) Reset(origin string) (Versioned, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.advance(Defaults(), origin)
}

func (k *Keeper) advance(s Settings, origin string) (Versioned, error) {
	if k.current.Version >= maximumVersion {
		return k.copyOf(), failure.New(failure.StateUnusable, k.path, "The settings have no further version number", "Stop the pair's services, remove the settings file of each, and start them again.")
	}
	v := Versioned{Version: k.current.Version + 1, Origin: origin, Settings: s}
	err := k.adopt(v)
	return k.copyOf(), err
}

// Offer takes over v when it is newer than what is kept, and tells whether it did. Who may administer stays as it is
// here. A set out of range, or one whose version is more than 10,000 above the own one, is refused with an error, whoever
// offers it.
func (k *Keeper) Offer(v Versioned) (adopted bool, err error) {
	if err := checkVersioned(v); err != nil {
		return false, err
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if !Newer(v, k.current) {
		return false, nil
	}
	if v.Version-k.current.Version > maximumStep {
		return false, failure.New(failure.SettingsInvalid, "Version", fmt.Sprintf("The offered settings have the version %d, and those here %d: so many changes nobody makes", v.Version, k.current.Version),
			"Look who holds the partner's certificate. If the partner is right, stop this service, remove its settings file "+k.path+", and set the partner's settings anew.")
	}
	v = v.Shared()
	v.AuthorizedUniversalGroups, v.AuthorizedLocalAccounts = k.current.AuthorizedUniversalGroups, k.current.AuthorizedLocalAccounts
	err = k.adopt(v)
	return err == nil, err
}

func checkVersioned(v Versioned) error {
	if v.Version > maximumVersion || len(v.Origin) > maximumNameLength {
		return failure.New(failure.SettingsInvalid, "Version", "The settings' version or origin cannot be used", "Compare the versions of csbackup on both sides.")
	}
	return v.Settings.Check()
}

func (k *Keeper) adopt(v Versioned) error {
	if err := k.write(v); err != nil {
		return err
	}
	k.current = v
	close(k.changed)
	k.changed = make(chan struct{})
	return nil
}

// Changed gives a channel that is closed at the next change; ask again for the one after. Ask before
// Get, so that no change is missed in between.
func (k *Keeper) Changed() <-chan struct{} {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.changed
}

func (k *Keeper) write(v Versioned) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = replace(k.path, append(text, '\n'))
	}
	if err != nil {
		return failure.Wrap(failure.StateUnusable, k.path, "The settings could not be saved and stay as they were",
			"Make the state directory writable for the service's account and give it room.", err)
	}
	return nil
}

// damaged is a file that could be read but says nothing usable.
type damaged struct{ cause error }

func (d *damaged) Error() string { return d.cause.Error() }
func (d *damaged) Unwrap() error { return d.cause }

func read(path string) (Versioned, error) {
	file, err := os.Open(path)
	if err != nil {
		return Versioned{}, fmt.Errorf("open the settings: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maximumFile+1))
	if err != nil {
		return Versioned{}, fmt.Errorf("read the settings: %w", err)
	}
	if len(text) > maximumFile {
		return Versioned{}, &damaged{fmt.Errorf("it is larger than %d bytes", maximumFile)}
	}
	v := Versioned{Settings: Defaults()}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		return Versioned{}, &damaged{err}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Versioned{}, &damaged{errors.New("something follows the settings")}
	}
	if err := checkVersioned(v); err != nil {
		return Versioned{}, &damaged{err}
	}
	v.Settings = v.Settings.copied()
	return v, nil
}
