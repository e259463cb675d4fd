package replica

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

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
	temp := im.tempIn()
	if s.part {
		temp = im.partName(part.Item)
	}
	w, err := im.receiver(s, part, temp)
	if err != nil {
		return im.fails(s, err)
	}
	return im.receive(ctx, s, part, temp, w, content)
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
	w, err := im.Store.Create(temp)
	if errors.Is(err, fs.ErrNotExist) {
		if err = im.makeLasting(path.Dir(temp)); err == nil {
			w, err = im.Store.Create(temp)
		}
	}
	return w, err
}

func (im *Importer) receive(ctx context.Context, s *step, part exchange.Part, temp string, w filestore.Writer, content io.Reader) error {
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
		return nil // where it was not the last part, the rest comes in a later session
	}
	broke := from.err
	if broke == nil {
		broke = ctx.Err()
	}
	if broke != nil && s.part && !errors.Is(broke, exchange.ErrWithdrawn) {
		return broke // the connection broke: the part stays and goes on later
	}
	s.failed = err.Error()
	if removeErr := im.Store.Remove(temp); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		s.failed += "; " + removeErr.Error()
	}
	if broke != nil && !errors.Is(broke, exchange.ErrWithdrawn) {
		return broke
	}
	return im.fails(s, err)
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
