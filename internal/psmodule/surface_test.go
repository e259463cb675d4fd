package psmodule

import (
	"slices"
	"strings"
	"testing"
)

// cmdlet is what is published of one cmdlet, and what we add to it.
type cmdlet struct {
	defaultSet    string
	shouldProcess bool // ours has -WhatIf and -Confirm
	published     bool // and so has the original
	output        string
	parameters    []parameter
	added         []parameter
}

func named(name, kind string, sets ...string) parameter {
	return parameter{name: name, kind: kind, position: -1, sets: sets}
}

func (p parameter) required() parameter           { p.mandatory = true; return p }
func (p parameter) at(position int) parameter     { p.position = position; return p }
func (p parameter) piped() parameter              { p.byValue = true; return p }
func (p parameter) of(values ...string) parameter { p.values = values; return p }

// connection is how the server of a database is trusted.
var connection = []parameter{named("TrustServerCertificate", "switch"), named("ServerCertificate", "string"), named("Encrypt", "string").of("true", "strict", "false")}

// cmdlets is the published surface, restated.
var cmdlets = map[string]cmdlet{
	"Invoke-CsBackupServiceSync": {
		shouldProcess: true,
		parameters:    []parameter{named("PoolFqdn", "string").required().piped().at(0), named("BackupModule", "string"), named("Force", "switch")},
		added:         []parameter{named("Wait", "switch")},
	},
	"Get-CsBackupServiceStatus": {
		output:     "'CsBackup.BackupServiceStatus'",
		parameters: []parameter{named("PoolFqdn", "string").required(), named("Category", "string").of("CMS", "UserData", "RGS"), named("Force", "switch")},
		added:      []parameter{named("BackupModule", "string")},
	},
	"Get-CsPoolBackupRelationship": {
		output:     "'CsBackup.PoolBackupRelationship'",
		parameters: []parameter{named("PoolFqdn", "string").required(), named("LocalStore", "switch"), named("Force", "switch")},
	},
	"Get-CsBackupServiceConfiguration": {
		defaultSet: "Identity", output: "'CsBackup.BackupServiceConfiguration'",
		parameters: []parameter{named("Identity", "string", "Identity").at(0), named("Filter", "string", "Filter"), named("LocalStore", "switch")},
	},
	"Set-CsBackupServiceConfiguration": {
		defaultSet: "Identity", shouldProcess: true, published: true,
		parameters: []parameter{
			named("Identity", "string", "Identity").at(0), named("Instance", "psobject", "Instance").piped(), named("SyncInterval", "timespan"),
			named("MaxConcurrentCalls", "int"), named("MaxBatchesPerCmsSync", "int"), named("MaxBatchesPerUserStoreSync", "int"),
			named("MaxDataConfPackageSizeKB", "int"), named("MaxHighPriQueuePercentagePerUserStoreSync", "int"),
			named("AuthorizedUniversalGroups", "string"), named("AuthorizedLocalAccounts", "string"), named("EnableRgsBackupService", "bool"), named("Force", "switch"),
		},
	},
	"Remove-CsBackupServiceConfiguration": {
		shouldProcess: true, published: true,
		parameters: []parameter{named("Identity", "string").required().at(0), named("Force", "switch")},
	},
	"Export-CsPersistentChatData": {
		defaultSet: "FileName", output: "[byte[]]",
		parameters: []parameter{
			named("DBInstance", "string").required(), named("DBName", "string"), named("FileName", "string", "FileName"), named("AsBytes", "switch", "AsBytes"),
			named("Level", "string").of("All", "User", "Category", "RoomDirectory", "Content"), named("Scope", "System.Collections.Generic.List[string]"),
			named("StartDate", "datetime"), named("DisableExportedNodes", "switch"), named("Report", "string"),
		},
		added: connection,
	},
	"Import-CsPersistentChatData": {
		defaultSet: "FileName", shouldProcess: true, published: true,
		parameters: []parameter{
			named("DBInstance", "string").required(), named("FileName", "string", "FileName").required(),
			named("ByteInput", "byte[]", "ByteInput").required().piped(), named("Report", "string"),
		},
		added: append([]parameter{named("DBName", "string")}, connection...),
	},
}

