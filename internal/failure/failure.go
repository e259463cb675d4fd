package failure

import (
	"context"
	"errors"
	"fmt"
)

// ID names a kind of failure for scripts: it is the `Id` of the JSON error and the
// FullyQualifiedErrorId of the PowerShell record. Ids never change once released.
type ID string

// Category is the PowerShell error category that belongs to an ID.
type Category string

// The categories in use, spelled as PowerShell's ErrorCategory spells them.
const (
	InvalidArgument     Category = "InvalidArgument"
	InvalidData         Category = "InvalidData"
	ObjectNotFound      Category = "ObjectNotFound"
	ResourceExists      Category = "ResourceExists"
	ResourceBusy        Category = "ResourceBusy"
	ResourceUnavailable Category = "ResourceUnavailable"
	ConnectionError     Category = "ConnectionError"
	AuthenticationError Category = "AuthenticationError"
	PermissionDenied    Category = "PermissionDenied"
	SecurityError       Category = "SecurityError"
	OperationStopped    Category = "OperationStopped"
	OperationTimeout    Category = "OperationTimeout"
	WriteError          Category = "WriteError"
	ReadError           Category = "ReadError"
	NotSpecified        Category = "NotSpecified"
	InvalidOperation    Category = "InvalidOperation"
)

// Exit codes of the executable, as the contract fixes them.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitPartly      = 3
	ExitUnknown     = 4
	ExitRefused     = 5
	ExitUnreachable = 6
	ExitDamaged     = 7
	ExitCancelled   = 130
)

// Kind is what an ID stands for.
type Kind struct {
	ID       ID
	Category Category
	ExitCode int
	Meaning  string // one line for the published list of ids
}

// Error is a failure as a person or a script sees it.
type Error struct {
	ID      ID
	Message string // what happened, to what, and why: one sentence
	Hint    string // what to do next: one sentence
	Target  string // the pool, file or database that it is about
	Err     error  // the cause, may be nil
}

// New returns a failure with the given id, target, sentence and advice.
func New(id ID, target, message, hint string) *Error {
	return &Error{ID: id, Target: target, Message: message, Hint: hint}
}

// Wrap returns a failure whose sentence ends in the cause's own text.
func Wrap(id ID, target, message, hint string, cause error) *Error {
	return &Error{ID: id, Target: target, Message: message, Hint: hint, Err: cause}
}

// Error gives the sentence, followed by the cause where there is one.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, &Error{ID: x}) true for any failure of kind x.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.ID == e.ID && other.Message == ""
}

// IsID tells whether err is, or wraps, a failure of the given kind.
func IsID(err error, id ID) bool { return errors.Is(err, &Error{ID: id}) }

// Of turns any error into the failure that is shown: the outermost *Error in its chain, a
// cancellation, or an UnexpectedError for what nobody gave a kind.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return Wrap(Cancelled, "", "The command was cancelled", "Run it again when you are ready; nothing half-done was left behind.", err)
	}
	return Wrap(UnexpectedError, "", "The command failed", "Run it again with --log-level debug and read the last lines before the error.", err)
}

// KindOf gives the table's row of an id; an id that is not in the table counts as UnexpectedError.
func KindOf(id ID) Kind {
	if k, ok := kinds[id]; ok {
		return k
	}
	return kinds[UnexpectedError]
}

// ExitCode gives the exit code for an error: 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	return KindOf(Of(err).ID).ExitCode
}
