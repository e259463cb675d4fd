package transfer

import (
	"io"
	"time"

	"csbackup/internal/report"
)

// Progress receives how far the work has come; nil receives nothing.
type Progress func(report.Progress)

// meter counts rows and bytes of one activity and tells about them now and then.
type meter struct {
	report  Progress
	state   report.Progress
	started time.Time
	since   int64 // rows since the last telling
}

func newMeter(to Progress, activity string, total int64) *meter {
	return &meter{report: to, state: report.Progress{Activity: activity, Unit: "rows", Total: total, SecondsLeft: -1}, started: time.Now()}
}

// rows counts rows.
func (m *meter) rows(n int64) {
	m.state.Done += n
	if m.since += n; m.since >= 1000 {
		m.tell()
	}
}

func (m *meter) tell() {
	m.since = 0
	if m.report == nil {
		return
	}
	if m.state.Total > 0 {
		m.state.Total = max(m.state.Total, m.state.Done)
	}
	if spent := time.Since(m.started).Seconds(); m.state.Done > 0 && m.state.Total > m.state.Done && spent > 1 {
		m.state.SecondsLeft = int64(spent * float64(m.state.Total-m.state.Done) / float64(m.state.Done))
	}
	m.report(m.state)
}

// at says where the work is.
func (m *meter) at(status string) {
	m.state.Status = status
	m.tell()
}

func (m *meter) end() {
	m.state.Total, m.state.SecondsLeft, m.state.Completed = m.state.Done, 0, true
	m.tell()
}

// metered counts the bytes that are written.
type metered struct {
	to io.Writer
	m  *meter
}

func (w metered) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	w.m.state.Bytes += int64(n)
	return n, err
}
