package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"csbackup/internal/chat/schema"
)

// ErrFileName is wrapped by Writer.File's error for a name that cannot travel.
var ErrFileName = errors.New("the name of the file cannot be kept on every system")

// FileInfo is what the manifest says of an uploaded file besides its member.
type FileInfo struct {
	Name    text   `json:"name"`    // in the room's folder
	ModTime string `json:"modTime"` // UTC, in the form of the schema's times
}

// text is a string that travels as it is: JSON of package json would lose lone surrogates.
type text string

// MarshalJSON writes the text in the archive's form.
func (t text) MarshalJSON() ([]byte, error) { return appendText(nil, string(t)) }

// UnmarshalJSON reads the text in the archive's form.
func (t *text) UnmarshalJSON(encoded []byte) error {
	l := line{text: encoded}
	s, err := l.string()
	if err == nil && !l.end() {
		err = errLine
	}
	*t = text(s)
	return err
}

var _ json.Marshaler = text("")

const filesFolder = "files/"

// longestFileName is the longest name in UTF-16 units that a folder of Windows holds.
const longestFileName = 255

// checkFile tells why a file cannot travel. Names are those that every file system keeps as they are, so
// that a file is never put back under another name, in another folder, or into a device.
func checkFile(roomGUID, name string) error {
	if (schema.Column{Type: schema.GUID}).Check(roomGUID) != nil {
		return fmt.Errorf("%w: %.50q is no GUID of a room in lower case", ErrFileName, roomGUID)
	}
	if err := (schema.Column{Name: "name", Type: schema.NVarChar, Length: longestFileName}).Check(name); err != nil {
		return fmt.Errorf("%w: %w", ErrFileName, err)
	}
	stem, _, _ := strings.Cut(name, ".")
	switch {
	case name == "", strings.ContainsAny(name, `<>:"/\|?*`), strings.IndexFunc(name, isControl) >= 0,
		strings.HasSuffix(name, "."), strings.HasSuffix(name, " "), isDevice(strings.TrimRight(stem, " ")):
		return fmt.Errorf("%w: %.300q", ErrFileName, name)
	}
	return nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7F }

// isDevice tells whether Windows takes the name for a device, whatever its extension.
func isDevice(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains("0123456789¹²³", port)
}

// fileMember names the member of the archive's n-th file. Its last part is for people: what is not
// plain ASCII in the file's name is replaced; the name itself stands in the manifest.
func fileMember(roomGUID string, n int, name string) string {
	const longest = 80
	plain := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, name)
	if over := len(plain) - longest; over > 0 {
		plain = plain[over:]
	}
	return fmt.Sprintf("%s%s/%06d-%s", filesFolder, roomGUID, n, plain)
}

func formatFileTime(t time.Time) string { return schema.FormatTime(t.UTC()) }

// parseFileTime reads what formatFileTime writes and refuses all other forms.
func parseFileTime(v string) (time.Time, error) {
	t, err := schema.ParseTime(v)
	if err != nil {
		return t, err
	}
	if formatFileTime(t) != v || t.Year() < 1 {
		return t, errLine
	}
	return t, nil
}
