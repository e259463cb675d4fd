package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"csbackup/internal/command"
	"csbackup/internal/failure"
	"csbackup/internal/report"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
	"gopkg.in/natefinch/lumberjack.v2"
)

// session is one run of the command line.
type session struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(string) string
	table          map[string]func() command.Command
	global         globalOptions
	started        bool // a command's work began: what fails from here on is not a mistake in the flags
	ended          bool // the outcome was reported already
}

// globalOptions are the flags that every command takes.
type globalOptions struct {
	Topology, Output, Progress   string
	LogLevel, LogFormat, LogFile string
}

func (g *globalOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&g.Topology, "topology", "", "topology `file` (or CSBACKUP_TOPOLOGY)")
	flags.StringVar(&g.Output, "output", "auto", "how results are shown: auto, table, json or events")
	flags.StringVar(&g.Progress, "progress", "auto", "how progress is shown: auto, bar or none")
	flags.StringVar(&g.LogLevel, "log-level", "", "debug, info, warn or error (default info for serve, else warn)")
	flags.StringVar(&g.LogFormat, "log-format", "text", "text or json")
	flags.StringVar(&g.LogFile, "log-file", "", "write the log to this `file`, rotated at 50 MB, five kept")
}

// check refuses values that are not in a flag's list.
func (g *globalOptions) check() error {
	for _, one := range []struct{ flag, value, allowed string }{
		{"--output", g.Output, "auto table json events"},
		{"--progress", g.Progress, "auto bar none"},
		{"--log-level", g.LogLevel, " debug info warn error"},
		{"--log-format", g.LogFormat, "text json"},
	} {
		if !slices.Contains(strings.Split(one.allowed, " "), one.value) {
			return failure.New(failure.InvalidUsage, one.value, fmt.Sprintf("%s cannot be %q", one.flag, one.value),
				"Use one of: "+strings.Join(strings.Fields(one.allowed), ", ")+".")
		}
	}
	return nil
}

// leaf describes one command for people.
type leaf struct {
	path    string // where it stands in command.Table: "versions list"
	use     string // "list", or "verify FILE"
	short   string
	long    string
	example string
	args    cobra.PositionalArgs // none when nil
}

// flagged is a command with flags; nearly all have them.
type flagged interface{ AddFlags(flags *pflag.FlagSet) }

// argued is a command that takes arguments beside its flags.
type argued interface{ SetArguments(args []string) error }

// bytesGiving is a command that may write bytes to standard output instead of results.
type bytesGiving interface{ GivesBytes() bool }

// add puts a command of the table below parent.
func (s *session) add(parent *cobra.Command, l leaf) {
	options := s.table[l.path]()
	cmd := &cobra.Command{Use: l.use, Short: l.short, Long: l.long, Example: l.example, Args: l.args}
	if cmd.Args == nil {
		cmd.Args = cobra.NoArgs
	}
	if one, ok := options.(flagged); ok {
		one.AddFlags(cmd.Flags())
		if path := cmd.Flags().Lookup("output"); path != nil {
			path.Value = outputPath{path.Value, &s.global.Output}
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(s.global.check(), refuseEmpty(cmd.Flags())); err != nil {
			return err
		}
		if one, ok := options.(argued); ok {
			if err := one.SetArguments(args); err != nil {
				return err
			}
		}
		if one, ok := options.(bytesGiving); ok && one.GivesBytes() && s.global.Output == "events" {
			return failure.New(failure.InvalidUsage, "events", "Events and an archive cannot both go to standard output", "Leave --output out, or name a file for the archive.")
		}
		s.started = true
		return s.run(cmd, l.path, options)
	}
	parent.AddCommand(cmd)
}

// outputPath is the flag --output of a command that writes to a path. The words that every command takes there
// still say how the result is shown, so that scripts that add them work with this command, too.
type outputPath struct {
	pflag.Value
	shown *string
}

// Type keeps the flag from being taken for one that must not be empty: with one of the words the path is.
func (o outputPath) Type() string { return "path" }

// Set takes a path or one of the words.
func (o outputPath) Set(text string) error {
	if slices.Contains(outputWords, text) {
		*o.shown = text
		return nil
	}
	return o.Value.Set(text)
}

// outputWords are the ways to show a result.
var outputWords = []string{"auto", "table", "json", "events"}

// refuseEmpty refuses flags with an empty text: a script whose variable is empty means something else than to leave
// the flag out.
func refuseEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && err == nil {
			err = failure.New(failure.InvalidUsage, "--"+f.Name, "--"+f.Name+" is empty", "Give it a value, or leave it out.")
		}
	})
	return err
}

// suggestionDistance is how many letters a command's name may be off to be suggested.
const suggestionDistance = 2

// group adds a command that only holds others.
func (s *session) group(parent *cobra.Command, name, short string) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		return missing(cmd, args)
	}}
	cmd.SuggestionsMinimumDistance = suggestionDistance
	cmd.Example = "  " + parent.CommandPath() + " " + name + " --help"
	parent.AddCommand(cmd)
	return cmd
}

