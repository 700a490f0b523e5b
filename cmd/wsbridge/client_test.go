package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// Opcodes (RFC 6455 section 5.2).
const (
	text   = 0x1
	binry  = 0x2
	closed = 0x8
	ping   = 0x9
)

// client is a WebSocket client that does nothing by itself: it answers no ping and no Close frame.
type client struct {
	t    *testing.T
	conn net.Conn
	br   *bufio.Reader
}

// open connects to path and expects the answer 101. headers are "Name: value".
func open(t *testing.T, addr, path string, headers ...string) *client {
	t.Helper()
	c, response := handshake(t, addr, path, headers...)
	if response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("GET %s: %s %s", path, response.Status, body)
	}
	return c
}

// handshake sends an opening handshake and returns whatever the answer is.
func handshake(t *testing.T, addr, path string, headers ...string) (*client, *http.Response) {
	t.Helper()
	return handshakeOn(t, connect(t, addr), addr, path, headers...)
}

// handshakeOn is handshake over a connection that is there.
func handshakeOn(t *testing.T, conn net.Conn, host, path string, headers ...string) (*client, *http.Response) {
	t.Helper()
	for _, h := range headers {
		if name, value := cutHeader(h); name == "Host" {
			host = value
		}
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n", path, host)
	for _, h := range headers {
		if name, _ := cutHeader(h); name != "Host" {
			fmt.Fprintf(conn, "%s\r\n", h)
		}
	}
	io.WriteString(conn, "\r\n")
	c := &client{t, conn, bufio.NewReader(conn)}
	response, err := http.ReadResponse(c.br, nil)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return c, response
}

func cutHeader(h string) (name, value string) {
	for i := range h {
		if h[i] == ':' {
			return h[:i], h[i+2:]
		}
	}
	return h, ""
}

func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// send writes one final frame, masked as a client must (RFC 6455 section 5.3).
func (c *client) send(opcode byte, payload []byte) error {
	_, err := c.conn.Write(clientFrame(opcode, payload))
	return err
}

func clientFrame(opcode byte, payload []byte) []byte {
	frame := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n <= 125:
		frame = append(frame, 0x80|byte(n))
	case n <= 0xFFFF:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	key := [4]byte{1, 2, 3, 4}
	frame = append(frame, key[:]...)
	for i, b := range payload {
		frame = append(frame, b^key[i%4])
	}
	return frame
}

// frame reads one frame.
func (c *client) frame() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.br, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7F)
	var extended [8]byte
	switch n {
	case 126:
		_, err = io.ReadFull(c.br, extended[6:])
		n = binary.BigEndian.Uint64(extended[:])
	case 127:
		_, err = io.ReadFull(c.br, extended[:])
		n = binary.BigEndian.Uint64(extended[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(c.br, payload)
	return head[0] & 0x0F, payload, err
}

// next is the next frame that is no ping, in words: text "…", binary "…", Close 1000 "…", or how TCP ended.
func (c *client) next() string {
	for {
		opcode, payload, err := c.frame()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return "nothing"
		case err != nil:
			return "end of TCP"
		case opcode == text:
			return fmt.Sprintf("text %q", payload)
		case opcode == binry:
			return fmt.Sprintf("binary %q", payload)
		case opcode == closed && len(payload) >= 2:
			return fmt.Sprintf("Close %d %q", binary.BigEndian.Uint16(payload), payload[2:])
		case opcode != ping:
			return fmt.Sprintf("opcode %d", opcode)
		}
	}
}

// read returns the payload of data frames until it has n bytes.
func (c *client) read(n int) []byte {
	c.t.Helper()
	var got []byte
	for len(got) < n {
		opcode, payload, err := c.frame()
		if err != nil || opcode > binry && opcode != ping {
			c.t.Fatalf("opcode %d %q, error %v after %d of %d bytes", opcode, payload, err, len(got), n)
		}
		if opcode <= binry {
			got = append(got, payload...)
		}
	}
	return got
}

// flood sends until the connection takes no more or ends, and says which.
func (c *client) flood(limit time.Duration) string {
	c.conn.SetDeadline(time.Now().Add(limit))
	chunk := clientFrame(binry, make([]byte, 64<<10))
	for {
		if _, err := c.conn.Write(chunk); errors.Is(err, os.ErrDeadlineExceeded) {
			return "stalled"
		} else if err != nil {
			return "end of TCP"
		}
	}
}

// typeSlowly sends a byte every 20 ms until the connection ends. HTTP servers may say 400 before that.
func typeSlowly(conn net.Conn, request string) string {
	answer := make([]byte, 1000)
	for i := range request {
		io.WriteString(conn, request[i:i+1])
		conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := conn.Read(answer); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return "end of TCP"
		}
	}
	return "all of it sent"
}
