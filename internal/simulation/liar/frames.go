package liar

import (
	"encoding/binary"
	"io"
)

// Line is the liar's end of a connection. On some, frames are not what they were.
func (l *Liar) Line(conn io.ReadWriteCloser) io.ReadWriteCloser {
	if !l.chance(30) {
		return conn
	}
	return &frames{ReadWriteCloser: conn, Liar: l, odds: 3 + l.random.IntN(30)}
}

const (
	headLength = 5 // of a frame: the length of its body, and its kind
	atWork     = 4 // the kind of frames that say that nobody is gone
)

// frames changes frames that are written.
type frames struct {
	io.ReadWriteCloser
	*Liar
	odds   int    // one frame in so many is changed
	begun  []byte // of a frame that is not whole yet
	held   []byte // a frame that comes after the next one
	silent bool
}

// Write implements io.Writer.
func (f *frames) Write(p []byte) (int, error) {
	f.begun = append(f.begun, p...)
	for len(f.begun) >= headLength {
		length := headLength + int(binary.BigEndian.Uint32(f.begun))
		if len(f.begun) < length {
			break
		}
		frame := append([]byte(nil), f.begun[:length]...)
		f.begun = f.begun[length:]
		if err := f.send(frame); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (f *frames) send(frame []byte) error {
	for _, one := range f.instead(frame) {
		if _, err := f.ReadWriteCloser.Write(one); err != nil {
			return err
		}
	}
	return nil
}

// instead gives what is sent in the place of a frame, and after it.
func (f *frames) instead(frame []byte) [][]byte {
	if frame[4] == atWork { // these come when they like
		return [][]byte{frame}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := [][]byte{frame}
	if f.random.IntN(f.odds) == 0 {
		out = f.change(frame)
	} else if f.held != nil {
		out, f.held = append(out, f.held), nil
	}
	if f.silent {
		return nil
	}
	return out
}

// change gives what is sent in the place of a frame.
func (f *frames) change(frame []byte) [][]byte {
	switch f.random.IntN(9) {
	case 0:
		f.tells("frame: dropped")
		return nil
	case 1:
		f.tells("frame: twice")
		return [][]byte{frame, frame}
	case 2:
		f.tells("frame: late")
		f.held = frame
		return nil
	case 3:
		f.tells("frame: another kind")
		frame[4] = byte(f.random.IntN(20))
	case 4:
		f.tells("frame: a byte of its body")
		if len(frame) > headLength {
			frame[headLength+f.random.IntN(len(frame)-headLength)] = byte(f.random.IntN(256))
		}
	case 5:
		f.tells("frame: its length")
		binary.BigEndian.PutUint32(frame, uint32(f.number()))
	case 6:
		f.tells("frame: one that nobody sends")
		more := make([]byte, headLength+f.random.IntN(100))
		binary.BigEndian.PutUint32(more, uint32(len(more)-headLength))
		more[4] = byte(f.random.IntN(20))
		return [][]byte{more, frame}
	case 7:
		f.tells("frame: silence from here on")
		f.silent = true
	default:
		f.tells("frame: at work, again and again")
		working := []byte{0, 0, 0, 0, atWork}
		out := [][]byte{}
		for range f.random.IntN(30) {
			out = append(out, working)
		}
		return append(out, frame)
	}
	return [][]byte{frame}
}
