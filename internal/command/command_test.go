package command

import (
	"slices"
	"strings"
	"testing"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/failure"
	"csbackup/internal/module"
)

func statusOf(state string, backlog int64) admin.Status {
	return admin.Status{PoolFqdn: "p1", BackupModules: []admin.ModuleStatus{
		{Identity: module.PresenceFocus.Identity, ExportStatus: "NotInitialized"},
		{Identity: module.DataConf.Identity, ExportStatus: state, Reason: "the partner does not answer", Backlog: backlog, BacklogBytes: backlog * 10},
	}}
}

func TestWaitingEndsWhenAllHasArrived(t *testing.T) {
	type step struct {
		after   time.Duration
		state   string
		backlog int64
	}
	for _, one := range []struct {
		name   string
		steps  []step
		done   bool
		failed bool
	}{
		{"a backlog", []step{{0, "NonSteadyState", 5}}, false, false},
		{"all acknowledged", []step{{0, "NonSteadyState", 5}, {1, "FinalState", 0}}, true, false},
		{"steady, still shrinking", []step{{0, "SteadyState", 5}, {4, "SteadyState", 4}, {8, "SteadyState", 3}}, false, false},
		{"steady, something is always left", []step{{0, "SteadyState", 3}, {4, "SteadyState", 4}, {8, "SteadyState", 3}}, true, false},
		{"an error that passes", []step{{0, "ErrorState", 5}, {20, "NonSteadyState", 5}, {40, "ErrorState", 5}}, false, false},
		{"an error that stays", []step{{0, "ErrorState", 5}, {31, "ErrorState", 5}}, false, true},
		{"a module that does not begin", []step{{0, "NotInitialized", 0}, {31, "NotInitialized", 0}}, false, true},
	} {
		t.Run(one.name, func(t *testing.T) {
			var w wait
			var done bool
			var err error
			begun := time.Unix(0, 0)
			for _, s := range one.steps {
				done, err = w.look(statusOf(s.state, s.backlog), begun.Add(s.after*time.Second))
			}
			if done != one.done || (err != nil) != one.failed {
				t.Errorf("done %v, %v", done, err)
			}
			if one.failed && !strings.Contains(err.Error(), "the partner does not answer") {
				t.Errorf("the error does not say why: %v", err)
			}
		})
	}
}

func TestProgressCountsDownFromTheLargestBacklog(t *testing.T) {
	var w wait
	w.progress(statusOf("NonSteadyState", 10), false)
	if p := w.progress(statusOf("NonSteadyState", 4), false); p.Done != 6 || p.Total != 10 || p.Bytes != 60 || p.TotalBytes != 100 || p.Completed {
		t.Errorf("got %+v", p)
	}
	if p := w.progress(statusOf("FinalState", 0), true); p.Done != 10 || !p.Completed {
		t.Errorf("got %+v", p)
	}
}

func TestStatusAsksForTheModulesThatAreMeant(t *testing.T) {
	for _, one := range []struct {
		options Status
		want    []string
	}{
		{Status{}, nil},
		{Status{BackupModule: "all"}, nil},
		{Status{Category: "userdata"}, []string{"UserServices.PresenceFocus", "ConfServices.DataConf"}},
		{Status{BackupModule: "dataconf"}, []string{"ConfServices.DataConf"}},
		{Status{Category: "RGS", BackupModule: "All"}, []string{"ApplicationServer.RGSDataStore", "ApplicationServer.RGSFileStore"}},
		{Status{Category: "UserData", BackupModule: "DataConf"}, []string{"ConfServices.DataConf"}},
	} {
		got, err := one.options.modules()
		if err != nil || !slices.Equal(got, one.want) {
			t.Errorf("%+v gives %v (%v), want %v", one.options, got, err, one.want)
		}
	}
	if _, err := (&Status{Category: "CMS", BackupModule: "DataConf"}).modules(); !failure.IsID(err, failure.InvalidUsage) {
		t.Errorf("nothing in common gives %v", err)
	}
}

func TestAgesAreReadable(t *testing.T) {
	for ago, want := range map[time.Duration]string{
		0: "just now", 5 * time.Second: "5s ago", 61 * time.Second: "1m ago", 3*time.Hour + 5*time.Minute: "3h5m ago",
		2 * time.Hour: "2h0m ago", 72 * time.Hour: "3 days ago",
	} {
		when := time.Now().Add(-ago)
		if got := age(&when); got != want {
			t.Errorf("%v ago reads %q, want %q", ago, got, want)
		}
	}
	if got := age(nil); got != "never" {
		t.Errorf("nil reads %q", got)
	}
}

func TestTheNewestVersionOfExactlyThatPathIsMeant(t *testing.T) {
	kept := []admin.Version{{ID: "3", Path: "a/b"}, {ID: "2", Path: "a"}, {ID: "1", Path: "a", Kept: time.Now()}} // by the service clock
	listed := func(yield func(admin.Version, error) bool) {
		for _, v := range kept {
			if !yield(v, nil) {
				return
			}
		}
	}
	if id, err := newest(listed, "a"); err != nil || id != "2" {
		t.Errorf("got %q, %v", id, err)
	}
	if _, err := newest(listed, "b"); !failure.IsID(err, failure.VersionNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestAnArchiveIsNotWrittenToATerminal(t *testing.T) {
	_, err := (&ChatExport{ChatDatabase: ChatDatabase{DBInstance: "sqlite:x"}, AsBytes: true}).options(&Environment{StdoutIsTerminal: true})
	if !failure.IsID(err, failure.InvalidUsage) {
		t.Errorf("got %v", err)
	}
}
