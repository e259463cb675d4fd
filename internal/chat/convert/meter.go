package convert

import (
	"time"

	"csbackup/internal/report"
)

// meter tells how far a pass over the messages has come.
type meter struct {
	to      func(report.Progress)
	state   report.Progress
	started time.Time
}

func newMeter(to func(report.Progress), activity string, total int64) *meter {
	return &meter{to: to, started: time.Now(),
		state: report.Progress{Activity: activity, Unit: "messages", Total: total, SecondsLeft: -1}}
}

// every is how many messages pass between two reports.
const every = 4096

func (m *meter) add(n int64) {
	before := m.state.Done / every
	if m.state.Done += n; m.state.Done/every != before {
		m.tell()
	}
}

func (m *meter) at(status string) { m.state.Status = status }

func (m *meter) tell() {
	if m.to == nil {
		return
	}
	spent := time.Since(m.started).Seconds()
	if m.state.Done > 0 && m.state.Total > m.state.Done && spent > 1 {
		m.state.SecondsLeft = int64(spent * float64(m.state.Total-m.state.Done) / float64(m.state.Done))
	}
	m.to(m.state)
}

func (m *meter) end() {
	m.state.Total, m.state.SecondsLeft, m.state.Completed = m.state.Done, 0, true
	m.tell()
}
