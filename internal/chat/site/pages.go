package site

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"time"

	"csbackup/internal/chat/chart"
	"csbackup/internal/report"
)

var (
	//go:embed pages.html
	source string
	//go:embed style.css
	style string
	//go:embed search.js
	searchScript string
)

// FilePolicy is the content security policy of pages that are opened from a disk: nothing but styles, scripts
// and pictures of the folder itself. Formatted text may set styles of its own elements.
const FilePolicy = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; style-src-attr 'unsafe-inline'; img-src 'self' file: data:; " +
	"base-uri 'none'; form-action 'self' file:"

// Style is the style sheet of all pages, style.css.
func Style() string { return style + chart.Style }

// Pages writes the pages of a site.
type Pages struct {
	Site     About
	Policy   string // the content security policy that each page names
	HasFiles bool   // whether there is a list of files
}

var templates = template.Must(template.Must(template.New("site").Funcs(template.FuncMap{
	"visible": visible, "number": report.Number, "size": report.Bytes, "day": day, "moment": moment, "category": categoryName, "list": newRoomList,
}).Parse(chart.Template)).Parse(source))

func categoryName(name string) string {
	if name == "" {
		return "Without a category"
	}
	return visible(name)
}

type roomList struct {
	Root  string
	Rooms []RoomEntry
}

func newRoomList(root string, rooms []RoomEntry) roomList { return roomList{root, rooms} }

// page is what all templates have.
type page struct {
	Pages
	Title string
	Root  string // from the page to the top of the site
}

func (p Pages) page(title, root string) page { return page{Pages: p, Title: title, Root: root} }

func execute(to io.Writer, name string, data any) error {
	if err := templates.ExecuteTemplate(to, name, data); err != nil {
		return fmt.Errorf("write a page: %w", err)
	}
	return nil
}

// Turn leads from a page to those beside it. Each may be "".
type Turn struct {
	Before, After string
	Links         []TurnLink
}

// TurnLink leads to the page of a number; to the page itself where To is "".
type TurnLink struct {
	Number int
	To     string
}

// turns makes the links between so many pages, seen from one of them; name gives a page's file.
func turns(here, pages int, name func(int) string) Turn {
	var t Turn
	for n := 1; pages > 1 && n <= pages; n++ {
		link := TurnLink{Number: n, To: name(n)}
		if n == here {
			link.To = ""
		}
		t.Links = append(t.Links, link)
	}
	return t
}

// numbered names the n-th page of a list: people.html, people-2.html.
func numbered(name string, n int) string {
	if n == 1 {
		return name + ".html"
	}
	return name + "-" + strconv.Itoa(n) + ".html"
}

// Category is a category with its rooms.
type Category struct {
	Number int // of its pages, from 1
	Name   string
	Rooms  []RoomEntry
}

func (c Category) messages() (sum int64) {
	for _, r := range c.Rooms {
		sum += r.Messages
	}
	return sum
}

// manyRooms is from how many rooms on the first page lists categories only.
const manyRooms = 1000

// listed is how many rooms, people or files a page lists.
const listed = 1000

// Totals are the sum of a site.
type Totals struct {
	Rooms, People, Messages, Files int64
	First, Last                    time.Time
	Months                         []chart.Count
}

// Add counts a message.
func (t *Totals) Add(at time.Time) {
	t.Messages++
	if at.IsZero() {
		return
	}
	if t.First.IsZero() || at.Before(t.First) {
		t.First = at
	}
	if at.After(t.Last) {
		t.Last = at
	}
}

func (t Totals) facts() []Fact {
	facts := []Fact{
		{"Rooms", report.Number(t.Rooms)},
		{"People", report.Number(t.People)},
		{"Messages", report.Number(t.Messages)},
	}
	if t.Files > 0 {
		facts = append(facts, Fact{"Files", report.Number(t.Files)})
	}
	return append(facts, period(t.First, t.Last)...)
}

func period(first, last time.Time) []Fact {
	if first.IsZero() || last.IsZero() {
		return nil
	}
	from, to := first.UTC().Format("Jan 2006"), last.UTC().Format("Jan 2006")
	if from != to {
		from += " – " + to
	}
	return []Fact{{"Period", from}}
}

// Index writes the first page.
func (p Pages) Index(to io.Writer, totals Totals, categories []Category) error {
	type row struct {
		Number          int
		Name            string
		Rooms, Messages int64
	}
	data := struct {
		page
		Sum        []Fact
		Chart      chart.Chart
		Categories []row
		Groups     []Category
		Made       string
	}{page: p.page(p.Site.Title, ""), Sum: totals.facts(), Chart: chart.New(totals.Months), Made: moment(p.Site.Made)}
	if totals.Rooms > manyRooms {
		for _, c := range categories {
			data.Categories = append(
				data.Categories,
				row{c.Number, c.Name, int64(len(c.Rooms)), c.messages()},
			)
		}
	} else {
		data.Groups = categories
	}
	return execute(to, "index", data)
}

