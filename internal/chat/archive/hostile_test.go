package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/schema"
	"csbackup/internal/failure"
)

// forged is a member that is put together by hand.
type forged struct {
	Member
	content string
}

// forge makes an archive out of members, with sums that are right. Edit may change the manifest before it is written.
func forge(t testing.TB, members []forged, edit func(*Manifest)) []byte {
	t.Helper()
	var b bytes.Buffer
	o := output{to: &b}
	m := Manifest{Format: Format, Version: Version, About: About{Schema: schema.Chat, Scope: []Node{}}, Members: []Member{}}
	for _, f := range members {
		open, err := o.begin(f.Name)
		if err == nil {
			open.Member = f.Member
			err = open.write([]byte(f.content))
		}
		if err != nil {
			t.Fatal(err)
		}
		member, err := o.end(open)
		if err != nil {
			t.Fatal(err)
		}
		m.Members = append(m.Members, member)
		m.Rows += member.Rows
	}
	if edit != nil {
		edit(&m)
	}
	text, err := m.encode()
	if err == nil {
		err = o.finish(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	guid1 = "00000000-0000-0000-0000-000000000001"
	guid2 = "00000000-0000-0000-0000-000000000002"
)

// The members of a small archive that is whole.
func texts(content string) forged {
	return forged{Member{Name: textsMember(1)}, content}
}

func facts(rows int64, content string) forged {
	return forged{Member{Name: factsMember(1), Rows: rows, FirstRoom: 7, LastRoom: 7}, messagesHeader + "\n" + content}
}

func nodes(rows int64, content string) forged {
	return forged{Member{Name: nodesMember, Rows: rows}, string(header(referenceTables[nodesMember].columns())) + content}
}

func principals(rows int64, content string) forged {
	return forged{Member{Name: principalsMember, Rows: rows}, string(header(referenceTables[principalsMember].columns())) + content}
}

func rowsOf(table string, rows int64, content string) forged {
	s, _ := schema.Lookup(table)
	return forged{Member{Name: "tables/" + table + ".jsonl", Rows: rows}, string(header(s.ColumnNames())) + content}
}

func uploaded(number int, name string) forged {
	return forged{Member{Name: fileMember(guid1, number, name), Rows: 1, File: &FileInfo{Name: text(name), ModTime: "2018-01-02 03:04:05"}}, "content"}
}

var (
	room7       = `{"room":7,"guid":"` + guid1 + `","name":"room"}` + "\n"
	node7       = nodes(1, `[7,"`+guid1+`","room",0,null]`+"\n")
	principal3  = principals(1, `[3,"`+guid1+`","sip:a@contoso.com"]`+"\n")
	oneText     = texts("hello\n")
	oneFact     = facts(1, room7+"[63650000000,3]\n")
	whole       = []forged{oneText, oneFact, rowsOf("tblLastInviteId", 2, "[3,1]\n[4,2]\n"), uploaded(1, "a.txt"), node7, principals(2, `[3,"`+guid1+`","sip:a@contoso.com"]`+"\n"+`[4,null,null]`+"\n")}
	withMessage = func(texts, facts forged) []forged { return []forged{texts, facts, node7, principal3} }
)

// examine reads everything about a file in every way, and gives the first error.
func examine(b []byte) error {
	a, err := Open(bytes.NewReader(b), int64(len(b)), "hostile.zip")
	if err != nil {
		return err
	}
	_, err = a.Verify(context.Background(), nil)
	return err
}

// refused fails unless the file is refused as it should be, within bounded memory.
func refused(t *testing.T, b []byte, ids ...failure.ID) {
	t.Helper()
	const most = 200 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := examine(b)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > most {
		t.Errorf("it took %d MiB to refuse it", used>>20)
	}
	if len(ids) == 0 {
		ids = []failure.ID{failure.ArchiveDamaged}
	}
	for _, id := range ids {
		if failure.IsID(err, id) {
			if failure.ExitCode(err) != failure.ExitDamaged || failure.Of(err).Hint == "" {
				t.Errorf("%v has exit code %d and the hint %q", err, failure.ExitCode(err), failure.Of(err).Hint)
			}
			return
		}
	}
	t.Errorf("the answer is %v, and should be one of %s", err, ids)
}

func TestTheForgedArchiveIsWholeBeforeItIsSpoilt(t *testing.T) {
	if err := examine(forge(t, whole, nil)); err != nil {
		t.Fatal(err)
	}
}

func TestP21_NoFlippedBitGoesUnnoticed(t *testing.T) {
	b := forge(t, whole, nil)
	for i := range b {
		for _, bit := range []int{i % 8, (i*3 + 5) % 8} {
			b[i] ^= 1 << bit
			if err := examine(b); failure.ExitCode(err) != failure.ExitDamaged {
				t.Errorf("bit %d of byte %d of %d: %v", bit, i, len(b), err)
			}
			b[i] ^= 1 << bit
		}
	}
}

func TestP21_NoCutAndNoAdditionGoesUnnoticed(t *testing.T) {
	b := forge(t, whole, nil)
	for size := range b {
		if err := examine(b[:size]); failure.ExitCode(err) != failure.ExitDamaged {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
	}
	for what, changed := range map[string][]byte{
		"a byte behind":      append(bytes.Clone(b), 0),
		"a byte before":      append([]byte{0}, b...),
		"itself before":      append(bytes.Clone(b), b...),
		"22 bytes behind":    append(bytes.Clone(b), make([]byte, 22)...),
		"an end record more": append(bytes.Clone(b), b[len(b)-endSize:]...),
	} {
		t.Run(what, func(t *testing.T) { refused(t, changed, failure.ArchiveDamaged, failure.ArchiveForeign) })
	}
}

// TestP21_WhatIsNoLineOfTheFormat spoils one thing at a time; the sums are right.
func TestP21_WhatIsNoLineOfTheFormat(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	high, low := `\ud800`, `\udc00`
	part := strings.Repeat("a", longestPart)
	cases := map[string][]forged{
		"no first line":              withMessage(oneText, forged{oneFact.Member, room7 + "[63650000000,3]\n"}),
		"nothing in it":              withMessage(oneText, forged{oneFact.Member, ""}),
		"last line without end":      withMessage(oneText, facts(1, room7+"[63650000000,3]")),
		"empty line":                 withMessage(oneText, facts(1, room7+"\n[63650000000,3]\n")),
		"space":                      withMessage(oneText, facts(1, room7+"[63650000000, 3]\n")),
		"deep":                       withMessage(oneText, facts(1, room7+deep+"\n")),
		"object deep":                withMessage(oneText, facts(1, room7+strings.Repeat(`{"room":`, 10_000)+"\n")),
		"no room":                    withMessage(oneText, facts(1, "[63650000000,3]\n")),
		"no user":                    withMessage(oneText, facts(1, room7+"[63650000000]\n")),
		"user said twice":            withMessage(texts("a\nb\n"), facts(2, room7+"[1,3]\n[1,3]\n")),
		"user out of range":          withMessage(oneText, facts(1, room7+"[63650000000,3000000000]\n")),
		"user beyond 64 bits":        withMessage(oneText, facts(1, room7+"[63650000000,99999999999999999999]\n")),
		"date beyond 64 bits":        withMessage(oneText, facts(1, room7+"[999999999999999999999,3]\n")),
		"date with zeros":            withMessage(oneText, facts(1, room7+"[1.50,3]\n")),
		"date with eight digits":     withMessage(oneText, facts(1, room7+"[1.12345678,3]\n")),
		"date as exponent":           withMessage(oneText, facts(1, room7+"[1e5,3]\n")),
		"minus zero":                 withMessage(oneText, facts(1, room7+"[-0,3]\n")),
		"chatId backwards":           withMessage(texts("a\nb\n"), facts(2, room7+"{\"chatId\":5}\n[1,3]\n{\"chatId\":5}\n[1]\n")),
		"chatId needless":            withMessage(oneText, facts(1, room7+"{\"chatId\":1}\n[1,3]\n")),
		"chatId for nothing":         withMessage(oneText, facts(1, room7+"[1,3]\n{\"chatId\":9}\n")),
		"chatId wraps":               withMessage(texts("a\nb\n"), facts(2, room7+"{\"chatId\":9223372036854775807}\n[1,3]\n[1]\n")),
		"room twice":                 withMessage(texts("a\nb\n"), facts(2, room7+"[1,3]\n"+room7+"[1,3]\n")),
		"room without messages":      withMessage(oneText, facts(1, `{"room":6,"guid":null,"name":null}`+"\n"+room7+"[1,3]\n")),
		"room with half a name":      withMessage(oneText, facts(1, `{"room":7,"guid":"`+guid1+`","name":null}`+"\n[1,3]\n")),
		"room with a bad GUID":       withMessage(oneText, facts(1, `{"room":7,"guid":"x","name":"room"}`+"\n[1,3]\n")),
		"room of another GUID":       withMessage(oneText, facts(1, `{"room":7,"guid":"`+guid2+`","name":"room"}`+"\n[1,3]\n")),
		"room that is not a number":  withMessage(oneText, facts(1, `{"room":"7","guid":null,"name":null}`+"\n[1,3]\n")),
		"room out of range":          {oneText, {Member{Name: factsMember(1), Rows: 1, FirstRoom: 1 << 40, LastRoom: 1 << 40}, messagesHeader + "\n" + `{"room":1099511627776,"guid":null,"name":null}` + "\n[1,3]\n"}, node7, principal3},
		"another first room":         {oneText, {Member{Name: factsMember(1), Rows: 1, FirstRoom: 6, LastRoom: 7}, oneFact.content}, node7, principal3},
		"another last room":          {oneText, {Member{Name: factsMember(1), Rows: 1, FirstRoom: 7, LastRoom: 8}, oneFact.content}, node7, principal3},
		"room nobody explains":       {oneText, oneFact, principal3},
		"user nobody explains":       {oneText, oneFact, node7},
		"rule without a message":     withMessage(oneText, facts(1, room7+"[1,3]\n"+`{"rtf":1,"line":"","before":"","after":""}`+"\n")),
		"rule not used":              withMessage(oneText, facts(1, room7+`{"rtf":1,"line":"","before":"","after":""}`+"\n[1,3]\n")),
		"rule that is not there":     withMessage(oneText, facts(1, room7+"[1,3,\"1\"]\n")),
		"rule zero":                  withMessage(oneText, facts(1, room7+"[1,3,\"0\"]\n")),
		"rule out of turn":           withMessage(oneText, facts(1, room7+`{"rtf":2,"line":"","before":"","after":""}`+"\n[1,3,\"2\"]\n")),
		"rule that is long":          withMessage(oneText, facts(1, room7+`{"rtf":1,"line":"","before":"`+part[:longestRule+1]+`","after":""}`+"\n[1,3,\"1\"]\n")),
		"null RTF needless":          withMessage(oneText, facts(1, room7+"[1,3,null]\n")),
		"alert false":                withMessage(oneText, facts(1, room7+"[1,3,false]\n")),
		"fewer texts":                withMessage(texts("a\n"), facts(2, room7+"[1,3]\n[1]\n")),
		"more texts":                 withMessage(texts("a\nb\n"), oneFact),
		"fewer texts than lines":     withMessage(oneText, facts(1, room7+"{\"lines\":2}\n[1,3]\n")),
		"short part":                 withMessage(texts("a\nb\n"), facts(1, room7+"{\"lines\":2}\n[1,3]\n")),
		"empty last part":            withMessage(texts(part+"\n\n"), facts(1, room7+"{\"lines\":2}\n[1,3]\n")),
		"long part":                  withMessage(texts(part+"a\n"), oneFact),
		"one line":                   withMessage(oneText, facts(1, room7+"{\"lines\":1}\n[1,3]\n")),
		"lines beyond all":           withMessage(oneText, facts(1, room7+"{\"lines\":9223372036854775807}\n[1,3]\n")),
		"RTF beyond all":             withMessage(oneText, facts(1, room7+"[1,3,{\"lines\":9223372036854775807}]\n")),
		"RTF in no lines":            withMessage(oneText, facts(1, room7+"[1,3,{\"lines\":0}]\n")),
		"surrogates joined by parts": withMessage(texts(part[:longestPart-3]+high+"\n"+low+"\n"), facts(1, room7+"{\"lines\":2}\n[1,3]\n")),
		"text: pair as escapes":      withMessage(texts(high+low+"\n"), oneFact),
		"text: needless escape":      withMessage(texts(`\u0041`+"\n"), oneFact),
		"text: long escape":          withMessage(texts(`\u000a`+"\n"), oneFact),
		"text: upper-case escape":    withMessage(texts(`\uD800`+"\n"), oneFact),
		"text: unknown escape":       withMessage(texts(`\x`+"\n"), oneFact),
		"text: escaped quote":        withMessage(texts(`\"`+"\n"), oneFact),
		"text: half an escape":       withMessage(texts(`\u00`+"\n"), oneFact),
		"text: lone backslash":       withMessage(texts(`\`+"\n"), oneFact),
		"text: control character":    withMessage(texts("\x01\n"), oneFact),
		"text: carriage return":      withMessage(texts("hello\r\n"), oneFact),
		"text: no UTF-8":             withMessage(texts("\xff\n"), oneFact),
		"text: surrogate in UTF-8":   withMessage(texts("\xed\xa0\x80\n"), oneFact),
		"text: overlong":             withMessage(texts("\xc0\x80\n"), oneFact),
		"table: columns swapped":     {{Member{Name: "tables/tblLastInviteId.jsonl", Rows: 1}, `["lastInviteID","prinID"]` + "\n[1,3]\n"}, principal3},
		"table: value missing":       {rowsOf("tblLastInviteId", 1, "[3]\n"), principal3},
		"table: value more":          {rowsOf("tblLastInviteId", 1, "[3,1,1]\n"), principal3},
		"table: out of range":        {rowsOf("tblLastInviteId", 1, "[3,2147483648]\n"), principal3},
		"table: text for number":     {rowsOf("tblLastInviteId", 1, "[3,\"1\"]\n"), principal3},
		"table: NULL not allowed":    {rowsOf("tblLastInviteId", 1, "[3,null]\n"), principal3},
		"table: float":               {rowsOf("tblLastInviteId", 1, "[3,1.0]\n"), principal3},
		"table: true":                {rowsOf("tblLastInviteId", 1, "[3,true]\n"), principal3},
		"table: deep":                {rowsOf("tblLastInviteId", 1, deep+"\n"), principal3},
		"table: key twice":           {rowsOf("tblLastInviteId", 2, "[3,1]\n[3,2]\n"), principal3},
		"table: text key twice":      {rowsOf("tblConfig", 3, `["a",null,"`+guid1+`"]`+"\n"+`["b",null,"`+guid1+`"]`+"\n"+`["a","b","`+guid2+`"]`+"\n")},
		"table: GUID key twice":      {rowsOf("tblSiopWhiteList", 2, `["`+guid1+`","a","b"]`+"\n"+`["`+guid1+`","c","d"]`+"\n")},
		"table: mixed key twice":     {rowsOf("tblPreference", 3, `["a",1,null,3]`+"\n"+`["a",2,null,3]`+"\n"+`["a",1,"",3]`+"\n"), principal3},
		"table: order":               {rowsOf("tblLastInviteId", 2, "[3,1]\n[2,1]\n"), principals(2, "[2,null,null]\n[3,null,null]\n")},
		"table: nobody explains":     {rowsOf("tblLastInviteId", 1, "[5,1]\n"), principal3},
		"table: fewer rows":          {rowsOf("tblLastInviteId", 2, "[3,1]\n"), principal3},
		"table: more rows":           {rowsOf("tblLastInviteId", 1, "[3,1]\n[4,1]\n"), principals(2, "[3,null,null]\n[4,null,null]\n")},
		"table: text too long":       {rowsOf("tblEnumAttribute", 1, `[1,"`+strings.Repeat("x", 257)+"\"]\n")},
		"table: bad time":            {rowsOf("tblADCookie", 1, `["`+guid1+`",null,null,"2018-02-30 00:00:00",null]`+"\n")},
		"table: bad base64":          {rowsOf("tblADCookie", 1, `["`+guid1+`",null,{"base64":"AB=="},null,null]`+"\n")},
		"table: base64 with a break": {rowsOf("tblADCookie", 1, `["`+guid1+`",null,{"base64":"AAAA\nAAAA"},null,null]`+"\n")},
		"table: upper-case GUID":     {rowsOf("tblADCookie", 1, `["`+strings.ToUpper("aa000000-0000-0000-0000-000000000001")+`",null,null,null,null]`+"\n")},
		"table: part of no column":   {rowsOf("tblConfig", 1, `{"column":9,"part":"`+part+"\"}\n"+`["a","b","`+guid1+`"]`+"\n")},
		"table: part of a short one": {rowsOf("tblConfig", 1, `{"column":0,"part":"`+part+"\"}\n"+`["a","b","`+guid1+`"]`+"\n")},
		"table: part for NULL":       {rowsOf("tblConfig", 1, `{"column":1,"part":"`+part+"\"}\n"+`["a",null,"`+guid1+`"]`+"\n")},
		"table: part of an image":    {rowsOf("tblConfig", 1, `{"column":1,"part":{"base64":"AAAA"}}`+"\n"+`["a","b","`+guid1+`"]`+"\n")},
		"table: part without a row":  {rowsOf("tblConfig", 1, `["a","b","`+guid1+`"]`+"\n"+`{"column":1,"part":"`+part+"\"}\n")},
		"table: not cut":             {rowsOf("tblConfig", 1, `["a","`+part+`a","`+guid1+`"]`+"\n")},
		"reference: twice":           {principals(2, "[3,null,null]\n[3,null,null]\n")},
		"reference: order":           {principals(2, "[4,null,null]\n[3,null,null]\n")},
		"reference: half":            {principals(1, `[3,null,"sip:a@contoso.com"]`+"\n")},
		"reference: out of range":    {principals(1, "[2147483648,null,null]\n")},
		"reference: no URI":          {principals(1, `[3,"`+guid1+`",null]`+"\n")},
		"reference: kind":            {nodes(1, `[7,"`+guid1+`","room",2,null]`+"\n")},
		"reference: GUID twice":      {principals(2, `[3,"`+guid1+`","a"]`+"\n"+`[4,"`+guid1+`","b"]`+"\n")},
	}
	for name, members := range cases {
		t.Run(name, func(t *testing.T) { refused(t, forge(t, members, nil)) })
	}
}

func TestP21_MembersThatDoNotBelong(t *testing.T) {
	link := bytes.Clone(forge(t, whole, nil))
	first := bytes.Index(link, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(link[first+38:], 0o120777<<16)
	badCRC := bytes.Clone(forge(t, whole, nil))
	badCRC[bytes.Index(badCRC, []byte("PK\x07\x08"))+4]++ // in the descriptor and the directory alike
	badCRC[bytes.Index(badCRC, []byte("PK\x01\x02"))+16]++
	member := func(name string) forged { return forged{Member{Name: name, Rows: 1}, "[1]\n"} }
	cases := map[string][]byte{
		"a link":              link,
		"a CRC of other data": badCRC,
		"twice":               forge(t, append([]forged{oneText, oneFact}, oneText, oneFact), nil),
		"a table twice":       forge(t, []forged{rowsOf("tblConfig", 1, ""), rowsOf("tblConfig", 1, "")}, nil),
		"twins by case":       forge(t, []forged{rowsOf("tblConfig", 1, ""), member("tables/TBLCONFIG.jsonl")}, nil),
		"up":                  forge(t, []forged{member("../tables/tblNode.jsonl")}, nil),
		"up from inside":      forge(t, []forged{member("tables/../../tblNode.jsonl")}, nil),
		"absolute":            forge(t, []forged{member("/tables/tblNode.jsonl")}, nil),
		"a drive":             forge(t, []forged{member(`C:\tables\tblNode.jsonl`)}, nil),
		"backslashes":         forge(t, []forged{member(`tables\tblNode.jsonl`)}, nil),
		"a folder":            forge(t, []forged{member("tables/")}, nil),
		"no name":             forge(t, []forged{member("")}, nil),
		"a zero in its name":  forge(t, []forged{member("tables/tblNode.jsonl\x00")}, nil),
		"an archive inside":   forge(t, []forged{{Member{Name: "tables/a.zip", Rows: 1}, string(forge(t, whole, nil))}}, nil),
		"messages as a table": forge(t, []forged{rowsOf("tblChat", 1, "")}, nil),
		"another schema's":    forge(t, []forged{rowsOf("tblComplianceData", 1, "")}, nil),
		"the wrong order":     forge(t, []forged{principal3, node7}, nil),
		"tables in disorder":  forge(t, []forged{rowsOf("tblConfig", 1, ""), rowsOf("tblNode", 1, "")}, nil),
		"texts alone":         forge(t, []forged{oneText, node7}, nil),
		"texts at the end":    forge(t, []forged{oneText}, nil),
		"facts alone":         forge(t, []forged{oneFact, node7}, nil),
		"the second part":     forge(t, []forged{{Member{Name: textsMember(2)}, "hello\n"}, {Member{Name: factsMember(2), Rows: 1}, oneFact.content}}, nil),
		"a manifest more":     forge(t, []forged{member(manifestName)}, nil),
		"file up":             forge(t, []forged{{Member{Name: "files/" + guid1 + "/000001-../../x", Rows: 1, File: &FileInfo{Name: "../../x", ModTime: "2018-01-02 03:04:05"}}, "x"}}, nil),
		"file's name lies":    forge(t, []forged{{uploaded(1, "a.txt").Member, "x"}}, func(m *Manifest) { m.Members[0].File.Name = "b.txt" }),
		"file's time":         forge(t, []forged{uploaded(1, "a.txt")}, func(m *Manifest) { m.Members[0].File.ModTime = "yesterday" }),
		"file without a name": forge(t, []forged{uploaded(1, "a.txt")}, func(m *Manifest) { m.Members[0].File = nil }),
		"files in disorder":   forge(t, []forged{uploaded(1, "b.txt"), uploaded(2, "a.txt")}, nil),
		"file twice":          forge(t, []forged{uploaded(1, "a.txt"), uploaded(2, "a.txt")}, nil),
		"member missing":      forge(t, whole, func(m *Manifest) { m.Members = m.Members[:len(m.Members)-1]; m.Rows -= 2 }),
		"member made up":      forge(t, whole, func(m *Manifest) { m.Members = append(m.Members, m.Members[0]) }),
		"another sum":         forge(t, whole, func(m *Manifest) { m.Members[0].SHA256 = strings.Repeat("0", 64) }),
		"another packed sum":  forge(t, whole, func(m *Manifest) { m.Members[0].PackedSHA256 = strings.Repeat("0", 64) }),
		"no sum":              forge(t, whole, func(m *Manifest) { m.Members[0].SHA256 = "" }),
		"another size":        forge(t, whole, func(m *Manifest) { m.Members[0].Size++ }),
		"a negative size":     forge(t, whole, func(m *Manifest) { m.Members[0].Size = -1 }),
		"an endless size":     forge(t, whole, func(m *Manifest) { m.Members[0].Size = 1 << 62 }),
		"a packed size":       forge(t, whole, func(m *Manifest) { m.Members[0].PackedSize = 1 << 62 }),
		"another sum of rows": forge(t, whole, func(m *Manifest) { m.Rows++ }),
		"endless rows":        forge(t, whole, func(m *Manifest) { m.Members[2].Rows = 1 << 62; m.Members[3].Rows = 1 << 62 }),
		"no such schema":      forge(t, whole, func(m *Manifest) { m.Schema = "other" }),
		"version zero":        forge(t, whole, func(m *Manifest) { m.Version = 0 }),
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) { refused(t, b) })
	}
}

// zipOf puts members behind each other as any program may, and a manifest at the end.
func zipOf(t testing.TB, manifest string, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range append(members, manifestName) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, manifest)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withManifest is a ZIP file in our form with any text for a manifest.
func withManifest(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	o := output{to: &b}
	if err := o.finish([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestP21_ManifestsThatAreNotOurs(t *testing.T) {
	good, err := Manifest{Format: Format, Version: Version, About: About{Schema: schema.Chat, Scope: []Node{}}}.encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := examine(withManifest(t, string(good))); err != nil {
		t.Fatalf("an archive without rows: %v", err)
	}
	change := func(from, to string) string {
		changed := strings.Replace(string(good), from, to, 1)
		if changed == string(good) {
			t.Fatalf("there is no %s in the manifest", from)
		}
		return changed
	}
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	for name, c := range map[string]struct {
		text string
		id   failure.ID
	}{
		"newer":                {change(`"version": 1`, `"version": 2`), failure.ArchiveNewer},
		"much newer":           {`{"format":"` + Format + `","version":99,"all":{"is":["new"]}}`, failure.ArchiveNewer},
		"version out of range": {change(`"version": 1`, `"version": 1e400`), failure.ArchiveDamaged},
		"version as text":      {change(`"version": 1`, `"version": "x"`), failure.ArchiveDamaged},
		"version of half":      {change(`"version": 1`, `"version": 1.5`), failure.ArchiveDamaged},
		"version negative":     {change(`"version": 1`, `"version": -1`), failure.ArchiveDamaged},
		"no version":           {`{"format":"` + Format + `"}`, failure.ArchiveForeign},
		"another format":       {change(Format, "other"), failure.ArchiveForeign},
		"of a browser":         {`{"manifest_version":3,"name":"an extension","version":"1.0"}`, failure.ArchiveForeign},
		"an array":             {"[]", failure.ArchiveDamaged},
		"nothing":              {"", failure.ArchiveDamaged},
		"no JSON":              {"<manifest/>", failure.ArchiveDamaged},
		"deep":                 {deep, failure.ArchiveForeign},
		"deep inside":          {change(`"rows": 0`, `"rows": `+deep), failure.ArchiveDamaged},
		"more than one":        {string(good) + string(good), failure.ArchiveDamaged},
		"a key more":           {change(`"rows": 0`, `"rows": 0, "more": 1`), failure.ArchiveDamaged},
		"a key twice":          {change(`"rows": 0`, `"rows": 0, "rows": 0`), failure.ArchiveDamaged},
		"a key in capitals":    {change(`"rows": 0`, `"ROWS": 0`), failure.ArchiveDamaged},
		"a space more":         {change(`"rows": 0`, `"rows":  0`), failure.ArchiveDamaged},
		"members null":         {change("[\n ]", "null"), failure.ArchiveDamaged},
		"no UTF-8":             {change(`"source": ""`, "\"source\": \"\xff\""), failure.ArchiveDamaged},
	} {
		t.Run(name, func(t *testing.T) { refused(t, withManifest(t, c.text), c.id) })
	}
}

func TestP21_FilesOfOtherPrograms(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty":              {},
		"a byte":             {'P'},
		"text":               []byte("This is no archive.\n"),
		"a picture":          []byte("\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 500)),
		"zeros":              make([]byte, 100_000),
		"an empty zip":       append([]byte("PK\x05\x06"), make([]byte, 18)...),
		"a zip":              zipOf(t, "{}", "a.txt", "b/c.txt"),
		"an extension":       zipOf(t, `{"manifest_version":3}`, "popup.html"),
		"half a zip":         zipOf(t, "{}", "a.txt")[:60],
		"the original's zip": zipOf(t, "<x/>", "export.xml"),
	} {
		t.Run(name, func(t *testing.T) { refused(t, b, failure.ArchiveForeign) })
	}
	// What another tool packed again is ours by its manifest and damaged by its structure.
	t.Run("packed again", func(t *testing.T) {
		good, err := Manifest{Format: Format, Version: Version, About: About{Schema: schema.Chat, Scope: []Node{}}}.encode()
		if err != nil {
			t.Fatal(err)
		}
		refused(t, zipOf(t, string(good), textsMember(1)), failure.ArchiveDamaged, failure.ArchiveForeign)
	})
}

// bomb is a member that was compressed as far as deflate goes.
func bomb(t testing.TB, size int64) (packed []byte, crc uint32) {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	sum := crc32.NewIEEE()
	if err == nil {
		_, err = io.CopyN(io.MultiWriter(w, sum), repeated('\n'), size)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sum.Sum32()
}

// repeated gives one byte without end.
type repeated byte

func (r repeated) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r)
	}
	return len(b), nil
}

// withBomb is an archive with a member that grows, and that says of itself whatever size it is given.
func withBomb(t testing.TB, packed []byte, crc uint32, claimed int64, overlapping bool) []byte {
	t.Helper()
	var b bytes.Buffer
	o := output{to: &b}
	name := "tables/tblConfig.jsonl"
	sum := strings.Repeat("ab", 32)
	member := Member{Name: name, Rows: 1, Size: claimed, SHA256: sum, PackedSize: int64(len(packed)), PackedSHA256: sum}
	if err := o.start(name); err != nil {
		t.Fatal(err)
	}
	b.Write(packed)
	o.offset += uint64(len(packed))
	e := &o.entries[0]
	e.crc, e.packed, e.size = crc, uint64(len(packed)), uint64(claimed)
	if _, err := o.Write(e.descriptor()); err != nil {
		t.Fatal(err)
	}
	m := Manifest{Format: Format, Version: Version, About: About{Schema: schema.Chat, Scope: []Node{}}, Rows: 1, Members: []Member{member}}
	if overlapping {
		again := *e
		again.name = "tables/tblNode.jsonl"
		o.entries = []entry{again, *e}
		first := member
		first.Name = again.name
		m.Members, m.Rows = []Member{first, member}, 2
	}
	text, err := m.encode()
	if err == nil {
		err = o.finish(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestP21_Bombs(t *testing.T) {
	const size = 64 << 20
	packed, crc := bomb(t, size)
	t.Run("flat", func(t *testing.T) { refused(t, withBomb(t, packed, crc, size, false)) })
	t.Run("flat, lying", func(t *testing.T) { refused(t, withBomb(t, packed, crc, 1000, false)) })
	t.Run("flat, lying as far as allowed", func(t *testing.T) {
		refused(t, withBomb(t, packed, crc, 128*int64(len(packed)), false))
	})
	t.Run("overlapping", func(t *testing.T) { refused(t, withBomb(t, packed, crc, 128*int64(len(packed)), true)) })
	t.Run("nested", func(t *testing.T) {
		// What was uploaded is never unpacked, so an archive inside is a file like any other.
		inner := withBomb(t, packed, crc, size, false)
		outer := forge(t, []forged{{uploaded(1, "bomb.zip").Member, string(inner)}}, nil)
		if err := examine(outer); err != nil {
			t.Error(err)
		}
	})
}

// hole is a file that is too large to be, and counts what is read of it.
type hole struct {
	size int64
	tail []byte
	read int64
}

func (h *hole) ReadAt(b []byte, at int64) (int, error) {
	h.read += int64(len(b))
	clear(b)
	if from := h.size - int64(len(h.tail)); at+int64(len(b)) > from {
		for i := range b {
			if p := at + int64(i) - from; p >= 0 && p < int64(len(h.tail)) {
				b[i] = h.tail[p]
			}
		}
	}
	return len(b), nil
}

func TestP21_AManifestOfAGibibyteIsNotRead(t *testing.T) {
	for name, length := range map[string]int64{"1 GiB": 1 << 30, "just too long": maxManifest + 1} {
		e := entry{name: manifestName, stored: true, packed: uint64(length), size: uint64(length)}
		central := e.central()
		h := &hole{size: int64(e.end()) + int64(len(central)) + endSize}
		h.tail = append(central, directoryEnd(1, e.end(), uint64(len(central)))...)
		_, err := Open(h, h.size, "hostile.zip")
		if failure.ExitCode(err) != failure.ExitDamaged {
			t.Errorf("%s: %v", name, err)
		}
		if h.read > 1<<20 {
			t.Errorf("%s: %d bytes were read", name, h.read)
		}
	}
}

func TestP21_ADirectoryThatNeverEndsIsNotRead(t *testing.T) {
	h := &hole{size: 1 << 40}
	h.tail = directoryEnd(1<<40, 1<<39, 1<<39-endSize-end64Size-locator64Size)
	_, err := Open(h, h.size, "hostile.zip")
	if failure.ExitCode(err) != failure.ExitDamaged || h.read > 1<<20 {
		t.Errorf("%v, after %d bytes", err, h.read)
	}
}

// broken is a disk that fails behind a point.
type broken struct {
	io.ReaderAt
	from int64
}

var errDisk = errors.New("the disk has failed")

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > b.from {
		return 0, errDisk
	}
	return b.ReaderAt.ReadAt(p, at)
}

func TestADiskThatFailsIsNotAnArchiveThatIsDamaged(t *testing.T) {
	b := forge(t, whole, nil)
	if _, err := Open(broken{bytes.NewReader(b), 0}, int64(len(b)), "a.zip"); !failure.IsID(err, failure.FileNotReadable) || !errors.Is(err, errDisk) {
		t.Errorf("Open: %v", err)
	}
	a, err := Open(bytes.NewReader(b), int64(len(b)), "a.zip")
	if err != nil {
		t.Fatal(err)
	}
	a.from = broken{a.from, 100}
	if _, err := a.Verify(context.Background(), nil); !failure.IsID(err, failure.FileNotReadable) || !errors.Is(err, errDisk) {
		t.Errorf("Verify: %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.Verify(cancelled, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify after the end of its context: %v", err)
	}
}

var update = flag.Bool("update", false, "write the files in testdata anew")

// TestP21_TheCorpusOfHostileFiles refuses the files in testdata/hostile; what one must be refused as is the
// first word of its name.
func TestP21_TheCorpusOfHostileFiles(t *testing.T) {
	folder := filepath.Join("testdata", "hostile")
	if *update {
		writeCorpus(t, folder)
	}
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(names) < 20 {
		t.Fatalf("there are %d files, %v", len(names), err)
	}
	ids := map[string]failure.ID{"damaged": failure.ArchiveDamaged, "foreign": failure.ArchiveForeign, "newer": failure.ArchiveNewer}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(filepath.Base(name), "-")
			refused(t, b, ids[kind])
		})
	}
}

func writeCorpus(t *testing.T, folder string) {
	t.Helper()
	good := forge(t, whole, nil)
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 4
		return b
	}
	find := func(signature string) int { return bytes.Index(good, []byte(signature)) }
	packed, crc := bomb(t, 8<<20)
	link := bytes.Clone(good)
	binary.LittleEndian.PutUint32(link[find("PK\x01\x02")+38:], 0o120777<<16)
	files := map[string][]byte{
		"damaged-flip-local-header":   flip(10),
		"damaged-flip-content":        flip(len(oneText.Name) + localSize + 3),
		"damaged-flip-descriptor":     flip(find("PK\x07\x08") + 5),
		"damaged-flip-directory":      flip(find("PK\x01\x02") + 20),
		"damaged-flip-manifest":       flip(find(`"format"`) + 60),
		"damaged-cut":                 good[:len(good)-100],
		"damaged-cut-directory":       good[:find("PK\x01\x02")+30],
		"damaged-comment":             append(bytes.Clone(good), []byte("comment")...),
		"damaged-link":                link,
		"damaged-bomb":                withBomb(t, packed, crc, 8<<20, false),
		"damaged-bomb-lying":          withBomb(t, packed, crc, 1000, false),
		"damaged-bomb-overlapping":    withBomb(t, packed, crc, 128*int64(len(packed)), true),
		"damaged-name-up":             forge(t, []forged{{Member{Name: "../x.jsonl", Rows: 1}, "[1]\n"}}, nil),
		"damaged-name-twin":           forge(t, []forged{rowsOf("tblConfig", 1, ""), {Member{Name: "tables/TBLCONFIG.jsonl", Rows: 1}, "[1]\n"}}, nil),
		"damaged-name-twice":          forge(t, []forged{oneText, oneFact, oneText, oneFact}, nil),
		"damaged-member-missing":      forge(t, whole, func(m *Manifest) { m.Members = m.Members[:1]; m.Rows = 0 }),
		"damaged-member-more":         forge(t, whole, func(m *Manifest) { m.Members = append(m.Members, m.Members[0]) }),
		"damaged-number-out-of-range": forge(t, []forged{rowsOf("tblLastInviteId", 1, "[3,2147483648]\n"), principal3}, nil),
		"damaged-deep":                forge(t, []forged{rowsOf("tblLastInviteId", 1, strings.Repeat("[", 10_000)+"\n"), principal3}, nil),
		"damaged-unexplained":         forge(t, []forged{rowsOf("tblLastInviteId", 1, "[5,1]\n"), principal3}, nil),
		"newer-version":               withManifest(t, `{"format":"`+Format+`","version":2,"more":[]}`),
		"foreign-empty":               {},
		"foreign-text":                []byte("This is no archive.\n"),
		"foreign-zip":                 zipOf(t, "{}", "a.txt"),
		"foreign-extension":           zipOf(t, `{"manifest_version":3}`, "popup.html"),
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTicksOutsideOfTimeAreNoDate(t *testing.T) {
	if got := Time(635_000_000_000_000_001); !got.Equal(time.Date(2013, 3, 27, 16, 53, 20, 100, time.UTC)) {
		t.Errorf("the time is %s", got)
	}
	if got := Time(-1); !got.IsZero() {
		t.Errorf("ticks below zero are %s", got)
	}
	if got := fmt.Sprint(Time(0)); got != "0001-01-01 00:00:00 +0000 UTC" {
		t.Errorf("ticks of zero are %s", got)
	}
}
