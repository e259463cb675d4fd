package replica

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
)

func (im *Importer) partName(it index.Item) string {
	return fmt.Sprintf("%s/Temp/%s%x", im.Base, partPrefix, it.Hash)
}

// Receive writes one part to a temporary file and checks the content's hash with the last part. What came
// in several parts is read again as it is on the disk.
func (im *Importer) Receive(ctx context.Context, batch exchange.Batch, part exchange.Part, content io.Reader) error {
	in := im.of(batch)
	if in == nil || in.at[part.Item.Path] == nil {
		return failure.New(failure.ProtocolMismatch, part.Item.Path, "A content came that was not asked for", "Update both services to the same version.")
	}
	s := in.at[part.Item.Path]
	for tries := 1; ; tries++ {
		temp := im.tempIn()
		if s.part {
			temp = im.partName(part.Item)
		}
		w, err := im.receiver(s, part, temp)
		broke := false
		if err == nil {
			broke, err = im.receive(ctx, s, part, temp, w, content)
		}
		again, rewinds := content.(exchange.Rewinder)
		switch {
		case err == nil || broke:
			return err
		case rewinds && tries < triesAtOnce && filestore.Passing(err) && !errors.Is(err, exchange.ErrWithdrawn):
			again.Rewind() // rather than to have it sent again
		default:
			return im.fails(s, err)
		}
	}
}

// triesAtOnce is how often an operation on the store is tried whose error may pass by itself.
const triesAtOnce = 3

// insist tries an operation again while its error may pass by itself.
func insist(operation func() error) error {
	for range triesAtOnce - 1 {
		if err := operation(); !filestore.Passing(err) {
			return err
		}
	}
	return operation()
}

// receiver opens the temporary file of a content: a new one, or the one that holds what came before.
func (im *Importer) receiver(s *step, part exchange.Part, temp string) (filestore.Writer, error) {
	if part.Offset > 0 {
		info, err := im.Store.Lstat(temp)
		if err != nil {
			return nil, err
		}
		if info.Size != part.Offset {
			return nil, fmt.Errorf("%s holds %d bytes, not %d", temp, info.Size, part.Offset)
		}
		return im.Store.Append(temp)
	}
	if s.part {
		if err := im.Store.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return im.create(temp)
}

// create makes a temporary file, and its folder where that is missing.
func (im *Importer) create(temp string) (filestore.Writer, error) {
	w, err := im.Store.Create(temp)
	if errors.Is(err, fs.ErrNotExist) {
		if err = im.makeLasting(path.Dir(temp)); err == nil {
			w, err = im.Store.Create(temp)
		}
	}
	return w, err
}

// receive writes what comes, and tells whether the session broke, or is to end, and not only this file fails.
func (im *Importer) receive(ctx context.Context, s *step, part exchange.Part, temp string, w filestore.Writer, content io.Reader) (broke bool, err error) {
	last := part.Offset+part.Length == part.Item.Size
	from, sum := &tracked{Reader: content}, sha256.New()
	n, err := transfer(io.MultiWriter(w, sum), from)
	if err == nil && n != part.Length {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && last {
		err = w.SetModTime(part.Item.ModTime)
	}
	err = errors.Join(err, w.Close())
	if err == nil && last {
		err = im.complete(ctx, s, part, temp, index.Hash(sum.Sum(nil)))
	}
	if err == nil {
		return false, nil // where it was not the last part, the rest comes in a later session
	}
	ended := cmp.Or(from.err, ctx.Err())
	broke = ended != nil && !errors.Is(ended, exchange.ErrWithdrawn)
	if broke && s.part {
		return true, ended // the part stays and goes on later
	}
	if removeErr := im.discard(temp); removeErr != nil {
		err = fmt.Errorf("%w; %w", err, removeErr)
	}
	if broke {
		return true, ended
	}
	return false, err
}

// complete takes a content that came whole for the step's, if it is what was promised. sent is the hash of
// the last part.
func (im *Importer) complete(ctx context.Context, s *step, part exchange.Part, temp string, sent index.Hash) error {
	if part.Offset > 0 {
		// Nobody hashed what came before. What counts is what is on the disk.
		var err error
		if sent, _, err = im.hash(ctx, temp); err != nil {
			return err
		}
	}
	if sent != part.Item.Hash {
		return errors.New("the content does not match its hash")
	}
	if s.part {
		// Another file of the same content may begin now: it must not find this one's.
		own := im.temp("in")
		if err := im.Store.Publish(temp, own); err != nil {
			return err
		}
		temp = own
	}
	s.temp = temp
	return nil
}

// tracked remembers an error of the reader, to tell it from one of the writer.
type tracked struct {
	io.Reader
	err error
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err != nil && err != io.EOF {
		t.err = err
	}
	return n, err
}

// flushContents makes the contents of a batch durable. What fails is written anew from what is on the disk, which
// no later flush of the same file would tell to have been lost; if that fails, too, the path waits.
func (im *Importer) flushContents(ctx context.Context, steps []*step) error {
	at := map[string]*step{}
	for _, s := range steps {
		if s.temp != "" {
			at[s.temp] = s
		}
	}
	if len(at) == 0 {
		return nil
	}
	err := im.Store.Flush(ctx, slices.Sorted(maps.Keys(at))) // those of one folder in a row
	var some *filestore.FlushError
	if !errors.As(err, &some) {
		return err
	}
	for name, why := range some.Failed {
		if s := at[name]; s != nil {
			if err := im.rewrite(ctx, s); err != nil {
				s.failed = errors.Join(why, err).Error()
			}
		}
	}
	return nil
}

// rewrite copies a step's content to a new temporary file and makes that durable.
func (im *Importer) rewrite(ctx context.Context, s *step) error {
	f, err := im.Store.Open(s.temp)
	if err != nil {
		return err
	}
	defer f.Close()
	temp := im.tempIn()
	w, err := im.Store.Create(temp)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = transfer(io.MultiWriter(w, sum), &stoppable{f, ctx})
	if err == nil && index.Hash(sum.Sum(nil)) != s.theirs.Hash {
		err = errors.New("what was written is not what is read")
	}
	if err == nil {
		err = w.SetModTime(s.theirs.ModTime)
	}
	if err = errors.Join(err, w.Close()); err == nil {
		err = im.Store.Flush(ctx, []string{temp})
	}
	if err != nil {
		return errors.Join(err, im.discard(temp))
	}
	_ = im.discard(s.temp)
	s.temp = temp
	return nil
}
