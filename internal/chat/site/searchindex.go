package site

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/textindex"
	"csbackup/internal/failure"
)

const (
	// chunkMessages is how many messages a piece of texts holds.
	chunkMessages = 512
	// pieceBytes is how many bytes of text a piece of the index holds, about.
	pieceBytes = 128 << 10
	// partBytes is how many bytes of numbers of one word stand together.
	partBytes = 64 << 10
	// longestShown is how many bytes of a message the search shows.
	longestShown = 4000
	// indexMemory is how many bytes the index holds in memory before it goes on in files.
	indexMemory = 64 << 20
)

// searchIndex writes what the script of the search reads.
type searchIndex struct {
	site    *Writer
	builder *textindex.Builder
	number  uint64 // of the next message
	texts   []any  // of the piece that is being collected
	people  map[string]string
	rooms   []indexRoom
	firsts  []string // the first word of each piece
	author  []byte
}

type indexRoom struct {
	room  Room
	pages strings.Builder
}

func newSearchIndex(w *Writer) *searchIndex {
	return &searchIndex{site: w, builder: textindex.NewBuilder("", indexMemory), people: map[string]string{}}
}

func (x *searchIndex) room(r Room) { x.rooms = append(x.rooms, indexRoom{room: r}) }

// page notes the page that the last messages of the room stand on.
func (x *searchIndex) page(name string, messages int64, first, last time.Time) {
	const day = 24 * 60 * 60
	fmt.Fprintf(
		&x.rooms[len(x.rooms)-1].pages,
		"%s=%d:%d:%d,",
		name,
		messages,
		first.Unix()/day,
		last.Unix()/day,
	)
}

// message takes the next message.
func (x *searchIndex) message(m Message, author Person) error {
	add := func(word []byte) { x.builder.Add(x.number, word) }
	textindex.Words(m.Text, add)
	x.author = strconv.AppendInt(append(x.author[:0], '@'), m.Author, 10)
	add(x.author)
	x.number++
	text := plain(m.Text)
	if len(text) > longestShown {
		text = shorten(text)
	}
	one := []any{m.ID, m.Author, any(nil), text}
	if !m.At.IsZero() {
		one[2] = m.At.Unix()
	}
	if m.Alert {
		one = append(one, 1)
	}
	x.texts = append(x.texts, one)
	x.people[strconv.FormatInt(m.Author, 10)] = visible(author.Name)
	if len(x.texts) == chunkMessages {
		if err := x.flushTexts(); err != nil {
			return err
		}
	}
	return explainTemporary(x.builder.Spill())
}

// explainTemporary tells of temporary files that cannot be kept.
func explainTemporary(err error) error {
	if err == nil || !archive.IsFull(err) {
		return err
	}
	return failure.Wrap(
		failure.DiskFull,
		os.TempDir(),
		"The folder for temporary files has no room for the index of the search",
		"Make room there, or name another folder in TMPDIR, and run the command again.",
		err,
	)
}

// shorten cuts a text that is too long for a list of messages.
func shorten(text string) string { return strings.ToValidUTF8(text[:longestShown], "") + "…" }

func (x *searchIndex) flushTexts() error {
	n := (x.number - 1) / chunkMessages
	err := x.piece(piecePath("texts", n), struct {
		People   map[string]string `json:"people"`
		Messages []any             `json:"messages"`
	}{x.people, x.texts})
	x.texts = x.texts[:0]
	clear(x.people)
	return err
}

func piecePath(kind string, n uint64) string { return fmt.Sprintf("%s/%d/%d", kind, n/1000, n) }

// piece writes a file of the index. JSON from this package is a part of the script's language as it stands.
func (x *searchIndex) piece(path string, content any) error {
	return x.site.create(
		"search/"+path+".js",
		func(to io.Writer) error { return writePiece(to, path, content) },
	)
}

func writePiece(to io.Writer, path string, content any) error {
	text, err := json.Marshal(content) // with < > & and the line separators escaped
	if err != nil {
		return fmt.Errorf("write a piece of the index: %w", err)
	}
	_, err = fmt.Fprintf(to, "csbackupPiece(%q,%s);\n", path, text)
	return err
}

func writePeople(to io.Writer, people []Person) error {
	list := make([][]any, len(people))
	for i, p := range people {
		list[i] = []any{p.ID, visible(p.Name), visible(p.Address)}
	}
	return writePiece(to, "people", list)
}

// finish writes the words and then index.js.
func (x *searchIndex) finish() error {
	if len(x.texts) > 0 {
		if err := x.flushTexts(); err != nil {
			return err
		}
	}
	var entries [][2]string
	size := 0
	flush := func() error {
		if len(entries) == 0 {
			return nil
		}
		path := piecePath("words", uint64(len(x.firsts)))
		x.firsts = append(x.firsts, entries[0][0])
		err := x.piece(path, entries)
		entries, size = entries[:0], 0
		return err
	}
	err := x.builder.Finish(func(e textindex.Entry) error {
		for _, part := range parts(e.Postings, partBytes) {
			text := base64.StdEncoding.EncodeToString(part)
			if size > 0 && size+len(text) > pieceBytes {
				if err := flush(); err != nil {
					return err
				}
			}
			entries = append(entries, [2]string{e.Word, text})
			size += len(text) + len(e.Word) + 8
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return x.site.create("search/index.js", x.writeIndex)
}

// writeIndex writes room by room: the list may be long.
func (x *searchIndex) writeIndex(to io.Writer) error {
	firsts, err := json.Marshal(append([]string{}, x.firsts...))
	if err != nil {
		return fmt.Errorf("write the index: %w", err)
	}
	if _, err := fmt.Fprintf(to, "csbackupPiece(\"index\",{\"chunk\":%d,\"pieces\":%s,\"rooms\":[", chunkMessages, firsts); err != nil {
		return err
	}
	for i := range x.rooms {
		r := &x.rooms[i]
		line, err := json.Marshal(
			[]any{
				r.room.ID,
				visible(r.room.Name),
				visible(r.room.Category),
				strings.TrimSuffix(r.pages.String(), ","),
			},
		)
		if err != nil {
			return fmt.Errorf("write the index: %w", err)
		}
		if i > 0 {
			line = append([]byte(",\n"), line...)
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
	}
	_, err = io.WriteString(to, "]});\n")
	return err
}

func (x *searchIndex) close() error { return x.builder.Close() }

// parts cuts postings into parts of at most so many bytes, each of which begins with a whole number.
func parts(postings []byte, most int) [][]byte {
	if len(postings) <= most {
		return [][]byte{postings}
	}
	var all [][]byte
	last := uint64(0) // the number before the one that is read
	part := []byte{}
	for len(postings) > 0 {
		distance, size := binary.Uvarint(postings)
		postings = postings[size:]
		if len(part) == 0 {
			part = binary.AppendUvarint(part, last+distance)
		} else {
			part = binary.AppendUvarint(part, distance)
		}
		last += distance
		if len(part) >= most-binary.MaxVarintLen64 || len(postings) == 0 {
			all = append(all, part)
			part = []byte{}
		}
	}
	return all
}
