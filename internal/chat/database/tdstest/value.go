package tdstest

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The types on the wire.
const (
	wireNull      byte = 0x1F
	wireImage     byte = 0x22
	wireGUID      byte = 0x24
	wireInt       byte = 0x26
	wireDateTime2 byte = 0x2A
	wireBit       byte = 0x68
	wireDateTime  byte = 0x6F
	wireBinary    byte = 0xA5
	wireNarrow    byte = 0xA7
	wireWide      byte = 0xE7
)

// unlimited is the size of a type without a limit.
const unlimited = 0xFFFF

// valueType is a type on the wire. Values have the form in which SQLite keeps them: nil, int64, []byte
// for texts and images, string for times and GUIDs.
type valueType struct {
	wire byte
	size int
}

// declared gives the type of a column by its definition in CREATE TABLE, where the length 0 is max.
func declared(definition string) (valueType, error) {
	name, length, _ := strings.Cut(strings.TrimSuffix(strings.ToLower(definition), ")"), "(")
	size := unlimited
	if length != "" && length != "0" {
		n, err := strconv.Atoi(length)
		if err != nil {
			return valueType{}, err
		}
		size = n
	}
	switch name {
	case "smallint":
		return valueType{wireInt, 2}, nil
	case "int":
		return valueType{wireInt, 4}, nil
	case "bigint":
		return valueType{wireInt, 8}, nil
	case "bit":
		return valueType{wireBit, 1}, nil
	case "uniqueidentifier":
		return valueType{wireGUID, 16}, nil
	case "smalldatetime":
		return valueType{wireDateTime, 4}, nil
	case "datetime":
		return valueType{wireDateTime, 8}, nil
	case "datetime2":
		return valueType{wireDateTime2, 8}, nil
	case "image":
		return valueType{wireImage, 0x7FFFFFFF}, nil
	case "varchar":
		return valueType{wireNarrow, size}, nil
	case "nvarchar":
		return valueType{wireWide, min(2*size, unlimited)}, nil
	}
	return valueType{}, fmt.Errorf("the type %q is not known", definition)
}

// describe writes a type as the metadata of a result has it.
func (t valueType) describe(b []byte) []byte {
	b = append(b, t.wire)
	switch t.wire {
	case wireDateTime2:
		return append(b, 7)
	case wireImage:
		b = binary.LittleEndian.AppendUint32(b, uint32(t.size))
		return append(b, 0) // parts of the table's name
	case wireBinary:
		return binary.LittleEndian.AppendUint16(b, uint16(t.size))
	case wireNarrow, wireWide:
		return append(binary.LittleEndian.AppendUint16(b, uint16(t.size)), 9, 4, 0xD0, 0, 52)
	}
	return append(b, byte(t.size))
}

// encode writes a value.
func (t valueType) encode(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return t.encodeNull(b), nil
	case int64:
		return append(append(b, byte(t.size)), binary.LittleEndian.AppendUint64(nil, uint64(v))[:t.size]...), nil
	case []byte:
		return t.encodeBytes(b, v), nil
	case string:
		if t.wire == wireGUID {
			id, err := guidBytes(v)
			return append(append(b, 16), id...), err
		}
		return t.encodeTime(b, v)
	}
	return nil, fmt.Errorf("a %T cannot be sent", value)
}

func (t valueType) encodeNull(b []byte) []byte {
	switch {
	case t.wire != wireBinary && t.wire != wireNarrow && t.wire != wireWide:
		return append(b, 0)
	case t.size == unlimited:
		return append(b, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)
	}
	return append(b, 0xFF, 0xFF)
}

func (t valueType) encodeBytes(b, v []byte) []byte {
	switch {
	case t.wire == wireImage:
		b = append(append(b, 16), make([]byte, 24)...) // a pointer and a time that nobody reads
		return append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v...)
	case t.size != unlimited:
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(v))), v...)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(v)))
	if len(v) > 0 {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v...)
	}
	return append(b, 0, 0, 0, 0)
}

const timeLayout = "2006-01-02 15:04:05"

func (t valueType) encodeTime(b []byte, v string) ([]byte, error) {
	at, err := time.Parse(timeLayout, v)
	if err != nil {
		return nil, err
	}
	inDay := at.Sub(at.Truncate(24 * time.Hour))
	days := func(from int) uint32 { // Unix seconds reach further than a Duration
		return uint32((at.Unix() - time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC).Unix() - int64(inDay/time.Second)) / 86400)
	}
	switch {
	case t.wire == wireDateTime2:
		b = append(append(b, 8), binary.LittleEndian.AppendUint64(nil, uint64(inDay/100))[:5]...)
		return append(b, binary.LittleEndian.AppendUint32(nil, days(1))[:3]...), nil
	case t.size == 4:
		b = binary.LittleEndian.AppendUint16(append(b, 4), uint16(days(1900)))
		return binary.LittleEndian.AppendUint16(b, uint16(inDay/time.Minute)), nil
	}
	b = binary.LittleEndian.AppendUint32(append(b, 8), days(1900))
	return binary.LittleEndian.AppendUint32(b, uint32((inDay.Milliseconds()*3+5)/10)), nil
}

