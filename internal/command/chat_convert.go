package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/convert"
	"csbackup/internal/chat/convert/mattermost"
	"csbackup/internal/chat/convert/teams"
	"csbackup/internal/chat/transfer"
	"csbackup/internal/failure"
	"csbackup/internal/report"

	"github.com/spf13/pflag"
)

// ChatConvert writes an archive in the form of another system, without any database.
type ChatConvert struct {
	FileName       string // the archive
	To             string // the format
	Output         string // a folder, or a ZIP file where the path ends in .zip
	Room           []string
	Category       []string
	Since          string
	Until          string
	People         string // a map of people, CSV
	PeopleTemplate string // where a template of such a map is to be written
	WhatIf         bool
	Bom            bool   // CSV files begin with a byte order mark
	Team           string // the name of the team in Mattermost
	Account        string // the object id of the user who owns teams in Microsoft Teams
}

// AddFlags registers the command's flags.
func (o *ChatConvert) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.To, "to", "", "the `format`: "+formatNames())
	flags.StringVar(&o.Output, "output", "", "the `path` to write to: a folder that is not there yet, or a .zip file; auto, table, json and events say how the result is shown instead")
	flags.StringArrayVar(&o.Room, "room", nil, "only this `room`: its name, GUID, or number in the source; repeat it for several")
	flags.StringArrayVar(&o.Category, "category", nil, "only this `category` with its rooms, by name or GUID; repeat it for several")
	flags.StringVar(&o.Since, "since", "", "only messages from this `date` on: 2018-01-31, 1/31/2018 or 2018-01-31T14:00:00Z; UTC unless it says otherwise")
	flags.StringVar(&o.Until, "until", "", "only messages before this `date`")
	flags.StringVar(&o.People, "people", "", "a CSV `file` that maps people to the new system: columns uri and address")
	flags.StringVar(&o.PeopleTemplate, "people-template", "", "write such a map to this CSV `file`, with all people and empty addresses; works without --to")
	flags.BoolVar(&o.WhatIf, "what-if", false, "go through everything, say what would be written, and write nothing")
	flags.BoolVar(&o.Bom, "bom", false, "begin CSV files with a byte order mark, which Excel needs to see that they are UTF-8")
	flags.StringVar(&o.Team, "team", o.Team, "the `name` of the team that the rooms go to in Mattermost")
	flags.StringVar(&o.Account, "account", "", "for teams, the object `id` of the user who owns the teams and speaks for people without an address")
}

// SetArguments takes the archive's path.
func (o *ChatConvert) SetArguments(args []string) error {
	o.FileName = args[0]
	return nil
}

// ChatConverted is what ChatConvert gives.
type ChatConverted struct {
	Archive         string
	Format          string
	Output          string
	WhatIf          bool
	Resumed         bool // an interrupted run was completed
	Rooms           int64
	PublicRooms     int64
	PrivateRooms    int64
	Messages        int64
	MessagesLeftOut int64 // by --since and --until
	People          int64
	Mapped          int64
	Placeholders    int64 // people without an address in the new system
	Files           int64 // in the output
	Bytes           int64 // in them
	LeftOut         []convert.Note
	Changed         []convert.Note
	PeopleTemplate  string                // the template that was written, "" where none was asked for
	PlaceholderList []convert.Placeholder // the first of them; the report in the output has all
	Seconds         float64
}

// Run converts, or writes a template of a map of people, or both.
func (o *ChatConvert) Run(ctx context.Context, env *Environment) error {
	format, selection, err := o.options()
	if err != nil {
		return err
	}
	a, file, err := openArchive(o.FileName)
	if err != nil {
		return err
	}
	err = o.convert(ctx, env, a, format, selection)
	return errors.Join(err, file.Close())
}

