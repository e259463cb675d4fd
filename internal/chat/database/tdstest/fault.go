package tdstest

// Kind is what a client asks for.
type Kind string

// The kinds. A Packet has arrived on any connection; the others are whole requests.
const (
	Packet   Kind = "packet"
	LogIn    Kind = "login"
	SQL      Kind = "sql"  // Text is the statement
	Load     Kind = "load" // Text is the table; the rows have arrived
	Begin    Kind = "begin"
	Commit   Kind = "commit"
	Rollback Kind = "rollback"
)

// Request is what a connection is about to serve.
type Request struct {
	Kind    Kind
	Text    string
	Packets int // that arrived since Intercept was set
}

// Action is what happens in place of the service. The zero value lets it happen.
type Action struct {
	Cut     bool   // close the connection at once; what it has not committed is undone
	CutDone bool   // serve the request, then close the connection before the answer
	Stall   bool   // answer nothing until the client sends attention
	Deaf    bool   // answer nothing, not even attention, until the client goes away
	Error   int32  // answer an error of that number; it undoes the transaction, as XACT_ABORT does
	Message string // of the error
	Lose    int    // load so many rows fewer than arrived, and say so
}

// Login is what a client told of itself.
type Login struct {
	User, Password, Application, Database string
	NTLM                                  bool // User is DOMAIN\user then
	Kerberos                              bool // nothing is checked but that a ticket came
	Encrypted                             bool
	TLS                                   uint16 // version; 0 without
}
