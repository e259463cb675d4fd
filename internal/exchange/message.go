package exchange

import (
	"crypto/sha256"
	"encoding/binary"

	"csbackup/internal/failure"
	"csbackup/internal/index"
)

func encodeHello(h Hello) []byte {
	b := binary.AppendUvarint(nil, uint64(h.Protocol))
	b = putBytes(b, []byte(h.Version))
	b = putBytes(b, []byte(h.FromPool))
	b = putBytes(b, []byte(h.ToPool))
	b = putBytes(b, []byte(h.Module))
	b = binary.AppendUvarint(b, uint64(h.Replica))
	b = binary.AppendUvarint(b, h.Head)
	full := uint64(0)
	if h.Full {
		full = 1
	}
	b = binary.AppendUvarint(b, full)
	b = binary.AppendUvarint(b, h.Order)
	b = putBytes(b, []byte(h.OrderStore))
	b = binary.AppendUvarint(b, h.OrderAge)
	return putBytes(b, h.Settings)
}

func decodeHello(body []byte) (Hello, error) {
	f := &fields{rest: body}
	h := Hello{Protocol: uint32(f.number()), Version: f.text(maxText), FromPool: f.text(maxText), ToPool: f.text(maxText), Module: f.text(maxText)}
	if h.Protocol != Protocol && f.bad == nil {
		return h, nil // what follows is of another version
	}
	h.Replica, h.Head, h.Full = index.Replica(f.number()), f.number(), f.number() == 1
	h.Order, h.OrderStore, h.OrderAge = f.number(), f.text(maxText), f.number()
	h.Settings = append([]byte(nil), f.bytes(maxSettings)...)
	return h, f.end()
}

func encodeWelcome(w Welcome) []byte {
	b := binary.AppendUvarint(nil, uint64(w.Protocol))
	b = putBytes(b, []byte(w.Version))
	b = binary.AppendUvarint(b, uint64(w.Replica))
	b = putBytes(b, []byte(w.Store))
	b = binary.AppendUvarint(b, w.Acknowledged)
	b = binary.AppendUvarint(b, w.Position.Number)
	b = append(b, w.Position.Hash[:]...)
	b = binary.AppendUvarint(b, w.Pending)
	return putBytes(b, w.Settings)
}

func decodeWelcome(body []byte) (Welcome, error) {
	f := &fields{rest: body}
	w := Welcome{Protocol: uint32(f.number()), Version: f.text(maxText)}
	if w.Protocol != Protocol && f.bad == nil {
		return w, nil // what follows is of another version
	}
	w.Replica, w.Store, w.Acknowledged = index.Replica(f.number()), f.text(maxText), f.number()
	w.Position.Number, w.Position.Hash = f.number(), f.hash()
	w.Pending = f.number()
	w.Settings = append([]byte(nil), f.bytes(maxSettings)...)
	return w, f.end()
}

func encodeRefusal(err error) []byte {
	shown := failure.Of(err)
	b := putBytes(nil, []byte(shown.ID))
	b = putBytes(b, []byte(shorten(shown.Error())))
	b = putBytes(b, []byte(shorten(shown.Hint)))
	return putBytes(b, []byte(shorten(shown.Target)))
}

func shorten(s string) string { return s[:min(len(s), maxText)] }

func decodeRefusal(body []byte) error {
	f := &fields{rest: body}
	refusal := &failure.Error{ID: failure.ID(f.text(maxText)), Message: f.text(maxText), Hint: f.text(maxText), Target: f.text(maxText)}
	if err := f.end(); err != nil {
		return err
	}
	return refusal
}

func encodeBatch(b Batch, count int) []byte {
	body := binary.AppendUvarint(nil, b.Number)
	body = append(body, b.Previous[:]...)
	body = append(body, b.Hash[:]...)
	body = binary.AppendUvarint(body, b.After)
	body = binary.AppendUvarint(body, b.Through)
	return binary.AppendUvarint(body, uint64(count))
}

func decodeBatch(body []byte) (Batch, int, error) {
	f := &fields{rest: body}
	b := Batch{Number: f.number(), Previous: f.hash(), Hash: f.hash(), After: f.number(), Through: f.number()}
	count := f.number()
	if count > maxItems {
		f.fail("a count")
	}
	return b, int(count), f.end()
}

// seal computes a batch's hash over its number, the batch before it and all its items.
func seal(b *Batch, items []index.Item) {
	sum := sha256.New()
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], b.Number)
	sum.Write(number[:])
	sum.Write(b.Previous[:])
	var raw []byte
	for _, it := range items {
		raw = putItem(raw[:0], it)
		sum.Write(raw)
	}
	sum.Sum(b.Hash[:0])
}

func encodeWants(wants []Want) []byte {
	b := binary.AppendUvarint(nil, uint64(len(wants)))
	for _, w := range wants {
		b = binary.AppendUvarint(b, uint64(w.Item))
		b = binary.AppendUvarint(b, uint64(w.Offset))
	}
	return b
}

// decodeWants checks each want against the items that were offered.
func decodeWants(body []byte, items []index.Item) ([]Want, error) {
	f := &fields{rest: body}
	n := f.number()
	if n > uint64(len(items)) {
		f.fail("a count")
		n = 0
	}
	var wants []Want
	for range n {
		item, offset := f.number(), f.number()
		if f.bad != nil || item >= uint64(len(items)) || items[item].Kind != index.File || offset > uint64(items[item].Size) {
			f.fail("a want")
			break
		}
		wants = append(wants, Want{Item: int(item), Offset: int64(offset)})
	}
	return wants, f.end()
}

func encodePaths(paths []string) []byte {
	b := binary.AppendUvarint(nil, uint64(len(paths)))
	for _, p := range paths {
		b = putBytes(b, []byte(p))
	}
	return b
}

func decodePaths(body []byte) ([]string, error) {
	f := &fields{rest: body}
	n := f.number()
	if n > maxItems {
		f.fail("a count")
		n = 0
	}
	var paths []string
	for range n {
		p := f.text(maxPath)
		if f.bad != nil || !validPath(p) {
			f.fail("a path")
			break
		}
		paths = append(paths, p)
	}
	return paths, f.end()
}

func encodeAck(a Ack) []byte {
	b := binary.AppendUvarint(nil, a.Number)
	b = append(b, a.Hash[:]...)
	for _, n := range []uint64{a.Acknowledged, a.Pending, a.Conflicts, a.Applied} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func decodeAck(body []byte) (Ack, error) {
	f := &fields{rest: body}
	a := Ack{Number: f.number(), Hash: f.hash(), Acknowledged: f.number(), Pending: f.number(), Conflicts: f.number(), Applied: f.number()}
	return a, f.end()
}
