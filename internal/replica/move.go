package replica

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"csbackup/internal/index"
	"csbackup/internal/plan"
)

// A batch may want a content under one path and displace the same content under another: what the partner renamed. It
// is moved on this side's own disk then. Nothing is sent, no version is kept, and no room is needed; what was moved
// stays, so that the loss guard does not weigh it.

// triesToMove is how often a path waits for a content to be moved to it. After that the content is sent.
const triesToMove = 3

// pair finds, for what a batch wants, the files of this side that the same batch displaces and that have the content.
func (im *Importer) pair(in *incoming) error {
	leaving := map[index.Hash][]*step{}
	for _, deletions := range []bool{true, false} { // deletions first: they wait for nothing else
		for _, s := range in.steps {
			if s.leaves() && (s.decision.Action == plan.Delete) == deletions {
				leaving[s.mine.Hash] = append(leaving[s.mine.Hash], s)
			}
		}
	}
	if len(leaving) == 0 {
		return nil
	}
	waiting := im.Index.PendingCount() > 0
	for _, s := range in.steps {
		from := leaving[s.theirs.Hash]
		if len(from) == 0 || !s.takesContent() || from[0].mine.Size != s.theirs.Size {
			continue
		}
		if waiting {
			pending, _, err := im.Index.PendingAt(s.theirs.Path)
			if err != nil {
				return err
			}
			if pending.Attempts >= triesToMove {
				continue
			}
		}
		s.source, from[0].to = from[0], s
		leaving[s.theirs.Hash] = from[1:]
		in.moves = true
	}
	if in.moves {
		in.markRescued()
	}
	in.findDuplicates(leaving)
	return nil
}

// findDuplicates finds deletions of what this side has under the new name already, which comes in the same batch.
func (in *incoming) findDuplicates(leaving map[index.Hash][]*step) {
	for _, s := range in.steps {
		if s.failed != "" || !s.hadFile() || s.mine.State != index.Present || s.theirs.Kind != index.File || s.decision.Action == plan.Copy {
			continue
		}
		if from := leaving[s.mine.Hash]; len(from) > 0 && from[0].decision.Action == plan.Delete {
			from[0].rescued, s.duplicate = true, from[0]
			leaving[s.mine.Hash] = from[1:]
		}
	}
}

// stayed tells whether the file here, which left its place, is there under another name.
func (s *step) stayed() bool { return s.rescued && (s.to == nil || s.to.done) }

// leaves tells whether the step displaces a file of which the content is known.
func (s *step) leaves() bool {
	return s.failed == "" && s.hadFile() && s.mine.State == index.Present &&
		(s.decision.Action == plan.Delete || s.decision.Action == plan.Copy)
}

// takesContent tells whether the step puts a content in a place in which no folder stands.
func (s *step) takesContent() bool {
	return s.failed == "" && s.decision.Action == plan.Copy && s.theirs.Kind == index.File &&
		(s.mine == nil || s.mine.Kind != index.Folder)
}

// markRescued finds the files that stay on this side under another name, with nothing else gone for it: each goes to
// a place that is free, or from which another such file goes. What goes below its own path is not among them: it can
// be moved there only after it was displaced.
func (in *incoming) markRescued() {
	below := func(s *step) bool { return strings.HasPrefix(s.to.theirs.Path, s.theirs.Path+"/") }
	seen := map[*step]bool{}
	for _, last := range in.steps {
		if last.source == nil || last.to != nil {
			continue
		}
		free := !last.hadFile()
		for s := last.source; s != nil; s = s.source {
			seen[s] = true
			free = free && !below(s)
			s.rescued = free
		}
	}
	for _, first := range in.steps { // what is left changes places in a circle
		for s := first; s.to != nil && s.source != nil && !seen[s]; s = s.to {
			seen[s], s.rescued = true, true
		}
	}
}

// early tells whether an item comes before its turn, with another one that was renamed. It is offered again.
func (in *incoming) early(s *step) bool {
	if in.batch.Through > 0 {
		return s.theirs.Sequence > in.batch.Through
	}
	return !slices.Contains(in.asked, s.theirs.Path)
}

