package psmodule

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// builtIn lists the commands of Windows PowerShell 5.1 that the modules use, with the parameters
// that they give them. All of these exist there and in every later PowerShell. They are called with their module's
// name: a function or a mock of the plain name in the caller's session is not meant.
var builtIn = map[string]string{
	`Microsoft.PowerShell.Core\Export-ModuleMember`:        "Function",
	`Microsoft.PowerShell.Core\ForEach-Object`:             "Process",
	`Microsoft.PowerShell.Core\Get-Module`:                 "ListAvailable Name",
	`Microsoft.PowerShell.Core\Import-Module`:              "Name Scope Global",
	`Microsoft.PowerShell.Core\Register-ArgumentCompleter`: "CommandName ParameterName ScriptBlock",
	`Microsoft.PowerShell.Core\Set-StrictMode`:             "Off",
	`Microsoft.PowerShell.Core\Where-Object`:               "FilterScript",
	`Microsoft.PowerShell.Management\Get-ChildItem`:        "LiteralPath Filter",
	`Microsoft.PowerShell.Management\Get-Content`:          "LiteralPath TotalCount ErrorAction",
	`Microsoft.PowerShell.Management\Test-Path`:            "LiteralPath PathType",
	`Microsoft.PowerShell.Utility\ConvertFrom-Json`:        "InputObject",
	`Microsoft.PowerShell.Utility\ConvertTo-Json`:          "InputObject Compress Depth",
	`Microsoft.PowerShell.Utility\Set-Variable`:            "Name Value Scope WhatIf Confirm Verbose",
}

// operators are the words with a dash that are no parameters.
var operators = strings.Fields("-eq -ne -gt -ge -lt -le -and -or -not -is -isnot -as -ccontains -contains -join -match -in -split -replace -f -like")

