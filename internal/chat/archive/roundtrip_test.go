package archive_test

import (
	"bytes"
	"context"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
)

var testContext = context.Background()

// as is the content as it comes back: tables without rows leave no trace.
func (c content) as() content {
	c.tables = slices.DeleteFunc(slices.Clone(c.tables), func(t table) bool { return len(t.rows) == 0 })
	if len(c.tables) == 0 {
		c.tables = nil
	}
	if c.about.Scope == nil {
		c.about.Scope = []archive.Node{}
	}
	return c
}

// talk is what a proof should say of the messages.
func (c content) talk() *archive.Talk {
	all := &archive.Talk{}
	for _, r := range c.rooms {
		one := archive.RoomTalk{ID: r.ID, Messages: int64(len(r.messages))}
		for _, m := range r.messages {
			one.Highest = max(one.Highest, m.ChatID)
			all.Authors = append(all.Authors, m.UserID)
		}
		all.Rooms = append(all.Rooms, one)
	}
	slices.Sort(all.Authors)
	all.Authors = slices.Compact(all.Authors)
	return all
}

func TestEverythingComesBackToTheBit(t *testing.T) {
	for _, database := range []string{schema.Chat, schema.Compliance} {
		t.Run(database, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				c := contents(database).Draw(t, "content")
				b := c.bytes(t)
				a, s := must(t, b)
				if got, want := read(t, a), c.as(); !reflect.DeepEqual(got, want) {
					t.Fatalf("read\n%+v\nwritten\n%+v", got, want)
				}
				messages := int64(0)
				for _, r := range c.rooms {
					messages += int64(len(r.messages))
				}
				if s.Messages != messages || s.ChatRooms != int64(len(c.rooms)) || s.Files != int64(len(c.files)) {
					t.Fatalf("the summary is %+v", s)
				}
				if want := c.talk(); !reflect.DeepEqual(s.Talk, want) {
					t.Fatalf("the talk is %+v, and should be %+v", s.Talk, want)
				}
				if again := c.bytes(t); !bytes.Equal(b, again) {
					t.Fatal("the same rows gave other bytes")
				}
			})
		})
	}
}

func TestEveryCharacterComesBack(t *testing.T) {
	var all []uint16
	for u := range 1 << 16 {
		all = append(all, uint16(u), 'x') // so that no two surrogates meet
	}
	everyBMP := fromUnits(all)
	var b strings.Builder
	for r := rune(0x10000); r <= 0x10FFFF; r++ {
		b.WriteRune(r)
	}
	c := content{about: archive.About{Schema: schema.Chat}, rooms: []room{{Room: archive.Room{ID: 1}}}, nodes: []archive.NodeReference{{ID: 1}}, principals: []archive.PrincipalReference{{ID: 1}}}
	for i, text := range []string{everyBMP, b.String(), "", "\x00", "\r\n"} {
		c.rooms[0].messages = append(c.rooms[0].messages,
			archive.Message{ChannelID: 1, ChatID: int64(2*i + 1), UserID: 1, Content: text, RTF: text, HasRTF: true},
			archive.Message{ChannelID: 1, ChatID: int64(2*i + 2), UserID: 1, Content: text, RTF: `{\rtf1 ` + rtf(text, `\line `) + "}", HasRTF: true})
		c.tables = append(c.tables, table{"tblConfig", [][]any{{"label", text, guidA}, {"other", nil, guidA}}})
		a, _ := must(t, c.bytes(t))
		if got, want := read(t, a), c.as(); !reflect.DeepEqual(got, want) {
			t.Fatalf("text %d did not come back", i)
		}
		c.tables = nil
	}
}

