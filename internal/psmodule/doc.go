// Package psmodule holds tests of the PowerShell modules in psmodule that need no PowerShell: that
// their files use nothing newer than Windows PowerShell 5.1, that each cmdlet has the published
// parameters, that manifests, help, types and formats agree with the functions and with the
// program's own results, and that what the module asks of "csbackup host" is what that takes.
//
// Most of it reads the files with a small reader of its own, so that it runs everywhere. Whether a
// file parses is for a real grammar to say: scripts/check-powershell, where node and its packages
// are installed. Only a running PowerShell can show the rest: psmodule/tests.
//
// The package promises nothing at run time and is imported by nobody.
package psmodule