// unpair ends the pairs of which one must wait.
func (in *incoming) unpair() {
	for _, s := range in.steps {
		if s.source != nil && (s.failed != "" || s.source.failed != "") {
			s.source.to, s.source.rescued, s.source = nil, false, nil
		}
	}
}

// copyMoved copies what cannot be moved: where a file is to be moved away for another one whose content is not here, it
// stays in its place. It tells which steps got a copy or failed, on which others may rest.
func (im *Importer) copyMoved(ctx context.Context, in *incoming) (copied []*step) {
	if !in.moves {
		return nil
	}
	for _, s := range in.steps {
		if s.source == nil || s.source.ready() {
			continue
		}
		source := s.source
		source.to, source.rescued, s.source = nil, false, nil
		if err := im.copyHere(ctx, s, source); err != nil {
			s.failed = err.Error()
		}
		copied = append(copied, s)
	}
	return copied
}

// ready tells whether all is there that the step needs.
func (s *step) ready() bool {
	return s.failed == "" && (s.decision.Action != plan.Copy || s.theirs.Kind == index.Folder || s.temp != "" || s.source != nil)
}

// copyHere makes a temporary file of what stands in another step's place.
func (im *Importer) copyHere(ctx context.Context, s, source *step) error {
	place, err := im.place(source.theirs.Path)
	if err != nil {
		return err
	}
	if err := im.room(s.theirs.Size); err != nil {
		return err
	}
	f, err := im.Store.Open(place)
	if err != nil {
		return err
	}
	defer f.Close()
	temp := im.tempIn()
	w, err := im.create(temp)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = transfer(io.MultiWriter(w, sum), &stoppable{f, ctx})
	if err = errors.Join(err, w.SetModTime(s.theirs.ModTime), w.Close()); err == nil && index.Hash(sum.Sum(nil)) != s.theirs.Hash {
		err = errStanding
	}
	if err != nil {
		return errors.Join(err, im.Store.Remove(temp))
	}
	s.temp = temp
	return nil
}

// applying carries a batch out.
type applying struct {
	*Importer
	ctx     context.Context
	in      *incoming
	kept    *kept
	touched map[string]bool
	emptied bool    // what was moved out of folders is durable
	twins   []*step // in whose way another spelling of their name stood
}

// all applies every step. An error ends the batch; what fails for one path is told by its step.
func (a *applying) all() error {
	a.in.spelled = a.newSpelling()
	order := inOrder(a.in.steps)
	if a.in.moves {
		if err := a.folders(order, a.one); err != nil {
			return err
		}
	}
	for _, s := range order {
		if err := a.one(s); err != nil {
			return err
		}
	}
	return a.again()
}

// again applies what another spelling of its name stood in the way of: that may be gone now.
func (a *applying) again() error {
	a.in.spelled, a.in.rivals = a.newSpelling(), rivals{Importer: a.Importer}
	done := map[*step]bool{}
	one := func(s *step) error {
		if done[s] {
			return nil
		}
		done[s] = true
		if err := a.applyTwin(a.in, s, a.kept, a.touched); err != nil {
			s.failed, s.code = err.Error(), index.Twin
		}
		return nil
	}
	if a.in.moves && len(a.twins) > 0 {
		if err := a.folders(a.twins, one); err != nil {
			return err
		}
	}
	for _, s := range a.twins {
		if err := one(s); err != nil {
			return err
		}
	}
	return nil
}

