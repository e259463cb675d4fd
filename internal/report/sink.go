package report

// Sink receives what a command has to say. Commands write to it and to nothing else; the command
// line and the PowerShell door each bring their own. Its methods may be called from one goroutine
// at a time.
type Sink interface {
	// Object gives one result. A value that implements Tabular is shown as its table on a terminal.
	Object(value any) error
	// Progress tells how far a long piece of work has come; it may be called often and is thinned out.
	Progress(p Progress)
	// Verbose tells a step, for those who asked to be told.
	Verbose(message string)
	// Warning tells what a person must know although the command goes on.
	Warning(message string)
}

// Tabular is a result with a table of its own for people.
type Tabular interface {
	// Tables gives what is shown on a terminal, top to bottom.
	Tables() []Table
}

// List is a result of several objects: they are shown as one table on a terminal, and given one by
// one everywhere else.
type List interface {
	Tabular
	// Items gives the objects; none means that nothing is printed for scripts.
	Items() []any
}

// Items gives the elements of a slice one by one, for a List.
func Items[T any](all []T) []any {
	items := make([]any, len(all))
	for i, one := range all {
		items[i] = one
	}
	return items
}

// Table is one table for people: a title (may be empty), a header and rows. A table without a
// header is a list of name and value.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
}

// Progress is the state of one piece of long work. Totals of 0 are unknown.
type Progress struct {
	Activity    string // what is being done: "Exporting mgc"
	Status      string // where it is: "room Sales, message 120,000"
	Done        int64  // units done (files or rows)
	Total       int64
	Unit        string // "files", "rows"
	Bytes       int64
	TotalBytes  int64
	SecondsLeft int64 // -1 when unknown
	Completed   bool  // the last report of this activity
}
