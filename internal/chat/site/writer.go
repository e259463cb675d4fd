package site

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Writer writes a static site: the rooms with their messages, one after the other, and the files.
type Writer struct {
	target     Target
	pages      Pages
	rooms      map[int64]*roomState
	categories []Category
	people     map[int64]*Person
	files      []File
	index      *searchIndex
	months     monthCounts
	totals     Totals
	room       *roomWriter // that is being written; nil before the first
	written    int64       // files of the site
}

// roomState is what is known of a room besides itself.
type roomState struct {
	Room
	up     string
	totals Totals
	done   bool
}

// Target makes the files of a site. The name has slashes between folders, which are made. The file before is
// closed.
type Target interface {
	Create(name string) (io.WriteCloser, error)
}

// NewWriter begins a site. The rooms are all that there will be, with or without messages; so are the files.
// Of people, those who are missing are named by their number.
func NewWriter(target Target, about About, rooms []Room, people []Person, files []File) *Writer {
	w := &Writer{
		target: target,
		files:  files,
		pages:  Pages{Site: about, Policy: FilePolicy, HasFiles: len(files) > 0},
		rooms:  make(map[int64]*roomState, len(rooms)),
		people: make(map[int64]*Person, len(people)),
	}
	for i := range people {
		w.people[people[i].ID] = &people[i]
	}
	var listedAt map[int64]string
	w.categories, listedAt = Categories(rooms)
	for _, room := range rooms {
		w.rooms[room.ID] = &roomState{Room: room, up: listedAt[room.ID]}
	}
	w.totals.Rooms, w.totals.Files = int64(len(rooms)), int64(len(files))
	w.index = newSearchIndex(w)
	return w
}

// create writes one file of the site.
func (w *Writer) create(name string, write func(io.Writer) error) error {
	file, err := w.target.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 64<<10)
	if err = write(out); err == nil {
		err = out.Flush()
	}
	w.written++
	return errors.Join(err, file.Close())
}

// File writes the content of one of the files. They may come at any time before Close.
func (w *Writer) File(f File, content io.Reader) error {
	return w.create(f.Path, func(to io.Writer) error {
		_, err := io.Copy(to, content)
		return err
	})
}

// Message writes the next message of a room. Rooms come one after the other; a message of a room that ended
// is an error.
func (w *Writer) Message(room int64, m Message) error {
	if w.room == nil || w.room.state.ID != room {
		if err := w.begin(room); err != nil {
			return err
		}
	}
	author := w.people[m.Author]
	if author == nil {
		unknown := Unknown(m.Author)
		author = &unknown
		w.people[m.Author] = author
	}
	author.Add(m.At)
	w.totals.Add(m.At)
	w.months.add(m.At)
	return w.room.message(m, *author)
}

func (w *Writer) begin(id int64) error {
	if err := w.EndRoom(); err != nil {
		return err
	}
	state := w.rooms[id]
	if state == nil || state.done {
		return fmt.Errorf("a message of room %d, which is not among the rooms or was written already", id)
	}
	w.room = &roomWriter{site: w, state: state}
	w.index.room(state.Room)
	return nil
}

// EndRoom completes the room whose messages came last. The next message of another room does that, too.
func (w *Writer) EndRoom() error {
	if w.room == nil {
		return nil
	}
	room := w.room
	w.room = nil
	return room.end()
}

// Result says what was written.
type Result struct {
	Totals
	Written int64 // files of the site
}

// Close writes what is left: rooms without messages, the lists, the index, and the first page as the last.
func (w *Writer) Close() (Result, error) {
	steps := []func() error{w.EndRoom, w.quietRooms, w.lists, w.index.finish, w.front}
	for _, step := range steps {
		if err := step(); err != nil {
			return Result{}, errors.Join(err, w.Abort())
		}
	}
	return Result{Totals: w.totals, Written: w.written}, nil
}

// Abort removes what only serves while the site is written. It may be called at any time.
func (w *Writer) Abort() error { return w.index.close() }

func (w *Writer) quietRooms() error {
	for _, c := range w.categories {
		for _, r := range c.Rooms {
			state := w.rooms[r.ID]
			if state.done {
				continue
			}
			w.index.room(state.Room)
			if err := (&roomWriter{site: w, state: state}).end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// lists writes the people, the files and the categories.
func (w *Writer) lists() error {
	people := make([]Person, 0, len(w.people))
	for _, p := range w.people {
		people = append(people, *p)
	}
	w.totals.People = int64(len(people))
	slices.SortFunc(people, func(a, b Person) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	for n := 1; n <= ListPages(int64(len(people))); n++ {
		some := ListPage(people, n)
		if err := w.create(numbered("people", n), func(to io.Writer) error { return w.pages.PeoplePage(to, some, n, int64(len(people))) }); err != nil {
			return err
		}
	}
	if err := w.create("search/people.js", func(to io.Writer) error { return writePeople(to, people) }); err != nil {
		return err
	}
	for n := 1; w.pages.HasFiles && n <= ListPages(int64(len(w.files))); n++ {
		some := ListPage(w.files, n)
		if err := w.create(numbered("files", n), func(to io.Writer) error { return w.pages.FilesPage(to, some, n, int64(len(w.files))) }); err != nil {
			return err
		}
	}
	for i := range w.categories {
		c := &w.categories[i]
		for j := range c.Rooms {
			t := w.rooms[c.Rooms[j].ID].totals
			c.Rooms[j].Messages, c.Rooms[j].First, c.Rooms[j].Last = t.Messages, t.First, t.Last
		}
		for n := 1; w.totals.Rooms > manyRooms && n <= CategoryPages(*c); n++ {
			name := "categories/" + numbered(strconv.Itoa(c.Number), n)
			if err := w.create(name, func(to io.Writer) error { return w.pages.CategoryPage(to, *c, n) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// front writes what everything begins with.
func (w *Writer) front() error {
	w.totals.Months = w.months.list()
	for name, text := range map[string]string{"style.css": Style(), "search.js": searchScript} {
		if err := w.create(name, func(to io.Writer) error { _, err := io.WriteString(to, text); return err }); err != nil {
			return err
		}
	}
	if err := w.create("search.html", w.pages.SearchPage); err != nil {
		return err
	}
	return w.create(
		"index.html",
		func(to io.Writer) error { return w.pages.Index(to, w.totals, w.categories) },
	)
}
