package service

import (
	"context"
	"time"
)

// scrubTick is how often a scrub reads a stretch.
const scrubTick = 20 * time.Second

// scrub reads all content again, a stretch at a time, until the context ends.
func (e *engine) scrub(ctx context.Context) {
	wait := scrubTick
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = scrubTick
		if e.standing() != nil {
			continue
		}
		pace := e.replica.ScrubPace()
		found, err := e.replica.Scrub(ctx, pace*int64(scrubTick/time.Second), false)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			e.log.Warn("the scrub failed", "module", e.module.Identity, "error", e.explain(err))
		}
		if found.Suspects > 0 || found.Unread > 0 {
			e.log.Warn("the scrub found files that are not as they were", "module", e.module.Identity, "suspect", found.Suspects, "unread", found.Unread, "error", found.Problem)
		}
		// A large file takes more than its share; what follows waits the longer.
		wait = max(wait, time.Duration(found.Bytes/pace)*time.Second)
	}
}
