package host

import (
	"testing"
)

func TestAdviceSpeaksOfCmdlets(t *testing.T) {
	for advice, want := range map[string]string{
		"Run it again.": "Run it again.",
		"Give --file-name FILE or --as-bytes, not both.":             "Give -FileName FILE or -AsBytes, not both.",
		"Write the server in --db-instance as its certificate does.": "Write the server in -DBInstance as its certificate does.",
		"If it was lost, run: csbackup sync --pool-fqdn pool2.contoso.com --backup-module ConfServices.DataConf. If not, run: csbackup loss show --pool-fqdn pool1.contoso.com.": "If it was lost, run: Invoke-CsBackupServiceSync -PoolFqdn pool2.contoso.com -BackupModule ConfServices.DataConf. If not, run: csbackup loss show --pool-fqdn pool1.contoso.com.",
		"Run \"csbackup status --pool-fqdn p\" and wait.":                                 "Run \"Get-CsBackupServiceStatus -PoolFqdn p\" and wait.",
		"Run csbackup sync on both pools.":                                                "Run Invoke-CsBackupServiceSync on both pools.",
		"Enable it: csbackup configuration set --enable-rgs-backup-service 1.":            "Enable it: Set-CsBackupServiceConfiguration -EnableRgsBackupService 1.",
		"Name a file that \"csbackup chat export\" made.":                                 "Name a file that \"Export-CsPersistentChatData\" made.",
		"Start it here: csbackup serve --pool-fqdn p. Or give --certificate and --ca.":    "Start it here: csbackup serve --pool-fqdn p. Or give CSBACKUP_CERTIFICATE and CSBACKUP_CA.",
		"Add --legacy-tls; or run csbackup chat export --scope a --legacy-tls by itself.": "Add the executable's --legacy-tls; or run csbackup chat export --scope a --legacy-tls by itself.",
		"Use the same version of csbackup on both machines, and --listen.":                "Use the same version of csbackup on both machines, and --listen.",
		"The categories are: a--scope, csbackup, syncs.":                                  "The categories are: a--scope, csbackup, syncs.",
	} {
		if got := Word(advice); got != want {
			t.Errorf("%q became %q, want %q", advice, got, want)
		}
	}
}
