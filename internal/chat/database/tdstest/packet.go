package tdstest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// Types of packets.
const (
	typeBatch       byte = 1
	typeRPC         byte = 3
	typeReply       byte = 4
	typeAttention   byte = 6
	typeBulk        byte = 7
	typeTransaction byte = 14
	typeLogin       byte = 16
	typeSSPI        byte = 17
	typePrelogin    byte = 18
)

const headerSize = 8

var errCut = errors.New("the connection was cut on purpose")

// connection serves one client.
type connection struct {
	server  *Server
	raw     net.Conn
	line    io.ReadWriter // raw, or TLS over it
	login   Login
	engine  *engine
	loading string // the table whose rows the next message holds
}

// message reads the packets of one message, each seen by Intercept.
func (c *connection) message() (kind byte, content []byte, err error) {
	for {
		var header [headerSize]byte
		if _, err := io.ReadFull(c.line, header[:]); err != nil {
			return 0, nil, err
		}
		size := int(binary.BigEndian.Uint16(header[2:]))
		if size < headerSize {
			return 0, nil, errors.New("a packet shorter than its header")
		}
		part := make([]byte, size-headerSize)
		if _, err := io.ReadFull(c.line, part); err != nil {
			return 0, nil, err
		}
		if err := c.obey(c.server.ask(Packet, "")); err != nil {
			return 0, nil, err
		}
		content = append(content, part...)
		if header[1]&1 != 0 {
			return header[0], content, nil
		}
	}
}

// obey does what an action says of the connection itself.
func (c *connection) obey(a Action) error {
	switch {
	case a.Cut:
		return errCut
	case a.Deaf:
		io.Copy(io.Discard, c.line)
		return errCut
	case a.Stall:
		for {
			kind, _, err := c.message()
			if err != nil {
				return err
			}
			if kind == typeAttention {
				return c.reply(done(doneAttention, 0))
			}
		}
	}
	return nil
}

// reply sends one message.
func (c *connection) reply(content []byte) error {
	return writePackets(c.line, typeReply, c.server.options.PacketSize, content)
}

func writePackets(w io.Writer, kind byte, size int, content []byte) error {
	for number := byte(1); ; number++ {
		part := content[:min(len(content), size-headerSize)]
		content = content[len(part):]
		packet := make([]byte, headerSize, headerSize+len(part))
		packet[0], packet[6] = kind, number
		if len(content) == 0 {
			packet[1] = 1
		}
		binary.BigEndian.PutUint16(packet[2:], uint16(headerSize+len(part)))
		if _, err := w.Write(append(packet, part...)); err != nil || len(content) == 0 {
			return err
		}
	}
}

// wrapped carries a TLS handshake inside of packets, until it is bare.
type wrapped struct {
	net.Conn
	seen func() error // called for each packet
	bare bool
	rest []byte
}

func (w *wrapped) Read(p []byte) (int, error) {
	if w.bare {
		return w.Conn.Read(p)
	}
	for len(w.rest) == 0 {
		var header [headerSize]byte
		if _, err := io.ReadFull(w.Conn, header[:]); err != nil {
			return 0, err
		}
		size := int(binary.BigEndian.Uint16(header[2:]))
		if header[0] != typePrelogin || size < headerSize {
			return 0, errors.New("not a packet of the handshake")
		}
		w.rest = make([]byte, size-headerSize)
		if _, err := io.ReadFull(w.Conn, w.rest); err != nil {
			return 0, err
		}
		if err := w.seen(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wrapped) Write(p []byte) (int, error) {
	if w.bare {
		return w.Conn.Write(p)
	}
	if err := writePackets(w.Conn, typePrelogin, 4096, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
