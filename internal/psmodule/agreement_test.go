package psmodule

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"csbackup/internal/admin"
	"csbackup/internal/command"
	"csbackup/internal/failure"
	"csbackup/internal/settings"
)

// manifest gives what a module's manifest says: lists as they are, single values as lists of one.
func manifest(t *testing.T, name string) map[string][]string {
	t.Helper()
	for _, f := range files(t, false, name+".psd1") {
		if f.path != name+"/"+name+".psd1" {
			continue
		}
		table := without(f.pieces, comment, line)
		if len(table) != 1 || table[0].text != "@{" {
			t.Fatalf("%s is not one table", f.path)
		}
		values := map[string][]string{}
		for i, p := range table[0].inner {
			if p.kind != word || i+2 >= len(table[0].inner) || table[0].inner[i+1].text != "=" {
				continue
			}
			values[p.text] = []string{}
			value := table[0].inner[i+2]
			for _, one := range append(without(value.inner, comment, line), value) {
				if one.kind == text {
					values[p.text] = append(values[p.text], one.text)
				}
			}
		}
		return values
	}
	t.Fatalf("%s has no manifest", name)
	return nil
}

func TestManifestsAndFilesAgree(t *testing.T) {
	exported := slices.Sorted(maps.Keys(cmdlets))
	guids := map[string]string{}
	for _, name := range []string{"CsBackup", "SkypeForBusiness", "Lync"} {
		m := manifest(t, name)
		if !slices.Equal(m["FunctionsToExport"], exported) {
			t.Errorf("%s exports %v, want %v", name, m["FunctionsToExport"], exported)
		}
		for _, none := range []string{"CmdletsToExport", "VariablesToExport", "AliasesToExport"} {
			if list, said := m[none]; !said || len(list) != 0 {
				t.Errorf("%s: %s is %v", name, none, list)
			}
		}
		for _, one := range slices.Concat(m["RootModule"], m["TypesToProcess"], m["FormatsToProcess"]) {
			if _, err := os.Stat(filepath.Join(root, name, one)); err != nil {
				t.Errorf("%s names a file that is missing: %v", name, err)
			}
		}
		if guid := strings.Join(m["GUID"], ""); guids[guid] != "" || !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(guid) {
			t.Errorf("%s has the GUID %q", name, guid)
		}
		guids[strings.Join(m["GUID"], "")] = name
		version := strings.Join(m["ModuleVersion"], "")
		if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) || name != "CsBackup" && version < "7" {
			t.Errorf("%s has version %q", name, version)
		}
		if m["PowerShellVersion"][0] != "5.1" || !slices.Equal(m["CompatiblePSEditions"], []string{"Desktop", "Core"}) {
			t.Errorf("%s is for %v %v", name, m["PowerShellVersion"], m["CompatiblePSEditions"])
		}
	}
	if core := manifest(t, "CsBackup"); len(core["TypesToProcess"]) != 1 || len(core["FormatsToProcess"]) != 1 {
		t.Error("CsBackup loads no types or formats")
	}
	lync, business := shim(t, "Lync"), shim(t, "SkypeForBusiness")
	if strings.ReplaceAll(lync, "Lync", "SkypeForBusiness") != business {
		t.Error("the two other modules differ in more than their name")
	}
	for _, name := range exported {
		if !strings.Contains(lync, "'"+name+"'") {
			t.Errorf("Lync does not hand on %s", name)
		}
	}
}

// shim gives the code of one of the modules that only bring in CsBackup, without its own GUID.
func shim(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name, name+".psm1"))
	if err != nil {
		t.Fatal(err)
	}
	guid := manifest(t, name)["GUID"][0]
	if !strings.Contains(string(content), "'"+guid+"'") {
		t.Errorf("%s does not know itself by its GUID", name)
	}
	return strings.ReplaceAll(string(content), guid, "")
}

// results are the program's own results by the name that the module gives them.
var results = map[string]struct {
	converter string
	result    any
}{
	"CsBackup.BackupServiceStatus":        {"ConvertTo-CsBackupStatus", admin.Status{}},
	"CsBackup.BackupModuleStatus":         {"ConvertTo-CsBackupModuleStatus", admin.ModuleStatus{}},
	"CsBackup.BackupServiceConfiguration": {"ConvertTo-CsBackupConfiguration", settings.Settings{}},
	"CsBackup.PoolBackupRelationship":     {"ConvertTo-CsBackupRelationship", command.RelationshipResult{}},
}

func propertiesOf(result any) []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(result)) {
		names = append(names, field.Name)
	}
	return names
}

func TestObjectsHaveThePropertiesOfTheResultsInTheirOrder(t *testing.T) {
	all := moduleFunctions(t)
	for name, one := range results {
		keys := keysOf(all[one.converter].body)
		if want := append([]string{"PSTypeName"}, propertiesOf(one.result)...); !slices.Equal(keys, want) {
			t.Errorf("%s has %v, want %v", name, keys, want)
		}
		typeName := ""
		walk(all[one.converter].body, func(_ []piece, p piece) {
			if p.kind == text && strings.HasPrefix(p.text, "CsBackup.") {
				typeName = p.text
			}
		})
		if typeName != name {
			t.Errorf("%s makes objects called %q", one.converter, typeName)
		}
	}
}

