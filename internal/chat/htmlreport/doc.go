// Package htmlreport writes the page about an export or import that --report asks for.
//
// It promises a page that needs nothing from a network and no server. All text is escaped, whatever it holds.
// The one script is inside of the page, and a content security policy names it by its hash: it searches and
// sorts tables, and without it all of the page is there and readable. An existing report stays until the new
// one is complete.
//
// A table of more than 500 rows is continued on further pages, in a folder beside the report: of report.html
// it is report-pages, with rooms-2.html and so on, and rooms.js, which holds all rows of the table and which
// the script loads when somebody searches or sorts. In that folder it owns the files of such names and no
// others.
//
// It imports chat/archive, for writing files whole, and chat/chart.
package htmlreport