// missing explains that a command's name is unknown or left out.
func missing(cmd *cobra.Command, args []string) error {
	names := []string{}
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			names = append(names, child.Name())
		}
	}
	hint := "Use one of: " + strings.Join(names, ", ") + "."
	if len(args) == 0 {
		return failure.New(failure.InvalidUsage, cmd.CommandPath(), "\""+cmd.CommandPath()+"\" needs to be told what to do", hint)
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "Did you mean \"" + cmd.CommandPath() + " " + near[0] + "\"? " + hint
	}
	return failure.New(failure.InvalidUsage, args[0], fmt.Sprintf("There is no command %q below %q", args[0], cmd.CommandPath()), hint)
}

func (s *session) run(cmd *cobra.Command, path string, options command.Command) error {
	log, closeLog, err := s.logger(path)
	if err != nil {
		return err
	}
	defer closeLog()
	output := s.output()
	environment := &command.Environment{
		Sink: output, Stdin: s.stdin, Stdout: s.stdout, Log: log, Lookup: s.lookup, Topology: s.global.Topology, LogFile: s.global.LogFile,
		StdoutIsTerminal: isTerminal(s.stdout), StderrIsTerminal: isTerminal(s.stderr),
	}
	err = asCancellation(cmd.Context(), options.Run(cmd.Context(), environment))
	s.ended = true
	if closing := output.Close(err); closing != nil && err == nil {
		err = closing
	}
	return err
}

// fallbackOutput is used where a command never began.
func (s *session) fallbackOutput() report.Output {
	if s.global.check() != nil {
		s.global = globalOptions{}
	}
	s.global.Progress = "none"
	if s.global.Output == "" || s.global.Output == "auto" {
		s.global.Output = askedOutput(s.args)
	}
	return s.output()
}

// askedOutput finds --output among arguments that the flag parser gave up on, so that a mistake in
// another flag is told in the way that was asked for.
func askedOutput(args []string) string {
	for i, arg := range args {
		value, found := strings.CutPrefix(arg, "--output=")
		if arg == "--output" && i+1 < len(args) {
			value, found = args[i+1], true
		}
		if found && slices.Contains([]string{"table", "json", "events"}, value) {
			return value
		}
	}
	return "auto"
}

func (s *session) output() report.Output {
	o := report.Options{
		Stdout: s.stdout, Stderr: s.stderr, Progress: s.mode(),
		Verbose: s.global.LogLevel == "debug" || s.global.LogLevel == "info",
		Width:   width(s.stdout),
	}
	switch {
	case s.global.Output == "events":
		return report.NewEvents(s.stdout)
	case s.global.Output == "table", s.global.Output != "json" && isTerminal(s.stdout):
		return report.NewTables(o)
	}
	return report.NewJSON(o)
}

func (s *session) mode() report.Mode {
	switch {
	case s.global.Progress == "none":
		return report.NoProgress
	case s.global.Progress == "bar", isTerminal(s.stderr):
		return report.Bars
	}
	return report.PlainLines
}

// logger makes the program's log as the flags ask; what it returns closes the log's file.
func (s *session) logger(path string) (*slog.Logger, func(), error) {
	level := slog.LevelWarn
	if path == "serve" {
		level = slog.LevelInfo
	}
	if s.global.LogLevel != "" {
		if err := level.UnmarshalText([]byte(s.global.LogLevel)); err != nil {
			return nil, nil, failure.Wrap(failure.InvalidUsage, s.global.LogLevel, "--log-level cannot be read", "Use debug, info, warn or error.", err)
		}
	}
	to, closeLog := s.stderr, func() {}
	if s.global.LogFile != "" {
		// Opened once beforehand: the rotating writer would report a bad path with the first line only.
		probe, err := os.OpenFile(s.global.LogFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, failure.Wrap(failure.FileNotWritable, s.global.LogFile, "The log file cannot be written", "Name a file in a folder that exists and that you may write to.", err)
		}
		if err := probe.Close(); err != nil {
			return nil, nil, failure.Wrap(failure.FileNotWritable, s.global.LogFile, "The log file cannot be written", "Check the volume that it lies on.", err)
		}
		file := &lumberjack.Logger{Filename: s.global.LogFile, MaxSize: 50, MaxBackups: 5}
		to, closeLog = file, func() { _ = file.Close() }
	}
	options := &slog.HandlerOptions{Level: level}
	if s.global.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options)), closeLog, nil
	}
	return slog.New(slog.NewTextHandler(to, options)), closeLog, nil
}

// width gives the terminal's columns, 0 where there is no terminal.
func width(stream io.Writer) int {
	if !isTerminal(stream) {
		return 0
	}
	columns, _, err := term.GetSize(int(stream.(interface{ Fd() uintptr }).Fd()))
	if err != nil {
		return 0
	}
	return columns
}
