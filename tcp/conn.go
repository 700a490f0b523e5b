package tcp

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one side's connection of a pair: the accepted one or the dialled one.
//
// Read and Write block without a context. One goroutine may read while another writes; the methods that
// interrupt, drain or end may be called from any goroutine.
type Conn struct {
	net.Conn // what is read and written: the socket, or TLS over it
	socket   *socket
	next     next

	readStopped atomic.Bool // set by InterruptRead

	draining   bool       // guarded by mu
	mu         sync.Mutex // guards the read deadline and what follows
	drainBegan time.Time
	drainLimit int64 // in bytes read from the socket
}

// NewConn takes over nc, on which no call is under way. A write fails with ErrStalled when the peer takes no byte for
// writeTimeout (0: no limit). nc may wrap a connection of SecureListener, if it has NetConn() net.Conn.
func NewConn(nc net.Conn, writeTimeout time.Duration) *Conn {
	if s := socketBelow(nc); s != nil {
		s.timeout = writeTimeout
		return &Conn{Conn: nc, socket: s}
	}
	s := &socket{Conn: nc, timeout: writeTimeout}
	return &Conn{Conn: s, socket: s}
}

// BytesRead is how many bytes came from the socket so far (below TLS).
func (c *Conn) BytesRead() int64 { return c.socket.read.Load() }

// BytesWritten is how many bytes the kernel took for sending so far (below TLS).
func (c *Conn) BytesWritten() int64 { return c.socket.written.Load() }

// Read blocks until the peer's bytes or its FIN (io.EOF) arrive, InterruptRead is called (ErrInterrupted), or
// Drain is called and all that had arrived was read (ErrDrained).
func (c *Conn) Read(p []byte) (int, error) {
	return c.read(func() (int, error) { return c.Conn.Read(p) })
}

func (c *Conn) read(from func() (int, error)) (int, error) {
	for {
		n, err := c.readOnce(from)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if err := c.rearmDrain(); err != nil {
			return 0, err
		}
		n, err = c.readOnce(from)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		// A busy machine can eat the whole quiet time, so ask the kernel too.
		if unread, known := c.unread(); !known || unread == 0 {
			return 0, ErrDrained
		}
	}
}

// readOnce drops what comes after InterruptRead: a deadline that has passed does not keep a read that is already on its
// way from returning bytes that arrive a moment later.
func (c *Conn) readOnce(from func() (int, error)) (int, error) {
	n, err := from()
	if c.readStopped.Load() {
		return 0, ErrInterrupted
	}
	return n, err
}

// WriteBuffers writes all of v, header and payload in one system call where that is possible, and consumes it.
// It blocks like Write.
func (c *Conn) WriteBuffers(v *net.Buffers) error {
	if c.Conn == net.Conn(c.socket) {
		return c.socket.writeBuffers(v)
	}
	_, err := writeTo(c.Conn, v)
	return err
}

const (
	drainQuiet  = 20 * time.Millisecond // no byte for so long: all that had arrived is read
	drainLonger = time.Second           // no quiet time for so long: a moment with nothing unread is enough
	drainMost   = 8 << 20               // bytes; more than a receive buffer holds, so that a peer that never stops ends too
)

// Drain makes Read end with ErrDrained as soon as it has returned everything that has arrived.
func (c *Conn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	c.drainBegan = time.Now()
	c.drainLimit = c.BytesRead() + drainMost
	c.SetReadDeadline(longAgo)
}

// rearmDrain gives a draining connection another quiet time.
func (c *Conn) rearmDrain() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.draining:
		return os.ErrDeadlineExceeded
	case c.BytesRead() >= c.drainLimit:
		return ErrDrained
	case time.Since(c.drainBegan) >= drainLonger:
		if unread, known := c.unread(); known && unread == 0 {
			return ErrDrained
		}
	}
	return c.SetReadDeadline(time.Now().Add(drainQuiet))
}

// InterruptRead ends a Read that waits, and all later ones, with ErrInterrupted.
func (c *Conn) InterruptRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readStopped.Store(true)
	c.SetReadDeadline(longAgo)
}

// InterruptWrite ends a write that waits, and all later ones, with ErrInterrupted. What the kernel took is still sent.
func (c *Conn) InterruptWrite() { c.socket.interruptWrite() }
