package host

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"csbackup/internal/command"
	"csbackup/internal/failure"
)

// Protocol is the version of the request and of the events that this program speaks.
const Protocol = 1

// maxRequest is the longest request in bytes, without its line feed.
const maxRequest = 1 << 20

// byteOrderMark is what Windows PowerShell may put before all that it sends, by the code page.
const byteOrderMark = "\xef\xbb\xbf"

// request is what the caller asks for.
type request struct {
	command   command.Command
	topology  string
	temporary string
}

// envelope is a request's outer object; its fields are checked by hand, since encoding/json
// accepts any case and repeated names.
type envelope struct {
	Protocol   json.Number
	Command    string
	Parameters json.RawMessage
	Topology   string
	Temporary  string
}

// readLine reads the request's line, never more than maxRequest of it.
func readLine(from *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxRequest+1 {
			return nil, failure.New(failure.InvalidUsage, "", "The request is longer than 1 MiB", "Send large content as bytes behind the request, not as a parameter.")
		}
		switch {
		case err == nil:
			return bytes.TrimSpace(bytes.TrimPrefix(line, []byte(byteOrderMark))), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			if len(bytes.TrimSpace(line)) == 0 {
				return nil, malformed("there is no request on standard input", nil)
			}
			return nil, malformed("the request is not ended by a line feed", nil)
		default:
			return nil, malformed("standard input cannot be read", err)
		}
	}
}

// parse turns a request's line into a command with its options.
func parse(line []byte, commands map[string]func() command.Command) (request, error) {
	if !utf8.Valid(line) {
		return request{}, malformed("it is not valid UTF-8", nil)
	}
	fields, err := object(line)
	if err != nil {
		return request{}, malformed("it is not one JSON object", err)
	}
	var outer envelope
	for name, value := range fields {
		var to any
		switch name {
		case "protocol":
			to = &outer.Protocol
		case "command":
			to = &outer.Command
		case "parameters":
			to = &outer.Parameters
		case "topology":
			to = &outer.Topology
		case "temporary":
			to = &outer.Temporary
		default:
			return request{}, malformed(fmt.Sprintf("it holds %q, which is not known", name), nil)
		}
		if err := json.Unmarshal(value, to); err != nil {
			return request{}, malformed(fmt.Sprintf("its %q cannot be read", name), err)
		}
	}
	if outer.Protocol != "1" {
		return request{}, failure.New(failure.ProtocolMismatch, outer.Protocol.String(),
			fmt.Sprintf("The request is of protocol %q, and this csbackup (%s) speaks protocol %d", outer.Protocol, command.Current().Version, Protocol),
			"Install the module and the executable of the same release.")
	}
	create, known := commands[outer.Command]
	if !known {
		return request{}, failure.New(failure.InvalidUsage, outer.Command, fmt.Sprintf("There is no command %q", outer.Command),
			"Use one of: "+strings.Join(names(commands), ", ")+".")
	}
	options := create()
	if err := fill(options, outer.Command, outer.Parameters); err != nil {
		return request{}, err
	}
	if outer.Temporary != "" {
		if err := checkTemporary(outer.Temporary); err != nil {
			return request{}, err
		}
	}
	return request{command: options, topology: outer.Topology, temporary: outer.Temporary}, nil
}

// fill sets a command's options from the request's parameters.
func fill(options command.Command, path string, parameters json.RawMessage) error {
	if len(parameters) == 0 || string(parameters) == "null" {
		return nil
	}
	given, err := object(parameters)
	if err != nil {
		return malformed("its \"parameters\" are not one JSON object", err)
	}
	allowed := fieldNames(reflect.TypeOf(options).Elem())
	for name, value := range given {
		if !slices.Contains(allowed, name) {
			return failure.New(failure.InvalidUsage, name, fmt.Sprintf("%q has no parameter %q", path, name),
				"Use one of: "+strings.Join(allowed, ", ")+".")
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err != nil {
			return malformed(fmt.Sprintf("its parameter %q cannot be read", name), err)
		}
		if err := json.Unmarshal(one, options); err != nil {
			return asParameterError(name, err)
		}
	}
	return nil
}

// asParameterError keeps a failure that a value's own type reported, such as a setting's.
func asParameterError(name string, err error) error {
	var known *failure.Error
	if errors.As(err, &known) {
		return err
	}
	return failure.Wrap(failure.InvalidUsage, name, fmt.Sprintf("The parameter %q cannot be read", name), "Check the value's type.", err)
}

// fieldNames lists a struct's exported fields, those of embedded structs included, sorted.
func fieldNames(t reflect.Type) []string {
	found := []string{}
	for _, field := range reflect.VisibleFields(t) {
		if field.IsExported() && !field.Anonymous && field.Tag.Get("json") != "-" {
			found = append(found, field.Name)
		}
	}
	slices.Sort(found)
	return found
}

// object reads one JSON object into its members and refuses repeated names.
func object(text []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	first, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if first != json.Delim('{') {
		return nil, errors.New("it does not begin with {")
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("a name is not a string")
		}
		if _, repeated := members[name]; repeated {
			return nil, fmt.Errorf("%q is given twice", name)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		members[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return members, nil
}

func malformed(what string, cause error) error {
	return failure.Wrap(failure.InvalidUsage, "", "The request cannot be understood: "+what,
		"Send one line: {\"protocol\":1,\"command\":\"status\",\"parameters\":{\"PoolFqdn\":\"…\"}}.", cause)
}

func names(commands map[string]func() command.Command) []string {
	list := make([]string, 0, len(commands))
	for name := range commands {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
