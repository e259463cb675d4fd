package replica

import (
	"cmp"
	"slices"

	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/plan"
)

// step is what happens to one path of a batch.
type step struct {
	theirs    index.Item
	mine      *index.Item
	decision  plan.Decision
	part      bool           // its content may come in several sessions, by the part file
	stands    bool           // the content was put in its place by a batch that could not be finished
	temp      string         // complete, verified content, ready to be published
	volume    uint64         // on which the file lay that this one replaces or deletes
	info      filestore.Info // what stands at the path afterwards, where it is as it should be
	failed    string         // why this path must wait
	code      index.Code     // the kind of that
	confirmed bool           // an administrator confirmed that what stands here may go

	source     *step  // of the same batch, whose file has the content: it is moved here
	to         *step  // of which this one is the source
	respells   *step  // of the same batch: the folder here in another spelling, which is deleted
	duplicate  *step  // of the same batch: its file, which is deleted, has the content that stays here
	rescued    bool   // the file here stays under another name, and nothing else goes for it
	aside      string // where the file here was set aside, with asideBytes
	asideBytes int64
	vacated    bool // the file here was moved to another place
	retimed    bool // what was moved here got another time
	begun      bool
	twin       bool // another spelling of its name stood in the way
	done       bool
}

// hadFile tells whether the index has a file under the path that was there when it was last looked at.
func (s *step) hadFile() bool {
	return s.mine != nil && s.mine.Kind == index.File && s.mine.State != index.Missing
}

// onDisk is hadFile as long as the file was not moved away.
func (s *step) onDisk() bool { return s.hadFile() && !s.vacated }

// displaces tells whether a file that the index has becomes a kept version when the step is done.
func (s *step) displaces() bool {
	return s.onDisk() && s.to == nil && (s.decision.Action == plan.Delete ||
		s.decision.Action == plan.Copy && (s.temp != "" || s.source != nil || s.theirs.Kind == index.Folder))
}

// takesAway tells whether a file that stands here leaves its place when the step is done: it is deleted, or replaced
// by something of another kind or much smaller.
func (s *step) takesAway() bool {
	return s.hadFile() && (s.decision.Action == plan.Delete || s.decision.Action == plan.Copy && index.LeavesPlace(*s.mine, s.theirs))
}

// displacing is the file that takesAway tells of.
func (s *step) displacing() displacing {
	return displacing{born: s.mine.Born, replaced: s.decision.Action == plan.Copy}
}

// holdBack lets the path wait until an administrator has confirmed what is asked for.
func (s *step) holdBack() { s.failed, s.code = reasonHeldBack, index.HeldBack }

// keptAs is the kind under which is kept what a step displaces.
func (s *step) keptAs() string {
	switch {
	case s.decision.Action == plan.Delete:
		return "deleted"
	case s.decision.Conflict || s.theirs.Kind == index.Folder:
		return "conflict"
	}
	return "replaced"
}

// intends tells whether the index has to know of a step before it is done: a file gets another content or time.
func (s *step) intends() bool {
	return s.failed == "" && (s.temp != "" || s.source != nil || s.decision.Action == plan.Retime)
}

// endsFolder tells whether a step may remove a folder.
func (s *step) endsFolder() bool {
	return s.mine != nil && s.mine.Kind == index.Folder && (s.decision.Action == plan.Delete || s.temp != "")
}

// inOrder puts folders before what is in them, then deletions of files, and those of folders last, deepest first.
func inOrder(steps []*step) []*step {
	rank := func(s *step) int {
		switch {
		case s.endsFolder():
			return 2
		case s.decision.Action == plan.Delete:
			return 1
		}
		return 0
	}
	return slices.SortedStableFunc(slices.Values(steps), func(a, b *step) int {
		if x, y := rank(a), rank(b); x != y {
			return cmp.Compare(x, y)
		}
		if a.endsFolder() {
			return cmp.Compare(b.theirs.Path, a.theirs.Path)
		}
		return cmp.Compare(a.theirs.Path, b.theirs.Path)
	})
}
