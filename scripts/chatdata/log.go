package chatdata

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// line is one message of a log: the room, the time in Unix seconds, who posted it, and the text, with tabs
// between. In the text \t, \r, \n and \\ stand for tab, carriage return, line feed and backslash.
type line struct {
	room   string
	at     int64
	poster string
	text   string
}

var unescape = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\r`, "\r", `\n`, "\n")

// log reads lines, from a file that may be compressed with gzip.
type log struct {
	file   *os.File
	lines  *bufio.Reader
	number int
}

func openLog(path string) (*log, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var from io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(bufio.NewReaderSize(file, 1<<16)); err != nil {
			file.Close()
			return nil, err
		}
	}
	return &log{file: file, lines: bufio.NewReaderSize(from, 1<<16)}, nil
}

// next gives io.EOF after the last line.
func (l *log) next() (line, error) {
	whole, err := l.lines.ReadString('\n')
	if err != nil && (err != io.EOF || whole == "") {
		return line{}, err
	}
	l.number++
	fields := strings.SplitN(strings.TrimSuffix(whole, "\n"), "\t", 4)
	if len(fields) != 4 {
		return line{}, fmt.Errorf("line %d has %d fields where 4 must be: room, Unix seconds, poster, text", l.number, len(fields))
	}
	at, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return line{}, fmt.Errorf("line %d: %w", l.number, err)
	}
	return line{fields[0], at, fields[2], unescape.Replace(fields[3])}, nil
}

func (l *log) close() error { return l.file.Close() }