// Categories sorts rooms into their categories, both by name. It tells for each room where it is listed, from
// the top of the site: on the first page, or on one of its category's where there are many rooms.
func Categories(rooms []Room) (categories []Category, listedAt map[int64]string) {
	rooms = slices.Clone(rooms)
	slices.SortStableFunc(
		rooms,
		func(a, b Room) int { return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Name, b.Name)) },
	)
	listedAt = make(map[int64]string, len(rooms))
	for _, room := range rooms {
		if n := len(categories); n == 0 || categories[n-1].Name != room.Category {
			categories = append(categories, Category{Number: n + 1, Name: room.Category})
		}
		c := &categories[len(categories)-1]
		c.Rooms = append(c.Rooms, RoomEntry{ID: room.ID, Name: room.Name})
		listedAt[room.ID] = "index.html"
		if len(rooms) > manyRooms {
			listedAt[room.ID] = "categories/" + numbered(strconv.Itoa(c.Number), CategoryPages(*c))
		}
	}
	return categories, listedAt
}

// CategoryPages is how many pages a category has.
func CategoryPages(c Category) int { return max(1, (len(c.Rooms)+listed-1)/listed) }

// CategoryPage writes the n-th page of a category.
func (p Pages) CategoryPage(to io.Writer, c Category, n int) error {
	first := (n - 1) * listed
	return execute(to, "category", struct {
		page
		Name  string
		Rooms []RoomEntry
		Turn  Turn
	}{p.page(c.Name, "../"), c.Name, c.Rooms[first:min(first+listed, len(c.Rooms))],
		turns(n, CategoryPages(c), func(n int) string { return numbered(strconv.Itoa(c.Number), n) })})
}

// RoomPage writes the first page of a room. Up leads from the top of the site to the list that the room
// stands in.
func (p Pages) RoomPage(to io.Writer, room Room, up string, totals Totals, months []Month) error {
	sum := append([]Fact{{"Messages", report.Number(totals.Messages)}}, period(totals.First, totals.Last)...)
	return execute(to, "room", struct {
		page
		Room   Room
		Up     string
		Sum    []Fact
		Chart  chart.Chart
		Months []Month
	}{p.page(room.Name, "../../"), room, up, sum, chart.New(Counts(months)), months})
}

// MessagesPage writes a page of messages, which appendMessage and appendDay have written already.
func (p Pages) MessagesPage(to io.Writer, room Room, up, span string, turn Turn, messages []byte) error {
	return execute(to, "messages", struct {
		page
		Room     Room
		Up, Span string
		Turn     Turn
		Messages template.HTML
	}{p.page(room.Name+", "+span, "../../"), room, up, span, turn, template.HTML(messages)})
}

// PeoplePage writes the n-th page of so many people; those of the page are given.
func (p Pages) PeoplePage(to io.Writer, people []Person, n int, total int64) error {
	return execute(to, "people", struct {
		page
		People []Person
		Total  int64
		Turn   Turn
	}{p.page("People", ""), people, total, turns(n, ListPages(total), func(n int) string { return numbered("people", n) })})
}

// FilesPage writes the n-th page of so many files.
func (p Pages) FilesPage(to io.Writer, files []File, n int, total int64) error {
	return execute(to, "files", struct {
		page
		Files []File
		Total int64
		Turn  Turn
	}{p.page("Files", ""), files, total, turns(n, ListPages(total), func(n int) string { return numbered("files", n) })})
}

// ListPage gives what stands on the n-th page of a list.
func ListPage[T any](list []T, n int) []T { return list[(n-1)*listed : min(n*listed, len(list))] }

// ListPages is how many pages a list of people or files has.
func ListPages(total int64) int { return int(max(1, (total+listed-1)/listed)) }

// Filters are what a search is limited by, as somebody typed it.
type Filters struct {
	Words, RoomName, Person, Since, Until string
	Rooms, People                         []string // that are suggested
}

// SearchPage writes the page that searches by its script.
func (p Pages) SearchPage(to io.Writer) error {
	return execute(to, "search", struct {
		page
		Filters Filters
	}{p.page("Search", ""), Filters{}})
}

// FoundPage writes what a search found that somebody else did.
func (p Pages) FoundPage(
	to io.Writer,
	filters Filters,
	state string,
	activity []chart.Count,
	hits []byte,
	turn Turn,
) error {
	return execute(to, "found", struct {
		page
		Filters Filters
		State   string
		Chart   chart.Chart
		Hits    template.HTML
		Turn    Turn
	}{p.page("Search", ""), filters, state, chart.New(activity), template.HTML(hits), turn})
}