// options checks everything that can be checked without the archive.
func (o *ChatConvert) options() (format convert.Format, s convert.Selection, err error) {
	s.Rooms, s.Categories = o.Room, o.Category
	if o.To == "" && o.PeopleTemplate == "" {
		return nil, s, failure.New(failure.InvalidUsage, "--to", "Nothing says what the archive is to be converted to", "Give --to with one of: "+formatNames()+".")
	}
	format, ok := newFormat(o)
	if o.To != "" && !ok {
		return nil, s, failure.New(failure.InvalidUsage, o.To, fmt.Sprintf("There is no format %.50q", o.To), "Use one of: "+formatNames()+".")
	}
	if err := mattermost.CheckTeam(o.Team); err != nil {
		return nil, s, failure.Wrap(failure.InvalidUsage, o.Team, fmt.Sprintf("The team cannot be called %.100q", o.Team), "Give another name with --team.", err)
	}
	if strings.EqualFold(o.To, "teams") && !o.WhatIf {
		if err := teams.CheckAccount(o.Account); err != nil {
			return nil, s, failure.Wrap(failure.InvalidUsage, o.Account, "Teams need a user who owns them, which --account names", "Give the object id of a user, which Get-MgUser shows.", err)
		}
	}
	if format != nil {
		if err := o.checkOutput(format.Rules()); err != nil {
			return nil, s, err
		}
	}
	for _, one := range []struct {
		text string
		to   *time.Time
	}{{o.Since, &s.Since}, {o.Until, &s.Until}} {
		if one.text != "" {
			if *one.to, err = transfer.ParseDate(one.text); err != nil {
				return nil, s, err
			}
		}
	}
	if o.PeopleTemplate != "" {
		if _, err := os.Lstat(o.PeopleTemplate); err == nil {
			return nil, s, failure.New(failure.OutputExists, o.PeopleTemplate, o.PeopleTemplate+" is there already, and may hold addresses", "Name a file that is not there yet.")
		}
	}
	return format, s, errors.Join(s.Check(), checkFolder(o.PeopleTemplate), checkFolder(o.Output))
}

func (o *ChatConvert) isZip() bool { return strings.EqualFold(filepath.Ext(o.Output), ".zip") }

// checkOutput tells what is wrong with the place of the output.
func (o *ChatConvert) checkOutput(rules convert.Rules) error {
	switch {
	case o.Output == "" && !o.WhatIf:
		return failure.New(failure.InvalidUsage, "--output", "Nothing says where the output is to go", "Give --output PATH, or --what-if to see what would be written.")
	case o.Output != "" && o.isZip() && !rules.Zip:
		return failure.New(failure.InvalidUsage, o.Output, "The format "+o.To+" is a folder, not a ZIP file", "Name a folder that is not there yet.")
	case o.Output != "" && !o.isZip() && !rules.Folder:
		return failure.New(failure.InvalidUsage, o.Output, "The format "+o.To+" is a ZIP file", "Give --output a path that ends in .zip.")
	}
	return nil
}

func (o *ChatConvert) convert(ctx context.Context, env *Environment, a *archive.Archive, format convert.Format, selection convert.Selection) error {
	begun := time.Now()
	rules := convert.Rules{}
	if format != nil {
		rules = format.Rules()
	}
	plan, err := convert.Load(ctx, a, o.FileName, rules, selection, env.Sink.Progress)
	if err != nil {
		return err
	}
	if err := o.readPeople(env, plan); err != nil {
		return err
	}
	result := ChatConverted{Archive: o.FileName, Format: strings.ToLower(o.To), Output: o.Output, WhatIf: o.WhatIf, LeftOut: []convert.Note{}, Changed: []convert.Note{}}
	if o.PeopleTemplate != "" && !o.WhatIf {
		if err := o.writeTemplate(plan); err != nil {
			return err
		}
		result.PeopleTemplate = o.PeopleTemplate
	}
	if format != nil {
		if err := o.write(ctx, env, plan, format, &result); err != nil {
			return err
		}
	}
	o.count(plan, &result)
	result.Seconds = time.Since(begun).Seconds()
	if err := env.Sink.Object(result); err != nil {
		return err
	}
	if n := plan.Notes.LeftOut(); n > 0 && format != nil {
		return failure.New(failure.PartlyDone, o.Output, fmt.Sprintf("The conversion is complete but for %s things, the first are: %s", report.Number(n), plan.Notes.All()[0].What),
			"Read LeftOut in the result, or "+convert.ReportName+" in the output, which name them.")
	}
	return nil
}

// count fills in what the plan says.
func (o *ChatConvert) count(plan *convert.Plan, result *ChatConverted) {
	r := plan.NewReport(result.Format)
	result.Rooms, result.Messages, result.MessagesLeftOut = r.Rooms, r.Messages, plan.LeftByTime
	result.LeftOut, result.Changed = r.LeftOut, r.Changed
	for _, room := range plan.Rooms {
		if room.Public {
			result.PublicRooms++
		}
	}
	result.PrivateRooms = result.Rooms - result.PublicRooms
	for _, one := range plan.PeopleOf() {
		if one.IsGroup() {
			continue
		}
		if result.People++; one.Address != "" {
			result.Mapped++
		}
	}
	all := plan.Placeholders()
	result.Placeholders = int64(len(all))
	result.PlaceholderList = all[:min(len(all), 100)]
}

