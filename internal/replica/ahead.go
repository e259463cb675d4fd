package replica

import (
	"sync"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

// aheadAtOnce bounds how many files of a folder are read ahead of the comparison.
const aheadAtOnce = 256

// hashed is what reading a file once told.
type hashed struct {
	hash index.Hash
	info filestore.Info
	err  error
}

// hashAhead reads the files of a folder that the index knows nothing of, several at a time: all of
// them are new. What it read waits for file, by place.
func (l *look) hashAhead(place string, listed []filestore.Info) {
	var mu sync.Mutex
	var running sync.WaitGroup
	free := make(chan struct{}, l.Readers)
	if l.ahead == nil {
		l.ahead = make(map[string]hashed, len(listed))
	}
	for _, info := range listed {
		if info.Kind != filestore.File || skipped(info.Name) {
			continue
		}
		free <- struct{}{}
		running.Go(func() {
			name := place + "/" + info.Name
			var h hashed
			h.hash, h.info, h.err = l.hash(l.ctx, name)
			mu.Lock()
			l.ahead[name] = h
			mu.Unlock()
			<-free
		})
	}
	running.Wait()
}

// read gives a file's hash, read now or ahead.
func (l *look) read(place string) (index.Hash, filestore.Info, error) {
	if h, ok := l.ahead[place]; ok {
		delete(l.ahead, place)
		return h.hash, h.info, h.err
	}
	began := l.Elapsed()
	defer func() { l.found.reading += l.Elapsed() - began }()
	return l.hash(l.ctx, place)
}
