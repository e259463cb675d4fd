package topology

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"csbackup/internal/failure"
	"csbackup/internal/module"
)

const good = `pools:
  - fqdn: Pool1.contoso.com
    backupPool: pool2.contoso.com
    service: https://FE1.contoso.com:5077
    fileStore: /srv/lync/pool1
    serviceIds: {WebServices: 1-WebServices-1, BackupService: 1-BackupService-3, ApplicationServer: 1-ApplicationServer-1}
  - fqdn: pool2.contoso.com
    backupPool: pool1.contoso.com
    service: [https://fe2.contoso.com:5077, https://fe3.contoso.com:5077]
    fileStore: \\fs1.contoso.com\lyncshare
    serviceIds: {WebServices: 1-WebServices-2, BackupService: 1-BackupService-4, ApplicationServer: 1-ApplicationServer-2}
  - fqdn: alone.contoso.com
    service: https://fe4.contoso.com
    fileStore: D:\lync
    serviceIds: {WebServices: W, BackupService: B, ApplicationServer: A}
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pools.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheContractsFileIsRead(t *testing.T) {
	top, err := Load(write(t, good))
	if err != nil {
		t.Fatal(err)
	}
	p, err := top.Pool("POOL1.contoso.COM")
	if err != nil {
		t.Fatal(err)
	}
	q, err := top.Partner(p)
	if err != nil || q.FQDN != "pool2.contoso.com" {
		t.Fatal(q, err)
	}
	want := []Root{{"CollabContent", "1-WebServices-1/CollabContent"}, {"CollabMetadata", "1-WebServices-1/CollabMetadata"}}
	if got := p.Roots(module.DataConf); !slices.Equal(got, want) {
		t.Error(got)
	}
	if got := p.Roots(module.RGSFileStore); !slices.Equal(got, []Root{{"Rgs", "1-ApplicationServer-1/AppServerFiles/Rgs"}}) {
		t.Error(got)
	}
	if got := p.Roots(module.CMSMaster); got != nil {
		t.Error(got)
	}
	if got := q.Names(); !slices.Equal(got, []string{"pool2.contoso.com", "fe2.contoso.com", "fe3.contoso.com"}) {
		t.Error(got)
	}
	if p.BackupStore() != "1-BackupService-3/BackupStore" || p.ListenAddress() != ":5077" {
		t.Error(p.BackupStore(), p.ListenAddress())
	}
	alone, err := top.Pool("alone.contoso.com")
	if err != nil || alone.ListenAddress() != ":443" {
		t.Error(alone, err)
	}
	if _, err := top.Partner(alone); !failure.IsID(err, failure.PoolNotPaired) {
		t.Error(err)
	}
	_, err = top.Pool("pol1.contoso.com")
	if f := failure.Of(err); f.ID != failure.PoolNotFound || !strings.Contains(f.Hint, "Did you mean pool1.contoso.com?") || !strings.Contains(f.Hint, "alone") {
		t.Error(f.Hint)
	}
}

func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	swap := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "empty"},
		"no pools":          {"pools: []", "no pools"},
		"null":              {"pools:", "must be a list"},
		"not yaml":          {"pools: [", "line 1"},
		"unknown key":       {swap("    service: https", "    sevice: https"), `line 4: unknown key "sevice"`},
		"unknown top key":   {good + "settings: 1\n", `unknown key "settings"`},
		"unknown id":        {swap("{WebServices", "{WebService"), `line 6: unknown key "WebService"`},
		"twice the key":     {swap("    fileStore: /srv/lync/pool1", "    fileStore: /a\n    fileStore: /b"), "line 6: fileStore is given twice"},
		"twice the pool":    {swap("fqdn: alone", "fqdn: POOL1"), "described twice, first in line 2"},
		"not mutual":        {swap("backupPool: pool1.contoso.com", "backupPool: alone.contoso.com"), "line 3: pool1.contoso.com names pool2.contoso.com"},
		"itself":            {swap("backupPool: pool2", "backupPool: pool1"), "its own backup pool"},
		"not there":         {swap("backupPool: pool2", "backupPool: pool9"), "line 3: the backup pool \"pool9.contoso.com\" is not described"},
		"http":              {swap("https://FE1", "http://FE1"), "line 4"},
		"port":              {swap("FE1.contoso.com:5077", "FE1.contoso.com:99999"), "line 4"},
		"user":              {swap("https://FE1", "https://me:secret@FE1"), "line 4"},
		"climbing id":       {swap("1-WebServices-1", `"../x"`), "line 6: serviceIds.WebServices"},
		"dots":              {swap("1-WebServices-1", `".."`), "line 6: serviceIds.WebServices"},
		"backslash":         {swap("1-WebServices-1", `'a\b'`), "line 6"},
		"same id":           {swap("1-BackupService-3", "1-webservices-1"), "line 6"},
		"empty id":          {swap("1-WebServices-1", `""`), "line 6"},
		"number":            {swap("fqdn: alone.contoso.com", "fqdn: 5"), "fqdn must be text"},
		"relative store":    {swap("/srv/lync/pool1", "srv/pool1"), "line 5"},
		"nested stores":     {swap(`\\fs1.contoso.com\lyncshare`, "/srv/lync/POOL1/x"), "line 10: the file stores of"},
		"below the root":    {swap(`\\fs1.contoso.com\lyncshare`, "/"), "line 10: the file stores of"},
		"second document":   {good + "---\npools: []\n", "second document"},
		"alias":             {"pools: &a [*a]\n", "line"},
		"fqdn with a slash": {swap("fqdn: alone.contoso.com", `fqdn: "../alone"`), "line 12"},
		"too large":         {good + strings.Repeat("#", maximumSize), "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(write(t, c.text))
			if !failure.IsID(err, failure.TopologyInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwanted: %s", err, c.want)
			}
		})
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	text := strings.NewReplacer("https://FE1", "ftp://FE1", "fileStore: D:", "flieStore: D:").Replace(good)
	_, err := Load(write(t, text))
	for _, want := range []string{"line 4: service", `line 14: unknown key "flieStore"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwanted: %s", err, want)
		}
	}
}

