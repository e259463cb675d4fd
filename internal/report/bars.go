package report

import (
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// bars shows each activity as a bar that moves.
type bars struct {
	settings  []mpb.ContainerOption
	container *mpb.Progress
	lines     *lines
	open      map[string]*bar
}

// bar is one activity; its text is read by the goroutine that draws.
type bar struct {
	*mpb.Bar
	text atomic.Pointer[string]
}

func newBars(to *lines, width int) *bars {
	settings := []mpb.ContainerOption{mpb.WithOutput(to.to), mpb.WithAutoRefresh()}
	if width > 0 {
		settings = append(settings, mpb.WithWidth(width))
	}
	return &bars{settings: settings, lines: to, open: map[string]*bar{}}
}

func (b *bars) show(p Progress) {
	if b.container == nil {
		b.container = mpb.New(b.settings...)
	}
	one, known := b.open[p.Activity]
	if !known {
		one = &bar{}
		b.open[p.Activity] = one
	}
	text := describe(p)
	one.text.Store(&text)
	if !known {
		one.Bar = b.container.AddBar(0,
			mpb.BarWidth(24),
			mpb.AppendDecorators(
				decor.Percentage(decor.WCSyncSpace),
				decor.Any(func(decor.Statistics) string { return "  " + *one.text.Load() }),
			))
	}
	done, total := measure(p)
	one.SetTotal(max(total, done+1), false)
	one.SetCurrent(done)
	if p.Completed {
		one.SetTotal(max(done, 1), true)
		delete(b.open, p.Activity)
	}
}

func (b *bars) say(line string) {
	if b.container == nil {
		b.lines.say(line)
		return
	}
	// A bar's container prints the line above the bars. Where it has ended, nobody reads it.
	_, _ = b.container.Write([]byte(line + "\n"))
}

func (b *bars) pause() {
	if b.container == nil {
		return
	}
	for name, one := range b.open {
		one.Abort(false)
		delete(b.open, name)
	}
	b.container.Wait()
	b.container = nil
}

func (b *bars) end() { b.pause() }

// measure gives what the bar's length stands for: bytes where their total is known, else units.
func measure(p Progress) (done, total int64) {
	if p.TotalBytes > 0 {
		return p.Bytes, p.TotalBytes
	}
	return p.Done, p.Total
}
