// Package siteplan shows a plan of package convert in the terms of package site: rooms with their categories
// and facts, people, uploaded files, and messages with their formatting as HTML.
//
// It promises that the HTML of a message has no active content, as package rtf promises it, and that texts
// are as the archive holds them: package site makes them fit to be shown. It owns nothing.
//
// It imports the chat packages convert, rtf and site. The format html, package browse and the search in a
// terminal use it.
package siteplan
