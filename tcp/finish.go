package tcp

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// CloseWrite sends FIN behind everything written (RFC 9293 section 3.6), after a close_notify if there is TLS
// (RFC 8446 section 6.1). The peer can still send. Only the first call does anything.
func (c *Conn) CloseWrite() error {
	if secured, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.Conn != net.Conn(c.socket) {
		secured.CloseWrite() // when it fails the FIN says the rest
	}
	return c.socket.CloseWrite()
}

// Finish ends the connection without losing what was written: FIN, then read and drop until the peer's FIN,
// because closing with unread bytes would send a RST. It blocks for linger when the peer sends no FIN, and longer
// while the peer is still taking what was written, and a linger after that: bytes that arrive for a closed socket
// would make the kernel throw its send queue away. A peer that takes nothing for the write timeout ends it. The
// caller has no Read or Write under way, and is done with what Next returned.
func (c *Conn) Finish(linger time.Duration) {
	defer c.Close()
	c.releaseBuffer()
	if err := c.CloseWrite(); err != nil {
		return
	}
	from := c.Conn // whoever watches sees what is dropped too
	before, _ := c.Unacked()
	progress := time.Now()
	for {
		c.socket.SetReadDeadline(time.Now().Add(linger))
		_, err := io.Copy(io.Discard, from)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case from != net.Conn(c.socket):
			from = c.socket // TLS has ended, or broken; FIN is still to come
			continue
		default:
			return
		}
		left, known := c.Unacked()
		if !known || left == 0 && before == 0 {
			return // nothing is on its way, and has not been for a linger
		}
		if left != before {
			before, progress = left, time.Now()
		}
		if c.socket.timeout > 0 && time.Since(progress) >= c.socket.timeout {
			return
		}
	}
}

// Close gives both directions up at once. It never waits, not even for TLS.
func (c *Conn) Close() error { return c.socket.Conn.Close() }

// Unacked is how many written bytes the peer's kernel has not acknowledged yet (SIOCOUTQ); known is false
// where the system does not tell.
func (c *Conn) Unacked() (n int, known bool) { return sendQueue(c.socket.Conn) }

// unread is how many bytes wait in the kernel for Read (SIOCINQ).
func (c *Conn) unread() (n int, known bool) { return receiveQueue(c.socket.Conn) }

var _ net.Conn = (*Conn)(nil)
