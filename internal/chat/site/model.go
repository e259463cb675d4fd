package site

import (
	"html/template"
	"time"
)

// About says what a site is made of.
type About struct {
	Title   string
	Source  string // the database that the data comes from
	Archive string // the file that it was read from, "" for none
	Limits  string // what of it is in the site, "" for all
	Made    time.Time
	Program string
}

// Room is a room.
type Room struct {
	ID          int64
	Name        string
	Category    string // with the categories above it; "" for none
	Description string
	Facts       []Fact
}

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// Person is somebody who writes. A person who is not known has a name that says so.
type Person struct {
	ID       int64
	Name     string // for people, never ""
	Address  string // the URI
	Messages int64
	First    time.Time // of their messages; zero without any
	Last     time.Time
}

// Message is one message.
type Message struct {
	ID     int64 // the chatId
	At     time.Time
	Author int64
	Alert  bool
	Text   string        // plain, in UTF-8
	HTML   template.HTML // the formatted text, safe as it is; "" where Text says all
	Files  []FileLink    // uploaded files that it links to and that are there
}

// FileLink leads to an uploaded file, from the top of the site.
type FileLink struct {
	Name, Path string
	Size       int64
}

// File is an uploaded file, as the list of files shows it.
type File struct {
	FileLink
	RoomID   int64
	RoomName string
	Modified time.Time
}

// RoomEntry is a room in a list.
type RoomEntry struct {
	ID       int64
	Name     string
	Messages int64
	First    time.Time
	Last     time.Time
}

// Add counts a message that the person wrote.
func (p *Person) Add(at time.Time) {
	p.Messages++
	if at.IsZero() {
		return
	}
	if p.First.IsZero() || at.Before(p.First) {
		p.First = at
	}
	if at.After(p.Last) {
		p.Last = at
	}
}
