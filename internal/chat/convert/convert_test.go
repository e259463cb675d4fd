package convert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/converttest"
	"csbackup/internal/failure"
)

// recorder is a format that remembers what it was given.
type recorder struct {
	rules convert.Rules
	log   []string
	to    convert.Target
	fail  int // after so many messages, an error; 0 for none
	count int
	file  io.WriteCloser
}

var errEnough = errors.New("enough")

func (r *recorder) Rules() convert.Rules { return r.rules }

func (r *recorder) Begin(plan *convert.Plan, to convert.Target) error {
	r.to = to
	r.log = append(r.log, fmt.Sprintf("begin %d", len(plan.Rooms)))
	return nil
}

func (r *recorder) Room(room *convert.Room) (err error) {
	r.log = append(r.log, "room "+room.Name)
	r.file, err = r.to.Create(fmt.Sprintf("rooms/%d", room.Number))
	return err
}

func (r *recorder) Message(m *convert.Message) error {
	if r.count++; r.count == r.fail {
		return errEnough
	}
	line := fmt.Sprintf("%d %s %s %s", m.ID, m.Time.Format("02T15:04"), m.Author.Name, m.Text)
	r.log = append(r.log, line)
	_, err := io.WriteString(r.file, line+"\n")
	return err
}

func (r *recorder) EndRoom() error {
	r.log = append(r.log, "end")
	return r.file.Close()
}

func (r *recorder) File(f *convert.File, content io.Reader) error {
	text, err := io.ReadAll(content)
	r.log = append(r.log, fmt.Sprintf("file %s %s %s", f.Room.Name, f.Name, text))
	return err
}

func (r *recorder) End() error {
	r.log = append(r.log, "done")
	return nil
}

const fileName = "0a1b2c3d-0000-4000-8000-0123456789ab.txt"

func small() converttest.Archive {
	people := []converttest.Person{
		{Number: 2, URI: "sip:anna@example.test", Name: "Anna"}, {Number: 3, URI: "sip:bob@example.test", Name: "Bob"},
		{Number: 4, URI: "sip:chen@example.test"}, {Number: 8, URI: "ma-grp:domain", Type: converttest.Domain}, {Number: 9, URI: "ma-grp:group", Type: converttest.Group},
	}
	return converttest.Archive{
		People:     people,
		Categories: []converttest.Category{{Number: 5, Name: "Sales", Allowed: []int64{8}}, {Number: 6, Name: "Legal", Allowed: []int64{9}}},
		Rooms: []converttest.Room{
			{Number: 10, Category: 5, Name: "Empty"},
			{Number: 11, Category: 5, Name: "Alpha", Messages: converttest.Say([]int64{2, 3}, "one", "two", "three "+fileName), Files: map[string]string{fileName: "content"}},
			{Number: 12, Category: 6, Name: "Beta", Messages: converttest.Say([]int64{4}, "four")},
			{Number: 13, Category: 6, Name: "Gamma"},
		},
	}
}

func TestRoomsMessagesAndFilesInOrder(t *testing.T) {
	plan := small().Load(t, convert.Rules{Files: true}, convert.Selection{})
	r := &recorder{rules: convert.Rules{Files: true}}
	converttest.Run(t, plan, r)
	want := []string{
		"begin 4", "room Empty", "end", "room Alpha", "1 31T22:00 Anna one", "2 31T23:00 Bob two", "3 01T00:00 Anna three " + fileName, "end",
		"room Beta", "1 31T22:00 chen four", "end", "room Gamma", "end", "file Alpha " + fileName + " content", "done",
	}
	if !slices.Equal(r.log, want) {
		t.Errorf("got  %q\nwant %q", r.log, want)
	}
}

