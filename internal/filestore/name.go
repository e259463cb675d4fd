package filestore

import (
	"fmt"
	"strings"
)

// The longest names that a store takes: paths of 4,096 bytes, which is what Linux opens in one call, and
// 256 levels, with room for the folders above them, such as those of kept versions.
const (
	MaxName   = 4096 + 1024 // bytes
	MaxLevels = 256 + 16    // components
)

// copyPrefix begins the names of the files that a store makes while it copies between volumes. Nothing else
// may have such a name, and nobody is shown one.
const copyPrefix = ".csbackup-copy-"

// CheckName refuses, with ErrName, every name that is not a plain relative path, that is longer than
// MaxName or deeper than MaxLevels, or that a store keeps for itself, and with windowsNames also what
// Windows cannot store or understands as something else. The root "." is refused too: operations that
// accept it ask before.
func CheckName(name string, windowsNames bool) error {
	if len(name) > MaxName {
		return fmt.Errorf("a name of %d bytes, of which %d are taken: %w", len(name), MaxName, ErrName)
	}
	if levels := strings.Count(name, "/") + 1; levels > MaxLevels {
		return fmt.Errorf("a name of %d levels, of which %d are taken: %w", levels, MaxLevels, ErrName)
	}
	return checkComponents(name, windowsNames)
}

func checkComponents(name string, windowsNames bool) error {
	for component := range strings.SplitSeq(name, "/") {
		bad := component == "" || component == "." || component == ".." ||
			strings.IndexByte(component, 0) >= 0 || strings.HasPrefix(component, copyPrefix)
		if bad || windowsNames && !windowsComponent(component) {
			return fmt.Errorf("%q: %w", name, ErrName)
		}
	}
	return nil
}

// nearest cuts a name to what a store takes of it: itself or a folder above.
func nearest(name string) string {
	for len(name) > MaxName || strings.Count(name, "/") >= MaxLevels {
		name, _ = splitName(name)
	}
	return name
}

// windowsComponent tells whether Windows can store the component under exactly this name.
func windowsComponent(component string) bool {
	if strings.ContainsAny(component, `\:<>"|?*`) || strings.HasSuffix(component, ".") || strings.HasSuffix(component, " ") {
		return false
	}
	for _, character := range component {
		if character < ' ' {
			return false
		}
	}
	// A device name is reserved with any extension, and with spaces before the extension.
	base, _, _ := strings.Cut(component, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return false
	}
	for _, device := range []string{"COM", "LPT"} {
		if rest, found := strings.CutPrefix(base, device); found {
			switch rest {
			case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
				return false
			}
		}
	}
	return true
}

// splitName returns the folder of a checked name, "." for the root, and its last component.
func splitName(name string) (folder, last string) {
	at := strings.LastIndexByte(name, '/')
	if at < 0 {
		return ".", name
	}
	return name[:at], name[at+1:]
}

// joinName is the reverse of splitName.
func joinName(folder, name string) string {
	if folder == "." {
		return name
	}
	return folder + "/" + name
}

// checkAll applies CheckName to each name.
func checkAll(windowsNames bool, names ...string) error {
	for _, name := range names {
		if err := CheckName(name, windowsNames); err != nil {
			return err
		}
	}
	return nil
}
