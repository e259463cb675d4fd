// Package rtf reads the RTF in which clients of Persistent Chat send messages, as text with simple formatting,
// and writes that as plain text or as HTML.
//
// It promises that any input ends in bounded time and memory: time grows with the length of the input, a
// document of more than 16 MiB or with groups more than 200 deep is refused, and what comes out is no longer
// than a few times what went in. What comes out is never active: pictures, objects, fields and macros are left
// out, HTML has only b, i, u, s, span with a colour, br, and links to http, https and mailto.
//
// What it understands follows the Rich Text Format Specification 1.9.1: groups and destinations, the
// characters of \' in the code page of the document or of the font, \u with its fallback, the
// symbols, \b \i \ul \strike \cf \v with their ends, \plain, \par, \line and \tab, hyperlinks. Everything else is
// passed over. Black is no colour: it is what text has by itself.
//
// It is pure: it owns nothing and imports nothing of the project. Package chat/convert's formats use it.
package rtf