// long is content whose values and members are cut in all the ways there are.
func long() content {
	c := content{about: archive.About{Schema: schema.Chat}, principals: []archive.PrincipalReference{{ID: 1}}}
	const part = 3 << 18
	high, low := "\xed\xa0\x80", "\xed\xb0\x80"
	texts := []string{
		strings.Repeat("a", part), strings.Repeat("b", part+1), strings.Repeat("c", 3*part), strings.Repeat("\x01", part+7),
		strings.Repeat("d", part-1) + "é" + "rest", strings.Repeat("e", part-3) + "\U0001F600" + high, strings.Repeat("f", part-3) + high + "g" + low,
		strings.Repeat(high, part/3) + high + "x",
	}
	for id := range int64(2) {
		r := room{Room: archive.Room{ID: id}}
		for i := range int64(6) {
			m := archive.Message{ChannelID: id, ChatID: i + 1, UserID: 1, Content: texts[(i+5*id)%int64(len(texts))], HasRTF: i%2 == 0}
			switch {
			case i%4 == 0:
				m.RTF = texts[(i+id+3)%int64(len(texts))]
			case i%2 == 0:
				m.RTF = "{\\rtf1 " + rtf(m.Content, "\\par ") + "}"
			}
			r.messages = append(r.messages, m)
		}
		c.rooms = append(c.rooms, r)
		c.nodes = append(c.nodes, archive.NodeReference{ID: id})
	}
	image := bytes.Repeat([]byte{1, 2, 3, 4, 5}, part)
	c.tables = []table{
		{"tblADCookie", [][]any{{guidA, nil, image[:part], nil, nil}, {guidB, nil, image[:part+1], nil, nil}, {guidC, "h", image, nil, nil}}},
		{"tblPreference", [][]any{{"a", int64(1), texts[2], int64(1)}, {"b", int64(1), texts[5], int64(1)}, {"c", int64(1), texts[6], int64(1)}, {"d", int64(1), "", int64(1)}}},
	}
	return c
}

func TestLongValuesAreCutAndJoined(t *testing.T) {
	c := long()
	b := c.bytes(t)
	a, s := must(t, b)
	got := read(t, a)
	for i := range c.rooms {
		if !reflect.DeepEqual(got.rooms[i], c.rooms[i]) {
			t.Errorf("the messages of room %d are not those that were written", i)
		}
	}
	if !reflect.DeepEqual(got.tables, c.tables) {
		t.Error("the rows are not those that were written")
	}
	if s.Messages != 12 || s.ChatRooms != 2 {
		t.Errorf("the summary is %+v", s)
	}
}

func TestEqualRowsGiveEqualBytesOnAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	c := long()
	want := c.bytes(t)
	for _, cores := range []int{1, 7} {
		runtime.GOMAXPROCS(cores)
		if !bytes.Equal(c.bytes(t), want) {
			t.Errorf("with %d cores the bytes are others", cores)
		}
	}
}

// TestARoomGoesOnInTheNextMembers writes one room that is larger than a pair of members.
func TestARoomGoesOnInTheNextMembers(t *testing.T) {
	text := strings.Repeat("Room for more. ", 50_000)
	c := content{about: archive.About{Schema: schema.Chat}, principals: []archive.PrincipalReference{{ID: 1}, {ID: 2}}}
	for id := int64(1); id <= 2; id++ {
		r := room{Room: archive.Room{ID: id, Known: true, GUID: guidA[:35] + string(rune('0'+id)), Name: "room"}}
		for i := range 50 - 40*(id-1) {
			r.messages = append(r.messages, archive.Message{ChannelID: id, ChatID: 3 * i, ChatDate: 7 * i, UserID: 1 + i%2, Content: text})
		}
		c.rooms = append(c.rooms, r)
		c.nodes = append(c.nodes, archive.NodeReference{ID: id, Known: true, GUID: r.GUID, Name: "room"})
	}
	a, s := must(t, c.bytes(t))
	if n := len(a.Manifest().Members); n != 6 {
		t.Errorf("there are %d members, and the messages should be in two pairs", n)
	}
	if want := c.talk(); s.ChatRooms != 2 || s.Messages != 60 || !reflect.DeepEqual(s.Talk, want) {
		t.Errorf("the summary is %+v, and the talk %+v, which should be %+v", s, s.Talk, want)
	}
	if got := read(t, a); !reflect.DeepEqual(got.rooms, c.rooms) {
		t.Error("the messages are not those that were written")
	}
	var rooms []int64
	messages := 0
	err := a.Messages(testContext, func(r archive.Room) bool { return r.ID == 2 }, func(r archive.Room) error {
		rooms = append(rooms, r.ID)
		return nil
	}, func(m archive.Message) error {
		messages++
		return nil
	})
	if err != nil || !slices.Equal(rooms, []int64{2}) || messages != 10 {
		t.Errorf("of room 2 alone there came %v with %d messages, %v", rooms, messages, err)
	}
}
