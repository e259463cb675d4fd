package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"csbackup/internal/chat/inflate"
)

// samples are contents that packers write in different ways.
func samples() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var words, skewed, near strings.Builder
	for words.Len() < 400_000 {
		fmt.Fprintf(&words, "%x wrote %d words, ", random.IntN(1<<10), random.IntN(100))
	}
	for skewed.Len() < 400_000 { // codes of very different lengths
		skewed.WriteByte(byte(random.ExpFloat64() * 12))
	}
	for distance := 1; distance < 70; distance++ { // matches that overlap themselves
		near.Write(noise[:distance])
		near.Write(bytes.Repeat(noise[:distance], 600/distance))
	}
	return map[string][]byte{
		"nothing": nil, "one byte": {7}, "zeros": make([]byte, 500_000), "noise": noise, "words": []byte(words.String()), "skewed": []byte(skewed.String()), "near": []byte(near.String()),
		"far": append(append([]byte("abcdefgh"), make([]byte, 32<<10-8)...), "abcdefghi"...),
	}
}

func pack(t testing.TB, level int, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, level)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range [][]byte{content[:len(content)/2], content[len(content)/2:]} {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := []func() error{w.Flush, w.Close}[i](); err != nil {
			t.Fatal(err)
		}
	}
	return packed.Bytes()
}

func TestGivesWhatWasPacked(t *testing.T) {
	for name, content := range samples() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 4, 6, 9} {
			packed := pack(t, level, content)
			for source, from := range map[string]io.Reader{
				"at once": bytes.NewReader(packed), "in halves": iotest.HalfReader(bytes.NewReader(packed)),
				"with its end": iotest.DataErrReader(bytes.NewReader(packed)), "byte by byte": iotest.OneByteReader(bytes.NewReader(packed)),
			} {
				r := inflate.NewReader(from)
				got, err := io.ReadAll(iotest.HalfReader(r))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("%s at level %d, %s: %d bytes of %d, %v", name, level, source, len(got), len(content), err)
				}
				if r.Behind() {
					t.Fatalf("%s at level %d, %s: more stands behind it", name, level, source)
				}
			}
		}
	}
}

func TestTellsWhatStandsBehind(t *testing.T) {
	packed := append(pack(t, 6, []byte("a text")), 0)
	r := inflate.NewReader(iotest.OneByteReader(bytes.NewReader(packed)))
	if got, err := io.ReadAll(r); err != nil || string(got) != "a text" {
		t.Fatalf("%q, %v", got, err)
	}
	if !r.Behind() {
		t.Fatal("the byte behind it was not seen")
	}
}

func TestFailsOnEveryCut(t *testing.T) {
	packed := pack(t, 6, samples()["words"][:3000])
	for size := range packed {
		got, err := io.ReadAll(inflate.NewReader(bytes.NewReader(packed[:size])))
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut to %d bytes of %d it gives %d bytes, %v", size, len(packed), len(got), err)
		}
	}
}

func TestGivesTheErrorOfItsSource(t *testing.T) {
	packed := pack(t, 6, samples()["words"])
	broken := errors.New("broken")
	from := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken))
	if _, err := io.ReadAll(inflate.NewReader(from)); !errors.Is(err, broken) {
		t.Fatal(err)
	}
}

// FuzzAsTheLibrary holds that any bytes are unpacked, or refused, as by the library.
func FuzzAsTheLibrary(f *testing.F) {
	for _, content := range samples() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 9} {
			f.Add(pack(f, level, content[:min(len(content), 2000)]))
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		const most = 4 << 20
		library := bytes.NewReader(packed)
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(library), most))
		r := inflate.NewReader(bytes.NewReader(packed))
		got, err := io.ReadAll(io.LimitReader(r, most))
		switch {
		case (err == nil) != (wantErr == nil):
			t.Fatalf("%v, the library says %v", err, wantErr)
		case err == nil && !bytes.Equal(got, want):
			t.Fatal("the content is another one than the library's")
		case err == nil && len(got) < most && r.Behind() != (library.Len() > 0):
			t.Fatalf("behind it: %v, the library left %d bytes", r.Behind(), library.Len())
		}
	})
}

// BenchmarkUnpack compares with the library on words.
func BenchmarkUnpack(b *testing.B) {
	content := samples()["words"]
	packed := pack(b, 6, content)
	for name, open := range map[string]func(io.Reader) io.Reader{
		"this":    func(from io.Reader) io.Reader { return inflate.NewReader(from) },
		"library": func(from io.Reader) io.Reader { return flate.NewReader(from) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if _, err := io.Copy(io.Discard, open(bytes.NewReader(packed))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
