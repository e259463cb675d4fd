// Command csbackup keeps the conference content of two paired pools alike and carries Persistent
// Chat data. It holds nothing but the start and the end of the process; package cli does the work.
package main