func TestTwoPoolsMayShareAStoreUnderDifferentIDs(t *testing.T) {
	shared := strings.Replace(good, `\\fs1.contoso.com\lyncshare`, "/srv/lync/pool1/", 1)
	if _, err := Load(write(t, shared)); err != nil {
		t.Error(err)
	}
	clash := strings.Replace(shared, "1-WebServices-2", "1-webservices-1", 1)
	if _, err := Load(write(t, clash)); !failure.IsID(err, failure.TopologyInvalid) {
		t.Error(err)
	}
}

func TestFindPrefersTheFlagAndNamesWhatIsMissing(t *testing.T) {
	path := write(t, good)
	nothing := func(string) string { return "" }
	variable := func(name string) string { return map[string]string{"CSBACKUP_TOPOLOGY": path}[name] }
	if top, err := Find("", variable); err != nil || top.Path != path {
		t.Error(err)
	}
	if _, err := Find(path+"x", variable); !failure.IsID(err, failure.TopologyNotFound) {
		t.Error(err)
	}
	if _, err := Find("", nothing); !failure.IsID(err, failure.TopologyNotFound) || !strings.Contains(failure.Of(err).Hint, "CSBACKUP_TOPOLOGY") {
		t.Error(err)
	}
	if _, err := Find(t.TempDir(), nothing); !failure.IsID(err, failure.FileNotReadable) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("pools: &a [*a]"))
	f.Add([]byte("pools: [{fqdn: [1], service: {a: b}, serviceIds: 3}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		top, err := parse("f", text)
		if err != nil {
			if !failure.IsID(err, failure.TopologyInvalid) {
				t.Fatal(err)
			}
			return
		}
		for _, p := range top.Pools {
			for _, m := range module.All() {
				for _, root := range p.Roots(m) {
					if !filepath.IsLocal(filepath.FromSlash(root.Folder)) {
						t.Fatalf("%q leaves the store", root.Folder)
					}
				}
			}
			if p.BackupPool == "" {
				continue
			}
			q, err := top.Partner(p)
			if err != nil || q == p || q.BackupPool != p.FQDN {
				t.Fatalf("%v is not paired with one other pool: %v", p, err)
			}
		}
	})
}
