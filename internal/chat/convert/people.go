package convert

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"csbackup/internal/failure"
)

const (
	maxPeopleBytes  = 256 << 20
	maxAddressBytes = 320 // an address of mail has no more
)

// PeopleColumns are the columns of the template of a map. A map needs the first two; others are passed over.
var PeopleColumns = []string{"uri", "address", "name", "email", "upn", "disabled", "messages"}

// ReadPeople takes a map of people: a CSV file whose first line names the columns uri and address. Commas,
// semicolons and tabs are understood between the columns, as spreadsheets write them. An empty address
// makes a placeholder. A column email replaces the person's address of mail. It gives how many people have an address, and the URIs that the archive does not know.
func (p *Plan) ReadPeople(from io.Reader, name string) (mapped int64, unknown []string, err error) {
	limited := &io.LimitedReader{R: from, N: maxPeopleBytes + 1}
	in := bufio.NewReader(limited)
	if mark, _ := in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3)
	}
	reader := csv.NewReader(in)
	reader.Comma = separator(in)
	reader.FieldsPerRecord, reader.ReuseRecord = -1, true
	header, err := reader.Read()
	if err != nil {
		return 0, nil, badPeople(name, 1, "its first line cannot be read", err)
	}
	uriAt, addressAt, emailAt := column(header, "uri"), column(header, "address"), column(header, "email")
	if uriAt < 0 || addressAt < 0 {
		return 0, nil, badPeople(name, 1, "its first line does not name the columns uri and address", nil)
	}
	byURI := p.byURI()
	given := map[string]string{}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) && limited.N > 0 {
			return mapped, unknown, nil
		}
		line := lineOf(reader, row, err)
		switch {
		case limited.N <= 0:
			return 0, nil, badPeople(name, line, fmt.Sprintf("it is longer than %d MiB", maxPeopleBytes>>20), nil)
		case err != nil:
			return 0, nil, badPeople(name, line, "it is no CSV", err)
		case len(row) <= max(uriAt, addressAt):
			return 0, nil, badPeople(name, line, "the line has too few columns", nil)
		}
		uri, address := strings.ToLower(strings.TrimSpace(Disarmed(row[uriAt]))), strings.TrimSpace(Disarmed(row[addressAt]))
		if uri == "" || address == "" {
			continue
		}
		if err := p.checkAddress(address); err != nil {
			return 0, nil, badPeople(name, line, fmt.Sprintf("the address %.100q of %.100q cannot be used", address, uri), err)
		}
		if before, twice := given[uri]; twice && before != address {
			return 0, nil, badPeople(name, line, fmt.Sprintf("%.100q has another address on an earlier line", uri), nil)
		}
		given[strings.Clone(uri)] = strings.Clone(address)
		if len(byURI[uri]) == 0 {
			unknown = append(unknown, strings.Clone(uri))
			continue
		}
		for _, one := range byURI[uri] {
			one.Address = strings.Clone(address)
			if emailAt >= 0 && emailAt < len(row) && strings.TrimSpace(row[emailAt]) != "" {
				one.Email = strings.TrimSpace(Disarmed(strings.Clone(row[emailAt])))
			}
			mapped++
		}
	}
}

// lineOf tells on which line of a file a row or an error stands.
func lineOf(reader *csv.Reader, row []string, err error) int {
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		return wrong.StartLine
	case len(row) > 0:
		line, _ := reader.FieldPos(0)
		return line
	}
	return 1
}

// separator guesses what stands between the columns from what stands most often in the first line.
func separator(in *bufio.Reader) rune {
	first, _ := in.Peek(4096)
	first, _, _ = bytes.Cut(first, []byte("\n"))
	best, most := ',', 0
	for _, one := range []rune{',', ';', '\t'} {
		if n := bytes.Count(first, []byte(string(one))); n > most {
			best, most = one, n
		}
	}
	return best
}

func column(header []string, name string) int {
	return slices.IndexFunc(header, func(one string) bool { return strings.EqualFold(strings.TrimSpace(one), name) })
}

// byURI gives the people by their URI in lower case.
func (p *Plan) byURI() map[string][]*Person {
	all := map[string][]*Person{}
	for _, one := range p.people {
		if one.URI != "" {
			uri := strings.ToLower(strings.TrimSpace(one.URI))
			all[uri] = append(all[uri], one)
		}
	}
	return all
}

func (p *Plan) checkAddress(address string) error {
	switch {
	case len(address) > maxAddressBytes:
		return fmt.Errorf("it has more than %d bytes", maxAddressBytes)
	case strings.ContainsFunc(address, func(r rune) bool { return r < 0x20 || r == 0x7F || r == 0xFFFD }):
		return errors.New("it has characters that no address has")
	case p.rules.Address != nil:
		return p.rules.Address(address)
	}
	return nil
}

func badPeople(name string, line int, what string, cause error) error {
	return failure.Wrap(failure.PeopleMapInvalid, name, fmt.Sprintf("The map of people cannot be used: line %d: %s", line, what),
		"Make a template with --people-template and fill its column address.", cause)
}

// WritePeople writes the template of a map: a line for each person whom the plan's rooms name, with an empty
// address. It gives how many there are.
func (p *Plan) WritePeople(to io.Writer) (people int64, err error) {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	if err := out.Write(PeopleColumns); err != nil {
		return 0, err
	}
	seen := map[string]bool{}
	all := p.PeopleOf()
	slices.SortStableFunc(all, func(a, b *Person) int { return cmp.Compare(b.Messages, a.Messages) })
	for _, one := range all {
		uri := strings.ToLower(one.URI)
		if one.IsGroup() || uri == "" || seen[uri] {
			continue
		}
		seen[uri] = true
		row := []string{one.URI, one.Address, one.Name, one.Email, one.UPN, strconv.FormatBool(one.Disabled), strconv.FormatInt(one.Messages, 10)}
		for i := range row {
			row[i] = Armed(Valid(row[i]))
		}
		if err := out.Write(row); err != nil {
			return people, err
		}
		people++
	}
	out.Flush()
	return people, out.Error()
}

// formulaStarts are the characters with which spreadsheets take a cell for a formula.
const formulaStarts = "=+-@\t\r"

// Armed gives a text as a cell that no spreadsheet takes for a formula: one that begins like a formula, or
// with an apostrophe, gets an apostrophe before it.
func Armed(text string) string {
	if text != "" && strings.ContainsRune(formulaStarts+"'", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Disarmed gives the text of a cell that Armed made.
func Disarmed(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(formulaStarts+"'", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// sortByMessages puts those with most messages first.
func sortByMessages(list []Placeholder) {
	slices.SortStableFunc(list, func(a, b Placeholder) int { return cmp.Compare(b.Messages, a.Messages) })
}
