package replica

import (
	"fmt"
	"strings"
)

// Paths are replicated up to these limits. What each costs grows with its depth, and a partner has to hold it, too.
const (
	maxPathBytes  = 4096 // as many as a path may have on Linux
	maxPathLevels = 256  // components, the root's name among them
)

// beyond tells why a path is not replicated, "" when it is within the limits.
func beyond(logical string) string {
	if len(logical) > maxPathBytes {
		return fmt.Sprintf("its path is longer than %d bytes", maxPathBytes)
	}
	if strings.Count(logical, "/") >= maxPathLevels {
		return fmt.Sprintf("it lies deeper than %d levels", maxPathLevels)
	}
	return ""
}

// within gives a path up to the first component that lies beyond the limits, and the path itself when none does.
func within(logical string) string {
	if beyond(logical) == "" {
		return logical
	}
	for at := range len(logical) {
		if logical[at] == '/' && beyond(logical[:at]) != "" {
			return logical[:at]
		}
	}
	return logical
}

// shown is a path as it is told to people: quoted, and of a long one the beginning and the end.
func shown(logical string) string {
	const most = 200
	if len(logical) > most {
		logical = logical[:most*3/4] + "…" + logical[len(logical)-most/4:]
	}
	return fmt.Sprintf("%q", logical)
}