func TestEveryCmdletHasThePublishedParameters(t *testing.T) {
	all := moduleFunctions(t)
	for name, want := range cmdlets {
		got, found := all[name]
		if !found || got.file != "CsBackup/Public/"+name+".ps1" {
			t.Errorf("%s has no file of its own in Public", name)
			continue
		}
		if got.binding == nil || got.binding["PositionalBinding"] != "$false" || strings.Trim(got.binding["DefaultParameterSetName"], "'") != want.defaultSet ||
			(got.binding["SupportsShouldProcess"] == "$true") != want.shouldProcess || got.output != want.output {
			t.Errorf("%s is declared with %v and gives %s", name, got.binding, got.output)
		}
		expected := map[string]parameter{}
		for _, p := range slices.Concat(want.parameters, want.added) {
			expected[p.name] = p
		}
		for _, p := range got.parameters {
			w, known := expected[p.name]
			delete(expected, p.name)
			if !known {
				t.Errorf("%s -%s is not published and not meant", name, p.name)
				continue
			}
			if p.kind != w.kind || p.mandatory != w.mandatory || p.position != w.position || p.byValue != w.byValue || len(p.unknown) > 0 ||
				!slices.Equal(p.sets, w.sets) || !slices.Equal(p.values, w.values) || !slices.Equal(p.aliases, w.aliases) {
				t.Errorf("%s -%s is %+v, want %+v", name, p.name, p, w)
			}
		}
		for missing := range expected {
			t.Errorf("%s has no -%s", name, missing)
		}
	}
	for name, got := range all {
		if _, known := cmdlets[name]; !known && strings.HasPrefix(got.file, "CsBackup/Public/") {
			t.Errorf("%s is not a published cmdlet", name)
		}
	}
}

// commonParameters are those of Windows PowerShell 5.1 with their aliases, and the later one.
var commonParameters = []string{"Verbose", "vb", "Debug", "db", "ErrorAction", "ea", "WarningAction", "wa", "InformationAction", "infa", "ErrorVariable", "ev",
	"WarningVariable", "wv", "InformationVariable", "iv", "OutVariable", "ov", "OutBuffer", "ob", "PipelineVariable", "pv", "ProgressAction", "proga"}

var shouldProcessParameters = []string{"WhatIf", "wi", "Confirm", "cf"}

// bind finds the parameter that a typed name means, as PowerShell does: a name or an alias as it
// is, else the only one that it begins. It gives "" where there is none, or more than one.
func bind(typed string, names map[string]string) string {
	found := ""
	for name, means := range names {
		switch {
		case strings.EqualFold(name, typed):
			return means
		case len(name) < len(typed) || !strings.EqualFold(name[:len(typed)], typed) || found == means:
		case found != "":
			found = "\x00"
		default:
			found = means
		}
	}
	if found == "\x00" {
		return ""
	}
	return found
}

func TestWhatBoundStillBinds(t *testing.T) {
	for name, c := range cmdlets {
		before, after := map[string]string{}, map[string]string{}
		for _, common := range commonParameters {
			before[common], after[common] = common, common
		}
		for _, one := range shouldProcessParameters {
			if c.published {
				before[one] = one
			}
			if c.shouldProcess {
				after[one] = one
			}
		}
		for _, p := range c.parameters {
			before[p.name], after[p.name] = p.name, p.name
		}
		for _, p := range c.added {
			after[p.name] = p.name
		}
		for _, p := range c.parameters {
			for length := 1; length <= len(p.name); length++ {
				if typed := p.name[:length]; bind(typed, before) == p.name && bind(typed, after) != p.name {
					t.Errorf("%s -%s meant -%s before and now means %q", name, typed, p.name, bind(typed, after))
				}
			}
		}
	}
	set := map[string]string{}
	for _, p := range cmdlets["Set-CsBackupServiceConfiguration"].parameters {
		set[p.name] = p.name
	}
	for typed, want := range map[string]string{"AuthorizedUniversalGroup": "AuthorizedUniversalGroups", "AuthorizedLocalAccount": "AuthorizedLocalAccounts"} {
		if got := bind(typed, set); got != want {
			t.Errorf("-%s binds to %q", typed, got)
		}
	}
}