// readPeople takes the map of people.
func (o *ChatConvert) readPeople(env *Environment, plan *convert.Plan) error {
	if o.People == "" {
		return nil
	}
	file, err := os.Open(o.People)
	if err != nil {
		id := failure.FileNotReadable
		if errors.Is(err, os.ErrNotExist) {
			id = failure.FileNotFound
		}
		return failure.Wrap(id, o.People, "The map of people cannot be opened", "Check the path and the rights on the file.", err)
	}
	_, unknown, err := plan.ReadPeople(file, o.People)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if len(unknown) > 0 {
		env.Sink.Warning(fmt.Sprintf("The map of people names %s URIs that the archive does not have, such as %.100q.", report.Number(int64(len(unknown))), unknown[0]))
	}
	return nil
}

func (o *ChatConvert) writeTemplate(plan *convert.Plan) error {
	file, err := os.OpenFile(o.PeopleTemplate, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return failure.Wrap(failure.FileNotWritable, o.PeopleTemplate, "The template cannot be written", "Name another file.", err)
	}
	_, err = plan.WritePeople(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return failure.Wrap(failure.FileNotWritable, o.PeopleTemplate, "The template cannot be written", "Check the disk, or name another file.", errors.Join(err, os.Remove(o.PeopleTemplate)))
	}
	return nil
}

// write runs the format.
func (o *ChatConvert) write(ctx context.Context, env *Environment, plan *convert.Plan, format convert.Format, result *ChatConverted) error {
	run := func(to convert.Output, counter *convert.Counter) error {
		if err := convert.Run(ctx, plan, format, to, env.Sink.Progress); err != nil {
			return errors.Join(err, to.Abandon())
		}
		if err := plan.WriteReport(result.Format, to); err != nil {
			return errors.Join(err, to.Abandon())
		}
		result.Files, result.Bytes = counter.Files, counter.Bytes
		return to.Finish()
	}
	switch {
	case o.WhatIf:
		nowhere := &convert.Nowhere{}
		return run(nowhere, &nowhere.Counter)
	case o.isZip():
		return convert.CreateZip(o.Output, func(z *convert.Zip) error { return run(z, &z.Counter) })
	}
	manifest, options := o.identity(plan)
	folder, err := convert.OpenFolder(o.Output, manifest, options)
	if err != nil {
		return err
	}
	result.Resumed = folder.Resumed
	plan.Resume(folder.Notes())
	return run(folder, &folder.Counter)
}

// identity gives sums of the archive and of everything that decides on what is written.
func (o *ChatConvert) identity(plan *convert.Plan) (manifest, options string) {
	addresses := []string{}
	for _, one := range plan.PeopleOf() {
		if one.Address != "" {
			addresses = append(addresses, one.URI+"="+one.Address)
		}
	}
	slices.Sort(addresses)
	return sum(plan.Archive.Manifest()), sum([]any{Current().Version, strings.ToLower(o.To), o.Room, o.Category, o.Since, o.Until, o.Bom, o.Team, strings.ToLower(o.Account), addresses})
}

func sum(of any) string {
	text, err := json.Marshal(of)
	if err != nil { // none of what is given has a value that JSON lacks
		return ""
	}
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:])
}

// Tables shows what was converted.
func (r ChatConverted) Tables() []report.Table {
	did := "converted"
	if r.WhatIf {
		did = "would be converted; nothing was written"
	}
	rows := [][]string{{"Archive", r.Archive}}
	if r.Format != "" {
		rows = append(rows, []string{"Outcome", did}, []string{"Format", r.Format}, []string{"Output", r.Output})
	}
	rows = append(rows, []string{"Rooms", fmt.Sprintf("%s, %s of them public", report.Number(r.Rooms), report.Number(r.PublicRooms))},
		[]string{"Messages", report.Number(r.Messages)})
	if r.MessagesLeftOut > 0 {
		rows = append(rows, []string{"Outside of the dates", report.Number(r.MessagesLeftOut) + " messages"})
	}
	rows = append(rows, []string{"People", fmt.Sprintf("%s, %s of them placeholders", report.Number(r.People), report.Number(r.Placeholders))})
	if r.PeopleTemplate != "" {
		rows = append(rows, []string{"Template", r.PeopleTemplate})
	}
	if r.Format != "" {
		rows = append(rows, []string{"Written", report.Number(r.Files) + " files, " + report.Bytes(r.Bytes)})
	}
	rows = append(rows, []string{"Took", seconds(r.Seconds)})
	tables := []report.Table{{Rows: rows}}
	for _, one := range []struct {
		title string
		notes []convert.Note
	}{{"Left out", r.LeftOut}, {"Changed", r.Changed}} {
		table := report.Table{Title: one.title, Header: []string{"What", "Count", "Such as"}}
		for _, note := range one.notes {
			example := ""
			if len(note.Examples) > 0 {
				example = note.Examples[0]
			}
			table.Rows = append(table.Rows, []string{note.What, report.Number(note.Count), example})
		}
		if len(table.Rows) > 0 {
			tables = append(tables, table)
		}
	}
	return tables
}
