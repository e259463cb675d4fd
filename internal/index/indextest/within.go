package indextest

import (
	"runtime"
	"strings"
)

// deepest is how many callers are searched for an Update.
const deepest = 64

// WithinUpdate tells whether the caller runs within an Update of an index. A store that is asked there keeps
// the index locked for as long as it does not answer, and with it everybody who asks the index.
func WithinUpdate() bool {
	var callers [deepest]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "/index.(*Index).Update") {
			return true
		}
		if !more {
			return false
		}
	}
}
