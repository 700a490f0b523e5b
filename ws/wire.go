package ws

import (
	"io"
	"net"
)

// wire is all that the library has of the connection: bytes that have come and that it is lent, and nothing to write
// to. It embeds the interface, so that no method of a *net.TCPConn leads around it.
type wire struct {
	net.Conn
	in   []byte // what has come and was not consumed
	lent int    // how many of these bytes the library may have
}

// maxTail is what has to be kept of a frame while more of it comes: all of a control frame but its last byte.
const maxTail = maxClientHeader + maxControlPayload - 1

// fill waits for more than is in c.wire.in, which is at most maxTail bytes long.
func (c *Conn) fill() error {
	in, err := c.stream.NextBehind(c.wire.in)
	if err != nil {
		return err
	}
	c.wire.in = in
	return nil
}

// Read gives the library what it was lent. Where it reads payload to the place where that lies, nothing is copied.
func (w *wire) Read(p []byte) (int, error) {
	n := min(len(p), w.lent)
	if n == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if &p[0] != &w.in[0] {
		copy(p, w.in[:n])
	}
	w.discard(n)
	w.lent -= n
	return n, nil
}

func (w *wire) discard(n int) { w.in = w.in[n:] }

// Write drops the Close frames that the library sends on its own judgement.
func (w *wire) Write(p []byte) (int, error) { return len(p), nil }

// Close does nothing: when TCP ends is for the owner of the stream.
func (w *wire) Close() error { return nil }
