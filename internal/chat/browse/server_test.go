package browse_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"csbackup/internal/chat/browse"
	"csbackup/internal/chat/browsertest"
	"csbackup/internal/chat/chart"
	"csbackup/internal/chat/fulltext"
	"csbackup/internal/chat/site"
	"csbackup/internal/failure"
)

const hostile = `<script>document.title="broken"</script>"><img src=x onerror=alert(1)> javascript:alert(2)`

var start = time.Date(2018, time.January, 30, 9, 0, 0, 0, time.UTC)

const fileName = "00000009-0000-4000-8000-000000000001.html"

// serve starts a server with so many messages in three rooms, and stops it with the test.
func serve(t *testing.T, messages int) (address string) {
	t.Helper()
	store, err := fulltext.Create()
	if err != nil {
		t.Fatal(err)
	}
	content := browse.Content{
		About: site.About{Title: "Contoso", Source: hostile, Made: start, Program: "csbackup"},
		Rooms: []site.Room{
			{ID: 10, Name: "Sales", Category: "North"},
			{ID: 11, Name: hostile, Category: "North"},
			{ID: 12, Name: "Support"},
			{ID: 13, Name: "Quiet"},
		},
		Sums: map[int64]site.Totals{},
		Files: []site.File{
			{
				FileLink: site.FileLink{Name: fileName, Path: site.FilePath(0, fileName), Size: 21},
				RoomID:   10,
				RoomName: "Sales",
				Modified: start,
			},
		},
		Open: func(_ context.Context, _ int, read func(io.Reader) error) error {
			return read(strings.NewReader("<script>hi()</script>"))
		},
	}
	for i := range 20 {
		content.People = append(
			content.People,
			site.Person{
				ID:      int64(i),
				Name:    fmt.Sprintf("Person %d", i),
				Address: fmt.Sprintf("sip:p%d@contoso.com", i),
			},
		)
	}
	for n := range messages {
		room := int64(10 + n*3/messages)
		m := site.Message{
			ID:     int64(n + 1),
			At:     start.Add(time.Duration(n) * time.Hour),
			Author: int64(n % 20),
			Text:   fmt.Sprintf("number%d of the budget in Köln", n),
		}
		switch n % 10 {
		case 3:
			m.Text = hostile + " ende"
		case 5:
			m.Text = "ma-filelink:page " + fileName
		case 7:
			m.Text, m.HTML = "bold ende", `<b>bold ende</b>`
		}
		sum := content.Sums[room]
		sum.Add(m.At)
		content.Sums[room] = sum
		content.Totals.Add(m.At)
		if err := store.Add(room, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Ready(); err != nil {
		t.Fatal(err)
	}
	content.Totals.Rooms, content.Totals.People = int64(len(content.Rooms)), int64(len(content.People))
	content.Totals.Months = []chart.Count{
		{Year: 2018, Month: time.January, Messages: 10},
		{Year: 2018, Month: time.March, Messages: 5},
	}
	server, err := browse.Listen("127.0.0.1:0", content, store)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// ask sends a request and gives the status, the header and the body.
func ask(t *testing.T, method, address, host string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

func TestOnlyWhoKnowsTheAddressReadsAnything(t *testing.T) {
	address := serve(t, 600)
	where, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.Split(where.Path, "/")[1]
	top := "http://" + where.Host
	if len(token) != 32 || where.Hostname() != "127.0.0.1" {
		t.Errorf("the address is %s", address)
	}
	for _, one := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "/" + token + "/index.html", "", 200}, {"HEAD", "/" + token + "/index.html", "", 200}, {"GET", "/" + token + "/", "", 302}, {"GET", "/" + token, "", 302},
		{"GET", "/" + token + "/index.html", "localhost:" + where.Port(), 200},
		{"GET", "/", "", 404}, {"GET", "/index.html", "", 404}, {"GET", "/" + token[:31] + "/index.html", "", 404}, {"GET", "/" + strings.Repeat("0", 32) + "/index.html", "", 404},
		{"GET", "/" + token + "/index.html", "rebound.example.test:" + where.Port(), 421}, {"GET", "/" + token + "/index.html", "127.0.0.1", 421},
		{"GET", "/" + token + "/index.html", "127.0.0.1:1", 421}, {"GET", "/" + token + "/index.html", "localhost.example.test:" + where.Port(), 421},
		{"POST", "/" + token + "/index.html", "", 405}, {"PUT", "/" + token + "/style.css", "", 405}, {"DELETE", "/" + token + "/index.html", "", 405}, {"OPTIONS", "/" + token + "/index.html", "", 405},
		{"GET", "/" + token + "/../../etc/passwd", "", 404}, {"GET", "/" + token + "/files/1/other.html", "", 404}, {"GET", "/" + token + "/files/2/" + fileName + ".download", "", 404},
		{"GET", "/" + token + "/rooms/99/index.html", "", 404}, {"GET", "/" + token + "/rooms/10/2017-01.html", "", 404}, {"GET", "/" + token + "/rooms/99999999999999999999/index.html", "", 404},
		{"GET", "/" + token + "/people-2.html", "", 404}, {"GET", "/" + token + "/people-0.html", "", 404}, {"GET", "/" + token + "/categories/9.html", "", 404},
		{"GET", "/" + token + "/search.html?q=" + strings.Repeat("budget+", 1000), "", 200}, {"GET", "/" + token + "/search.html?q=%22%29+OR+*&since=never", "", 200},
		{"GET", "/" + token + "/search.html?q=budget&page=99999999999999999999", "", 200}, {"GET", "/" + token + "/search.html?person=99999999999999999999", "", 200},
	} {
		status, head, body := ask(t, one.method, top+one.path, one.host)
		if status != one.want {
			t.Errorf(
				"%s %s for %q: %d, not %d: %.200s",
				one.method,
				one.path,
				one.host,
				status,
				one.want,
				body,
			)
		}
		if status != 200 && status != 302 &&
			(strings.Contains(body, "Contoso") || strings.Contains(body, token)) {
			t.Errorf("%s %s tells %q", one.method, one.path, body)
		}
		if !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'none'") ||
			head.Get("X-Content-Type-Options") != "nosniff" ||
			head.Get("Referrer-Policy") != "no-referrer" ||
			head.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s has the header %v", one.method, one.path, head)
		}
	}
	status, head, body := ask(
		t,
		"GET",
		strings.Replace(address, "index.html", site.FilePath(0, fileName), 1),
		"",
	)
	if status != 200 || body != "<script>hi()</script>" ||
		!strings.HasPrefix(head.Get("Content-Disposition"), "attachment") ||
		head.Get("Content-Type") != "application/octet-stream" ||
		!strings.Contains(head.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a file is answered with %d, %v, %q", status, head, body)
	}
}

func TestOthersCannotReachThePages(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.test:0", "127.0.0.1", ""} {
		if server, err := browse.Listen(address, browse.Content{}, nil); !failure.IsID(
			err,
			failure.InvalidUsage,
		) {
			t.Errorf("%q: %v, %v", address, server, err)
		}
	}
}

