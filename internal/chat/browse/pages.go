package browse

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/fulltext"
	"csbackup/internal/chat/site"
	"csbackup/internal/failure"
)

// pages answers for the paths of a site.
type pages struct {
	Content
	site.Pages
	store      *fulltext.Store
	people     map[int64]site.Person
	rooms      map[int64]room
	categories []site.Category
	files      sync.Mutex
	links      *site.FileLinks
}

// room is a room with where it is listed.
type room struct {
	site.Room
	up string
}

func newPages(content Content, store *fulltext.Store) *pages {
	p := &pages{
		Content: content,
		store:   store,
		Pages:   site.Pages{Site: content.About, Policy: pagePolicy, HasFiles: len(content.Files) > 0},
		people:  make(map[int64]site.Person, len(content.People)),
		rooms:   make(map[int64]room, len(content.Rooms)),
		links:   site.NewFileLinks(content.Files),
	}
	slices.SortFunc(p.People, func(a, b site.Person) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	for _, person := range p.People {
		p.people[person.ID] = person
	}
	var ups map[int64]string
	p.categories, ups = site.Categories(content.Rooms)
	for _, one := range content.Rooms {
		p.rooms[one.ID] = room{one, ups[one.ID]}
	}
	for i := range p.categories {
		for j := range p.categories[i].Rooms {
			entry := &p.categories[i].Rooms[j]
			sum := content.Sums[entry.ID]
			entry.Messages, entry.First, entry.Last = sum.Messages, sum.First, sum.Last
		}
	}
	return p
}

var (
	listPath     = regexp.MustCompile(`^(people|files)(?:-([0-9]{1,6}))?\.html$`)
	categoryPath = regexp.MustCompile(`^categories/([0-9]{1,9})(?:-([0-9]{1,6}))?\.html$`)
	roomPath     = regexp.MustCompile(
		`^rooms/(-?[0-9]{1,19})/([0-9]{4,5}-[0-9]{2}(?:-[0-9]{1,9})?|index)\.html$`,
	)
	filePath = regexp.MustCompile(`^files/([0-9]{1,9})/[^/]+$`)
)

// answer gives the page of a path, or errNothing.
func (p *pages) answer(w http.ResponseWriter, r *http.Request, name string) error {
	if found := listPath.FindStringSubmatch(name); found != nil {
		return p.list(w, found[1], pageNumber(found[2]))
	}
	if found := categoryPath.FindStringSubmatch(name); found != nil {
		return p.category(w, pageNumber(found[1]), pageNumber(found[2]))
	}
	if found := roomPath.FindStringSubmatch(name); found != nil {
		return p.room(r.Context(), w, found[1], found[2])
	}
	if found := filePath.FindStringSubmatch(name); found != nil {
		return p.file(w, r, pageNumber(found[1])-1)
	}
	switch name {
	case "index.html":
		return writePage(w, func(to io.Writer) error { return p.Index(to, p.Totals, p.categories) })
	case "search.html":
		return p.search(w, r)
	case "style.css":
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = io.WriteString(w, site.Style())
		return nil
	}
	return errNothing
}

// pageNumber reads the digits of a path; none are the first page.
func pageNumber(text string) int {
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

func (p *pages) list(w http.ResponseWriter, name string, n int) error {
	total := len(p.People)
	if name == "files" {
		total = len(p.Files)
	}
	if n < 1 || n > site.ListPages(int64(total)) || name == "files" && total == 0 {
		return errNothing
	}
	return writePage(w, func(to io.Writer) error {
		if name == "files" {
			return p.FilesPage(to, site.ListPage(p.Files, n), n, int64(total))
		}
		return p.PeoplePage(to, site.ListPage(p.People, n), n, int64(total))
	})
}

func (p *pages) category(w http.ResponseWriter, number, n int) error {
	if number < 1 || number > len(p.categories) || n < 1 || n > site.CategoryPages(p.categories[number-1]) {
		return errNothing
	}
	return writePage(w, func(to io.Writer) error { return p.CategoryPage(to, p.categories[number-1], n) })
}

// room gives the first page of a room, or one of its messages.
func (p *pages) room(ctx context.Context, w http.ResponseWriter, id, name string) error {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return errNothing
	}
	room, known := p.rooms[number]
	if !known {
		return errNothing
	}
	all, err := p.store.Pages(ctx, number)
	if err != nil {
		return err
	}
	if name == "index" {
		months, err := p.store.Months(ctx, number)
		if err != nil {
			return err
		}
		return writePage(
			w,
			func(to io.Writer) error { return p.RoomPage(to, room.Room, room.up, p.Sums[number], months) },
		)
	}
	at := slices.IndexFunc(all, func(one fulltext.Page) bool { return one.Name == name })
	if at < 0 {
		return errNothing
	}
	messages, err := p.store.Read(ctx, all[at])
	if err != nil {
		return err
	}
	var body site.PageBody
	for _, m := range messages {
		m.Files = p.links.Of(number, m.Text)
		body.Add("../../", m, p.person(m.Author))
	}
	turn := site.Turn{}
	if at > 0 {
		turn.Before = all[at-1].Name + ".html"
	}
	if at+1 < len(all) {
		turn.After = all[at+1].Name + ".html"
	}
	return writePage(
		w,
		func(to io.Writer) error { return p.MessagesPage(to, room.Room, room.up, body.Span(), turn, body.HTML) },
	)
}

func (p *pages) person(id int64) site.Person {
	if known, ok := p.people[id]; ok {
		return known
	}
	return site.Unknown(id)
}

// file gives an uploaded file, to be saved and not to be shown.
func (p *pages) file(w http.ResponseWriter, r *http.Request, n int) error {
	if n < 0 || n >= len(p.Files) || path.Base(p.Files[n].Path) != path.Base(r.URL.Path) {
		return errNothing
	}
	file := p.Files[n]
	head := w.Header()
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	head.Set("Content-Type", "application/octet-stream")
	head.Set(
		"Content-Disposition",
		mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(file.Path)}),
	)
	head.Set("Content-Length", strconv.FormatInt(file.Size, 10))
	if r.Method == http.MethodHead {
		return nil
	}
	p.files.Lock()
	defer p.files.Unlock()
	err := p.Open(r.Context(), n, func(content io.Reader) error {
		_, err := io.Copy(w, content)
		return err
	})
	if err != nil {
		panic(http.ErrAbortHandler) // the answer has begun: the reader must see that it is not whole
	}
	return nil
}

