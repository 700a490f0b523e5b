package page

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"wsbridge/explain"
)

// rawClient is a WebSocket client that writes its handshake and frames by hand. It can do what no browser would, and
// shows what really came back; it answers no ping and no Close frame by itself.
type rawClient struct {
	conn net.Conn
	br   *bufio.Reader
	stop func() bool // ends the watch over the context
}

const (
	mostHead    = 16 << 10 // bytes of the head of an answer
	mostRefusal = 4 << 10  // bytes of its body
	mostPayload = 64 << 10 // bytes in a frame that the raw client takes
)

// Opcodes (RFC 6455 section 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// newRawClient takes over conn. When ctx ends, so does whatever the client is doing. Close it.
func newRawClient(ctx context.Context, conn net.Conn) *rawClient {
	return &rawClient{conn, bufio.NewReader(conn), context.AfterFunc(ctx, func() { conn.Close() })}
}

// Close ends the connection at once.
func (c *rawClient) Close() {
	c.stop()
	c.conn.Close()
}

// send writes text as it is.
func (c *rawClient) send(text string) error {
	_, err := io.WriteString(c.conn, text)
	return err
}

// head reads up to the blank line behind the headers, and includes it.
func (c *rawClient) head() (string, error) {
	var text strings.Builder
	for {
		line, err := c.br.ReadSlice('\n')
		text.Write(line)
		switch {
		case err != nil:
			return text.String(), err
		case len(line) <= len("\r\n") && strings.TrimSpace(string(line)) == "":
			return text.String(), nil
		case text.Len() > mostHead:
			return text.String(), errors.New("the head of the answer is too long")
		}
	}
}

// statusOf is the number in the first line of an answer; 0 if there is none.
func statusOf(head string) int {
	_, rest, _ := strings.Cut(head, " ")
	number, _, _ := strings.Cut(rest, " ")
	status, _ := strconv.Atoi(strings.TrimSpace(number))
	return status
}

// header is the first value of the named header in the head of an answer; "" if it is not there.
func header(head, name string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		if before, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(before, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// newKey is a Sec-WebSocket-Key of size random bytes; it ought to be 16.
func newKey(size int) string {
	key := make([]byte, size)
	rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

// upgrade opens a WebSocket as a browser would, and fails unless it is open.
func (c *rawClient) upgrade(host, path string) error {
	key := newKey(16)
	if err := c.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\nOrigin: http://" + host + "\r\n\r\n"); err != nil {
		return err
	}
	head, err := c.head()
	if err != nil {
		return fmt.Errorf("opening handshake: %w", err)
	}
	if statusOf(head) != 101 || header(head, "Sec-WebSocket-Accept") != explain.DeriveAccept(key) {
		line, _, _ := strings.Cut(head, "\r\n")
		return fmt.Errorf("opening handshake: %s", line)
	}
	return nil
}

// wireFrame is a frame as a client sends it. first is the FIN bit and the opcode; a key of no bytes leaves the mask out,
// which a client must not do (RFC 6455 section 5.1).
func wireFrame(first byte, payload string, key []byte) []byte {
	masked := byte(0)
	if len(key) > 0 {
		masked = 0x80
	}
	frame := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		frame = append(frame, masked|byte(n))
	default:
		frame = binary.BigEndian.AppendUint16(append(frame, masked|126), uint16(n))
	}
	frame = append(frame, key...)
	for i, b := range []byte(payload) {
		if masked != 0 {
			b ^= key[i%len(key)]
		}
		frame = append(frame, b)
	}
	return frame
}

const finBit = 0x80

// newMask is a masking key, never one that changes nothing.
func newMask() []byte {
	key := make([]byte, 4)
	for key[0]|key[1]|key[2]|key[3] == 0 {
		rand.Read(key)
	}
	return key
}

// gotFrame is a frame that came back.
type gotFrame struct {
	final   bool // the FIN bit
	opcode  byte
	payload []byte
	wire    []byte // header and payload as they came
}

// frame reads one frame.
func (c *rawClient) frame() (f gotFrame, err error) {
	wire := make([]byte, 2, 64)
	if _, err = io.ReadFull(c.br, wire); err != nil {
		return f, err
	}
	extra := map[byte]int{126: 2, 127: 8}[wire[1]&0x7F]
	wire = append(wire, make([]byte, extra)...)
	if _, err = io.ReadFull(c.br, wire[2:]); err != nil {
		return f, err
	}
	size := uint64(wire[1] & 0x7F)
	switch extra {
	case 2:
		size = uint64(binary.BigEndian.Uint16(wire[2:]))
	case 8:
		size = binary.BigEndian.Uint64(wire[2:])
	}
	if size > mostPayload || wire[1]&0x80 != 0 {
		return f, fmt.Errorf("a frame that a server should not send here: % x", wire)
	}
	head := len(wire)
	wire = append(wire, make([]byte, size)...)
	_, err = io.ReadFull(c.br, wire[head:])
	return gotFrame{wire[0]&finBit != 0, wire[0] & 0x0F, wire[head:], wire}, err
}

// closeCode is the status code and reason of a Close frame; 1005 without one.
func (f gotFrame) closeCode() (code int, reason string) {
	if len(f.payload) < 2 {
		return 1005, ""
	}
	return int(binary.BigEndian.Uint16(f.payload)), string(f.payload[2:])
}

// How a connection ended, as its client's read() tells.
const (
	endFIN     = "fin"
	endReset   = "reset"
	endTimeout = "timeout" // it did not, for as long as the client waited
)

// endOf puts the error of a read into a word.
func endOf(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return endFIN
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return endReset
	case errors.As(err, &timeout) && timeout.Timeout():
		return endTimeout
	}
	return "error"
}

// awaitEnd reads and drops until the connection ends, for at most limit, and says how it did.
func (c *rawClient) awaitEnd(limit time.Duration) string {
	c.conn.SetReadDeadline(time.Now().Add(limit))
	_, err := io.Copy(io.Discard, c.br)
	if err == nil {
		err = io.EOF
	}
	return endOf(err)
}

// hexOf writes bytes for people: "81 85 37 fa".
func hexOf(p []byte) string { return fmt.Sprintf("% x", p) }
