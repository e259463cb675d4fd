package site

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fileLink is what the text of a message begins a link to an uploaded file with.
const fileLink = "ma-filelink:"

// uniqueName is the form of the names that uploaded files are stored under.
var uniqueName = regexp.MustCompile(
	`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(\.[0-9A-Za-z]{1,20})?`,
)

// harmless are the kinds of files that a browser shows or saves and never runs.
var harmless = map[string]bool{
	".bmp": true, ".csv": true, ".doc": true, ".docx": true, ".gif": true, ".gz": true, ".ics": true, ".jpeg": true, ".jpg": true, ".log": true,
	".md": true, ".mov": true, ".mp3": true, ".mp4": true, ".msg": true, ".odp": true, ".ods": true, ".odt": true, ".one": true, ".pdf": true,
	".png": true, ".ppt": true, ".pptx": true, ".rtf": true, ".tif": true, ".tiff": true, ".txt": true, ".vsd": true, ".vsdx": true, ".wav": true,
	".webp": true, ".wmv": true, ".xls": true, ".xlsx": true, ".zip": true, ".7z": true,
}

var notStored = regexp.MustCompile(`[^0-9A-Za-z.-]`)

// storedName is the name that a file has on the disk: ASCII, at most 80 characters and the last ones, and
// with .download behind it where a browser could run it.
func storedName(name string) string {
	safe := notStored.ReplaceAllString(name, "_")
	safe = strings.TrimLeft(safe[max(0, len(safe)-80):], ".")
	if !harmless[strings.ToLower(filepath.Ext(safe))] {
		safe += ".download"
	}
	return safe
}

// FilePath is where the n-th uploaded file, counted from 0, lies in a site.
func FilePath(n int, name string) string {
	return "files/" + strconv.Itoa(n+1) + "/" + storedName(name)
}

// FileLinks finds the uploaded files that messages link to.
type FileLinks struct{ byName map[string]FileLink } // by the room's number and the file's name in lower case

// NewFileLinks knows these files.
func NewFileLinks(files []File) *FileLinks {
	l := &FileLinks{byName: make(map[string]FileLink, len(files))}
	for _, file := range files {
		l.add(file)
	}
	return l
}

func (l *FileLinks) add(file File) { l.byName[fileKey(file.RoomID, file.Name)] = file.FileLink }

func fileKey(room int64, name string) string {
	return strconv.FormatInt(room, 10) + "/" + strings.ToLower(name)
}

// Of gives the files of a room that the text of a message links to.
func (l *FileLinks) Of(room int64, text string) []FileLink {
	if len(l.byName) == 0 || !strings.Contains(text, fileLink) {
		return nil
	}
	var links []FileLink
	for _, name := range uniqueName.FindAllString(text, -1) {
		if link, ok := l.byName[fileKey(room, name)]; ok && !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	return links
}