func TestSelections(t *testing.T) {
	at := func(hours int) time.Time { return converttest.Start.Add(time.Duration(hours) * time.Hour) }
	for _, one := range []struct {
		selection convert.Selection
		rooms     string
		messages  int64
		left      int64
	}{
		{convert.Selection{}, "Empty Alpha Beta Gamma", 4, 0},
		{convert.Selection{Rooms: []string{"alpha"}}, "Alpha", 3, 0},
		{convert.Selection{Rooms: []string{"{" + strings.ToUpper(converttest.GUID(2, 12)) + "}", "13"}}, "Beta Gamma", 1, 0},
		{convert.Selection{Categories: []string{"Legal"}}, "Beta Gamma", 1, 0},
		{convert.Selection{Categories: []string{"5"}, Rooms: []string{"Gamma"}}, "Empty Alpha Gamma", 3, 0},
		{convert.Selection{Since: at(1)}, "Empty Alpha Beta Gamma", 2, 2},
		{convert.Selection{Until: at(1)}, "Empty Alpha Beta Gamma", 2, 2},
		{convert.Selection{Since: at(1), Until: at(2)}, "Empty Alpha Beta Gamma", 1, 3},
	} {
		plan := small().Load(t, convert.Rules{}, one.selection)
		names, messages := []string{}, int64(0)
		for _, room := range plan.Rooms {
			names = append(names, room.Name)
			messages += room.Messages
		}
		if strings.Join(names, " ") != one.rooms || messages != one.messages || plan.LeftByTime != one.left {
			t.Errorf("%+v: %v, %d, %d", one.selection, names, messages, plan.LeftByTime)
		}
		r := &recorder{}
		converttest.Run(t, plan, r)
		if got := int64(len(r.log)-2) - 2*int64(len(names)); got != messages {
			t.Errorf("%+v: %d messages were given, %d counted", one.selection, got, messages)
		}
	}
	twice := small()
	twice.Rooms[3].Name = "ALPHA"
	for _, one := range []struct {
		selection convert.Selection
		id        failure.ID
	}{
		{convert.Selection{Rooms: []string{"nobody"}}, failure.RoomNotFound}, {convert.Selection{Categories: []string{"Alpha"}}, failure.ScopeNotFound},
		{convert.Selection{Rooms: []string{"aLPHA"}}, failure.RoomNotFound},
	} {
		if _, err := convert.Load(t.Context(), twice.Open(t), "x", convert.Rules{}, one.selection, nil); !failure.IsID(err, one.id) {
			t.Errorf("%+v: %v", one.selection, err)
		}
	}
	if err := (convert.Selection{Since: at(1), Until: at(1)}).Check(); !failure.IsID(err, failure.InvalidUsage) {
		t.Errorf("an empty period: %v", err)
	}
}

func TestRights(t *testing.T) {
	const domain, group, anna, bob, chen = 8, 9, 2, 3, 4
	for _, one := range []struct {
		name            string
		allowed, denied []int64
		room            converttest.Room
		public          bool
		readers         []int64
		leftOut         int64
	}{
		{"open to all", []int64{domain}, nil, converttest.Room{}, true, nil, 0},
		{"open to a group that is not known", []int64{group + 1}, nil, converttest.Room{}, false, nil, 1},
		{"open to a group", []int64{group}, nil, converttest.Room{}, false, []int64{anna, bob}, 0},
		{"open to a group without one", []int64{group}, []int64{bob}, converttest.Room{}, false, []int64{anna}, 0},
		{"open to all but one", []int64{domain}, []int64{bob}, converttest.Room{}, false, nil, 1},
		{"open to nobody", nil, nil, converttest.Room{}, false, nil, 1},
		{"open and disabled", []int64{domain}, nil, converttest.Room{Disabled: true}, false, nil, 1},
		{"closed", []int64{domain}, nil, converttest.Room{Visibility: 3, Members: []int64{anna}, Managers: []int64{chen}}, false, []int64{anna, chen}, 0},
		{"secret, a group", []int64{domain}, nil, converttest.Room{Visibility: 2, Members: []int64{group}, Presenters: []int64{chen}}, false, []int64{anna, bob, chen}, 0},
		{"closed to one who is denied", []int64{domain}, []int64{anna}, converttest.Room{Visibility: 3, Members: []int64{anna, bob}}, false, []int64{bob}, 0},
		{"who wrote is no member", []int64{domain}, nil, converttest.Room{Visibility: 3, Messages: converttest.Say([]int64{chen}, "x")}, false, nil, 0},
	} {
		t.Run(one.name, func(t *testing.T) {
			a := small()
			a.People = append(a.People, converttest.Person{Number: group + 1, URI: "ma-grp:other", Type: converttest.Group})
			a.Categories = []converttest.Category{{Number: 5, Name: "C", Allowed: one.allowed, Denied: one.denied}}
			a.Affiliations = [][2]int64{{anna, anna}, {anna, group}, {bob, group}}
			one.room.Number, one.room.Category, one.room.Name = 20, 5, "Room"
			a.Rooms = []converttest.Room{one.room}
			plan := a.Load(t, convert.Rules{}, convert.Selection{})
			plan.NoteRights()
			room := plan.Rooms[0]
			if room.Public != one.public || !slices.Equal(room.Readers, one.readers) || plan.Notes.LeftOut() != one.leftOut {
				t.Errorf("public %v, readers %v, left out %+v", room.Public, room.Readers, plan.Notes.All())
			}
		})
	}
}

func TestMessagesAreSortedAndPlacedByTime(t *testing.T) {
	a := small()
	say := converttest.Say([]int64{2}, "a", "b", "c", "d", "e")
	say[0].ChatDate, say[1].ChatDate = say[1].ChatDate, say[0].ChatDate
	say[2].ChatDate = -5                                                             // no time at all
	say[3].ChatDate = converttest.Ticks(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)) // too late for the format
	say[4].ChatDate = say[0].ChatDate
	a.Rooms = []converttest.Room{{Number: 20, Category: 5, Name: "Room", Messages: say}}
	rules := convert.Rules{ByTime: true, Earliest: time.Unix(1, 0), Latest: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	plan := a.Load(t, rules, convert.Selection{})
	r := &recorder{rules: rules}
	converttest.Run(t, plan, r)
	want := []string{"2 31T22:00 Anna b", "3 31T22:00 Anna c", "4 31T22:00 Anna d", "1 31T23:00 Anna a", "5 31T23:00 Anna e"}
	if !slices.Equal(r.log[2:len(r.log)-2], want) || plan.NoTime != 2 {
		t.Errorf("got  %q, %d without a time\nwant %q", r.log, plan.NoTime, want)
	}
	limited := a.Load(t, rules, convert.Selection{Since: converttest.Start.Add(-time.Hour)})
	if limited.LeftByTime != 1 {
		t.Errorf("with a limit %d messages are left out, and only the one without a time should be", limited.LeftByTime)
	}
}

