package archive

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// FuzzOpen holds that any file at all is either proven or refused.
func FuzzOpen(f *testing.F) {
	f.Add(forge(f, whole, nil))
	names, err := filepath.Glob(filepath.Join("testdata", "hostile", "*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := examine(b); err != nil && failure.ExitCode(err) != failure.ExitDamaged {
			t.Fatal(err)
		}
	})
}

// FuzzManifest holds that what is accepted for a manifest is what is written again.
func FuzzManifest(f *testing.F) {
	b := forge(f, whole, nil)
	a, err := Open(bytes.NewReader(b), int64(len(b)), "")
	if err != nil {
		f.Fatal(err)
	}
	text, err := a.manifest.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(`{"format":"` + Format + `","version":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseManifest("", []byte(text))
		if err == nil {
			err = checkMembers(&m)
		} else if failure.ExitCode(err) != failure.ExitDamaged {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		if again, err := m.encode(); err != nil || string(again) != text {
			t.Fatalf("%s, %v", again, err)
		}
	})
}

// plainPart is a part of the messages that is not compressed.
func plainPart(factText, textText string, proof bool) *messagePart {
	p := &messagePart{archive: &Archive{}, factLines: lines{from: strings.NewReader(factText)}, textLines: lines{from: strings.NewReader(textText)}}
	p.decoder.texts, p.decoder.proof = &p.textLines, proof
	return p
}

// FuzzMessages holds that a proof and a reader accept the same messages, and that a writer writes them so
// that they are read again alike.
func FuzzMessages(f *testing.F) {
	f.Add(oneFact.content, oneText.content)
	f.Add(messagesHeader+"\n"+room7+`{"rtf":1,"line":"\\par ","before":"{\\rtf1 ","after":"}"}`+"\n{\"chatId\":5}\n[635.0000001,3,\"1\",true]\n[-1,4,{\"lines\":1}]\n[0,null]\n", "a\\tb\\ud800\nc\nd\ne\n")
	f.Fuzz(func(t *testing.T, factText, textText string) {
		var read [2][]Message
		var rooms []Room
		var results [2]error
		for i, proof := range []bool{true, false} {
			p := plainPart(factText, textText, proof)
			rooms = nil
			results[i] = readMessages(&p.factLines, Member{Rows: int64(strings.Count(factText, "\n[")), FirstRoom: 7, LastRoom: 7}, &p.decoder, func(r Room) error {
				rooms = append(rooms, r)
				return nil
			}, func(m *Message) error {
				read[i] = append(read[i], *m)
				return nil
			})
		}
		if (results[0] == nil) != (results[1] == nil) || len(read[0]) != len(read[1]) {
			t.Fatalf("a proof says %v, a reader %v", results[0], results[1])
		}
		if results[0] != nil {
			return
		}
		e := messageEncoder{}
		for _, r := range rooms {
			if err := e.begin(r); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range read[1] {
			if err := e.message(m, func() error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		p := plainPart(messagesHeader+"\n"+string(e.facts), string(e.texts), false)
		var again []Message
		err := readMessages(&p.factLines, Member{Rows: int64(len(read[1])), FirstRoom: 7, LastRoom: 7}, &p.decoder, func(Room) error { return nil }, func(m *Message) error {
			again = append(again, *m)
			return nil
		})
		if err != nil || len(again) != len(read[1]) {
			t.Fatalf("written again there are %d messages of %d, %v", len(again), len(read[1]), err)
		}
		for i := range again {
			if again[i] != read[1][i] {
				t.Fatalf("message %d is %+v, was %+v", i, again[i], read[1][i])
			}
		}
	})
}

// FuzzRows holds that rows that are accepted are written again as they were.
func FuzzRows(f *testing.F) {
	tables := append(schema.Tables(schema.Chat), schema.Tables(schema.Compliance)...)
	for i, t := range tables {
		row := make([]any, len(t.Columns))
		text, err := appendRow(nil, row)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), string(text))
	}
	f.Add(byte(0), `[1,"a\u0000\ud800",0,1]`+"\n")
	f.Add(byte(2), `["`+guid1+`","x",{"base64":"AAEC"},"2018-01-02 03:04:05.0000007",null]`+"\n")
	f.Fuzz(func(t *testing.T, which byte, text string) {
		s := tables[int(which)%len(tables)]
		check := newRowCheck(s)
		var again []byte
		l := lines{from: strings.NewReader(string(header(s.ColumnNames())) + text)}
		err := readRows(&l, int64(strings.Count(text, "\n")), s.Columns, false, func(row []any) error {
			if err := check.check(row); err != nil {
				return err
			}
			var err error
			again, err = appendRow(again, row)
			return err
		})
		if err == nil && string(again) != text {
			t.Fatalf("written again it is %q", again)
		}
	})
}

// FuzzReferences holds that references that are accepted are given as they were written.
func FuzzReferences(f *testing.F) {
	f.Add(true, `[7,"`+guid1+`","room",0,1]`+"\n[8,null,null,null,null]\n")
	f.Add(false, `[3,"`+guid1+`","sip:a@contoso.com"]`+"\n")
	f.Fuzz(func(t *testing.T, ofNodes bool, text string) {
		rows := int64(strings.Count(text, "\n"))
		member := principals(rows, text)
		if ofNodes {
			member = nodes(rows, text)
		}
		b := forge(t, []forged{member}, nil)
		a, err := Open(bytes.NewReader(b), int64(len(b)), "a.zip")
		if err != nil {
			if failure.ExitCode(err) != failure.ExitDamaged {
				t.Fatal(err)
			}
			return
		}
		var again []byte
		keep := func(row []any) (err error) {
			again, err = appendRow(again, row)
			return err
		}
		err = errors.Join(
			a.Nodes(context.Background(), func(n NodeReference) error { return keep(n.row()) }),
			a.Principals(context.Background(), func(p PrincipalReference) error { return keep(p.row()) }))
		if err == nil && string(again) != text {
			t.Fatalf("written again it is %q", again)
		}
	})
}

// FuzzText holds that what a text is written as is read as that text, in both forms, and that a text which
// is no WTF-8 is refused.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", "a", "\x00\t\"\\", "é\U0001F600", "\xed\xa0\x80x\xed\xb0\x80", "\xed\xa0\x80\xed\xb0\x80", "\xff"} {
		f.Add(text)
	}
	valid := schema.Column{Type: schema.NVarChar}
	f.Fuzz(func(t *testing.T, text string) {
		quoted, err := appendText(nil, text)
		if (err == nil) != (valid.Check(text) == nil) {
			t.Fatalf("writing says %v, the schema %v", err, valid.Check(text))
		}
		if err != nil {
			return
		}
		l := line{text: quoted}
		if got, err := l.string(); err != nil || got != text || !l.end() {
			t.Fatalf("%q, %v", got, err)
		}
		plain, err := appendEscapes(nil, text, 0)
		if err != nil || bytes.ContainsAny(plain, "\r\n") {
			t.Fatalf("%q, %v", plain, err)
		}
		l = line{text: plain}
		if got, err := l.plain(); err != nil || got != text || !l.end() {
			t.Fatalf("%q, %v", got, err)
		}
		l = line{text: plain}
		if size, err := l.skipPlain(); err != nil || size != len(text) {
			t.Fatalf("%d, %v", size, err)
		}
	})
}