// element is any element of an XML file.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

func (e element) find(names ...string) []element {
	if len(names) == 0 {
		return []element{e}
	}
	var found []element
	for _, child := range e.Children {
		if child.XMLName.Local == names[0] {
			found = append(found, child.find(names[1:]...)...)
		}
	}
	return found
}

// deep gives the texts of all elements of a name, however deep.
func (e element) deep(name string) []string {
	var found []string
	for _, child := range e.Children {
		if child.XMLName.Local == name {
			found = append(found, strings.TrimSpace(child.Text))
		}
		found = append(found, child.deep(name)...)
	}
	return found
}

func readXML(t *testing.T, name string) element {
	t.Helper()
	from, err := os.Open(filepath.Join(root, "CsBackup", name))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	decoder := xml.NewDecoder(from)
	var whole element
	if err := decoder.Decode(&whole); err != nil {
		t.Fatalf("%s is not well formed: %v", name, err)
	}
	if token, err := decoder.Token(); !errors.Is(err, io.EOF) {
		if _, blank := token.(xml.CharData); !blank {
			t.Errorf("%s: something follows its end: %v %v", name, token, err)
		}
	}
	return whole
}

// member finds a property that a script reads of the object at hand.
var member = regexp.MustCompile(`\$(?:_|this)\.(\w+)`)

func checkProperties(t *testing.T, of string, names []string, scripts []string) {
	t.Helper()
	known := propertiesOf(results[of].result)
	if of == "CsBackup.BackupServiceStatus" {
		known = append(known, propertiesOf(results["CsBackup.BackupModuleStatus"].result)...)
	}
	for _, script := range scripts {
		pieces, err := read(of, script)
		if err != nil {
			t.Errorf("a script for %s cannot be read: %v", of, err)
		}
		for _, one := range calls(pieces) {
			if builtIn[one.name] == "" {
				t.Errorf("a script for %s calls %s", of, one.name)
			}
		}
		for _, found := range member.FindAllStringSubmatch(script, -1) {
			names = append(names, found[1])
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			t.Errorf("%s has no property %s", of, name)
		}
	}
}

func TestFormatsShowExistingPropertiesAlsoOfWhatCrossedAProcess(t *testing.T) {
	shown := map[string]element{}
	for _, view := range readXML(t, "CsBackup.Format.ps1xml").find("ViewDefinitions", "View") {
		selected := view.deep("TypeName")
		if len(selected) != 2 || selected[1] != "Deserialized."+selected[0] {
			t.Errorf("a view is for %v", selected)
			continue
		}
		shown[selected[0]] = view
		checkProperties(t, selected[0], view.deep("PropertyName"), view.deep("ScriptBlock"))
	}
	for name := range results {
		if _, found := shown[name]; !found {
			t.Errorf("%s has no view", name)
		}
	}
	if columns := shown["CsBackup.BackupModuleStatus"].find("TableControl", "TableRowEntries", "TableRowEntry", "TableColumnItems", "TableColumnItem"); len(columns) != 3 {
		t.Errorf("a module has %d columns", len(columns))
	}
	for _, name := range []string{"CsBackup.BackupServiceConfiguration", "CsBackup.PoolBackupRelationship"} {
		listed := append(shown[name].deep("PropertyName"), shown[name].deep("Label")...)
		for _, property := range propertiesOf(results[name].result) {
			if !slices.Contains(listed, property) {
				t.Errorf("the view of %s leaves out %s", name, property)
			}
		}
	}
}

func TestTypesNameExistingProperties(t *testing.T) {
	withText := []string{}
	for _, one := range readXML(t, "CsBackup.Types.ps1xml").find("Type") {
		name := one.find("Name")[0].Text
		base := strings.TrimPrefix(name, "Deserialized.")
		if results[base].result == nil {
			t.Errorf("%s is the name of nothing", name)
			continue
		}
		var referenced []string
		for _, list := range one.find("Members", "MemberSet", "Members", "PropertySet", "ReferencedProperties", "Name") {
			referenced = append(referenced, list.Text)
		}
		checkProperties(t, base, referenced, one.deep("Script"))
		for _, method := range one.find("Members", "ScriptMethod", "Name") {
			if method.Text == "ToString" {
				withText = append(withText, name)
			}
		}
	}
	if want := []string{"CsBackup.BackupModuleStatus", "Deserialized.CsBackup.BackupModuleStatus"}; !slices.Equal(withText, want) {
		t.Errorf("a text form have %v, want %v", withText, want)
	}
}

