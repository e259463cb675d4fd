package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"csbackup/internal/failure"
)

// What an archive calls itself.
const (
	Format  = "csbackup-persistent-chat"
	Version = 1
)

const (
	manifestName = "manifest.json"
	maxManifest  = 64 << 20
	maxMembers   = 200_000
)

// About says where an archive's rows come from.
type About struct {
	Source     string `json:"source"`     // the database instance, as it was named
	Database   string `json:"database"`   // the name of the database
	Schema     string `json:"schema"`     // mgc or mgccomp
	Level      string `json:"level"`      // All, User, Category, RoomDirectory or Content
	Scope      []Node `json:"scope"`      // the categories it is limited to; empty for all
	StartDate  string `json:"startDate"`  // messages from then on, RFC 3339 in UTC; "" for all
	Isolation  string `json:"isolation"`  // how one moment of the database was read
	FilesNotIn int64  `json:"filesNotIn"` // messages that link to an uploaded file that is not in the archive
}

// Node names a category or room.
type Node struct {
	GUID string `json:"guid"`
	Name string `json:"name"`
}

// Member is what the manifest says of one member.
type Member struct {
	Name         string `json:"name"`
	Rows         int64  `json:"rows"`   // 0 for the texts of messages
	Size         int64  `json:"size"`   // of the content in bytes
	SHA256       string `json:"sha256"` // of the content
	PackedSize   int64  `json:"packedSize"`
	PackedSHA256 string `json:"packedSha256"` // of the compressed bytes
	// FirstRoom and LastRoom are the lowest and highest channelId in the facts of messages.
	FirstRoom int64 `json:"firstRoom,omitempty"`
	LastRoom  int64 `json:"lastRoom,omitempty"`
	// File is set for a member that is an uploaded file.
	File *FileInfo `json:"file,omitempty"`
}

// tableMember names the member with the rows of a table.
func tableMember(table string) string { return "tables/" + table + ".jsonl" }

// isFacts tells that the member has the facts of messages, whose texts are in the member before it.
func (m Member) isFacts() bool {
	return strings.HasPrefix(m.Name, "messages/") && strings.HasSuffix(m.Name, ".jsonl")
}

// isTexts tells that the member has the texts of messages.
func (m Member) isTexts() bool { return strings.HasPrefix(m.Name, "messages/") && !m.isFacts() }

// Manifest is the last member of an archive.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	About
	Rows    int64    `json:"rows"`    // of all members together
	Members []Member `json:"members"` // in the order of the file, without the manifest
}

// encode gives the manifest's bytes: indented for people, with each member in a line of its own.
func (m Manifest) encode() ([]byte, error) {
	members := m.Members
	m.Members = []Member{}
	head, err := toJSON(m, " ")
	if err != nil {
		return nil, err
	}
	const none = "[]\n}\n" // how it ends without members
	encoded := bytes.TrimSuffix(head, []byte(none))
	encoded = append(encoded, '[')
	for i, member := range members {
		line, err := toJSON(member, "")
		if err != nil {
			return nil, err
		}
		if i > 0 {
			encoded = append(encoded, ',')
		}
		encoded = append(append(encoded, "\n  "...), bytes.TrimSuffix(line, []byte("\n"))...)
	}
	return append(encoded, "\n ]\n}\n"...), nil
}

// toJSON is package json's form.
func toJSON(value any, indent string) ([]byte, error) {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return plain.Bytes(), nil
}

// parseManifest reads a manifest of this version; all that it says is still to be proven.
func parseManifest(target string, text []byte) (Manifest, error) {
	var first struct {
		Format  *string      `json:"format"`
		Version *json.Number `json:"version"`
	}
	if err := json.Unmarshal(text, &first); err != nil {
		return Manifest{}, damaged(target, "its manifest cannot be read", err)
	}
	if first.Format == nil || *first.Format != Format || first.Version == nil {
		return Manifest{}, foreign(target, "its manifest is that of another program", nil)
	}
	version, err := first.Version.Int64()
	if err != nil || version < 1 {
		return Manifest{}, damaged(target, "its version is no number", err)
	}
	if version > Version {
		return Manifest{}, failure.New(failure.ArchiveNewer, target,
			fmt.Sprintf("The archive is of version %d, and this program reads version %d", version, Version),
			"Read it with the release of csbackup that made it, or a later one.")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var m Manifest
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, damaged(target, "its manifest cannot be read", err)
	}
	// Names in another case, repeated or left out, and other spellings of the same values, all show here.
	again, err := m.encode()
	if err != nil || !bytes.Equal(again, text) {
		return Manifest{}, damaged(target, "its manifest is not in the form in which it is written", err)
	}
	return m, nil
}

func damaged(target, what string, cause error) error {
	return failure.Wrap(failure.ArchiveDamaged, target, "The archive is damaged: "+what,
		"Nothing was changed. Take another copy of the file, or export again.", cause)
}

func foreign(target, what string, cause error) error {
	return failure.Wrap(failure.ArchiveForeign, target, "The file is no archive of csbackup: "+what,
		"Name a file that \"csbackup chat export\" made; files of other programs cannot be read.", cause)
}

func unreadable(target string, cause error) error {
	return failure.Wrap(failure.FileNotReadable, target, "The archive cannot be read",
		"Check the disk or the share that it is on, and try again.", cause)
}
