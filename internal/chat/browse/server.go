package browse

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"csbackup/internal/chat/fulltext"
	"csbackup/internal/chat/site"
	"csbackup/internal/failure"
)

// Content is what is served besides the messages, which are in the store.
type Content struct {
	About  site.About
	Rooms  []site.Room   // with or without messages, in the order in which they are listed
	People []site.Person // with the counts of their messages
	Totals site.Totals
	Sums   map[int64]site.Totals // of the messages of each room that has any
	Files  []site.File
	// Open gives the content of the n-th file, counted from 0, to read; it calls it from one goroutine at a
	// time.
	Open func(ctx context.Context, n int, read func(io.Reader) error) error
}

// Server serves one site.
type Server struct {
	listener net.Listener
	token    string
	pages    *pages
}

// pagePolicy is the content security policy that pages name themselves: styles of this server and of
// formatted text, and no scripts. The header of each answer says in addition that nobody may frame it, which
// a page cannot say of itself.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'"
	policy     = pagePolicy + "; frame-ancestors 'none'"
)

// Listen begins to listen at a loopback address, such as 127.0.0.1:0.
func Listen(address string, content Content, store *fulltext.Store) (*Server, error) {
	if err := CheckLoopback(address); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, failure.Wrap(
			failure.InvalidUsage,
			address,
			"Nothing can listen at "+address,
			"Name another port with --listen, or 127.0.0.1:0 for any that is free.",
			err,
		)
	}
	token := make([]byte, 16)
	_, _ = rand.Read(token) // it never fails
	return &Server{listener: listener, token: hex.EncodeToString(token), pages: newPages(content, store)}, nil
}

// CheckLoopback refuses an address that others could reach.
func CheckLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return failure.Wrap(
			failure.InvalidUsage,
			address,
			"An address to listen at is a host and a port",
			"Give it as 127.0.0.1:8080, or 127.0.0.1:0 for any port that is free.",
			err,
		)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return failure.New(
			failure.InvalidUsage,
			address,
			"The pages are for this machine only, and "+address+" could be reached by others",
			"Give a loopback address, such as 127.0.0.1:0 or [::1]:0.",
		)
	}
	return nil
}

// URL is where the pages begin.
func (s *Server) URL() string {
	return "http://" + s.listener.Addr().String() + "/" + s.token + "/index.html"
}

// Close ends the listening of a server that does not serve.
func (s *Server) Close() error { return s.listener.Close() }

// Serve answers until the context ends, which is no error.
func (s *Server) Serve(ctx context.Context) error {
	const patience = 30 * time.Second
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: patience, ReadTimeout: patience, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(
		ctx,
		func() { _ = server.Close() },
	) // what is being answered is of no use any more
	defer stop()
	err := server.Serve(s.listener)
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return failure.Wrap(
		failure.UnexpectedError,
		s.listener.Addr().String(),
		"The pages cannot be served any more",
		"Start the command again.",
		err,
	)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	for name, value := range map[string]string{
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		head.Set(name, value)
	}
	switch {
	case !s.isOurs(r.Host):
		http.Error(w, "This server has another name.", http.StatusMisdirectedRequest)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		head.Set("Allow", "GET, HEAD")
		http.Error(w, "Pages can only be read.", http.StatusMethodNotAllowed)
		return
	}
	token, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1 {
		http.Error(
			w,
			"There is nothing here. Use the whole address that the command has printed.",
			http.StatusNotFound,
		)
		return
	}
	if path == "" {
		http.Redirect(w, r, "/"+s.token+"/index.html", http.StatusFound)
		return
	}
	if err := s.pages.answer(w, r, path); err != nil {
		s.explain(w, r, err)
	}
}

// isOurs tells whether a request was meant for this server: for the address that it listens at, or localhost
// there.
func (s *Server) isOurs(host string) bool {
	address := s.listener.Addr().(*net.TCPAddr)
	return host == address.String() || host == fmt.Sprintf("localhost:%d", address.Port)
}

// errNothing is the error of a path that leads nowhere.
var errNothing = errors.New("there is no such page")

func (s *Server) explain(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errNothing):
		http.Error(w, "There is no such page.", http.StatusNotFound)
	case r.Context().Err() != nil:
		// Nobody waits for the answer.
	default:
		f := failure.Of(err)
		http.Error(w, f.Error()+". "+f.Hint, http.StatusInternalServerError)
	}
}

// writePage answers with a page that is made as a whole first, so that an error can still be told.
func writePage(w http.ResponseWriter, write func(io.Writer) error) error {
	var page bytes.Buffer
	if err := write(&page); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = page.WriteTo(w) // the reader may be gone
	return nil
}