func TestAnInterruptedFolderIsCompleted(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	convertInto(t, whole, 0)
	want := read(t, whole)
	for fail := 1; fail <= 4; fail++ {
		dir := filepath.Join(t.TempDir(), "cut")
		if resumed := convertInto(t, dir, fail); resumed {
			t.Error("a new folder is said to be resumed")
		}
		if got := read(t, dir); reflect.DeepEqual(got, want) || got["csbackup-unfinished.jsonl"] == "" {
			t.Errorf("after a failure there are the files %q", got)
		}
		journal := filepath.Join(dir, "csbackup-unfinished.jsonl")
		text, err := os.ReadFile(journal)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(journal, append(text, `{"room":13,"fil`...), 0o600); err != nil { // cut off within a line
			t.Fatal(err)
		}
		if _, err := convert.OpenFolder(dir, "archive", "others"); !failure.IsID(err, failure.OutputExists) {
			t.Errorf("other options: %v", err)
		}
		if resumed := convertInto(t, dir, 0); !resumed {
			t.Error("the folder is not resumed")
		}
		if got := read(t, dir); !reflect.DeepEqual(got, want) {
			t.Errorf("after %d messages and a second run: %q", fail, got)
		}
	}
}

// convertInto converts the small archive into a folder, with a failure at a message.
func convertInto(t *testing.T, dir string, fail int) (resumed bool) {
	t.Helper()
	plan := small().Load(t, convert.Rules{}, convert.Selection{})
	folder, err := convert.OpenFolder(dir, "archive", "options")
	if err != nil {
		t.Fatal(err)
	}
	err = convert.Run(t.Context(), plan, &recorder{fail: fail}, folder, nil)
	if fail > 0 {
		if !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
		err = folder.Abandon()
	} else if err == nil {
		err = folder.Finish()
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder.Resumed
}

// read gives the files of a folder.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAFinishedRoomWhoseFileChangedIsWrittenAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cut")
	convertInto(t, dir, 4)
	if err := os.Truncate(filepath.Join(dir, "rooms", "11"), 3); err != nil { // as after a power cut
		t.Fatal(err)
	}
	convertInto(t, dir, 0)
	if got := read(t, dir)["rooms/11"]; strings.Count(got, "\n") != 3 {
		t.Errorf("the room has %q", got)
	}
}

func TestPlacesThatAreTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "precious"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := convert.OpenFolder(dir, "a", "b"); !failure.IsID(err, failure.OutputExists) {
		t.Errorf("a folder with a file: %v", err)
	}
	if _, err := convert.OpenFolder(filepath.Join(dir, "precious"), "a", "b"); err == nil {
		t.Error("a file is taken for a folder")
	}
	if err := convert.CreateZip(filepath.Join(dir, "precious"), func(*convert.Zip) error { return nil }); !failure.IsID(err, failure.OutputExists) {
		t.Errorf("a file that is there: %v", err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	folder, err := convert.OpenFolder(empty, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := convert.OpenFolder(empty, "a", "b"); !failure.IsID(err, failure.OutputExists) {
		t.Errorf("two at a time: %v", err)
	}
	if err := os.Symlink(filepath.Join(dir, "precious"), filepath.Join(empty, "link")); err != nil {
		t.Skipf("there are no symbolic links here: %v", err)
	}
	if _, err := folder.Create("link"); err == nil {
		t.Error("a link is written through")
	}
	if _, err := folder.Create("../out"); err == nil {
		t.Error("a file outside of the folder is made")
	}
	if err := folder.Abandon(); err != nil {
		t.Error(err)
	}
}

func TestACancelledZipLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.zip")
	plan := small().Load(t, convert.Rules{}, convert.Selection{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := convert.CreateZip(path, func(z *convert.Zip) error { return convert.Run(ctx, plan, &recorder{}, z, nil) })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v stays, %v", entries, err)
	}
}

func TestADamagedArchiveIsAnErrorOfItsOwn(t *testing.T) {
	content := small().Bytes(t)
	at := bytes.Index(content, []byte("messages/000001.txt")) + 30
	content[at] ^= 0xFF
	a, err := archive.Open(bytes.NewReader(content), int64(len(content)), "x")
	if err == nil {
		_, err = convert.Load(t.Context(), a, "x", convert.Rules{}, convert.Selection{}, nil)
	}
	if !failure.IsID(err, failure.ArchiveDamaged) {
		t.Errorf("%v", err)
	}
}
