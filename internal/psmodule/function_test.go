package psmodule

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parameter is one parameter of a function.
type parameter struct {
	name      string
	kind      string // its type, without brackets
	mandatory bool
	position  int // -1: by name only
	byValue   bool
	sets      []string // none: every set
	values    []string // of ValidateSet
	aliases   []string
	unknown   []string // what its attributes hold besides
}

// function is one function of a file.
type function struct {
	file       string
	name       string
	help       string
	binding    map[string]string // what CmdletBinding says
	output     string
	parameters []parameter
	body       []piece
}

// functions gives the functions of a file.
func functions(f file) []function {
	var found []function
	code := without(f.pieces, comment, line)
	for i, p := range code {
		if p.kind != word || p.text != "function" || i+2 >= len(code) || code[i+2].kind != group {
			continue
		}
		one := function{file: f.path, name: code[i+1].text, body: code[i+2].inner}
		for _, inner := range one.body {
			if inner.kind == comment && strings.HasPrefix(inner.text, "<#") && one.help == "" {
				one.help = inner.text
			}
		}
		head := without(one.body, comment, line)
		for k, inner := range head {
			if inner.kind == group && inner.text == "[" {
				switch name, arguments := attribute(inner); name {
				case "CmdletBinding":
					one.binding = arguments
				case "OutputType":
					one.output = arguments[""]
				}
			}
			if inner.kind == word && inner.text == "param" && k+1 < len(head) {
				for _, part := range split(without(head[k+1].inner, comment, line), ",") {
					one.parameters = append(one.parameters, readParameter(part))
				}
				break
			}
		}
		found = append(found, one)
	}
	return found
}

// attribute gives an attribute's name and its arguments; those without a name are under "".
func attribute(p piece) (name string, arguments map[string]string) {
	if len(p.inner) != 2 || p.inner[0].kind != word || p.inner[1].text != "(" {
		return "", nil
	}
	arguments = map[string]string{}
	for _, part := range split(without(p.inner[1].inner, comment, line), ",") {
		if len(part) == 0 {
			continue
		}
		if len(part) > 2 && part[1].kind == mark && part[1].text == "=" {
			arguments[part[0].text] = plainText(part[2:])
			continue
		}
		arguments[""] = strings.TrimPrefix(arguments[""]+","+plainText(part), ",")
	}
	return p.inner[0].text, arguments
}

func readParameter(pieces []piece) parameter {
	one := parameter{position: -1}
	for _, p := range pieces {
		if p.kind == variable {
			one.name = p.text
			continue
		}
		name, arguments := attribute(p)
		switch name {
		case "":
			one.kind = plainText(p.inner)
		case "ValidateSet":
			one.values = unquoted(arguments[""])
		case "Alias":
			one.aliases = unquoted(arguments[""])
		case "Parameter":
			for key, value := range arguments {
				switch {
				case key == "Mandatory" && value == "$true":
					one.mandatory = true
				case key == "ValueFromPipeline" && value == "$true":
					one.byValue = true
				case key == "ParameterSetName":
					one.sets = append(one.sets, unquoted(value)...)
				case key == "Position":
					if n, err := strconv.Atoi(value); err == nil {
						one.position = n
					}
				default:
					one.unknown = append(one.unknown, key+"="+value)
				}
			}
		default:
			one.unknown = append(one.unknown, name)
		}
	}
	return one
}

func unquoted(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		names = append(names, strings.Trim(name, "'"))
	}
	return names
}

// moduleFunctions gives all functions of CsBackup by name.
func moduleFunctions(t *testing.T) map[string]function {
	t.Helper()
	all := map[string]function{}
	for _, f := range files(t, false, ".ps1") {
		for _, one := range functions(f) {
			if _, twice := all[one.name]; twice {
				t.Errorf("%s: the function %s exists twice", f.path, one.name)
			}
			all[one.name] = one
		}
	}
	return all
}

// call is a command with the names of what it is given.
type call struct {
	row       int
	name      string
	arguments []string
}

// keywords are words that begin a statement and are no commands.
var keywords = []string{"function", "param", "begin", "process", "end", "if", "else", "elseif", "foreach", "while", "for", "do", "until", "switch",
	"default", "try", "catch", "finally", "return", "throw", "break", "continue", "in", "exit"}

// calls finds the commands in a block: words where a command can begin.
func calls(pieces []piece) []call {
	var found []call
	begin, key := true, false
	current := -1 // where in found the command is that arguments belong to
	for i, p := range pieces {
		found = append(found, callsInside(p)...)
		switch {
		case p.kind == line && (i == 0 || pieces[i-1].kind != mark || pieces[i-1].text != "|"),
			p.kind == mark && (p.text == "|" || p.text == "=" || p.text == "&" || p.text == "+="):
			begin, current = true, -1
		case p.kind == comment || p.kind == line:
		case begin && p.kind == word && slices.Contains(keywords, p.text):
			key = p.text == "function"
		case begin && p.kind == word && !key && !isDigit(p.text[0]):
			found = append(found, call{row: p.row, name: p.text})
			current, begin = len(found)-1, false
		case p.kind == group && p.text == "{" || p.kind == group && p.text == "(" && begin:
			begin = current < 0
		case p.kind == dashed && current >= 0:
			found[current].arguments = append(found[current].arguments, strings.TrimSuffix(strings.TrimPrefix(p.text, "-"), ":"))
			begin = false
		default:
			begin, key = false, false
		}
	}
	return found
}

// callsInside finds the commands in a piece's brackets. A type or an index holds none, and of a
// table only what stands behind the equals signs.
func callsInside(p piece) []call {
	if p.kind == group && p.text == "[" {
		return nil
	}
	if p.kind == group && p.text == "@{" {
		var found []call
		inner := p.inner
		for i, one := range inner {
			if one.kind == mark && one.text == "=" {
				end := i + 1
				for end < len(inner) && inner[end].kind != line {
					end++
				}
				found = append(found, calls(inner[i+1:end])...)
			}
		}
		return found
	}
	if p.kind == text {
		var found []call
		for _, one := range p.inner {
			found = append(found, callsInside(one)...)
		}
		return found
	}
	if p.kind == group && p.text == "(" {
		// What stands in brackets is an argument list or an expression, which can be a command.
		var found []call
		for _, part := range split(p.inner, ",") {
			found = append(found, calls(part)...)
		}
		return found
	}
	return calls(p.inner)
}

func TestCommandsAreFound(t *testing.T) {
	pieces, err := read("x", `function f { param([int] $A = 3)
  if (Test-Path -LiteralPath $b) { Get-A | Where-Object -FilterScript { $_ } | %  }
  $x = @{ Key = Get-B -C 1
    Other = 'v' }
  return (New-Object -TypeName string -ArgumentList 1), "a $(Get-D) b"
  foreach ($one in @(Get-E)) { & $f -G; . $one }
  switch ($x) { 'a' { Get-H } default { } }
  $y.Add((Get-I (Get-P) -J $k))
  Get-L -M n `+"`"+`
    -O
}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range calls(pieces) {
		got = append(got, strings.Join(append([]string{one.name}, one.arguments...), " "))
	}
	want := []string{"Test-Path LiteralPath", "Get-A", "Where-Object FilterScript", "Get-B C", "New-Object TypeName ArgumentList", "Get-D", "Get-E", "Get-H", "Get-I J", "Get-P", "Get-L M O"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
