package module

import (
	"strings"
	"testing"

	"csbackup/internal/failure"
)

func TestParseUnderstandsEveryFormInAnyCase(t *testing.T) {
	for _, m := range All() {
		for _, name := range []string{m.Identity, m.Short, strings.ToUpper(m.Identity), strings.ToLower(m.Short)} {
			got, err := Parse(name)
			if err != nil || len(got) != 1 || got[0] != m {
				t.Errorf("Parse(%q) = %v, %v", name, got, err)
			}
		}
	}
	if got, err := Parse("aLL"); err != nil || len(got) != 5 {
		t.Errorf("Parse(aLL) = %v, %v", got, err)
	}
}

func TestOrderAndHeldAreTheContracts(t *testing.T) {
	var got []string
	for _, m := range All() {
		name := m.Short
		if m.Held {
			name += "*"
		}
		got = append(got, name)
	}
	if s := strings.Join(got, " "); s != "PresenceFocus DataConf* CMSMaster RGSDataStore RGSFileStore*" {
		t.Error(s)
	}
}

func TestUnknownNamesAreAnsweredWithTheValidOnes(t *testing.T) {
	for name, near := range map[string]string{"DataCnf": "DataConf?", "ConfService.DataConf": "ConfServices.DataConf?", "": "", "zzzzzzzzzzzz": "",
		strings.Repeat("x", 1<<20): "", "\xff\x00": ""} {
		_, err := Parse(name)
		if !failure.IsID(err, failure.UnknownModule) {
			t.Fatalf("%.20q: %v", name, err)
		}
		f := failure.Of(err)
		if !strings.Contains(f.Hint, "ConfServices.DataConf, ") || !strings.Contains(f.Hint, near) || len(f.Message) > 1000 {
			t.Errorf("%.20q: %.300q %q", name, f.Message, f.Hint)
		}
		if near == "" && strings.Contains(f.Hint, "Did you mean") {
			t.Errorf("%.20q got a guess: %q", name, f.Hint)
		}
	}
}

func TestParseCategory(t *testing.T) {
	for name, want := range map[string]int{"userdata": 2, "CMS": 1, "Rgs": 2} {
		if got, err := ParseCategory(name); err != nil || len(got) != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := ParseCategory("User"); !failure.IsID(err, failure.UnknownCategory) {
		t.Error(err)
	}
}
