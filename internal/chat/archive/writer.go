package archive

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"csbackup/internal/chat/schema"
)

const (
	// roomsTogether is the size at which a member with messages ends with the room that it is in.
	roomsTogether = 4 << 20
	// mostTexts and mostMessages end a member with messages wherever it is.
	mostTexts    = 32 << 20
	mostMessages = 1 << 20
)

// stage is how far an archive has come: each kind of member has its turn.
type stage int

const (
	inMessages stage = iota
	inTables
	inFiles
	inNodes
	inPrincipals
	closed
)

// Writer writes one archive: messages, then tables in the order of the schema, then files, then the
// references to nodes and to principals. Kinds without rows are left out. After an error it
// only serves to be thrown away; nothing needs to be released. Its memory does not grow with the rows.
type Writer struct {
	out      output
	manifest Manifest
	failed   error
	stage    stage
	line     []byte

	open     *outMember      // nil when none is
	facts    *outMember      // the messages whose texts go to the open member
	messages *messageEncoder // of the open member
	room     Room
	hasRoom  bool
	chatID   int64 // of the message before in the room
	hasChat  bool

	tables []schema.Table // those that may still come
	table  *rowCheck
	keys   *keySet // of the table; nil where the order of its rows says enough

	nodeGUIDs, principalGUIDs guidSet

	fileRoom, fileName string // of the file before
	files              int
	numbers            numberOrder
}

// numberOrder holds that references come in the order of their numbers.
type numberOrder struct {
	last int64
	any  bool
}

func (o *numberOrder) next(n int64) error {
	if o.any && n <= o.last {
		return errOrder
	}
	o.last, o.any = n, true
	return checkNumber("number", n)
}

// NewWriter starts an archive. The rows are those of the schema that about names.
func NewWriter(to io.Writer, about About) *Writer {
	if about.Scope == nil {
		about.Scope = []Node{}
	}
	return &Writer{
		out:      output{to: to},
		manifest: Manifest{Format: Format, Version: Version, About: about, Members: []Member{}},
		tables:   schema.Tables(about.Schema),
	}
}

// enter moves on to a kind of member and says no to going back. It ends the open member on the way.
func (w *Writer) enter(s stage) error {
	if w.failed == nil && s < w.stage {
		w.failed = errors.New("the archive's writer was used out of its order")
	}
	if w.failed == nil && s > w.stage {
		w.stage = s
		w.numbers = numberOrder{}
		w.fail(w.end())
	}
	return w.failed
}

func (w *Writer) fail(err error) error {
	if w.failed == nil && err != nil {
		w.failed = fmt.Errorf("write the archive: %w", err)
	}
	return w.failed
}

// end completes the open member, where there is one.
func (w *Writer) end() error {
	for _, open := range []*outMember{w.open, w.facts} {
		if open == nil {
			continue
		}
		m, err := w.out.end(open)
		if err != nil {
			return err
		}
		w.manifest.Members = append(w.manifest.Members, m)
		w.manifest.Rows += m.Rows
	}
	w.open, w.facts, w.messages = nil, nil, nil
	return nil
}

// begin ends the open member and starts the next; the first line says what its lines hold.
func (w *Writer) begin(name string, first []byte) error {
	if err := w.end(); err != nil {
		return err
	}
	var err error
	if w.open, err = w.out.begin(name); err != nil {
		return err
	}
	return w.open.write(first)
}

// Room says in which room the messages that follow stand. Rooms come in the order of their numbers; one
// without messages leaves no trace.
func (w *Writer) Room(r Room) error {
	if err := w.enter(inMessages); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return w.fail(fmt.Errorf("room %d: %w", r.ID, err))
	}
	if w.hasRoom && r.ID <= w.room.ID {
		return w.fail(&RowError{messagesTable, fmt.Sprintf("channelId %d", r.ID), ErrOrder})
	}
	if w.messages != nil && w.open.Size >= roomsTogether {
		if err := w.end(); err != nil {
			return w.fail(err)
		}
	}
	w.room, w.hasRoom, w.hasChat = r, true, false
	return nil
}

