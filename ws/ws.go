// Package ws is the message side of the bridge: it accepts WebSocket connections (RFC 6455)
// and offers them as streams of bytes.
//
// The bytes of a message are passed on; where it ended is not. TCP has no messages.
//
// The library, github.com/coder/websocket, answers the opening handshake and reads data frames. Everything
// that decides when and how a connection ends is here instead, because it must be exact: the look at each frame
// header, control frames, every frame that is sent. So the library never sees a control frame, what it writes goes
// nowhere, and its Close closes nothing (see wire).
package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// StatusCode is the code in a Close frame (RFC 6455 section 7.4).
type StatusCode = websocket.StatusCode

// The codes a bridge sends.
const (
	NormalClosure  = websocket.StatusNormalClosure           // 1000
	GoingAway      = websocket.StatusGoingAway               // 1001
	ProtocolError  = websocket.StatusProtocolError           // 1002
	NoStatus       = websocket.StatusNoStatusRcvd            // 1005: stands for a Close frame without a code
	InvalidPayload = websocket.StatusInvalidFramePayloadData // 1007
	MessageTooBig  = websocket.StatusMessageTooBig           // 1009
	InternalError  = websocket.StatusInternalError           // 1011
	BadGateway     = websocket.StatusBadGateway              // 1014
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

// ErrCloseSent is returned by writes after WriteClose: nothing may follow a Close frame (RFC 6455 section 5.5.1).
var ErrCloseSent = errors.New("a Close frame has been sent")

// Stream is the connection below the frames. Its owner interrupts, half-closes and closes it; a Conn only
// reads and writes.
type Stream interface {
	io.Writer
	// NextBehind blocks until bytes come or the connection ends, and returns them behind tail, which is at most
	// maxTail bytes and may be a part of what the last call returned. It returns bytes or an error, never both. The
	// bytes are the caller's, to change too, until the next call.
	NextBehind(tail []byte) ([]byte, error)
	// WriteBuffers writes all of v, in one system call where that is possible, and consumes it.
	WriteBuffers(v *net.Buffers) error
}

// Conn is a WebSocket connection, seen from the server. One goroutine may call Read, Next or Echo while others call
// the methods that write.
type Conn struct {
	stream  Stream
	options Options

	// Reading; only the reading goroutine touches these.
	lib     *websocket.Conn
	wire    wire
	message io.Reader // the message under way; nil between messages
	opcode  byte      // of the message under way
	size    int64     // payload bytes of the message under way, announced so far
	frame   header    // the data frame under way
	left    int64     // payload bytes of frame not read yet
	skip    int       // header bytes of frame that the library has not read yet
	text    utf8Checker
	readErr error // the first one; it stays
	close   *CloseError

	writeMu   sync.Mutex // one frame at a time; guards what follows
	hold      []byte     // the first bytes of a character whose rest has not come
	holdBuf   [utf8.UTFMax]byte
	heldSince int64 // Unix nanoseconds
	scratch   []byte
	closeSent bool
	slow      bool  // the last system call of Write took long
	writeErr  error // the first one; it stays: a frame cut short cannot be repaired

	post   mailbox
	broken func()

	lastText atomic.Bool  // the client's last message was text
	lastData atomic.Int64 // Unix nanoseconds
	received atomic.Int64 // payload bytes
	sent     atomic.Int64 // payload bytes
	replaced atomic.Int64 // bytes sent as U+FFFD
}

// CloseError is the Close frame a client sent. Code is 1005 when it had none (RFC 6455 section 7.1.5).
type CloseError struct {
	Code   StatusCode
	Reason string
}

func (e *CloseError) Error() string { return fmt.Sprintf("Close %d %q", e.Code, e.Reason) }

// Violation is what a client did against the protocol or a limit, with the code that says so in a Close frame.
type Violation struct {
	Code   StatusCode // 1002, 1007 or 1009
	Reason string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("protocol violation (%d): %s", v.Code, v.Reason)
}

// Received is the number of payload bytes that Read and Next have returned so far.
func (c *Conn) Received() int64 { return c.received.Load() }

// Sent is the number of payload bytes handed to Write so far.
func (c *Conn) Sent() int64 { return c.sent.Load() }

// Replaced is the number of bytes that were no UTF-8 and went out as U+FFFD.
func (c *Conn) Replaced() int64 { return c.replaced.Load() }

// LastData is when payload last passed in either direction; at first, when the connection was accepted.
func (c *Conn) LastData() time.Time { return time.Unix(0, c.lastData.Load()) }

// PeerClose is the Close frame the client sent; nil until Read has returned io.EOF.
func (c *Conn) PeerClose() *CloseError { return c.close }

// WhenBroken has f called, by a goroutine of its own, when a ping or a pong could not be written: nobody waits for
// those. f may be called more than once. WriteErr says why. It must be called before Read, Next, Echo and Ping.
func (c *Conn) WhenBroken(f func()) { c.broken = f }

// WriteErr is the first error of a write; nil if there was none.
func (c *Conn) WriteErr() error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	return c.writeErr
}

// Release frees what the Conn holds, after its owner has closed the stream and the reading goroutine has ended.
// It waits for a control frame that is being written.
func (c *Conn) Release() {
	c.post.stop()
	c.lib.CloseNow()
}

func (c *Conn) touch(counter *atomic.Int64, n int) {
	counter.Add(int64(n))
	c.lastData.Store(time.Now().UnixNano())
}

// background never ends: a context that can be cancelled costs allocations at every message, and the library
// answers its end by dropping the connection. What ends a Read is its stream.
var background = context.Background()
