package psmodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"csbackup/internal/command"
	"csbackup/internal/host"

	"github.com/spf13/pflag"
)

// flagsOf gives the flags that a command has on the command line.
func flagsOf(path string) []string {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	if one, is := command.Table()[path]().(interface{ AddFlags(*pflag.FlagSet) }); is {
		one.AddFlags(flags)
	}
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

func TestEveryFlagOfACmdletsCommandHasAWordForIt(t *testing.T) {
	all := moduleFunctions(t)
	for path, name := range host.Cmdlets {
		cmdlet, known := all[name]
		if !known {
			t.Errorf("%s stands for %s, which does not exist", name, path)
			continue
		}
		for _, flag := range flagsOf(path) {
			word := host.Word("--" + flag)
			if line := "csbackup " + path + " --" + flag; host.Word(line) == line {
				continue // only the executable has it, and what speaks of it speaks of the executable
			}
			if strings.HasPrefix(word, "CSBACKUP_") || word == "the executable's --"+flag {
				continue
			}
			has := slices.ContainsFunc(cmdlet.parameters, func(p parameter) bool { return "-"+p.name == word }) ||
				cmdlet.binding["SupportsShouldProcess"] == "$true" && word == "-WhatIf"
			if !has {
				t.Errorf("--%s of %s is called %s, and %s has no such parameter", flag, path, word, name)
			}
		}
	}
}

// told holds, for the functions that make what people are told, which of their arguments is a sentence
// that the PowerShell module shows as it is. What is to be done next is another argument, and worded.
var told = map[string]int{"failure.New": 2, "failure.Wrap": 2, "errors.New": 0, "fmt.Errorf": 0, "Sink.Warning": 0, "Sink.Verbose": 0,
	"usage": 1, "invalid": 1, "renew": 1, "r.leaveOut": 0}

func TestMessagesNameNoFlagThatACmdletLacks(t *testing.T) {
	named := regexp.MustCompile(`csbackup [a-z]+( [a-z-]+)?( --[a-z-]+)*|--[a-z][a-z-]*`)
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		folder := filepath.Base(filepath.Dir(path))
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || folder == "cli" || folder == "demo" {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, is := node.(*ast.CallExpr)
			if !is {
				return true
			}
			at, is := told[calleeOf(call)]
			if !is || at >= len(call.Args) {
				return true
			}
			ast.Inspect(call.Args[at], func(inner ast.Node) bool {
				if literal, is := inner.(*ast.BasicLit); is && literal.Kind == token.STRING {
					sentence, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Error(err)
					}
					for _, one := range named.FindAllString(sentence, -1) {
						if host.Word(one) != one {
							t.Errorf("%s: %q names %q, which is called otherwise in PowerShell: leave it to the advice", files.Position(literal.Pos()), sentence, one)
						}
					}
				}
				return true
			})
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// calleeOf gives the last two names at most of what is called.
func calleeOf(call *ast.CallExpr) string {
	if name, is := call.Fun.(*ast.Ident); is {
		return name.Name
	}
	selector, is := call.Fun.(*ast.SelectorExpr)
	if !is {
		return ""
	}
	switch from := selector.X.(type) {
	case *ast.Ident:
		return from.Name + "." + selector.Sel.Name
	case *ast.SelectorExpr:
		return from.Sel.Name + "." + selector.Sel.Name
	}
	return ""
}
