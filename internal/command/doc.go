// Package command holds what each command does, apart from how it was called: an options struct
// whose fields are the cmdlet's parameters, and a Run method. The command line (package cli) and
// the PowerShell door (package host) both fill the options and call Run, so that nothing of the
// product exists twice.
//
// It promises that a command writes only to the Sink and streams that it was given, that it ends
// soon after its context does, and that every error it returns is a failure with an id. It may
// import any package of the project except cli and host.
package command
