package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// columns are the contenders in the order of the table.
var columns = []string{"csbackup", "cp", "rsync", "rclone", "unison", "syncthing"}

// aim is how long csbackup may take at most, as a multiple of another's time.
type aim struct {
	against string // a contender, or "the best peer"
	most    float64
}

type row struct {
	work string
	took map[string]time.Duration
	aims []aim
}

type table struct {
	rows  []row
	lines []string // what is no comparison of times
	notes []string
}

func (t *table) add(r row) { t.rows = append(t.rows, r) }

func (t *table) note(format string, values ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, values...))
}

func (t *table) idle(files int, elapsed, processor map[string]time.Duration) {
	t.add(row{work: fmt.Sprintf("idle cycle at %d files", files), took: elapsed, aims: []aim{{against: "rsync", most: 1.0 / 20}}})
	t.add(row{work: "  its processor time, both sides", took: processor})
}

func (t *table) memory(files int, peaks []int64) {
	for i, peak := range peaks {
		t.lines = append(t.lines, fmt.Sprintf("peak memory of service %d at %d files: %d MiB; aim: at most 512 MiB: %s", i+1, files, peak>>20, word(peak <= 512<<20)))
	}
}

func (t *table) status(beyond time.Duration) {
	t.lines = append(t.lines, fmt.Sprintf("csbackup status from the shell, beyond the service's answer: %.1f ms; aim: at most 30 ms: %s", beyond.Seconds()*1000, word(beyond <= 30*time.Millisecond)))
}

func word(met bool) string {
	if met {
		return "met"
	}
	return "NOT met"
}

// best is the fastest contender that is neither csbackup nor the floor.
func (r row) best() (name string) {
	for _, c := range columns[2:] {
		if took, ok := r.took[c]; ok && (name == "" || took < r.took[name]) {
			name = c
		}
	}
	return name
}

// ratios says for each aim how csbackup stands to it.
func (r row) ratios() string {
	var told []string
	for _, a := range r.aims {
		against := a.against
		if against == "the best peer" {
			against = r.best()
		}
		other, ok := r.took[against]
		if !ok || other == 0 {
			told = append(told, "no "+a.against+" to compare with")
			continue
		}
		ratio := float64(r.took["csbackup"]) / float64(other)
		told = append(told, fmt.Sprintf("%.3f x %s (aim %.2f: %s)", ratio, against, a.most, word(ratio <= a.most)))
	}
	return strings.Join(told, ", ")
}

func (t *table) print(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "seconds until durable\t%s\tcsbackup takes\n", strings.Join(columns, "\t"))
	for _, r := range t.rows {
		fmt.Fprintf(w, "%s\t", r.work)
		for _, c := range columns {
			if took, ok := r.took[c]; ok {
				fmt.Fprintf(w, "%.3f\t", took.Seconds())
			} else {
				fmt.Fprint(w, "-\t")
			}
		}
		fmt.Fprintln(w, r.ratios())
	}
	w.Flush()
	for _, line := range append(t.lines, t.notes...) {
		fmt.Fprintln(to, line)
	}
}
