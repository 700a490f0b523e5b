package ws

import (
	"errors"
	"io"
	"strings"
	"testing"
)

const echoBuffer = 1024

func echoInto(c *Conn, done chan<- error) { done <- c.Echo(echoBuffer, nil) }

// readMessage reads one message, in however many fragments.
func (cl *client) readMessage() (opcode byte, payload string) {
	cl.t.Helper()
	for more := false; ; more = true {
		first, part, err := readFrame(cl.in)
		if err != nil {
			cl.t.Fatalf("after %d bytes of a message: %v", len(payload), err)
		}
		if !more {
			opcode = first &^ fin
		} else if first&^fin != opContinuation {
			cl.t.Fatalf("frame % x inside a message, want a continuation", first)
		}
		if payload += part; first&fin != 0 {
			return opcode, payload
		}
	}
}

func TestEcho(t *testing.T) {
	large := strings.Repeat("z\u00fcrich \u20ac", 20_000)
	type message struct {
		opcode  byte
		payload string
	}
	tests := []struct {
		claim, frames string
		want          []message
	}{
		{"text", frame(fin|opText, "\u53d1\u9001\u6570\u636e"), []message{{opText, "\u53d1\u9001\u6570\u636e"}}},
		{"binary", frame(fin|opBinary, "\xff\x00"), []message{{opBinary, "\xff\x00"}}},
		{"empty messages", frame(fin|opText, "") + frame(fin|opBinary, "") + frame(fin|opText, ""), []message{{opText, ""}, {opBinary, ""}, {opText, ""}}},
		{"three at once", frame(fin|opText, "a") + frame(fin|opBinary, "b") + frame(fin|opText, "c"), []message{{opText, "a"}, {opBinary, "b"}, {opText, "c"}}},
		{"fragments are one message", frame(opText, "a") + frame(0, "b") + frame(fin, "c"), []message{{opText, "abc"}}},
		{"empty fragments", frame(opBinary, "") + frame(0, "a") + frame(0, "") + frame(fin, ""), []message{{opBinary, "a"}}},
		{"an empty message in fragments", frame(opText, "") + frame(0, "") + frame(fin, ""), []message{{opText, ""}}},
		{"fragments cut inside a character", frame(opText, "\xe2") + frame(0, "\x82") + frame(fin, "\xac"), []message{{opText, "\u20ac"}}},
		{"exactly the buffer", frame(fin|opText, large[:echoBuffer]), []message{{opText, large[:echoBuffer]}}},
		{"larger than the buffer", frame(fin|opText, large), []message{{opText, large}}},
		{"larger than the buffer, and a small one", frame(opBinary, large) + frame(fin, large) + frame(fin|opText, "x"), []message{{opBinary, large + large}, {opText, "x"}}},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			c, cl := connect(t, Options{})
			done := make(chan error, 1)
			go echoInto(c, done)
			cl.send(tt.frames)
			for i, want := range tt.want {
				if opcode, got := cl.readMessage(); opcode != want.opcode || got != want.payload {
					t.Errorf("answer %d: opcode %d, %d bytes, %.50q, want %d, %d bytes", i, opcode, len(got), got, want.opcode, len(want.payload))
				}
			}
			cl.send(frame(fin|opClose, ""))
			if err := <-done; err != io.EOF {
				t.Errorf("Echo: %v, want EOF", err)
			}
			if c.Received() != c.Sent() {
				t.Errorf("Received() = %d, Sent() = %d, want the same", c.Received(), c.Sent())
			}
			closeWrite(c)
			cl.receiveEnd()
		})
	}
}

// However the kernel joins or cuts what is sent, three messages have three answers.
func TestEchoHasOneAnswerForEachMessage(t *testing.T) {
	c, cl := connect(t, Options{})
	done := make(chan error, 1)
	go echoInto(c, done)
	for range 60 {
		for _, text := range []string{"one", "two", "three"} {
			cl.send(frame(fin|opText, text))
		}
		cl.receive(serverFrame(fin|opText, "one") + serverFrame(fin|opText, "two") + serverFrame(fin|opText, "three"))
	}
	cl.CloseWrite()
	if err := <-done; err != io.ErrUnexpectedEOF {
		t.Errorf("Echo: %v, want unexpected EOF", err)
	}
}

func TestEchoDoesNotWaitForTheWholeMessage(t *testing.T) {
	c, cl := connect(t, Options{})
	done := make(chan error, 1)
	go echoInto(c, done)
	cl.send(frameHeader(fin|opText, 0x80, 6) + key + masked("abcdef")[:3])
	cl.receive(serverFrame(opText, "abc"))
	cl.send(masked("abcdef")[3:])
	cl.receive(serverFrame(fin|opContinuation, "def"))
	cl.CloseWrite()
	<-done
}

func TestEchoEndsWithTheErrorOfRead(t *testing.T) {
	c, cl := connect(t, Options{})
	done := make(chan error, 1)
	go echoInto(c, done)
	cl.send(frame(fin|opText, "ok") + frame(opText, "a") + frame(fin, "\xff"))
	if v := (*Violation)(nil); !errors.As(<-done, &v) || v.Code != InvalidPayload {
		t.Errorf("Echo: %v, want violation 1007", v)
	}
	closeWrite(c)
	cl.receive(serverFrame(fin|opText, "ok") + serverFrame(opText, "a"))
	cl.receiveEnd()
}
