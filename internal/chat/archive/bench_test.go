package archive_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"csbackup/internal/chat/archive"
)

// conversation is messages as people write them: words that come back, few people at a time, RTF by rule.
func conversation(messages int) content {
	random := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 4000)
	for i := range words {
		b := make([]byte, 2+random.IntN(8))
		for j := range b {
			b[j] = "etaoinshrdlucmfwypvbgkqjxz"[min(random.IntN(26), random.IntN(26))]
		}
		words[i] = string(b)
	}
	c := content{about: archive.About{Schema: "mgc"}}
	for id := int64(1); id <= 200; id++ {
		c.principals = append(c.principals, archive.PrincipalReference{ID: id, Known: true, GUID: onlyGUID("tblPrincipal", id), URI: fmt.Sprintf("sip:user%d@contoso.com", id)})
	}
	date := int64(635_000_000_000_000_000)
	for id := int64(1); id <= 8; id++ {
		r := room{Room: archive.Room{ID: id, Known: true, GUID: onlyGUID("tblNode", id), Name: fmt.Sprint("room ", id)}}
		for chat := range int64(messages / 8) {
			var text strings.Builder
			for range 1 + random.IntN(20) {
				text.WriteString(words[min(random.IntN(len(words)), random.IntN(len(words)), random.IntN(len(words)))] + " ")
			}
			date += random.Int64N(600) * 10_000_000
			m := archive.Message{ChannelID: id, ChatID: chat + 1, ChatDate: date, UserID: 1 + int64(random.IntN(200)), Content: text.String()}
			if random.IntN(5) > 0 {
				m.HasRTF, m.RTF = true, `{\rtf1\fbidis\ansi{\fonttbl{\f0 Segoe UI;}}\f0 `+rtf(m.Content, `\par `)+"}"
			}
			r.messages = append(r.messages, m)
		}
		c.rooms = append(c.rooms, r)
		c.nodes = append(c.nodes, archive.NodeReference{ID: id, Known: true, GUID: r.GUID, Name: r.Name})
	}
	return c
}

// BenchmarkVerify measures a proof on one core, in bytes of content.
func BenchmarkVerify(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	file := conversation(200_000).bytes(b)
	_, s := must(b, file)
	b.SetBytes(s.Size)
	for b.Loop() {
		a, err := archive.Open(bytes.NewReader(file), int64(len(file)), "a.zip")
		if err == nil {
			_, err = a.Verify(testContext, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead measures how fast messages are given back, in bytes of content, on one core.
func BenchmarkRead(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	file := conversation(200_000).bytes(b)
	a, s := must(b, file)
	b.SetBytes(s.Size)
	for b.Loop() {
		err := a.Messages(testContext, nil, func(archive.Room) error { return nil }, func(archive.Message) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWrite measures how fast messages are written, in bytes of content, on one core.
func BenchmarkWrite(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c := conversation(200_000)
	_, s := must(b, c.bytes(b))
	b.SetBytes(s.Size)
	for b.Loop() {
		if _, err := c.write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
