package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/settings"
)

// backend is a service behind the door that has settings and nothing else.
type backend struct {
	current settings.Settings
	asked   int
}

func (b *backend) Status(context.Context, []string) (Status, error) { b.asked++; return Status{}, nil }
func (b *backend) Sync(context.Context, []string) error             { b.asked++; return nil }
func (b *backend) Settings(context.Context) (settings.Versioned, error) {
	b.asked++
	return settings.Versioned{Settings: b.current}, nil
}
func (b *backend) SetSettings(_ context.Context, change settings.Change) error {
	b.asked++
	next, err := change.Apply(b.current)
	if err == nil {
		b.current = next
	}
	return err
}
func (b *backend) ResetSettings(context.Context) error { b.asked++; return nil }
func (b *backend) Versions(context.Context, string, string, int) ([]Version, error) {
	b.asked++
	return nil, nil
}
func (b *backend) RestoreVersion(context.Context, string) error     { b.asked++; return nil }
func (b *backend) Loss(context.Context, string) ([]Loss, error)     { b.asked++; return nil, nil }
func (b *backend) ConfirmLoss(_ context.Context, _, _ string) error { b.asked++; return nil }
func (b *backend) Adoption(context.Context) (Adoption, error)       { b.asked++; return Adoption{}, nil }
func (b *backend) AdoptStore(context.Context, string) error         { b.asked++; return nil }
func everybody(*http.Request) error                                 { return nil }
func nobody(*http.Request) error                                    { return errors.New("you may not") }
func post(h http.Handler, name string, body []byte) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, prefix+name, bytes.NewReader(body)))
	return answer
}

// Whatever is asked, the answer is JSON: a result, or a refusal with an id and what to do next; settings
// stay within their ranges, and who has no rights changes nothing.
func FuzzRequests(f *testing.F) {
	names := []string{"nothing"}
	for name := range calls {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range names {
		f.Add(i, []byte(`{"Modules":["ConfServices.DataConf"],"Module":"m","Path":"\u0000/../x","ID":"DataConf/1","Plan":"p"}`))
	}
	f.Add(slices.Index(names, "set"), []byte(`{"Change":{"SyncInterval":"00:00:01"}}`))
	f.Add(slices.Index(names, "set"), []byte(`{"Change":{"MaxConcurrentCalls":99999999999999999999}}`))
	f.Add(slices.Index(names, "set"), []byte(`{"Change":{"AuthorizedLocalAccounts":["\u001b[2J"]}}`))
	f.Add(0, []byte(`{"Unknown":1}`))
	f.Add(0, bytes.Repeat([]byte("["), 20_000))
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		name := names[uint(which)%uint(len(names))]
		b := &backend{current: settings.Defaults()}
		answer := post(Handler(b, everybody), name, body)
		if !json.Valid(answer.Body.Bytes()) {
			t.Fatalf("%s is answered with %q", name, answer.Body)
		}
		if answer.Code != http.StatusOK {
			var told refusal
			if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil || told.ID == "" || told.Message == "" || told.Hint == "" {
				t.Errorf("%s is refused with %q", name, answer.Body)
			}
		}
		if err := b.current.Check(); err != nil {
			t.Errorf("settings out of range: %v", err)
		}
		stranger := &backend{current: settings.Defaults()}
		if answer := post(Handler(stranger, nobody), name, body); answer.Code != http.StatusForbidden || stranger.asked > 0 {
			t.Errorf("a stranger gets %d for %s", answer.Code, name)
		}
	})
}

// single is a listener for one connection.
type single struct {
	conn chan net.Conn
	done chan struct{}
}

func (s *single) Accept() (net.Conn, error) {
	select {
	case c := <-s.conn:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}
func (s *single) Close() error   { close(s.done); return nil }
func (s *single) Addr() net.Addr { return &net.UnixAddr{Name: "here"} }

// A caller that sends its request a byte at a time, for ever, is given up; the clock is not the machine's.
func TestP19_ACallerThatDripsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{}
		l := &single{conn: make(chan net.Conn, 1), done: make(chan struct{})}
		server := &http.Server{Handler: Handler(b, everybody)}
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(l) }()
		here, there := net.Pipe()
		l.conn <- there
		go func() { _, _ = io.Copy(io.Discard, here) }()
		_, err := fmt.Fprintf(here, "POST %ssync HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{", prefix)
		begun := time.Now()
		for ; err == nil && time.Since(begun) < time.Hour; time.Sleep(3 * time.Second) {
			_, err = here.Write([]byte(" "))
		}
		if took := time.Since(begun); err == nil || took > 2*requestWithin || b.asked > 0 {
			t.Errorf("it was given up after %s with %v, and asked %d times", took, err, b.asked)
		}
		server.Close()
		here.Close()
		<-ended
	})
}