func TestHelpIsComplete(t *testing.T) {
	all := moduleFunctions(t)
	about, err := os.ReadFile(filepath.Join(root, "CsBackup", "en-US", "about_CsBackup.help.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range cmdlets {
		help := all[name].help
		for _, part := range []string{".SYNOPSIS\n", ".DESCRIPTION\n", ".INPUTS\n", ".OUTPUTS\n", ".EXAMPLE\n", ".LINK\n"} {
			if !strings.Contains(help, part) {
				t.Errorf("the help of %s has no %s", name, strings.TrimSpace(part))
			}
		}
		if examples := strings.Count(help, ".EXAMPLE\n"); examples < 2 || strings.Count(help, name+" ")+strings.Count(help, name+"\n") < examples {
			t.Errorf("the help of %s has %d examples, and not each shows it", name, examples)
		}
		described := regexp.MustCompile(`\.PARAMETER (\w+)\n +\S`).FindAllStringSubmatch(help, -1)
		var names, want []string
		for _, one := range described {
			names = append(names, one[1])
		}
		for _, p := range all[name].parameters {
			want = append(want, p.name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("the help of %s describes %v, and it has %v", name, names, want)
		}
		if !strings.Contains(string(about), name) {
			t.Errorf("about_CsBackup does not name %s", name)
		}
	}
}

func TestTheModulesOwnErrorIdsAreDocumented(t *testing.T) {
	about, err := os.ReadFile(filepath.Join(root, "CsBackup", "en-US", "about_CsBackup.help.txt"))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range files(t, false, ".ps1") {
		for _, found := range regexp.MustCompile(`-Id '(\w+)'`).FindAllStringSubmatch(f.raw, -1) {
			used[found[1]] = true
			if !strings.Contains(string(about), found[1]) && failure.KindOf(failure.ID(found[1])).ID != failure.ID(found[1]) {
				t.Errorf("%s makes an error %s, which is documented nowhere", f.path, found[1])
			}
		}
	}
	_, list, _ := strings.Cut(string(about), "come from the module itself")
	for _, found := range regexp.MustCompile(`(?m)^        ([A-Z]\w+) {2,}`).FindAllStringSubmatch(list, -1) {
		if !used[found[1]] {
			t.Errorf("about_CsBackup documents %s, which nothing makes", found[1])
		}
	}
}

// What a cmdlet asks of "csbackup host", as its file says it.
var (
	askedCommand = regexp.MustCompile(`-Command '([a-z -]+)'`)
	sentNames    = regexp.MustCompile(`ConvertTo-CsBackupRequest -Bound \$PSBoundParameters -Name ([^\n]+)`)
	sentName     = regexp.MustCompile(`\$request\['(\w+)'\]`)
)

func TestEveryRequestIsOneThatTheProgramTakes(t *testing.T) {
	table := command.Table()
	all := moduleFunctions(t)
	for _, f := range files(t, false, ".ps1") {
		if !strings.HasPrefix(f.path, "CsBackup/Public/") {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(f.path), ".ps1")
		asked := askedCommand.FindAllStringSubmatch(f.raw, -1)
		if len(asked) == 0 {
			t.Errorf("%s asks for nothing", name)
			continue
		}
		create, known := table[asked[0][1]]
		if !known {
			t.Errorf("%s asks for %q, which is no command", name, asked[0][1])
			continue
		}
		allowed := propertiesOf(reflect.ValueOf(create()).Elem().Interface())
		sent := map[string]bool{}
		for _, list := range sentNames.FindAllStringSubmatch(f.raw, -1) {
			for _, one := range unquoted(strings.ReplaceAll(list[1], " ", "")) {
				sent[one] = true
			}
		}
		for _, one := range sentName.FindAllStringSubmatch(f.raw, -1) {
			sent[one[1]] = true
		}
		if name == "Set-CsBackupServiceConfiguration" {
			for _, p := range all[name].parameters {
				sent[p.name] = p.name != "Instance"
			}
		}
		for one, really := range sent {
			if really && !slices.Contains(allowed, one) {
				t.Errorf("%s sends %s, and %q takes %v", name, one, asked[0][1], allowed)
			}
		}
		for _, p := range all[name].parameters {
			// These two stand for the file that the bytes travel in.
			if _, named := sent[p.name]; !named && p.name != "AsBytes" && p.name != "ByteInput" {
				t.Errorf("%s does not send its -%s", name, p.name)
			}
		}
	}
}

func TestEveryCategoryIsOneOfPowerShell(t *testing.T) {
	categories := strings.Fields("NotSpecified OpenError CloseError DeviceError DeadlockDetected InvalidArgument InvalidData InvalidOperation InvalidResult InvalidType " +
		"MetadataError NotImplemented NotInstalled ObjectNotFound OperationStopped OperationTimeout SyntaxError ParserError PermissionDenied ResourceBusy ResourceExists " +
		"ResourceUnavailable ReadError WriteError FromStdErr SecurityError ProtocolError ConnectionError AuthenticationError LimitsExceeded QuotaExceeded NotEnabled")
	for _, kind := range failure.Kinds() {
		if !slices.Contains(categories, string(kind.Category)) {
			t.Errorf("%s has the category %q", kind.ID, kind.Category)
		}
	}
}
