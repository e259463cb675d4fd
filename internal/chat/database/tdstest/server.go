package tdstest

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"sync"
	"testing"
)

// Encryption is what the server says of TLS before the login.
type Encryption byte

// The answers.
const (
	EncryptionLoginOnly Encryption = 0 // it can, and leaves the choice to the client
	EncryptionOn        Encryption = 1
	EncryptionNone      Encryption = 2
	EncryptionStrict    Encryption = 4 // TLS comes before everything else
)

// Options describe a server. The zero value, with a certificate, is the usual one.
type Options struct {
	TLS        *tls.Config // nil: the server has no encryption
	Strict     bool        // TLS comes before everything else
	LoginOnly  bool        // encrypts only the login, where the client agrees
	PacketSize int         // 512 to 32767; 0 is 4096
	NoSnapshot bool        // the database does not allow snapshot isolation
	User       string      // "" takes any login
	Password   string
	Host       string // a loopback address; "" is 127.0.0.1
}

// Server is a running server.
type Server struct {
	Host string
	Port int

	options  Options
	path     string
	listener net.Listener

	mu        sync.Mutex
	intercept func(Request) Action
	packets   int
	logins    []Login
	open      map[net.Conn]bool
	closed    bool
	serving   sync.WaitGroup
}

// Start runs a server with an empty database until the end of the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	if options.Host == "" {
		options.Host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", options.Host+":0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	s := &Server{Host: options.Host, Port: address.Port, options: options, path: filepath.Join(t.TempDir(), "server.db"), listener: listener, open: map[net.Conn]bool{}}
	if s.options.PacketSize == 0 {
		s.options.PacketSize = 4096
	}
	s.serving.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.remember(conn) {
			return
		}
		s.serving.Go(func() {
			c := &connection{server: s, raw: conn, line: conn}
			c.serve()
			s.forget(conn)
		})
	}
}

func (s *Server) remember(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return false
	}
	s.open[conn] = true
	return true
}

func (s *Server) forget(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
}

func (s *Server) close() {
	s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.open {
		conn.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// Logins lists the logins so far, refused ones too.
func (s *Server) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Login(nil), s.logins...)
}

// Intercept sets the function that is asked before each packet and each request, nil for none, and counts
// packets from 1 again. It is called by one connection at a time.
func (s *Server) Intercept(fn func(Request) Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept, s.packets = fn, 0
}

func (s *Server) ask(kind Kind, text string) Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == Packet {
		s.packets++
	}
	if s.intercept == nil {
		return Action{}
	}
	return s.intercept(Request{Kind: kind, Text: text, Packets: s.packets})
}