func TestThePagesInABrowser(t *testing.T) {
	browser := browsertest.Open(t)
	address := serve(t, 1800)
	base := strings.TrimSuffix(address, "index.html")
	browser.Go(address)
	browser.Click(`a[href="rooms/10/index.html"]`)
	browser.Until(`document.querySelector("h1") && document.querySelector("h1").textContent === "Sales"`)
	browser.Click(`.months a`)
	browser.Until(`document.querySelector("article#m1") !== null`)
	browser.Click(`a[rel=next]`)
	browser.Until(
		`document.querySelector("a[rel=prev]") !== null && document.querySelector("article#m1") === null`,
	)
	if texts := browsertest.Eval[int](browser, `Array.from(document.querySelectorAll("article b")).filter(function (b) { return b.textContent === "bold ende"; }).length`); texts == 0 {
		t.Error("formatted text is not shown with its format")
	}
	count := func() string { return browser.Text("main [role=status]") }
	for _, one := range []struct{ query, want string }{
		{"q=number71+", "1 message"}, {"q=BUDGET", "1,260 messages, the latest first"}, {"q=koln&room=Sales", "420 messages, the latest first"},
		{"q=budget&person=Person+4+", "90 messages, the latest first"}, {"q=budget&person=4&since=2018-02&until=2018-02-28", "34 messages, the latest first"},
		{"q=nothing+like+it", "Nothing was found."}, {"room=nowhere", "No room has that in its name."}, {"person=nobody", "Nobody has that in their name."},
		{"q=x&since=yesterday", `"yesterday" is no date. Give a year, a month or a day, such as 2018, 2018-01 or 2018-01-31.`},
	} {
		browser.Go(base + "search.html?" + one.query)
		if got := count(); got != one.want {
			t.Errorf("%s: %q, not %q", one.query, got, one.want)
		}
	}
	browser.Go(base + "search.html")
	browser.Type("form.search input[name=q]", "ende")
	browser.Click("form.search button")
	browser.Until(
		`document.querySelectorAll(".hit").length === 50 && document.querySelector("figure svg") !== null`,
	)
	browser.Click("a[rel=next]")
	browser.Until(`location.search.includes("page=2") && document.querySelectorAll(".hit").length === 50`)
	browser.Click(".hit .when")
	browser.Until(`location.hash.startsWith("#m") && document.querySelector(location.hash) !== null`)
	if title := browsertest.Eval[string](browser, `document.title`); title == "broken" {
		t.Error("a text ran as a script")
	}
	for _, page := range []string{"index.html", "rooms/11/index.html", "people.html", "files.html", "search.html?q=budget"} {
		for _, width := range []int64{1280, 375} {
			browser.Size(width, 900, width == 375)
			browser.Go(base + page)
			if n := browser.Overflow(); n > 0 {
				t.Errorf("%s is %d pixels wider than %d", page, n, width)
			}
			if n := browsertest.Eval[int](browser, `document.querySelectorAll("script, img, iframe").length`); n > 0 {
				t.Errorf("%s has %d elements that are not its own", page, n)
			}
			browser.Screenshot(
				fmt.Sprintf("browse-%s-%d", strings.NewReplacer("/", "-", "?", "-").Replace(page), width),
			)
		}
	}
	browser.Clean(base)
}