// hitsPerPage is how many messages a page of a search shows.
const hitsPerPage = 50

// search answers with what was found.
func (p *pages) search(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	filters := site.Filters{
		Words:    values.Get("q"),
		RoomName: values.Get("room"),
		Person:   values.Get("person"),
		Since:    values.Get("since"),
		Until:    values.Get("until"),
	}
	p.suggest(&filters)
	page := max(1, pageNumber(values.Get("page")))
	query, problem := p.query(filters)
	if problem != "" || query == nil {
		return writePage(
			w,
			func(to io.Writer) error { return p.FoundPage(to, filters, problem, nil, nil, site.Turn{}) },
		)
	}
	const furthest = 10_000 // of the pages, which are kept in memory up to that one
	page = min(page, furthest/hitsPerPage)
	found, err := p.store.Search(r.Context(), *query, (page-1)*hitsPerPage, hitsPerPage)
	if err != nil {
		return err
	}
	var body []byte
	for _, hit := range found.Hits {
		room := p.rooms[hit.Room]
		author := p.person(hit.Message.Author)
		body = site.AppendHit(body, room.Room, hit.Page, hit.Message, author, query.Words)
	}
	link := func(n int) string {
		values.Set("page", strconv.Itoa(n))
		return "search.html?" + values.Encode()
	}
	var turn site.Turn
	if page > 1 {
		turn.Before = link(page - 1)
	}
	if int64(page*hitsPerPage) < found.Count && page < furthest/hitsPerPage {
		turn.After = link(page + 1)
	}
	return writePage(w, func(to io.Writer) error {
		return p.FoundPage(to, filters, site.FoundText(found.Count), found.Months, body, turn)
	})
}

// suggest names rooms and people for the filters, where there are not too many to send with each page.
func (p *pages) suggest(filters *site.Filters) {
	const most = 500
	if len(p.Rooms) <= most {
		for _, one := range p.Rooms {
			filters.Rooms = append(filters.Rooms, one.Label())
		}
	}
	if len(p.People) <= most {
		for _, one := range p.People {
			filters.People = append(filters.People, one.Label())
		}
	}
}

// query reads the filters; the problem says what is wrong with them. There is no query where nothing is asked
// for.
func (p *pages) query(f site.Filters) (q *fulltext.Query, problem string) {
	q = &fulltext.Query{Words: f.Words}
	if strings.TrimSpace(f.Words+f.RoomName+f.Person+f.Since+f.Until) == "" {
		return nil, ""
	}
	var err error
	if q.Since, err = site.ParseDay(f.Since, false); err == nil {
		q.Until, err = site.ParseDay(f.Until, true)
	}
	if err != nil {
		return nil, failure.Of(err).Error() + ". " + failure.Of(err).Hint
	}
	if text := strings.TrimSpace(f.RoomName); text != "" {
		q.Rooms = site.Named(text, p.Rooms, site.Room.Label, func(r site.Room) int64 { return r.ID })
		if len(q.Rooms) == 0 {
			return nil, "No room has that in its name."
		}
	}
	if text := strings.TrimSpace(f.Person); text != "" {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			q.People = []int64{id}
		} else {
			q.People = site.Named(text, p.People, site.Person.Label, func(p site.Person) int64 { return p.ID })
		}
		const most = 40
		if len(q.People) == 0 {
			return nil, "Nobody has that in their name."
		}
		if len(q.People) > most {
			return nil, fmt.Sprintf("More than %d people have that in their name: type more of it.", most)
		}
	}
	return q, ""
}

// openFile gives the content of the n-th file of an archive, counted from 0.
func openFile(ctx context.Context, a *archive.Archive, n int, read func(io.Reader) error) error {
	at := -1
	return a.Files(ctx, func(_, _ string, _ time.Time, _ int64, content io.Reader) error {
		if at++; at != n {
			return nil
		}
		return read(content)
	})
}
