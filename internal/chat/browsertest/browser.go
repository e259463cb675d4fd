package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for one step on a machine that is busy with other things.
const patience = 2 * time.Minute

// find gives the path of a Chromium, "" where there is none.
func find() string {
	if named := os.Getenv("CSBACKUP_TEST_CHROMIUM"); named != "" {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Page is one tab of a browser of its own.
type Page struct {
	t   testing.TB
	ctx context.Context

	mutex    sync.Mutex
	problems []string
	requests []string
}

// Open starts a browser with an empty page. It ends with the test, which is skipped where there is no
// Chromium.
func Open(t testing.TB) *Page {
	t.Helper()
	path := find()
	if path == "" {
		t.Skip("no Chromium is installed: apt-get install chromium, or name one in CSBACKUP_TEST_CHROMIUM")
	}
	options := append(
		slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		// Tests run as root in places where Chromium cannot make its sandbox, and names resolve to nothing
		// but this host.
		chromedp.NoSandbox,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(patience),
	)
	allocated, cancelAllocated := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser is gone, whose folder is then removed
		cancel()
		cancelAllocated()
	})
	p := &Page{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	for _, command := range []cdp.Command[cdp.Empty, cdp.Empty]{log.Enable, runtime.Enable} {
		if _, err := chromedp.Call(ctx, command, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// listen keeps what a page complains about and what it asks for.
func (p *Page) listen(event any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		p.problems = append(p.problems, string(e.Entry.Source)+": "+e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.problems = append(p.problems, "exception: "+text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.problems = append(p.problems, "console: "+string(e.Type))
		}
	case *page.EventJavascriptDialogOpening:
		p.problems = append(p.problems, "dialog: "+e.Message)
		go func() {
			_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}) // else the page waits
		}()
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

// run carries out one action. Its deadline is around the wait only: the browser would end with a context that
// does.
func run[T any](p *Page, what string, action chromedp.Action[T]) T {
	p.t.Helper()
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := chromedp.Run(p.ctx, action)
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			p.t.Fatalf("%s: %v", what, o.err)
		}
		return o.value
	case <-time.After(patience):
		p.t.Fatalf("%s: Chromium did not answer in %v", what, patience)
	}
	panic("unreachable")
}

// Go opens an address and waits until the page is loaded. The address may be a file's path.
func (p *Page) Go(address string) {
	p.t.Helper()
	if !strings.Contains(address, "://") {
		address = "file://" + filepath.ToSlash(address)
	}
	run(p, "open "+address, chromedp.Navigate(address))
}

// Eval gives the value of an expression in the page; a promise is waited for.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	return run(p, expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Text gives the visible text of the first element that a selector finds.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return run(p, "read "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Click clicks on the first element that a selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	run(p, "click on "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Type types into a field, in the place of what is in it.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	Eval[bool](p, fmt.Sprintf(`document.querySelector(%q).value = "", true`, selector))
	run(p, "type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Until waits until an expression is true, also over a change of the page.
func (p *Page) Until(expression string) {
	p.t.Helper()
	const pause = 5 * time.Millisecond
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(pause) {
		if is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil &&
			is {
			return
		}
	}
	p.Screenshot("failed")
	p.t.Fatalf("it did not come true in %v: %s; the page complains: %q", patience, expression, p.Problems())
}

// Size sets the size of the window and whether the system prefers dark colours.
func (p *Page) Size(width, height int64, dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	run(p, "set the size", chromedp.EmulateViewport(width, height))
	media := emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, media); err != nil {
		p.t.Fatal(err)
	}
}

// Overflow tells by how many pixels the page is wider than its window.
func (p *Page) Overflow() int {
	p.t.Helper()
	return Eval[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
}

// Screenshot keeps a picture of the window, where CSBACKUP_TEST_SCREENSHOTS names a folder.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	if folder := os.Getenv("CSBACKUP_TEST_SCREENSHOTS"); folder != "" {
		picture := run(p, "take a picture", chromedp.CaptureScreenshot())
		if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

// PDF prints the page.
func (p *Page) PDF() []byte {
	p.t.Helper()
	return run(p, "print", chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
}

// Problems gives everything that pages complained about so far.
func (p *Page) Problems() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.problems)
}

// Requests gives all addresses that pages asked for so far.
func (p *Page) Requests() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.requests)
}

// Clean fails the test where a page complained or asked for something that is neither a file nor at this
// base.
func (p *Page) Clean(base string) {
	p.t.Helper()
	for _, one := range p.Problems() {
		p.t.Errorf("the page complains: %s", one)
	}
	for _, one := range p.Requests() {
		if !strings.HasPrefix(one, base) && !strings.HasPrefix(one, "about:") {
			p.t.Errorf("the page asks for %s", one)
		}
	}
}
