package ws

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// maxMessage is the most bytes that Write sends as one message: clients that use the same library as we refuse more
// unless they are told otherwise.
const maxMessage = 32 << 10

// together is how many messages go into one system call. 16 of 32 KiB are a read of 512 KiB. It is one where a call takes
// longer than slowWrite, so that pings and pongs, which go between two calls, do not wait long for a slow client.
const (
	together  = 16
	slowWrite = 20 * time.Millisecond
)

// parcel is what one system call writes: for each frame its header and the two parts of its payload. Parcels come
// from a pool, because an idle connection needs none.
type parcel struct {
	heads   [together * maxServerHeader]byte
	parts   [together * 3][]byte
	buffers net.Buffers
}

var parcels = sync.Pool{New: newParcel}

func newParcel() any { return new(parcel) }

// Write sends p as one message, or as several of at most 32 KiB, of the type that Options.Messages says. It blocks
// until the kernel has taken all of it. Bytes of an unfinished character may be held back for the next call (see Messages).
func (c *Conn) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := c.writeSome(p[done:])
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// writeSome writes as much of p as one system call should, and returns how much that was.
func (c *Conn) writeSome(p []byte) (n int, err error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	began := time.Now()
	n, err = c.putSome(p)
	if err != nil {
		return 0, err
	}
	c.slow = time.Since(began) > slowWrite
	c.touch(&c.sent, n)
	return n, nil
}

// WriteClose sends a Close frame behind everything written, and behind bytes still held back; code 1005 sends one
// without a code. A second call does nothing: a client takes a second Close frame for an error. A reason over
// 123 bytes is cut, but not inside a character.
func (c *Conn) WriteClose(code StatusCode, reason string) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if c.closeSent {
		return nil
	}
	c.releaseHold()
	var payload []byte
	if code != NoStatus {
		payload = binary.BigEndian.AppendUint16(payload, uint16(code))
		r := []byte(reason[:min(len(reason), maxCloseReason)])
		payload = append(payload, r[:len(r)-begunCharacter(r)]...)
	}
	err := c.put(true, opClose, payload, nil)
	c.closeSent = true
	return err
}

// put writes one frame with the payload a and b; the caller holds writeMu.
func (c *Conn) put(fin bool, opcode byte, a, b []byte) error {
	l := parcels.Get().(*parcel)
	defer parcels.Put(l)
	return c.send(l, l.add(l.parts[:0], fin, opcode, a, b))
}

// putBinary writes at most together messages of at most maxMessage bytes; the caller holds writeMu.
func (c *Conn) putBinary(p []byte) error {
	l := parcels.Get().(*parcel)
	defer parcels.Put(l)
	v := l.parts[:0]
	for len(p) > 0 {
		n := min(len(p), maxMessage)
		v = l.add(v, true, opBinary, p[:n], nil)
		p = p[n:]
	}
	return c.send(l, v)
}

// add adds a frame to v, which is the beginning of l.parts.
func (l *parcel) add(v [][]byte, fin bool, opcode byte, a, b []byte) [][]byte {
	at := len(v) / 3 * maxServerHeader
	return append(v, appendHeader(l.heads[at:at], fin, opcode, len(a)+len(b)), a, b)
}

// send writes v.
func (c *Conn) send(l *parcel, v [][]byte) error {
	if c.closeSent {
		return ErrCloseSent
	}
	if c.writeErr != nil {
		return c.writeErr
	}
	l.buffers = v
	err := c.stream.WriteBuffers(&l.buffers)
	clear(v)
	if err != nil {
		c.writeErr = err
	}
	return err
}
