package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"csbackup/internal/chat/schema"
)

// given is an error of the function that was given, which goes back as it is.
type given struct{ error }

// explain turns what went wrong with a member into the error that is shown.
func (a *Archive) explain(c *content, line int64, err error) error {
	var own given
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	case c.ctx.Err() != nil && errors.Is(err, c.ctx.Err()):
		return err
	case c.packed.failed != nil:
		return unreadable(a.target, c.packed.failed)
	case line > 0:
		return damaged(a.target, fmt.Sprintf("%s, line %d", c.member.Name, line), err)
	}
	return damaged(a.target, c.member.Name, err)
}

// call gives the function's error the mark that tells it from an error of the archive.
func call(err error) error {
	if err != nil {
		return given{err}
	}
	return nil
}

// find gives the place of the member of that name, -1 where it is not there.
func (a *Archive) find(name string) int {
	return slices.IndexFunc(a.manifest.Members, func(m Member) bool { return m.Name == name })
}

// Rows gives all rows of a table in their order, each with a value for every column that the schema
// publishes; none where the table did not travel or was empty. A row belongs to fn. An error of fn ends it and is returned as it
// is. What is read is proven as far as it goes; the sums of the member are proven at its end.
func (a *Archive) Rows(ctx context.Context, table string, fn func(row []any) error) error {
	t, ok := schema.Lookup(table)
	if !ok {
		return fmt.Errorf("there is no table %q", table)
	}
	check := newRowCheck(t)
	return a.rows(ctx, tableMember(table), t.Columns, func(row []any) error {
		if err := check.check(row); err != nil {
			return err
		}
		return call(fn(row))
	})
}

// Nodes gives what the nodeIDs stand for that rows refer to and that are not in tblNode's rows.
func (a *Archive) Nodes(ctx context.Context, fn func(NodeReference) error) error {
	return a.references(ctx, nodesMember, func(row []any) error { return fn(nodeReference(row)) })
}

// Principals gives what the prinIDs stand for that rows refer to and that are not in tblPrincipal's rows.
func (a *Archive) Principals(ctx context.Context, fn func(PrincipalReference) error) error {
	return a.references(ctx, principalsMember, func(row []any) error { return fn(principalReference(row)) })
}

func (a *Archive) references(ctx context.Context, member string, fn func(row []any) error) error {
	table, order := referenceTables[member], numberOrder{}
	return a.rows(ctx, member, table, func(row []any) error {
		if err := table.check(row); err != nil {
			return err
		}
		if err := order.next(row[0].(int64)); err != nil {
			return err
		}
		return call(fn(row))
	})
}

func (a *Archive) rows(ctx context.Context, member string, columns []schema.Column, fn func(row []any) error) error {
	n := a.find(member)
	if n < 0 {
		return ctx.Err()
	}
	c := a.content(ctx, n)
	l := lines{from: c}
	err := readRows(&l, c.member.Rows, columns, false, fn)
	return a.explain(c, l.number, err)
}

// readRows reads the lines of a table. In a proof the values that had parts are only their ends, and the
// row is used again.
func readRows(l *lines, rows int64, columns []schema.Column, proof bool, fn func(row []any) error) error {
	d := rowDecoder{columns: columns, parts: parts{proof: proof}}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
		d.parts.long = append(d.parts.long, c.Length == 0 && (c.Type == schema.NVarChar || c.Type == schema.VarChar || c.Type == schema.Image))
	}
	first, err := l.next()
	if err == io.EOF || (err == nil && string(first)+"\n" != string(header(names))) {
		return errors.New("its first line does not name the columns of the schema")
	}
	for err == nil {
		var text []byte
		if text, err = l.next(); err != nil {
			break
		}
		var row []any
		if row, err = d.read(text); err == nil && row != nil {
			rows--
			err = fn(row)
		}
	}
	switch {
	case err != io.EOF:
		return err
	case d.parts.waiting():
		return errors.New("a row is missing at its end")
	case rows != 0:
		return errors.New("it has other rows than the manifest says")
	}
	return nil
}

type rowDecoder struct {
	columns []schema.Column
	parts   parts
	line    line
	again   []any // the row of a proof
}

