package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// rawPair is a raw client and the other end of its connection.
func rawPair(t *testing.T, ctx context.Context) (*rawClient, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := newRawClient(ctx, conn)
	t.Cleanup(func() { c.Close(); server.Close() })
	return c, server
}

func TestWireFrame(t *testing.T) {
	for _, test := range []struct {
		claim   string
		first   byte
		payload string
		key     []byte
		want    string
	}{
		{"RFC 6455 section 5.7: unmasked", finBit | opText, "Hello", nil, "81 05 48 65 6c 6c 6f"},
		{"RFC 6455 section 5.7: masked", finBit | opText, "Hello", []byte{0x37, 0xfa, 0x21, 0x3d}, "81 85 37 fa 21 3d 7f 9f 4d 51 58"},
		{"a fragment", opText, "Hel", nil, "01 03 48 65 6c"},
		{"no payload", finBit | opPing, "", []byte{1, 2, 3, 4}, "89 80 01 02 03 04"},
		{"the last short length", finBit | opBinary, strings.Repeat("\x00", 125), nil, "82 7d" + strings.Repeat(" 00", 125)},
		{"the first length of two bytes", finBit | opBinary, strings.Repeat("\x00", 126), nil, "82 7e 00 7e" + strings.Repeat(" 00", 126)},
	} {
		if got := hexOf(wireFrame(test.first, test.payload, test.key)); got != test.want {
			t.Errorf("%s: %s, want %s", test.claim, got, test.want)
		}
	}
}

func TestRawClientReadsFrames(t *testing.T) {
	c, server := rawPair(t, t.Context())
	big := strings.Repeat("x", 65535)
	go func() {
		server.Write(wireFrame(opText, "a", nil))
		server.Write(wireFrame(finBit|opContinuation, big, nil))
		server.Write(wireFrame(finBit|opClose, "\x03\xe9bye", nil))
		server.Write(wireFrame(finBit|opClose, "", nil))
		io.WriteString(server, "\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01z") // a length of 8 bytes
		io.WriteString(server, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff")
	}()
	for i, want := range []string{"false 0x1 a", "true 0x0 " + big, "true 0x8 \x03\xe9bye", "true 0x8 ", "true 0x2 z"} {
		f, err := c.frame()
		if got := fmt.Sprintf("%t %#x %s", f.final, f.opcode, f.payload); err != nil || got != want {
			t.Fatalf("frame %d: %.40q (%v), want %.40q", i, got, err, want)
		}
		if i == 2 {
			if code, reason := f.closeCode(); code != 1001 || reason != "bye" {
				t.Errorf("Close %d %q, want 1001 bye", code, reason)
			}
		}
		if i == 3 {
			if code, _ := f.closeCode(); code != 1005 {
				t.Errorf("a Close frame without a code: %d, want 1005", code)
			}
		}
	}
	if f, err := c.frame(); err == nil {
		t.Errorf("a frame of 2^63-1 bytes was taken: %v", f.wire)
	}
}

func TestRawClientReadsAnswers(t *testing.T) {
	for _, test := range []struct {
		claim, answer, head string
		status              int
		works               bool
	}{
		{"an answer", "HTTP/1.1 404 Not Found\r\nx-a:  b \r\n\r\nbody", "HTTP/1.1 404 Not Found\r\nx-a:  b \r\n\r\n", 404, true},
		{"a status without words", "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200\r\n\r\n", 200, true},
		{"no answer", "", "", 0, false},
		{"half an answer", "HTTP/1.1 101 Sw", "HTTP/1.1 101 Sw", 101, false},
		{"something else", "wsbridge line service.\r\n\r\n", "wsbridge line service.\r\n\r\n", 0, true},
	} {
		c, server := rawPair(t, t.Context())
		io.WriteString(server, test.answer)
		server.Close()
		head, err := c.head()
		if head != test.head || statusOf(head) != test.status || (err == nil) != test.works {
			t.Errorf("%s: %q %d (%v), want %q %d", test.claim, head, statusOf(head), err, test.head, test.status)
		}
		if test.status == 404 && header(head, "X-A") != "b" {
			t.Errorf("header X-A: %q, want b", header(head, "X-A"))
		}
	}
	c, server := rawPair(t, t.Context())
	go io.WriteString(server, strings.Repeat("x: y\r\n", mostHead))
	if head, err := c.head(); err == nil || len(head) > mostHead+100 {
		t.Errorf("an endless head: %d bytes (%v), want an error", len(head), err)
	}
}

func TestUpgradeBelievesNoWrongAccept(t *testing.T) {
	c, server := rawPair(t, t.Context())
	go io.WriteString(server, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	if err := c.upgrade("localhost", "/"); err == nil {
		t.Error("an Accept for another key was taken")
	}
}

func TestTheEndOfTheContextEndsARead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := rawPair(t, ctx)
	cancel()
	if _, err := c.frame(); err == nil {
		t.Error("the read went on")
	}
}

func TestEndOf(t *testing.T) {
	for want, err := range map[string]error{
		endFIN:     fmt.Errorf("read: %w", io.EOF),
		endReset:   &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
		endTimeout: os.ErrDeadlineExceeded,
		"error":    errors.New("something"),
	} {
		if got := endOf(err); got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
}
