package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"csbackup/internal/failure"
)

// mistake is one thing wrong with the file; line 0 stands for the file as a whole.
type mistake struct {
	line int
	text string
}

// reader walks the file's nodes and gathers every mistake instead of stopping at the first.
type reader struct{ mistakes []mistake }

func (r *reader) wrong(line int, format string, args ...any) {
	r.mistakes = append(r.mistakes, mistake{line, fmt.Sprintf(format, args...)})
}

// entry is a pool with the lines that its checks speak of.
type entry struct {
	pool  Pool
	line  int
	lines map[string]int
}

func (e *entry) at(key string) int {
	if line, ok := e.lines[key]; ok {
		return line
	}
	return e.line
}

func parse(path string, text []byte) (*Topology, error) {
	r := &reader{}
	entries := r.read(text)
	r.check(entries)
	if len(r.mistakes) > 0 {
		return nil, r.failure(path)
	}
	t := &Topology{Path: path}
	for i := range entries {
		t.Pools = append(t.Pools, &entries[i].pool)
	}
	return t, nil
}

func (r *reader) failure(path string) error {
	const most = 50
	slices.SortStableFunc(r.mistakes, func(a, b mistake) int { return a.line - b.line })
	var parts []string
	for i, m := range r.mistakes {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(r.mistakes)-most))
			break
		}
		if m.line > 0 {
			parts = append(parts, fmt.Sprintf("line %d: %s", m.line, m.text))
		} else {
			parts = append(parts, m.text)
		}
	}
	return failure.New(failure.TopologyInvalid, path, "The topology file "+path+" cannot be used: "+strings.Join(parts, "; "),
		"Correct what is named and run the command again; every host needs the same file.")
}

func (r *reader) read(text []byte) []entry {
	if len(text) > maximumSize {
		r.wrong(0, "it is larger than %d bytes", maximumSize)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		r.wrong(0, "it is empty")
		return nil
	} else if err != nil {
		r.wrong(0, "%v", err)
		return nil
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		r.wrong(second.Line, "a second document is not allowed")
	} else if !errors.Is(err, io.EOF) {
		r.wrong(0, "%v", err)
	}
	var entries []entry
	found := false
	r.mapping(document.Content[0], "the file", map[string]func(*yaml.Node){
		"pools": func(n *yaml.Node) {
			found = true
			if n.Kind != yaml.SequenceNode {
				r.wrong(n.Line, "pools must be a list")
				return
			}
			for _, item := range n.Content {
				entries = append(entries, r.pool(item))
			}
		},
	})
	if found && len(entries) == 0 || !found && len(r.mistakes) == 0 {
		r.wrong(document.Content[0].Line, "it names no pools")
	}
	return entries
}

// mapping hands each value to the reader of its key, and refuses unknown and repeated keys.
func (r *reader) mapping(n *yaml.Node, what string, keys map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n.Line, "%s must be a set of keys and values", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, known := keys[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !known:
			r.wrong(key.Line, "unknown key %.100q", key.Value)
		case seen[key.Value]:
			r.wrong(key.Line, "%s is given twice", key.Value)
		default:
			seen[key.Value] = true
			read(value)
		}
	}
}

func (r *reader) pool(n *yaml.Node) entry {
	e := entry{line: n.Line, lines: map[string]int{}}
	text := func(key string, into *string) func(*yaml.Node) {
		return func(v *yaml.Node) {
			e.lines[key] = v.Line
			*into = r.text(v, key)
		}
	}
	ids := &e.pool.ServiceIDs
	r.mapping(n, "a pool", map[string]func(*yaml.Node){
		"fqdn":       text("fqdn", &e.pool.FQDN),
		"backupPool": text("backupPool", &e.pool.BackupPool),
		"fileStore":  text("fileStore", &e.pool.FileStore),
		"service": func(v *yaml.Node) {
			e.lines["service"] = v.Line
			if v.Kind != yaml.SequenceNode {
				e.pool.Service = []string{r.text(v, "service")}
				return
			}
			for _, item := range v.Content {
				e.pool.Service = append(e.pool.Service, r.text(item, "service"))
			}
		},
		"serviceIds": func(v *yaml.Node) {
			e.lines["serviceIds"] = v.Line
			r.mapping(v, "serviceIds", map[string]func(*yaml.Node){
				"WebServices":       text("WebServices", &ids.WebServices),
				"BackupService":     text("BackupService", &ids.BackupService),
				"ApplicationServer": text("ApplicationServer", &ids.ApplicationServer),
			})
		},
	})
	e.pool.FQDN = strings.ToLower(e.pool.FQDN)
	e.pool.BackupPool = strings.ToLower(e.pool.BackupPool)
	return e
}

func (r *reader) text(n *yaml.Node, key string) string {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		r.wrong(n.Line, "%s must be text", key)
		return ""
	}
	return n.Value
}
