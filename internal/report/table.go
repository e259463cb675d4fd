package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// render gives a result as text for people: its own tables, or a list of names and values.
func render(value any, width int) (string, error) {
	list := []Table{}
	if own, ok := value.(Tabular); ok {
		list = own.Tables()
	} else {
		generic, err := properties(value)
		if err != nil {
			return "", err
		}
		list = append(list, generic)
	}
	var text strings.Builder
	for i, one := range list {
		if i > 0 {
			text.WriteString("\n")
		}
		if err := renderTable(&text, one, width); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

func renderTable(text *strings.Builder, one Table, width int) error {
	if one.Title != "" {
		text.WriteString(oneLine(one.Title) + "\n")
	}
	if len(one.Rows) == 0 {
		return nil
	}
	if len(one.Header) == 0 {
		renderList(text, one.Rows)
		return nil
	}
	options := []tablewriter.Option{
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNormal),
		tablewriter.WithRendition(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off}},
		}),
	}
	if width > 0 {
		options = append(options, tablewriter.WithMaxWidth(width))
	}
	table := tablewriter.NewTable(text, options...)
	table.Header(clean(one.Header))
	for _, row := range one.Rows {
		if err := table.Append(clean(row)); err != nil {
			return fmt.Errorf("add a row to the table: %w", err)
		}
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

// renderList prints rows of a name and a value, the values below each other.
func renderList(text *strings.Builder, rows [][]string) {
	longest := 0
	for _, row := range rows {
		longest = max(longest, len(row[0]))
	}
	for _, row := range rows {
		fmt.Fprintf(text, "%-*s : %s\n", longest, oneLine(row[0]), oneLine(strings.Join(row[1:], " ")))
	}
}

func clean(cells []string) []string {
	harmless := make([]string, len(cells))
	for i, cell := range cells {
		harmless[i] = oneLine(cell)
	}
	return harmless
}

// properties lists what a value looks like in JSON, one property a row, in the value's own order.
func properties(value any) (Table, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return Table{}, fmt.Errorf("print %T: %w", value, err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return Table{Rows: [][]string{{"Value", string(text)}}}, nil
	}
	var one Table
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return Table{}, fmt.Errorf("print %T: %w", value, err)
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return Table{}, fmt.Errorf("print %T: %w", value, err)
		}
		one.Rows = append(one.Rows, []string{fmt.Sprint(name), plain(raw)})
	}
	return one, nil
}

// plain shows a JSON string without its quotes, null as nothing, and all else as it is.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