// Message writes a message of the room; they come in the order of their chatId.
func (w *Writer) Message(m Message) error {
	if err := w.enter(inMessages); err != nil {
		return err
	}
	named := func(err error) error {
		return w.fail(&RowError{messagesTable, fmt.Sprintf("channelId %d, chatId %d", m.ChannelID, m.ChatID), err})
	}
	switch {
	case !w.hasRoom || m.ChannelID != w.room.ID || (w.hasChat && m.ChatID < w.chatID):
		return named(ErrOrder)
	case w.hasChat && m.ChatID == w.chatID:
		return named(ErrKeyTwice)
	}
	if err := w.message(m); err != nil {
		if w.out.failed != nil {
			return w.fail(err)
		}
		return named(err)
	}
	w.chatID, w.hasChat = m.ChatID, true
	return nil
}

func (w *Writer) message(m Message) error {
	if err := checkNumber("userId", m.UserID); err != nil {
		return err
	}
	if w.messages == nil || w.open.Size >= mostTexts || w.facts.Rows >= mostMessages {
		if err := w.beginMessages(); err != nil {
			return err
		}
	}
	if !w.hasChat {
		w.facts.LastRoom = w.room.ID
		if err := w.messages.begin(w.room); err != nil {
			return err
		}
	}
	if err := w.messages.message(m, w.flushTexts); err != nil {
		return err
	}
	w.facts.Rows++
	if err := w.facts.write(w.messages.facts); err != nil {
		return err
	}
	w.messages.facts = w.messages.facts[:0]
	return w.flushTexts()
}

// flushTexts writes the texts that are ready.
func (w *Writer) flushTexts() error {
	err := w.open.write(w.messages.texts)
	w.messages.texts = w.messages.texts[:0]
	return err
}

// beginMessages starts the next part of the messages.
func (w *Writer) beginMessages() error {
	if err := w.end(); err != nil {
		return err
	}
	n := len(w.manifest.Members)/2 + 1
	if err := w.begin(textsMember(n), nil); err != nil {
		return err
	}
	w.facts, w.messages, w.hasChat = prepare(factsMember(n)), &messageEncoder{}, false
	w.facts.FirstRoom = w.room.ID
	return w.facts.write([]byte(messagesHeader + "\n"))
}

// cut writes all parts of a long value but the last, which it gives back. What is in w.line goes first.
func (w *Writer) cut(column int, value any) (any, error) {
	if err := checkLength(value); err != nil {
		return nil, err
	}
	for {
		var part any
		if part, value = cutValue(value); part == nil {
			return value, nil
		}
		var err error
		if w.line, err = appendPart(w.line, column, part); err != nil {
			return nil, err
		}
		if err = w.open.write(w.line); err != nil {
			return nil, err
		}
		w.line = w.line[:0]
	}
}

// Table says of which table the rows are that follow: one of the schema that is not tblChat, and that the
// schema lists after the one before.
func (w *Writer) Table(name string) error {
	if err := w.enter(inTables); err != nil {
		return err
	}
	if err := w.end(); err != nil {
		return w.fail(err)
	}
	w.table = nil
	for i, t := range w.tables {
		if t.Name == name && name != messagesTable {
			w.table, w.tables = newRowCheck(t), w.tables[i+1:]
			w.keys = newKeySet(w.table, 0)
			return nil
		}
	}
	return w.fail(fmt.Errorf("table %q: it is none of the schema, or its turn is over", name))
}

// Row writes a row of the table, with a value for each column in the published order. Rows of a table
// whose key is numbers come in the order of the key.
func (w *Writer) Row(values []any) error {
	if err := w.enter(inTables); err != nil {
		return err
	}
	if w.table == nil {
		return w.fail(errors.New("a row came before its table"))
	}
	err := w.table.check(values)
	if err == nil {
		err = w.keys.add(values)
	}
	if err != nil {
		return w.fail(rowError(w.table.table, values, err))
	}
	if err := w.unique(w.table.table.Name, values); err != nil {
		return w.fail(err)
	}
	if w.open == nil {
		name := w.table.table.Name
		if err := w.begin(tableMember(name), header(w.table.table.ColumnNames())); err != nil {
			return w.fail(err)
		}
	}
	return w.fail(w.row(values))
}

// unique refuses a node or principal with the GUID of another one; the GUID is the second value.
func (w *Writer) unique(table string, values []any) error {
	set := &w.nodeGUIDs
	switch table {
	case "tblNode", nodesMember:
		table = "tblNode"
	case "tblPrincipal", principalsMember:
		table, set = "tblPrincipal", &w.principalGUIDs
	default:
		return nil
	}
	number := values[0].(int64)
	if other, twice := set.add(number, values[1]); twice {
		t, _ := schema.Lookup(table)
		return &RowError{table, fmt.Sprintf("%s %s of %s %d and %d", t.Columns[1].Name, values[1], t.Columns[0].Name, other, number), ErrKeyTwice}
	}
	return nil
}