func decodeTime(wire byte, b []byte) string {
	var day, inDay time.Duration
	epoch := 1900
	switch {
	case wire == wireDateTime2:
		epoch = 1
		inDay = time.Duration(binary.LittleEndian.Uint64(append(b[:5:5], 0, 0, 0))) * 100
		day = time.Duration(binary.LittleEndian.Uint32(append(b[5:8:8], 0)))
	case len(b) == 4:
		day, inDay = time.Duration(binary.LittleEndian.Uint16(b)), time.Duration(binary.LittleEndian.Uint16(b[2:]))*time.Minute
	default:
		day, inDay = time.Duration(int32(binary.LittleEndian.Uint32(b))), time.Duration((binary.LittleEndian.Uint32(b[4:])*10+1)/3)*time.Millisecond
	}
	at := time.Date(epoch, 1, 1+int(day), 0, 0, 0, 0, time.UTC).Add(inDay)
	if at.Nanosecond() == 0 {
		return at.Format(timeLayout)
	}
	return at.Format(timeLayout + ".0000000")
}

// guidOrder is where the bytes of a GUID's text stand on the wire.
var guidOrder = [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}

func guidBytes(v string) ([]byte, error) {
	plain, err := hex.DecodeString(strings.ReplaceAll(v, "-", ""))
	if err != nil || len(plain) != 16 {
		return nil, fmt.Errorf("%q is no GUID", v)
	}
	b := make([]byte, 16)
	for i, from := range guidOrder {
		b[i] = plain[from]
	}
	return b, nil
}

func guidText(b []byte) string {
	plain := make([]byte, 16)
	for i, to := range guidOrder {
		plain[to] = b[i]
	}
	x := hex.EncodeToString(plain)
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
}

// reader takes a message apart; after its end it gives zeros and keeps the error.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.err = errors.New("a message ends too early")
		return make([]byte, min(max(n, 0), 16))
	}
	part := r.rest[:n:n]
	r.rest = r.rest[n:]
	return part
}

func (r *reader) byte() byte     { return r.bytes(1)[0] }
func (r *reader) uint16() uint16 { return binary.LittleEndian.Uint16(r.bytes(2)) }
func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.bytes(4)) }
func (r *reader) uint64() uint64 { return binary.LittleEndian.Uint64(r.bytes(8)) }

// name reads a text with its length in one byte.
func (r *reader) name() string { return text(r.bytes(2 * int(r.byte()))) }

// headers skips the headers of a request.
func (r *reader) headers() {
	r.bytes(int(r.uint32()) - 4)
}

// valueType reads a type as clients write it.
func (r *reader) valueType() valueType {
	t := valueType{wire: r.byte()}
	switch t.wire {
	case wireNull:
	case wireDateTime2:
		r.byte()
		t.size = 8
	case wireImage:
		t.size = int(r.uint32())
	case wireBinary:
		t.size = int(r.uint16())
	case wireNarrow, wireWide:
		t.size = int(r.uint16())
		r.bytes(5)
	case wireGUID, wireInt, wireBit, wireDateTime:
		t.size = int(r.byte())
	default:
		r.err = fmt.Errorf("the type %#x is not known", t.wire)
	}
	return t
}

// value reads a value of a type.
func (r *reader) value(t valueType) any {
	switch t.wire {
	case wireNull:
		return nil
	case wireImage:
		return r.image()
	case wireBinary, wireNarrow, wireWide:
		return r.text(t)
	}
	size := int(r.byte())
	if size == 0 {
		return nil
	}
	b := r.bytes(size)
	switch {
	case r.err != nil:
		return nil
	case t.wire == wireGUID && size == 16:
		return guidText(b)
	case (t.wire == wireDateTime && (size == 4 || size == 8)) || (t.wire == wireDateTime2 && size == 8):
		return decodeTime(t.wire, b)
	case t.wire == wireBit || t.wire == wireInt:
		return integer(b)
	}
	r.err = fmt.Errorf("%d bytes for the type %#x", size, t.wire)
	return nil
}

func integer(b []byte) int64 {
	var wide [8]byte
	copy(wide[:], b)
	v := int64(binary.LittleEndian.Uint64(wide[:]))
	shift := 64 - 8*min(len(b), 8)
	return v << shift >> shift
}

func (r *reader) image() any {
	pointer := int(r.byte())
	if pointer == 0 {
		return nil
	}
	r.bytes(pointer + 8)
	return r.bytes(int(r.uint32()))
}

func (r *reader) text(t valueType) any {
	if t.size != unlimited {
		size := int(r.uint16())
		if size == unlimited {
			return nil
		}
		return r.bytes(size)
	}
	if r.uint64() == 0xFFFFFFFFFFFFFFFF {
		return nil
	}
	whole := []byte{}
	for r.err == nil {
		size := int(r.uint32())
		if size == 0 {
			return whole
		}
		whole = append(whole, r.bytes(size)...)
	}
	return nil
}
