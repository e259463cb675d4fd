package psmodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// syntax is what scripts/check-powershell finds with a real grammar.
type syntax struct {
	Files     int
	Problems  []string
	Functions []struct {
		File, Name string
		Parameters []struct {
			Name       string
			Attributes []string
		}
	}
	Commands []struct {
		File, Name string
		Row        int
		Arguments  []string
	}
}

// parseAll has a real grammar parse all files, those of the tests included.
func parseAll(t *testing.T) syntax {
	t.Helper()
	const script = "../../scripts/check-powershell"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed, so that no real grammar has read the PowerShell files")
	}
	if _, err := os.Stat(filepath.Join(script, "node_modules", "tree-sitter-powershell")); err != nil {
		t.Skip("the grammar is not installed, so that it has not read the PowerShell files: (cd scripts/check-powershell && npm install --ignore-scripts --no-package-lock)")
	}
	output, err := exec.Command(node, filepath.Join(script, "check.mjs"), "--json").Output()
	var found syntax
	if decoding := json.Unmarshal(output, &found); decoding != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Logf("%s", exit.Stderr)
		}
		t.Fatalf("the check gives nothing that can be read: %v, %v", err, decoding)
	}
	return found
}

func TestARealGrammarParsesEveryFileAndSeesTheSame(t *testing.T) {
	found := parseAll(t)
	if found.Files < 30 {
		t.Errorf("only %d files were parsed", found.Files)
	}
	for _, problem := range found.Problems {
		t.Error(problem)
	}

	var theirs, ours []string
	for _, one := range found.Functions {
		for _, p := range one.Parameters {
			if len(p.Attributes) == 0 {
				continue // of a script block inside the function
			}
			theirs = append(theirs, fmt.Sprint(one.File, " ", one.Name, " ", p.Name, " ", p.Attributes))
		}
	}
	for _, one := range found.Commands {
		theirs = append(theirs, fmt.Sprint(one.File, ":", one.Row, " ", one.Name, " ", one.Arguments))
	}
	for _, f := range files(t, false, ".ps1", ".psm1") {
		for _, one := range functions(f) {
			for _, part := range parameterBlocks(one) {
				var attributes []string
				for _, p := range part {
					if p.kind == group {
						attributes = append(attributes, plainText([]piece{p}))
					}
				}
				ours = append(ours, fmt.Sprint(f.path, " ", one.name, " ", readParameter(part).name, " ", attributes))
			}
		}
		for _, one := range calls(f.pieces) {
			ours = append(ours, fmt.Sprint(f.path, ":", one.row, " ", one.name, " ", one.arguments))
		}
	}
	theirs = slices.DeleteFunc(theirs, func(one string) bool {
		return strings.HasPrefix(one, "tests/") || strings.HasPrefix(one, "../scripts/")
	})
	if len(ours) < 200 {
		t.Errorf("only %d parameters and commands were found", len(ours))
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	for _, one := range ours {
		if _, both := slices.BinarySearch(theirs, one); !both {
			t.Errorf("only our reader sees %s", one)
		}
	}
	for _, one := range theirs {
		if _, both := slices.BinarySearch(ours, one); !both {
			t.Errorf("only the grammar sees %s", one)
		}
	}
}

// parameterBlocks gives the pieces of each parameter of a function.
func parameterBlocks(f function) [][]piece {
	head := without(f.body, comment, line)
	for i, p := range head {
		if p.kind == word && p.text == "param" && i+1 < len(head) {
			return split(without(head[i+1].inner, comment, line), ",")
		}
	}
	return nil
}
