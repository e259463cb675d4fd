// Package htmlreport writes the page about an export or import that --report asks for.
//
// It promises one file that needs nothing besides itself: no script, no picture, no network. All text is
// escaped, whatever it holds, and an existing report stays until the new one is complete. It imports
// chat/archive, for writing files whole.
package htmlreport