func TestOnlyKnownCommandsAreCalledAndOnlyWithTheirParameters(t *testing.T) {
	all := moduleFunctions(t)
	checked := 0
	for _, f := range files(t, false, ".ps1", ".psm1") {
		for _, one := range calls(f.pieces) {
			checked++
			allowed, known := strings.Fields(builtIn[one.name]), builtIn[one.name] != ""
			if own, ours := all[one.name]; ours {
				known = true
				for _, p := range own.parameters {
					allowed = append(allowed, p.name)
				}
				given := map[string]bool{}
				for _, name := range one.arguments {
					if given[name] {
						t.Errorf("%s:%d: %s is given -%s twice", f.path, one.row, one.name, name)
					}
					given[name] = true
				}
			}
			if !known {
				t.Errorf("%s:%d: %s is neither ours nor among the known commands of Windows PowerShell 5.1", f.path, one.row, one.name)
			}
			for _, name := range one.arguments {
				if !slices.Contains(allowed, name) && !slices.Contains(operators, "-"+name) {
					t.Errorf("%s:%d: %s has no parameter -%s", f.path, one.row, one.name, name)
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d calls were found", checked)
	}
}

func TestNothingIsNewerThanWindowsPowerShell(t *testing.T) {
	for _, f := range files(t, false, ".ps1", ".psm1", ".psd1") {
		walk(f.pieces, func(_ []piece, p piece) {
			switch {
			case p.kind == mark && slices.Contains([]string{"&&", "||", "??", "?.", "?"}, p.text):
				t.Errorf("%s:%d: the operator %s is not in Windows PowerShell 5.1, or is an alias", f.path, p.row, p.text)
			case p.kind == dashed && slices.Contains([]string{"-parallel", "-asbytestream", "-ashashtable", "-throttlelimit"}, strings.ToLower(p.text)):
				t.Errorf("%s:%d: %s is not in Windows PowerShell 5.1", f.path, p.row, p.text)
			case p.kind == word && slices.Contains([]string{"clean", "using", "class", "enum", "workflow", "iex"}, strings.ToLower(p.text)):
				t.Errorf("%s:%d: %s is not for this module", f.path, p.row, p.text)
			case p.kind == mark && p.text == "%":
				t.Errorf("%s:%d: %% is an alias, or hard to tell from one", f.path, p.row)
			case p.kind == dashed && !strings.HasSuffix(p.text, ":") && strings.ToLower(p.text) == p.text && !slices.Contains(operators, p.text):
				t.Errorf("%s:%d: the operator %s is not among those in use", f.path, p.row, p.text)
			}
		})
	}
}

// automatic are the variables that PowerShell sets.
var automatic = strings.Fields("_ null true false this PSCmdlet PSBoundParameters PSScriptRoot ExecutionContext IsMacOS WhatIfPreference global:Error")

func TestEveryVariableIsSetBeforeItIsRead(t *testing.T) {
	for _, f := range files(t, false, ".ps1", ".psm1") {
		blocks := [][]piece{f.pieces}
		for _, one := range functions(f) {
			blocks = append(blocks, one.body)
		}
		for _, block := range blocks[min(1, len(blocks)-1):] {
			set := map[string]bool{}
			walk(block, func(before []piece, p piece) {
				if p.kind == group && p.text == "(" {
					inner := without(p.inner, comment, line)
					// foreach ($one in ...)
					if len(inner) > 1 && inner[0].kind == variable && inner[1].kind == word && inner[1].text == "in" {
						set[inner[0].text] = true
					}
					if last := without(before, comment, line); len(last) > 0 && last[len(last)-1].kind == word && last[len(last)-1].text == "param" {
						for _, part := range split(inner, ",") {
							for _, one := range part {
								if one.kind == variable {
									set[one.text] = true
								}
							}
						}
					}
				}
				for i, one := range p.inner {
					if one.kind == variable && i+1 < len(p.inner) && p.inner[i+1].kind == mark && p.inner[i+1].text == "=" {
						set[one.text] = true
					}
				}
			})
			for i, one := range block {
				if one.kind == variable && i+1 < len(block) && block[i+1].kind == mark && block[i+1].text == "=" {
					set[one.text] = true
				}
			}
			seen := map[string]int{}
			walk(block, func(_ []piece, p piece) {
				if p.kind == variable {
					seen[p.text]++
				}
				if p.kind == variable && !set[p.text] && !slices.Contains(automatic, p.text) {
					t.Errorf("%s:%d: $%s is never set", f.path, p.row, p.text)
				}
			})
			for name, times := range seen {
				// A cmdlet hands its parameters on by their names, and a completer has to take them all.
				if times == 1 && set[name] && strings.HasPrefix(f.path, "CsBackup/Private/") && !strings.HasSuffix(f.path, "Completion.ps1") {
					t.Errorf("%s: $%s is set and never read", f.path, name)
				}
			}
		}
	}
}

// keysOf gives the names in the first table below the pieces.
func keysOf(pieces []piece) []string {
	var names []string
	walk(pieces, func(_ []piece, p piece) {
		if p.kind != group || p.text != "@{" || names != nil {
			return
		}
		for i, one := range p.inner {
			if one.kind == word && i+1 < len(p.inner) && p.inner[i+1].kind == mark && p.inner[i+1].text == "=" {
				names = append(names, one.text)
			}
		}
	})
	return names
}

func TestTheTablesThatArePassedAroundHaveTheKeysThatAreUsed(t *testing.T) {
	all := moduleFunctions(t)
	keys := map[string][]string{
		"session": keysOf(all["New-CsBackupSession"].body),
		"outcome": append(keysOf(all["Invoke-CsBackupHost"].body), "Bytes"),
	}
	if len(keys["session"]) < 10 || len(keys["outcome"]) != 5 {
		t.Fatalf("the tables are %v", keys)
	}
	used := 0
	for _, f := range files(t, false, ".ps1") {
		walk(f.pieces, func(_ []piece, p piece) {
			for i := range p.inner {
				if i+2 >= len(p.inner) || p.inner[i].kind != variable || p.inner[i+1].text != "." || p.inner[i+2].kind != word || !p.inner[i+1].tight {
					continue
				}
				known, table := keys[strings.ToLower(p.inner[i].text)]
				name, _, _ := strings.Cut(p.inner[i+2].text, ".")
				if !table {
					continue
				}
				used++
				if !slices.Contains(known, name) {
					t.Errorf("%s:%d: $%s has no %s", f.path, p.inner[i].row, p.inner[i].text, name)
				}
			}
		})
	}
	if used < 50 {
		t.Errorf("only %d uses were found", used)
	}
}

func TestFilesAreAsciiAndClean(t *testing.T) {
	trailing := regexp.MustCompile("(?m)[ \t]+$|\t")
	for _, tests := range []bool{false, true} {
		for _, f := range files(t, tests, ".ps1", ".psm1", ".psd1", ".ps1xml", ".txt") {
			for i := range len(f.raw) {
				if f.raw[i] >= 0x80 || f.raw[i] == '\r' {
					t.Errorf("%s has the byte %#x at %d: Windows PowerShell reads a file without a mark in the code page of the machine", f.path, f.raw[i], i)
					break
				}
			}
			if at := trailing.FindStringIndex(f.raw); at != nil {
				t.Errorf("%s:%d: a tab, or blanks at the end of a line", f.path, 1+strings.Count(f.raw[:at[0]], "\n"))
			}
			if !strings.HasSuffix(f.raw, "\n") {
				t.Errorf("%s does not end with a line feed", f.path)
			}
			if strings.Contains(f.raw, "Write-Host") && !tests {
				t.Errorf("%s writes to the host past all streams", f.path)
			}
		}
	}
}

// What a helper gives by accident becomes output of the cmdlet. Methods that give something are
// therefore kept quiet.
func TestNoMethodLeaksItsResult(t *testing.T) {
	leaky := regexp.MustCompile(`(?m)^\s*\$[\w.]+\.(Append|Remove|WaitForExit|Insert|Start|Clear|WaitAny|Peek|Dequeue|ContainsKey|Set)\(|^\s*\[[\w.]+\]::(CreateDirectory|WaitAny)\(`)
	for _, f := range files(t, false, ".ps1", ".psm1") {
		if at := leaky.FindStringIndex(f.raw); at != nil {
			t.Errorf("%s:%d: %q gives something that nobody takes", f.path, 1+strings.Count(f.raw[:at[0]], "\n"), strings.TrimSpace(f.raw[at[0]:at[1]]))
		}
	}
}

// An exception of a method ends one statement of a function and not the function: a question that cannot be asked
// would count as a yes. So it is asked in one place, which ends the cmdlet then; what a dry run shows asks nothing.
func TestOnlyOnePlaceAsksForConfirmation(t *testing.T) {
	allowed := []string{"CsBackup/Private/Confirm-CsBackupAction.ps1", "CsBackup/Private/Write-CsBackupFinding.ps1"}
	asked := 0
	for _, f := range files(t, false, ".ps1", ".psm1") {
		if n := strings.Count(f.raw, ".ShouldProcess("); n > 0 && !slices.Contains(allowed, f.path) {
			t.Errorf("%s asks for a confirmation by itself", f.path)
		}
		asked += strings.Count(f.raw, "Confirm-CsBackupAction -Cmdlet")
	}
	if asked < 4 {
		t.Errorf("only %d cmdlets ask for a confirmation", asked)
	}
}
