package tcp

import (
	"io"
	"net"
	"os"
	"syscall"
)

// ownRead is how many bytes a read takes at most on a connection that has to hold its buffer while it waits: two TLS
// records.
const ownRead = 2 * record

// next is the state of Next. Only the reading goroutine touches it.
type next struct {
	raw   syscall.RawConn
	try   func(fd uintptr) bool // tryRead: made once, for no garbage
	buf   *buffer               // holds what the last call returned; nil: nothing
	full  bool                  // the last read filled its buffer
	tail  []byte                // kept while nothing else is
	n     int                   // what tryRead read
	errno error                 // or why not
	own   []byte                // the buffer where raw is nil
}

// Next is Read into a buffer that the Conn has: what it returns is valid until the next call of Next or NextBehind. It
// returns bytes or an error, never both.
//
// On a plain TCP connection that nobody watches, a Next that waits holds no buffer: pairs that do nothing have none.
func (c *Conn) Next() ([]byte, error) { return c.NextBehind(nil) }

// NextBehind is Next with tail in front of the bytes that came. tail is at most MaxTail bytes long; the buffer of the
// last call may hold it.
func (c *Conn) NextBehind(tail []byte) ([]byte, error) {
	if c.next.try == nil && c.next.own == nil {
		c.beginNext()
	}
	if c.next.raw == nil {
		return c.nextOwn(tail)
	}
	c.next.tail = append(c.next.tail[:0], tail...)
	c.releaseBuffer()
	n, err := c.read(c.readPooled)
	if n == 0 {
		c.releaseBuffer()
		return nil, err
	}
	from := MaxTail - len(tail)
	bytes := c.next.buf.bytes[from : MaxTail+n]
	copy(bytes, c.next.tail)
	return bytes, nil
}

// beginNext finds out whether the connection can wait without a buffer.
func (c *Conn) beginNext() {
	if c.Conn == net.Conn(c.socket) {
		if plain, ok := c.socket.Conn.(*net.TCPConn); ok && canRead {
			c.next.raw, _ = plain.SyscallConn()
			c.next.try = c.tryRead
		}
	}
	if c.next.raw == nil {
		c.next.own = make([]byte, MaxTail+ownRead)
	}
}

func (c *Conn) nextOwn(tail []byte) ([]byte, error) {
	own := c.next.own
	copy(own[MaxTail-len(tail):], tail)
	n, err := c.Read(own[MaxTail:])
	if n == 0 {
		return nil, err
	}
	return own[MaxTail-len(tail) : MaxTail+n], nil // a connection that failed fails again
}

func (c *Conn) releaseBuffer() {
	if c.next.buf != nil {
		c.next.buf.giveBack()
		c.next.buf = nil
	}
}

// readPooled is a read of the socket into a buffer from the pool, with the errors of package net.
func (c *Conn) readPooled() (int, error) {
	if err := c.next.raw.Read(c.next.try); err != nil {
		return 0, err
	}
	n, err := c.next.n, c.next.errno
	switch {
	case err != nil:
		plain := c.socket.Conn
		return 0, &net.OpError{Op: "read", Net: plain.LocalAddr().Network(), Source: plain.LocalAddr(), Addr: plain.RemoteAddr(), Err: os.NewSyscallError("read", err)}
	case n == 0:
		return 0, io.EOF
	}
	c.socket.read.Add(int64(n))
	return n, nil
}

// tryRead takes a buffer and reads; false if the socket has nothing, and then no buffer is held.
func (c *Conn) tryRead(fd uintptr) bool {
	buf := takeBuffer(c.next.full)
	n, err := readFD(int(fd), buf.bytes[MaxTail:])
	if err != nil || n == 0 {
		buf.giveBack()
		c.next.n, c.next.errno = 0, err
		return err != syscall.EAGAIN
	}
	c.next.buf, c.next.n, c.next.errno = buf, n, nil
	c.next.full = n >= smallRead
	return true
}
