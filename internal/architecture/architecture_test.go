package architecture

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"csbackup/internal/failure"
)

const root = "../.."

// layers lists the packages from the top to the bottom: one may import what stands in a lower layer,
// or in its own where it says so. A folder's name stands for what is below it, too.
var layers = [][]string{
	{"cmd"},
	{"internal/cli"},
	{"internal/host"},
	{"internal/command"},
	{"internal/demo"},
	{"internal/chat/browse", "internal/chat/convert/htmlsite"},
	{"internal/chat/siteplan"},
	{"internal/chat/htmlreport", "internal/chat/transfer", "internal/chat/exporting", "internal/chat/importing", "internal/chat/convert"},
	{"internal/service", "internal/simulation", "internal/chat"},
	{"internal/admin"},
	{"internal/replica"},
	{"internal/exchange", "internal/plan", "internal/brake", "internal/lease"},
	{"internal/index", "internal/filestore", "internal/certificate"},
	{"internal/settings", "internal/topology"},
	{"internal/module"},
	{"internal/report"},
	{"internal/failure", "internal/manager", "internal/loopback"},
}

// layerOf gives a package's layer by the longest name that fits, -1 for one that has none.
func layerOf(folder string) int {
	found, length := -1, 0
	for i, layer := range layers {
		for _, name := range layer {
			if (folder == name || strings.HasPrefix(folder, name+"/")) && len(name) > length {
				found, length = i, len(name)
			}
		}
	}
	return found
}

// source is one file of the project.
type source struct {
	path string // below the root, with slashes
	text []byte
	file *ast.File
}

func (s source) folder() string { return path.Dir(s.path) }
func (s source) isTest() bool   { return strings.HasSuffix(s.path, "_test.go") }

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.ToSlash(relative), text, file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files were found", len(all))
	}
	return all
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	folders, documented := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		folders[s.folder()] = true
		if path.Base(s.path) == "doc.go" && s.file.Doc != nil {
			documented[s.folder()] = true
		}
	}
	for folder := range folders {
		if !documented[folder] {
			t.Errorf("%s has no doc.go with a package comment", folder)
		}
	}
}

func TestImportsPointDownward(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || strings.HasPrefix(s.path, "scripts/") || strings.HasPrefix(s.path, "psmodule/tests/") || s.folder() == "internal/architecture" || s.folder() == "internal/psmodule" {
			continue
		}
		from := layerOf(s.folder())
		if from < 0 {
			t.Errorf("%s is in no layer: put its package into the list", s.path)
			continue
		}
		for _, one := range s.file.Imports {
			imported, ours := strings.CutPrefix(strings.Trim(one.Path.Value, `"`), "csbackup/")
			if !ours || sameArea(s.folder(), imported) {
				continue
			}
			if to := layerOf(imported); to <= from {
				t.Errorf("%s imports %s, which is not below it", s.path, imported)
			}
		}
	}
}

// sameArea tells whether two packages are a package and its own helper, such as a conformance suite.
func sameArea(a, b string) bool {
	return strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/") || layerOf(a) == layerOf(b) && strings.HasPrefix(a, "internal/chat/") && strings.HasPrefix(b, "internal/chat/")
}

func TestFilesStayShort(t *testing.T) {
	const most = 600
	for _, s := range sources(t) {
		if lines := bytes.Count(s.text, []byte("\n")); lines > most && !s.isTest() {
			t.Errorf("%s has %d lines, more than %d: split it", s.path, lines, most)
		}
	}
	for _, s := range sources(t) {
		if lines := bytes.Count(s.text, []byte("\n")); lines > 50 && s.path == "cmd/csbackup/main.go" {
			t.Errorf("main has %d lines, more than 50", lines)
		}
	}
}

func TestOnlyMainEndsTheProcess(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasPrefix(s.path, "cmd/") || strings.HasPrefix(s.path, "scripts/") || strings.HasPrefix(s.path, "psmodule/tests/") || s.isTest() {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && (pkg.Name == "os" && selector.Sel.Name == "Exit" || pkg.Name == "log" && strings.HasPrefix(selector.Sel.Name, "Fatal")) {
				t.Errorf("%s calls %s.%s: return an error instead", s.path, pkg.Name, selector.Sel.Name)
			}
			return true
		})
		for _, one := range s.file.Imports {
			if one.Path.Value == `"log"` {
				t.Errorf("%s imports log: use log/slog", s.path)
			}
		}
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	words := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"}
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			for _, word := range words {
				if strings.Contains(group.Text(), word) {
					t.Errorf("%s has a comment with %s", s.path, word)
				}
			}
		}
	}
}

func TestEveryFailureIdStandsInTheTable(t *testing.T) {
	declared := map[string]string{}
	for _, s := range sources(t) {
		if s.folder() != "internal/failure" || s.isTest() {
			continue
		}
		ast.Inspect(s.file, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "ID" {
				declared[spec.Names[0].Name] = strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)
			}
			return true
		})
	}
	if len(declared) < 30 {
		t.Fatalf("only %d ids were found", len(declared))
	}
	for name, id := range declared {
		if kind := failure.KindOf(failure.ID(id)); string(kind.ID) != id || kind.Meaning == "" || kind.ExitCode == 0 {
			t.Errorf("failure.%s (%q) has no complete row in the table", name, id)
		}
	}
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(node ast.Node) bool {
			if conversion, ok := node.(*ast.CallExpr); ok && len(conversion.Args) == 1 && !s.isTest() {
				if _, literal := conversion.Args[0].(*ast.BasicLit); literal && fmt.Sprint(selectorName(conversion.Fun)) == "failure.ID" {
					t.Errorf("%s makes an id out of a text: declare it in package failure", s.path)
				}
			}
			return true
		})
	}
}

func selectorName(expression ast.Expr) string {
	selector, ok := expression.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return pkg.Name + "." + selector.Sel.Name
}

var update = flag.Bool("update", false, "write the list of error ids in README.md anew")

func TestTheReadmeNamesEveryExitCodeAndId(t *testing.T) {
	name := filepath.Join(root, "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| id | exit code | meaning |\n| --- | --- | --- |\n"
	before, after, found := strings.Cut(string(text), head)
	_, after, ended := strings.Cut(after, "\n\n")
	if !found || !ended {
		t.Fatal("README.md has no list of error ids")
	}
	var rows strings.Builder
	codes := []int{failure.ExitDone}
	for _, kind := range failure.Kinds() {
		fmt.Fprintf(&rows, "| `%s` | %d | %s |\n", kind.ID, kind.ExitCode, kind.Meaning)
		codes = append(codes, kind.ExitCode)
	}
	want := before + head + rows.String() + "\n" + after
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("README.md's list of error ids is not the table of package failure: go test ./internal/architecture -update")
	}
	for _, code := range codes {
		if !strings.Contains(want, fmt.Sprintf("| %d | ", code)) {
			t.Errorf("README.md does not explain exit code %d", code)
		}
	}
}

func TestTestsThatSkipSayWhy(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name := selectorName(call.Fun); (strings.HasSuffix(name, ".Skip") && len(call.Args) == 0) || strings.HasSuffix(name, ".SkipNow") {
				t.Errorf("%s skips a test without a reason", s.path)
			}
			return true
		})
	}
}
