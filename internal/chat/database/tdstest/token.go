package tdstest

import (
	"encoding/binary"
	"strconv"
)

// Tokens of an answer.
const (
	tokenColumns     byte = 0x81
	tokenError       byte = 0xAA
	tokenLoginAck    byte = 0xAD
	tokenRow         byte = 0xD1
	tokenEnvironment byte = 0xE3
	tokenSSPI        byte = 0xED
	tokenDone        byte = 0xFD
)

// Bits of a done token.
const (
	doneError     uint16 = 0x02
	doneCount     uint16 = 0x10
	doneAttention uint16 = 0x20
)

// Changes of the environment.
const (
	changePacketSize byte = 4
	changeBegin      byte = 8
	changeCommit     byte = 9
	changeRollback   byte = 10
)

func done(status uint16, rows int64) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{tokenDone}, status)
	b = append(b, 0, 0)
	return binary.LittleEndian.AppendUint64(b, uint64(rows))
}

// failed is an error token.
func failed(a Action) []byte {
	message := a.Message
	if message == "" {
		message = "Error " + strconv.Itoa(int(a.Error)) + " was asked for."
	}
	body := binary.LittleEndian.AppendUint32(nil, uint32(a.Error))
	body = append(body, 1, 16) // state and class
	body = binary.LittleEndian.AppendUint16(body, uint16(len(wide(message))/2))
	body = append(body, wide(message)...)
	body = append(body, 0, 0)       // names of the server and a procedure
	body = append(body, 1, 0, 0, 0) // line
	return append(binary.LittleEndian.AppendUint16([]byte{tokenError}, uint16(len(body))), body...)
}

// change is a change of the environment from one value to another.
func change(kind byte, to, from []byte) []byte {
	body := append([]byte{kind, byte(len(to))}, to...)
	body = append(append(body, byte(len(from))), from...)
	return append(binary.LittleEndian.AppendUint16([]byte{tokenEnvironment}, uint16(len(body))), body...)
}

// transaction is the number that every transaction has; a connection has one at a time.
var transaction = []byte{1, 0, 0, 0, 0, 0, 0, 0}

// welcome answers a login.
func welcome(packetSize int) []byte {
	name := wide("tdstest")
	body := append([]byte{1, 0x74, 0, 0, 4, byte(len(name) / 2)}, name...)
	body = append(body, 15, 0, 0, 0)
	answer := append(binary.LittleEndian.AppendUint16([]byte{tokenLoginAck}, uint16(len(body))), body...)
	size := wide(strconv.Itoa(packetSize))
	sized := append([]byte{changePacketSize, byte(len(size) / 2)}, size...)
	sized = append(sized, 0)
	answer = append(answer, tokenEnvironment)
	answer = append(binary.LittleEndian.AppendUint16(answer, uint16(len(sized))), sized...)
	return append(answer, done(0, 0)...)
}
