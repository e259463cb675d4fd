package convert

import (
	"io"
	"time"
)

// Format writes a Plan in the form of one system. Run calls its methods in this order, from one goroutine:
// Begin, then for each room Room, Message for each of its messages, EndRoom; then File for each uploaded
// file; then End. After an error nothing more is called. When a run is resumed, Room is not called for
// rooms that are complete already: names and numbers must follow from the Plan alone.
type Format interface {
	// Rules says what the format needs; it is asked before Begin.
	Rules() Rules
	Begin(plan *Plan, to Target) error
	Room(room *Room) error
	// Message gets a message of the room that began last; it is used again after the call.
	Message(m *Message) error
	EndRoom() error
	// File gets an uploaded file of one of the Plan's rooms. What it leaves of the content is passed over.
	File(f *File, content io.Reader) error
	End() error
}

// Rules are what a format needs of its input and its output.
type Rules struct {
	// ByTime asks for the messages of a room in the order of their times.
	ByTime bool
	// Earliest and Latest are the first and last time that a message can have; zero where there is no limit.
	Earliest, Latest time.Time
	// Folder and Zip tell which kinds of output there are.
	Folder, Zip bool
	// Files tells that uploaded files are taken along.
	Files bool
	// Whole tells that what is written depends on all messages together, such as an index of their words: a run that
	// is resumed gives all rooms again.
	Whole bool
	// Address tells what is wrong with an address of the map of people; nil takes all.
	Address func(address string) error
}

// Target is where a format writes: a folder, a ZIP file, or nowhere for a dry run.
type Target interface {
	// Create makes a file. The name has slashes between folders, which are made; each part of it must be a
	// name that every file system keeps (see FileName). The file before must be closed.
	Create(name string) (io.WriteCloser, error)
}

// Privacy is who could find and join a room.
type Privacy string

// The three kinds of rooms, and a room whose row did not travel.
const (
	Open    Privacy = "Open"    // everyone whom the category allows finds and joins it
	Closed  Privacy = "Closed"  // everyone whom the category allows finds it, members join
	Secret  Privacy = "Secret"  // members find and join it
	Unknown Privacy = "Unknown" // the archive does not say
)

// Room is a room with what the selected messages say of it.
type Room struct {
	Number      int64  // nodeID in the source
	GUID        string // "" for a number that was no room
	Name        string
	Description string
	Category    string // its name; "" where it is not known
	// CategoryNumber is the nodeID of the category; 0 where it is not known.
	CategoryNumber int64
	Created        time.Time
	Privacy        Privacy
	Auditorium     bool // only presenters could write
	Disabled       bool
	// Members, Managers and Presenters are the principals with that role in the room, groups included, in the
	// order of their numbers.
	Members, Managers, Presenters []int64
	// Public and Readers follow the package's rule. Readers are people; nil in a public room.
	Public  bool
	Readers []int64

	Messages    int64
	First, Last time.Time // as placed; zero without messages
	Authors     []int64   // who wrote the messages, in the order of their numbers
	Files       int       // uploaded files in the archive

	inOrder bool // the messages are in the order of their times
}

// Person is a principal of the archive: a person, or a group that holds rights.
type Person struct {
	Number   int64
	GUID     string
	URI      string // "" for a number that stood for nothing in the source
	Name     string // the display name, else what of the URI names a person
	Email    string
	UPN      string
	Type     int64 // ptypeID; 5 is a person, 0 is not known
	Disabled bool
	// Address is what the map says; "" for a placeholder.
	Address string
	// Messages counts the selected messages that the person wrote.
	Messages int64
}

// IsGroup tells that the principal stands for several people: a group, a folder or a domain.
func (p *Person) IsGroup() bool {
	return p.Type == typeDomain || p.Type == typeGroup || p.Type == typeFolder
}

// Message is a message as it is handed to a format.
type Message struct {
	Room   *Room
	Author *Person
	ID     int64     // chatId
	Sent   time.Time // zero where the ticks are no time between the years 1 and 9999
	Time   time.Time // Sent, or the time of the message before where the format cannot hold it
	Alert  bool
	Text   string // WTF-8: a lone surrogate has its three-byte form
	RTF    string // "" where there is none
	HasRTF bool
}

// File is an uploaded file.
type File struct {
	Room    *Room
	Name    string // in the room's folder: a GUID and an extension, as the message's link says it
	ModTime time.Time
	Size    int64
	path    string
}