// folders makes the folders into which files are moved, durably: else a loss of power could take a file from both
// places. one applies a step.
func (a *applying) folders(steps []*step, one func(*step) error) error {
	for _, s := range steps {
		if s.failed == "" && s.decision.Action == plan.Copy && s.theirs.Kind == index.Folder {
			if err := one(s); err != nil {
				return err
			}
		}
	}
	for _, s := range steps {
		if s.source == nil || s.failed != "" {
			continue
		}
		place, err := a.place(s.theirs.Path)
		if err == nil {
			err = errors.Join(a.mounted(s.theirs.Path), a.in.spelled.unlike(path.Dir(place)))
		}
		if err == nil {
			err = a.parents(place, a.touched)
		}
		if err != nil {
			continue // it is told when the file is moved
		}
		for above := path.Dir(place); above != "." && !a.touched[path.Dir(above)]; above = path.Dir(above) {
			a.touched[path.Dir(above)] = true
		}
	}
	if err := a.flushBatch(a.ctx, a.in.steps, a.touched); err != nil {
		return fmt.Errorf("make folders durable: %w", err)
	}
	return nil
}

// one applies a step, and before it those on which it rests: the folders above it, and the step to which its file is
// moved.
func (a *applying) one(s *step) error {
	if s.begun || s.failed != "" {
		return nil
	}
	s.begun = true
	if a.in.moves {
		if err := a.before(s); err != nil {
			return err
		}
	}
	if s.endsFolder() && !a.emptied { // what was in it must be durable elsewhere before it goes
		if err := a.flushBatch(a.ctx, a.in.steps, a.touched); err != nil {
			return fmt.Errorf("make durable what was moved out of folders: %w", err)
		}
		a.emptied = true
	}
	if s.failed != "" {
		return nil
	}
	if err := a.apply(a.in, s, a.kept, a.touched); errors.Is(err, errTwin) {
		a.twins, s.twin = append(a.twins, s), true
	} else if err != nil {
		s.failed = err.Error()
	}
	return nil
}

func (a *applying) before(s *step) error {
	for above := path.Dir(s.theirs.Path); above != "."; above = path.Dir(above) {
		folder := a.in.at[above]
		if folder == nil || folder.decision.Action != plan.Copy || folder.theirs.Kind != index.Folder {
			continue
		}
		if err := a.one(folder); err != nil {
			return err
		}
	}
	if s.to == nil || strings.HasPrefix(s.to.theirs.Path, s.theirs.Path+"/") {
		return nil
	}
	if err := a.one(s.to); err != nil {
		return err
	}
	if (s.to.failed != "" || s.to.twin) && !s.vacated { // what left its place already must not leave it empty
		s.failed = fmt.Sprintf("what stands here was renamed to %s, which could not be done", shown(s.to.theirs.Path))
	}
	return nil
}

// move puts a file of this side in another place. What stands there is kept as any displaced version is.
func (im *Importer) move(s *step, place string, kept *kept, touched map[string]bool) error {
	source, from := s.source, s.source.aside
	if from == "" {
		var err error
		if from, err = im.place(source.theirs.Path); err != nil {
			return err
		}
		if err := im.asPlanned(source, from, false); err != nil {
			return err
		}
	}
	if source.aside == "" && im.respellsFile(s) && path.Base(from) == path.Base(place) {
		touched[path.Dir(place)] = true // it is there already: its folder has the new spelling
		source.vacated = true
		return im.moved(s, place)
	}
	if err := im.publish(s, from, place, kept, touched); err != nil {
		return err
	}
	if err := im.asPlanned(source, place, true); err != nil { // it changed at the last moment: it goes back
		if s.aside == "" {
			return errors.Join(err, im.Store.Publish(place, from))
		}
		return errors.Join(err, im.Store.Exchange(s.aside, place, from), kept.gave(s))
	}
	if source.aside == "" {
		source.vacated = true
	} else if err := kept.gave(source); err != nil {
		return err
	}
	return im.moved(s, place)
}

// moved gives a file that was moved its time, where that is another one.
func (im *Importer) moved(s *step, place string) error {
	if im.keptTime(s.source.mine.ModTime) == im.keptTime(s.theirs.ModTime) {
		return nil
	}
	s.retimed = true
	return im.setTime(s, place)
}

// respellsFile tells whether a file is moved to a name that the store takes for the same.
func (im *Importer) respellsFile(s *step) bool {
	return s.source != nil && im.Store.Properties().CaseInsensitive && fold(s.source.theirs.Path) == fold(s.theirs.Path)
}
