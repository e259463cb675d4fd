package tdstest

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"unicode/utf16"
)

// integrated is the bit of a login's second flags that asks for integrated security.
const integrated = 0x80

// enter speaks until the client is logged in.
func (c *connection) enter() error {
	options := c.server.options
	if options.Strict {
		if err := c.secure(c.raw); err != nil {
			return err
		}
	}
	kind, _, err := c.message()
	if err != nil {
		return err
	}
	if kind != typePrelogin {
		return errors.New("the first message is no prelogin")
	}
	encryption := EncryptionOn
	switch {
	case options.Strict:
		encryption = EncryptionStrict
	case options.TLS == nil:
		encryption = EncryptionNone
	case options.LoginOnly:
		encryption = EncryptionLoginOnly
	}
	if err := c.reply(prelogin(encryption)); err != nil {
		return err
	}
	if encryption == EncryptionOn || encryption == EncryptionLoginOnly {
		handshake := &wrapped{Conn: c.raw, seen: func() error { return c.obey(c.server.ask(Packet, "")) }}
		if err := c.secure(handshake); err != nil {
			return err
		}
		handshake.bare = true
	}
	kind, content, err := c.message()
	if err != nil {
		return err
	}
	if encryption == EncryptionLoginOnly {
		c.line = c.raw
	}
	if kind != typeLogin {
		return errors.New("the message is no login")
	}
	return c.logIn(content)
}

// secure puts TLS over a line.
func (c *connection) secure(under net.Conn) error {
	config := c.server.options.TLS.Clone()
	config.SessionTicketsDisabled = true // a ticket would come after the handshake, which is too late for a wrapped one
	if c.server.options.Strict {
		config.NextProtos = []string{"tds/8.0"}
	}
	line := tls.Server(under, config)
	if err := line.Handshake(); err != nil {
		return err
	}
	c.line = line
	c.login.Encrypted, c.login.TLS = true, line.ConnectionState().Version
	return nil
}

// prelogin is the version and what the server says of encryption.
func prelogin(encryption Encryption) []byte {
	return []byte{
		0, 0, 11, 0, 6,
		1, 0, 17, 0, 1,
		0xFF,
		15, 0, 0x10, 0, 0, 0,
		byte(encryption),
	}
}

func (c *connection) logIn(content []byte) error {
	if len(content) < 94 {
		return errors.New("a login of less than 94 bytes")
	}
	c.login.User, c.login.Password = loginText(content, 40), loginPassword(content)
	c.login.Application, c.login.Database = loginText(content, 48), loginText(content, 68)
	if content[25]&integrated != 0 {
		switch proof := loginBytes(content, 78); {
		case bytes.HasPrefix(proof, []byte("NTLMSSP")):
			if err := c.challenge(); err != nil {
				return err
			}
		case bytes.Contains(proof, kerberos):
			c.login.Kerberos = true
		}
	}
	s := c.server
	s.mu.Lock()
	s.logins = append(s.logins, c.login)
	s.mu.Unlock()
	action := s.ask(LogIn, c.login.User)
	if !c.login.NTLM && !c.login.Kerberos && s.options.User != "" && (c.login.User != s.options.User || c.login.Password != s.options.Password) {
		action = Action{Error: 18456, Message: "Login failed for user '" + c.login.User + "'."}
	}
	if err := c.obey(action); err != nil {
		return err
	}
	if action.Error != 0 {
		return errors.Join(c.reply(append(failed(action), done(doneError, 0)...)), errCut)
	}
	if action.CutDone {
		return errCut
	}
	return c.reply(welcome(s.options.PacketSize))
}

// kerberos is the object identifier 1.2.840.113554.1.2.2, with which a ticket comes.
var kerberos = []byte{0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02}

// loginField gives the bytes of a text whose offset and length in characters stand at a place.
func loginField(content []byte, place int) []byte {
	return loginPart(content, place, 2)
}

// loginBytes gives a field whose length is in bytes.
func loginBytes(content []byte, place int) []byte {
	return loginPart(content, place, 1)
}

func loginPart(content []byte, place, unit int) []byte {
	from, length := int(binary.LittleEndian.Uint16(content[place:])), unit*int(binary.LittleEndian.Uint16(content[place+2:]))
	if from+length > len(content) {
		return nil
	}
	return content[from : from+length]
}

func loginText(content []byte, place int) string { return text(loginField(content, place)) }

// loginPassword undoes the masking of the password.
func loginPassword(content []byte) string {
	var plain []byte
	for _, b := range loginField(content, 44) {
		b ^= 0xA5
		plain = append(plain, b<<4|b>>4)
	}
	return text(plain)
}

// text reads UTF-16.
func text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// wide writes UTF-16.
func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// challenge asks an NTLM client who it is; any answer will do.
func (c *connection) challenge() error {
	const unicode, ntlm = 1, 0x200
	message := append([]byte("NTLMSSP\x00"), make([]byte, 40)...)
	message[8] = 2
	binary.LittleEndian.PutUint32(message[20:], unicode|ntlm)
	copy(message[24:], "12345678")
	if err := c.reply(append([]byte{tokenSSPI, byte(len(message)), 0}, message...)); err != nil {
		return err
	}
	kind, answer, err := c.message()
	if err != nil {
		return err
	}
	if kind != typeSSPI || len(answer) < 64 || answer[8] != 3 {
		return errors.New("not an answer of NTLM")
	}
	field := func(place int) string {
		length, from := int(binary.LittleEndian.Uint16(answer[place:])), int(binary.LittleEndian.Uint32(answer[place+4:]))
		if from+length > len(answer) {
			return ""
		}
		return text(answer[from : from+length])
	}
	c.login.NTLM, c.login.User = true, field(28)+`\`+field(36)
	return nil
}
