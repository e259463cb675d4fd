package converttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"csbackup/internal/chat/convert"
)

// Upload is the name of a file that is uploaded to every room of Hard that has messages.
const Upload = "0a1b2c3d-0000-4000-8000-0123456789ab.txt"

// Hard is an archive with everything that a target could spoil: texts, names, times that are equal, missing, in
// disorder or in the far future, alerts, groups, disabled rooms, uploaded files. Number 2, Anna, is in all rooms.
func Hard() Archive {
	a := Archive{
		People: []Person{
			{Number: 2, URI: "sip:anna@example.test", Name: "Anna"}, {Number: 3, URI: "sip:bob@example.test", Name: "<b>Bob</b> \"B\" & 'C'"},
			{Number: 4, URI: "sip:all@example.test", Name: "\u202Ella"}, {Number: 5, URI: "-\x00日本", Name: "=1+1"}, {Number: -6, URI: "SIP:Bob@other.test", Name: "Bob"},
			{Number: 8, URI: "ma-grp:domain", Type: Domain}, {Number: 9, URI: "ma-grp:group", Type: Group},
		},
		Categories: []Category{{Number: 20, Name: "Open", Allowed: []int64{8}}, {Number: 21, Name: "Open", Allowed: []int64{9}}},
	}
	people := []int64{2, 3, 4, 5, -6, 77}
	for i, name := range RoomNames() {
		room := Room{
			Number: int64(i) + 100, Category: int64(20 + i%2), Name: name, Description: name, Members: []int64{2, 3}, Managers: []int64{4},
			Disabled: i%11 == 3, Auditorium: i%13 == 4, Visibility: []int64{6, 6, 3, 2}[i%4],
		}
		if i%9 == 8 {
			room.Members = append(room.Members, 9)
		}
		if i%5 == 0 {
			room.Messages = Say(people, append(Texts(), "see "+Upload, "and again "+Upload)...)
			for n := range room.Messages {
				m := &room.Messages[n]
				m.Alert = n%3 == 0
				switch {
				case n%4 == 1: // at the same time as the one before
					m.ChatDate = room.Messages[n-1].ChatDate
				case n%10 == 3:
					m.ChatDate = -1
				case n%10 == 5:
					m.ChatDate = 3_155_378_975_999_999_999 // the last moment of the year 9999
				case n%10 == 7:
					m.ChatDate -= 100 * 864_000_000_000
				}
				if n%2 == 0 && m.Content != "" {
					m.RTF, m.HasRTF = `{\rtf1{\colortbl;\red200\green0\blue0;}\b bold\b0  \cf1 red {\field{\*\fldinst HYPERLINK "https://example.test/?a=1&b=2"}{\fldrslt link}}{\pict 00}}`, true
				}
			}
			room.Files = map[string]string{Upload: fmt.Sprint("content of ", i)}
		}
		a.Rooms = append(a.Rooms, room)
	}
	return a
}

// Many is an archive with so many rooms of few names, and a message in each.
func Many(rooms int) Archive {
	a := Archive{
		People:     []Person{{Number: 2, URI: "sip:anna@example.test", Name: "Anna"}, {Number: 8, URI: "ma-grp:domain", Type: Domain}},
		Categories: []Category{{Number: 20, Name: "Open", Allowed: []int64{8}}},
	}
	for n := range rooms {
		room := Room{Number: int64(n) + 100, Category: 20, Name: "Room", Members: []int64{2}, Messages: Say([]int64{2}, "hello")}
		if n%3 == 0 {
			room.Visibility = 3
		}
		a.Rooms = append(a.Rooms, room)
	}
	return a
}

// Zipped converts into a ZIP file and gives its path.
func Zipped(t testing.TB, plan *convert.Plan, format convert.Format) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.zip")
	err := convert.CreateZip(path, func(z *convert.Zip) error {
		if err := convert.Run(t.Context(), plan, format, z, nil); err != nil {
			return err
		}
		return plan.WriteReport("test", z)
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Tool runs the program that an environment variable names, or skips the test where it names none.
func Tool(t *testing.T, variable, what string, arguments ...string) string {
	t.Helper()
	program := os.Getenv(variable)
	if program == "" {
		t.Skipf("%s names no program: %s is not tried", variable, what)
	}
	out, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, arguments, err, out)
	}
	return string(out)
}