// read takes one line and gives the row, nil for the part of a value.
func (d *rowDecoder) read(text []byte) ([]any, error) {
	l := &d.line
	l.text, l.at = text, 0
	if l.take(`{"column":`) {
		return nil, d.parts.read(l)
	}
	row := d.again[:0]
	if cap(row) < len(d.columns) {
		row = make([]any, 0, len(d.columns))
	}
	if d.parts.proof {
		d.again = row
	}
	separator := "["
	for i := range d.columns {
		if !l.take(separator) {
			return nil, errLine
		}
		value, err := l.value()
		if err == nil {
			value, err = d.parts.join(i, value)
		}
		if err != nil {
			return nil, err
		}
		row = append(row, value)
		separator = ","
	}
	if !l.take("]") || !l.end() {
		return nil, errLine
	}
	return row, d.parts.none()
}

// Messages gives the messages of all rooms for which wants says yes; nil wants all. The function room is
// called before the first message of each of them, in the order of their numbers. Errors of the functions
// end it and are returned as they are.
func (a *Archive) Messages(ctx context.Context, wants func(Room) bool, room func(Room) error, message func(Message) error) error {
	r := roomReader{wants: wants, room: room, message: message}
	for n, m := range a.manifest.Members {
		if m.isFacts() {
			p := a.messages(ctx, n)
			if err := p.explain(r.read(p)); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// messagePart is one part of the messages: two members that are read side by side.
type messagePart struct {
	archive      *Archive
	facts, texts *content
	factLines    lines
	decoder      messageDecoder
	textLines    lines
}

// messages opens the part whose facts are the n-th member.
func (a *Archive) messages(ctx context.Context, n int) *messagePart {
	p := &messagePart{archive: a, facts: a.content(ctx, n), texts: a.content(ctx, n-1)}
	p.factLines, p.textLines = lines{from: p.facts}, lines{from: p.texts}
	p.decoder.texts = &p.textLines
	return p
}

// explain turns what went wrong into the error that is shown.
func (p *messagePart) explain(err error) error {
	if err == nil || p.texts.failed == nil {
		return p.archive.explain(p.facts, p.factLines.number, err)
	}
	return p.archive.explain(p.texts, p.textLines.number, err)
}

// roomReader carries rooms over from one part of the messages to the next.
type roomReader struct {
	wants   func(Room) bool
	room    func(Room) error
	message func(Message) error
	last    Room
	any     bool
	wanted  bool
}

func (r *roomReader) read(p *messagePart) error {
	return readMessages(&p.factLines, p.facts.member, &p.decoder, func(room Room) error {
		p.decoder.proof = !r.wanted
		switch {
		case r.any && room.ID < r.last.ID, r.any && room.ID == r.last.ID && room != r.last:
			return errOrder
		case r.any && room.ID == r.last.ID:
			return nil
		}
		r.last, r.any = room, true
		r.wanted = r.wants == nil || r.wants(room)
		p.decoder.proof = !r.wanted
		if !r.wanted {
			return nil
		}
		return call(r.room(room))
	}, func(one *Message) error {
		if !r.wanted {
			return nil
		}
		return call(r.message(*one))
	})
}

// Files gives all uploaded files in their order. The content is proven at its end: what came of it
// counts only when reading it ended with io.EOF. Content that fn leaves unread is passed over.
func (a *Archive) Files(ctx context.Context, fn func(roomGUID, name string, modTime time.Time, size int64, content io.Reader) error) error {
	for n, m := range a.manifest.Members {
		if m.File == nil {
			continue
		}
		modTime, err := parseFileTime(m.File.ModTime)
		if err != nil {
			return err
		}
		c := a.content(ctx, n)
		room := m.Name[len(filesFolder) : len(filesFolder)+36]
		if err := fn(room, string(m.File.Name), modTime, m.Size, fileReader{a, c}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// fileReader gives the content of a file with the errors that are shown.
type fileReader struct {
	archive *Archive
	content *content
}

// Read gives content.
func (r fileReader) Read(b []byte) (int, error) {
	n, err := r.content.Read(b)
	if err == io.EOF {
		return n, err
	}
	return n, r.archive.explain(r.content, 0, err)
}
