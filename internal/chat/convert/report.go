package convert

import (
	"bufio"
	"encoding/json"
)

// ReportName is the file in an output that says what became of what.
const ReportName = "csbackup-report.json"

// Report is what WriteReport writes besides the people.
type Report struct {
	Archive, Format string
	Rooms           int64
	Messages        int64
	LeftOut         []Note // what is not in the output
	Changed         []Note // what is in it in another form
}

// Placeholder is a person without an address in the new system.
type Placeholder struct {
	Uri      string
	Name     string
	Messages int64
}

// Placeholders gives the people whom the output names and the map does not, those with most messages first.
func (p *Plan) Placeholders() []Placeholder {
	list := []Placeholder{}
	for _, one := range p.PeopleOf() {
		if one.Address == "" && !one.IsGroup() {
			list = append(list, Placeholder{Valid(one.URI), Valid(one.Name), one.Messages})
		}
	}
	sortByMessages(list)
	return list
}

// NewReport gives the report of a plan that was run.
func (p *Plan) NewReport(format string) Report {
	r := Report{Archive: p.Name, Format: format, Rooms: int64(len(p.Rooms)), Messages: p.total(), LeftOut: []Note{}, Changed: []Note{}}
	for _, one := range p.Notes.All() {
		if one.LeftOut {
			r.LeftOut = append(r.LeftOut, one)
		} else {
			r.Changed = append(r.Changed, one)
		}
	}
	return r
}

// WriteReport writes the report as one JSON object, with all people who became placeholders.
func (p *Plan) WriteReport(format string, to Target) error {
	file, err := to.Create(ReportName)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(struct {
		Report
		Placeholders []Placeholder
	}{p.NewReport(format), p.Placeholders()}); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}
