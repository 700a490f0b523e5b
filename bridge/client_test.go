package bridge

import (
	"bufio"
	"bytes"
	"crypto/tls"
	enc "encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
)

// client is a raw WebSocket client that can send anything.
type client struct {
	net.Conn
	t  testing.TB
	br *bufio.Reader
}

type frame struct {
	fin     bool
	opcode  byte
	payload []byte
}

const (
	text   = 1
	binary = 2
	closes = 8
	ping   = 9
	pong   = 10
)

func (c *client) write(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.t.Fatalf("client write: %v", err)
	}
}

func (c *client) send(opcode byte, payload string) {
	c.t.Helper()
	c.write(masked(true, opcode, payload))
}

func (c *client) sendClose(code int, reason string) {
	c.t.Helper()
	c.send(closes, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// masked is a frame as a client sends it.
func masked(fin bool, opcode byte, payload string) string {
	key := []byte{0x37, 0xfa, 0x21, 0x3d}
	b := []byte{opcode, 0x80}
	if fin {
		b[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b[1] |= byte(n)
	case n <= 0xFFFF:
		b[1] |= 126
		b = enc.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] |= 127
		b = enc.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, key...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return string(b)
}

// status reads the answer to the handshake; its header and body stay unread only on 101.
func (c *client) status() int {
	c.t.Helper()
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		c.t.Fatalf("reading the answer: %v", err)
	}
	return resp.StatusCode
}

// next is the next frame; an error when TCP ends.
func (c *client) next() (frame, error) {
	var h [2]byte
	if _, err := io.ReadFull(c.br, h[:]); err != nil {
		return frame{}, err
	}
	n := int(h[1])
	var extended [8]byte
	switch n {
	case 126:
		io.ReadFull(c.br, extended[:2])
		n = int(enc.BigEndian.Uint16(extended[:]))
	case 127:
		io.ReadFull(c.br, extended[:])
		n = int(enc.BigEndian.Uint64(extended[:]))
	}
	payload := make([]byte, n)
	_, err := io.ReadFull(c.br, payload)
	return frame{h[0]&0x80 != 0, h[0] & 0x0F, payload}, err
}

// rest reads everything up to the end of TCP: the payload of the data frames and what the Close frame said.
// Code is 1005 for a Close frame without one and 1006 for none at all, as a browser puts it.
func (c *client) rest() (payload string, code int, reason string) {
	c.t.Helper()
	var all bytes.Buffer
	code = 1006
	for {
		f, err := c.next()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) && !c.cutOff(err) {
				c.t.Errorf("reading frames: %v", err)
			}
			return all.String(), code, reason
		}
		if code != 1006 {
			c.t.Errorf("got a frame with opcode %d after the Close frame", f.opcode)
		}
		switch f.opcode {
		case closes:
			code = 1005
			if len(f.payload) >= 2 {
				code, reason = int(enc.BigEndian.Uint16(f.payload)), string(f.payload[2:])
			}
		case text, binary, 0:
			all.Write(f.payload)
		}
	}
}

// cutOff reports whether err is how TLS says that TCP ended without a word of TLS.
func (c *client) cutOff(err error) bool {
	_, secure := c.Conn.(*tls.Conn)
	return secure && errors.Is(err, io.ErrUnexpectedEOF)
}

// wantClose checks what the client gets up to the Close frame. The connection stays open.
func (c *client) wantClose(payload string, code int, reason string) {
	c.t.Helper()
	var got bytes.Buffer
	for {
		f, err := c.next()
		if err != nil {
			c.t.Fatalf("no Close frame after %d bytes: %v", got.Len(), err)
		}
		if f.opcode == closes {
			want := string([]byte{byte(code >> 8), byte(code)}) + reason
			if string(f.payload) != want {
				c.t.Errorf("client got Close %q, want %q", f.payload, want)
			}
			break
		}
		got.Write(f.payload)
	}
	if got.String() != payload {
		c.t.Errorf("client got %d bytes before the Close frame, want %d", got.Len(), len(payload))
	}
}

// wantRest checks all that the client still gets.
func (c *client) wantRest(payload string, code int, reason string) {
	c.t.Helper()
	gotPayload, gotCode, gotReason := c.rest()
	if gotPayload != payload {
		c.t.Errorf("client got %d bytes %.40q, want %d bytes %.40q", len(gotPayload), gotPayload, len(payload), payload)
	}
	if gotCode != code || gotReason != reason {
		c.t.Errorf("client got Close %d %q, want %d %q", gotCode, gotReason, code, reason)
	}
}

// wantFIN checks all that the target still gets, and that FIN follows it rather than a RST.
func wantFIN(t testing.TB, target net.Conn, want string) {
	t.Helper()
	got, err := io.ReadAll(target)
	if string(got) != want || err != nil {
		t.Errorf("target got %d bytes %.40q and error %v, want %d bytes %.40q and FIN", len(got), got, err, len(want), want)
	}
}

func wantRead(t testing.TB, target net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(target, got); err != nil || string(got) != want {
		t.Fatalf("target got %.40q, %v; want %.40q", got, err, want)
	}
}

func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}