// row writes one line of a table or of references.
func (w *Writer) row(values []any) error {
	w.line = w.line[:0]
	short := make([]any, len(values))
	for i, value := range values {
		var err error
		if short[i], err = w.cut(i, value); err != nil {
			return err
		}
	}
	var err error
	if w.line, err = appendRow(w.line, short); err != nil {
		return err
	}
	w.open.Rows++
	return w.open.write(w.line)
}

// appendRow writes the line of a row whose values are short enough for it.
func appendRow(to []byte, values []any) ([]byte, error) {
	separator := byte('[')
	for _, value := range values {
		var err error
		if to, err = appendValue(append(to, separator), value); err != nil {
			return nil, err
		}
		separator = ','
	}
	return append(to, "]\n"...), nil
}

// File writes a file that was uploaded to a room. Files come in the order of the rooms' GUIDs, and within
// a room of their names, both compared byte by byte. The name is that of the file alone: one that no
// folder of Windows could hold is an error that wraps ErrFileName, and changes nothing.
func (w *Writer) File(roomGUID, name string, modTime time.Time, content io.Reader) error {
	if err := w.enter(inFiles); err != nil {
		return err
	}
	if err := checkFile(roomGUID, name); err != nil {
		return err
	}
	if roomGUID < w.fileRoom || (roomGUID == w.fileRoom && name <= w.fileName) {
		return w.fail(fmt.Errorf("file %q of room %s: %w", name, roomGUID, errOrder))
	}
	w.files++
	w.fileRoom, w.fileName = roomGUID, name
	return w.fail(w.file(roomGUID, name, modTime, content))
}

func (w *Writer) file(roomGUID, name string, modTime time.Time, content io.Reader) error {
	if err := w.begin(fileMember(roomGUID, w.files, name), nil); err != nil {
		return err
	}
	w.open.File = &FileInfo{Name: text(name), ModTime: formatFileTime(modTime)}
	w.open.Rows = 1
	buffer := make([]byte, 128<<10)
	for {
		n, err := content.Read(buffer)
		if writeErr := w.open.write(buffer[:n]); writeErr != nil {
			return writeErr
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %q of room %s: %w", name, roomGUID, err)
		}
	}
}

// Node says what the number of a category or room stands for that rows refer to and that does not travel
// itself. Numbers come in their order.
func (w *Writer) Node(n NodeReference) error {
	return w.reference(inNodes, nodesMember, n.ID, n.row())
}

// Principal says what the number of a principal stands for that rows refer to and that does not travel
// itself. Numbers come in their order.
func (w *Writer) Principal(p PrincipalReference) error {
	return w.reference(inPrincipals, principalsMember, p.ID, p.row())
}

func (w *Writer) reference(s stage, member string, number int64, row []any) error {
	if err := w.enter(s); err != nil {
		return err
	}
	check := referenceTables[member]
	err := w.numbers.next(number)
	if err == nil {
		err = check.check(row)
	}
	if err == nil {
		err = w.unique(member, row)
	}
	if err == nil && w.open == nil {
		err = w.begin(member, header(check.columns()))
	}
	if err == nil {
		err = w.row(row)
	}
	if err != nil {
		return w.fail(fmt.Errorf("%s, number %d: %w", member, number, err))
	}
	return nil
}

// FilesNotIn says how many messages link to an uploaded file that is not in the archive.
func (w *Writer) FilesNotIn(messages int64) { w.manifest.FilesNotIn = messages }

// Close completes the archive and gives its manifest. Nothing that failed before is completed.
func (w *Writer) Close() (Manifest, error) {
	if err := w.enter(closed); err != nil {
		return Manifest{}, err
	}
	encoded, err := w.manifest.encode()
	if err == nil {
		err = w.out.finish(encoded)
	}
	if err != nil {
		return Manifest{}, w.fail(err)
	}
	w.failed = errors.New("the archive is complete")
	return w.manifest, nil
}

// header gives the first line of a member with rows: the names of the columns, which need no escapes.
func header(columns []string) []byte {
	return []byte(`["` + strings.Join(columns, `","`) + "\"]\n")
}
