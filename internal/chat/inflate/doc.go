// Package inflate unpacks deflate (RFC 1951), faster than the libraries that there are for Go.
//
// It promises that a Reader gives what compress/flate gives for the same bytes, and fails where that fails,
// whatever the bytes are; in fixed memory. It imports nothing of the project.
//
// # Why so
//
// Unpacking was two thirds of the time that proving an archive takes. The libraries read their input byte by
// byte through an interface and keep a window apart from their output; this one looks at eight bytes of input at
// once, in which there are several symbols, and copies within one buffer. On messages it needs half of their time.
package inflate
