package cli

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// dashes are what word processors and web pages make of a typed hyphen.
const dashes = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"

// plainDashes turns a flag that was pasted with another dash back into a flag. Only what names a
// flag of some command is changed, so that values keep their dashes.
func plainDashes(root *cobra.Command, args []string) []string {
	names := map[string]bool{"help": true, "h": true}
	collectFlags(root, names)
	plain := make([]string, len(args))
	for i, arg := range args {
		plain[i] = arg
		if arg == "--" {
			copy(plain[i:], args[i:])
			break
		}
		first, _ := utf8.DecodeRuneInString(arg)
		if !strings.ContainsRune(dashes, first) && !strings.HasPrefix(arg, "-") {
			continue
		}
		bare := strings.TrimLeft(arg, dashes+"-")
		name, _, _ := strings.Cut(bare, "=")
		if !strings.ContainsAny(arg[:len(arg)-len(bare)], dashes) || !names[name] {
			continue
		}
		plain[i] = "--" + bare
		if utf8.RuneCountInString(name) == 1 {
			plain[i] = "-" + bare
		}
	}
	return plain
}

func collectFlags(cmd *cobra.Command, names map[string]bool) {
	note := func(f *pflag.Flag) {
		names[f.Name] = true
		if f.Shorthand != "" {
			names[f.Shorthand] = true
		}
	}
	cmd.Flags().VisitAll(note)
	cmd.PersistentFlags().VisitAll(note)
	for _, child := range cmd.Commands() {
		collectFlags(child, names)
	}
}
