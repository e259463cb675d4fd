// Package report carries what a command has to say to whoever listens: result objects, progress,
// verbose text and warnings, as a table, as JSON lines or as the events of the PowerShell door.
//
// It promises that standard output holds results only, that JSON is ASCII, and that a failed
// command prints no half object. It may import failure and nothing else of the project.
package report
