package roomfiles

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/converttest"
)

const upload = "0a1b2c3d-0000-4000-8000-0123456789ab.txt"

// hard is an archive with everything that a format could spoil.
func hard() converttest.Archive {
	a := converttest.Archive{
		People:     []converttest.Person{{Number: 2, URI: "sip:anna@example.test", Name: "=Anna"}, {Number: 3, URI: "-bob", Name: "Bob \"B\""}},
		Categories: []converttest.Category{{Number: 5, Name: "@Sales"}},
	}
	texts := append(converttest.Texts(), "see "+upload)
	for i, name := range converttest.RoomNames() {
		room := converttest.Room{Number: int64(i) + 100, Category: 5, Name: name, Description: name, Members: []int64{2, 3}}
		if i%7 == 0 {
			room.Messages = converttest.Say([]int64{2, 3}, texts...)
			for n := range room.Messages {
				room.Messages[n].ChatDate += int64(n) * 1234567
				room.Messages[n].Alert = n%3 == 0
				if n%2 == 0 {
					room.Messages[n].RTF, room.Messages[n].HasRTF = `{\rtf1 x}`, true
				}
			}
			room.Messages[1].ChatDate = -1
			room.Files = map[string]string{upload: "content"}
		}
		a.Rooms = append(a.Rooms, room)
	}
	return a
}

// each gives every message with the room that it stands in.
func each(a converttest.Archive, fn func(room converttest.Room, n int, m archive.Message)) {
	for _, room := range a.Rooms {
		for n, m := range room.Messages {
			fn(room, n, m)
		}
	}
}

func TestJSONLinesComeBackAsTheyWere(t *testing.T) {
	a := hard()
	files := converttest.Run(t, a.Load(t, rules, convert.Selection{}), &JSONLines{})
	type row struct {
		ID         int64
		Time       *string
		URI, Name  string
		Alert      bool
		Text       string
		RTF        *string
		Files      []string
		file, line string
	}
	rows := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(files["rooms.jsonl"]), "\n") {
		var room struct {
			Number int64
			File   string
		}
		if err := json.Unmarshal([]byte(line), &room); err != nil {
			t.Fatal(err)
		}
		content, ok := files[room.File]
		if !ok {
			t.Errorf("there is no file %q", room.File)
		}
		rows[fmt.Sprint(room.Number)] = strings.Split(content, "\n")
	}
	each(a, func(room converttest.Room, n int, m archive.Message) {
		line := rows[fmt.Sprint(room.Number)][n]
		var got row
		if err := json.Unmarshal([]byte(line), &got); err != nil || !utf8.ValidString(line) {
			t.Fatalf("%q: %v", line, err)
		}
		want := m.Content
		if !strings.Contains(line, `\ud800`) { // what package json makes of a lone surrogate
			want = strings.ToValidUTF8(strings.ReplaceAll(strings.ReplaceAll(want, "\xed\xa0\x80", "\uFFFD"), "\xed\xbf\xbf", "\uFFFD"), "\uFFFD")
		} else {
			want = "\uFFFD"
		}
		if got.ID != m.ChatID || got.Text != want || got.Alert != m.Alert || (got.RTF != nil) != m.HasRTF {
			t.Errorf("room %d, message %d: %.80q, want %.80q", room.Number, m.ChatID, got.Text, want)
		}
		if m.ChatDate < 0 {
			if got.Time != nil {
				t.Errorf("a time of nothing: %s", *got.Time)
			}
			return
		}
		if at, err := time.Parse(time.RFC3339Nano, *got.Time); err != nil || converttest.Ticks(at) != m.ChatDate {
			t.Errorf("the time %s is not %d", *got.Time, m.ChatDate)
		}
		if m.Content == "see "+upload && (len(got.Files) != 1 || files[got.Files[0]] != "content") {
			t.Errorf("the link leads to %v", got.Files)
		}
	})
}

// A lone surrogate is written so that readers that can hold it get it back.
func TestJSONKeepsLoneSurrogates(t *testing.T) {
	if got := string(appendJSON(nil, "a\xed\xa0\x80\xed\xbf\xbf\"\\\x00\u2028é")); got != `"a\ud800\udfff\"\\\u0000\u2028é"` {
		t.Error(got)
	}
}

func TestCSVComesBackAndHoldsNoFormula(t *testing.T) {
	a := hard()
	for _, mark := range []bool{false, true} {
		files := converttest.Run(t, a.Load(t, rules, convert.Selection{}), &CSV{Mark: mark})
		rooms := table(t, files["rooms.csv"], mark)
		if len(rooms) != len(a.Rooms)+1 {
			t.Fatalf("%d rooms", len(rooms))
		}
		contents := map[string][][]string{}
		for _, row := range rooms[1:] {
			contents[row[0]] = table(t, files[row[16]], mark)
		}
		each(a, func(room converttest.Room, n int, m archive.Message) {
			row := contents[fmt.Sprint(room.Number)][n+1]
			want := plain.Replace(convert.Valid(m.Content))
			if got := convert.Disarmed(row[6]); got != want || row[0] != fmt.Sprint(m.ChatID) {
				t.Errorf("room %d, message %d: %.80q, want %.80q", room.Number, m.ChatID, got, want)
			}
		})
		table(t, files["people.csv"], mark)
	}
}

// table reads a file and refuses formulas.
func table(t *testing.T, text string, mark bool) [][]string {
	t.Helper()
	rest, has := strings.CutPrefix(text, "\uFEFF")
	if has != mark || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		t.Fatalf("a mark: %v, wanted %v; UTF-8: %v", has, mark, utf8.ValidString(text))
	}
	reader := csv.NewReader(strings.NewReader(rest))
	var rows [][]string
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet takes %.40q for a formula", cell)
			}
		}
		rows = append(rows, row)
	}
}
