package filestore

import (
	"fmt"
	"strings"
)

// maxName is the longest name, in bytes, that is looked at; longer ones exist on no store.
const maxName = 32767

// CheckName refuses, with ErrName, every name that is not a plain relative path, and with
// windowsNames also what Windows cannot store or understands as something else. The root "." is
// refused too: operations that accept it ask before.
func CheckName(name string, windowsNames bool) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a name of %d bytes: %w", len(name), ErrName)
	}
	for component := range strings.SplitSeq(name, "/") {
		bad := component == "" || component == "." || component == ".." || strings.IndexByte(component, 0) >= 0
		if bad || windowsNames && !windowsComponent(component) {
			return fmt.Errorf("%q: %w", name, ErrName)
		}
	}
	return nil
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

// checkAll applies CheckName to each name.
func checkAll(windowsNames bool, names ...string) error {
	for _, name := range names {
		if err := CheckName(name, windowsNames); err != nil {
			return err
		}
	}
	return nil
}
