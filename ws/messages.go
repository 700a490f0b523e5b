package ws

import (
	"time"
	"unicode/utf8"
)

// Messages is the type of the messages a client gets. TCP has no types, so somebody has to choose.
type Messages string

// The types of messages.
const (
	// Binary sends bytes as they are. The empty string means the same.
	Binary Messages = "binary"
	// Text sends UTF-8. A character is never cut: its first bytes wait for the rest, however long that takes.
	// A byte that is no UTF-8 becomes U+FFFD and is counted.
	Text Messages = "text"
	// Mirror sends what the client last sent: text or binary, binary before its first message, and binary for
	// what is not UTF-8. The first bytes of a character wait for the rest, but only shortly.
	Mirror Messages = "mirror"
)

// mirrorWait is how long Mirror waits for the rest of a character before it sends what it has as binary.
const mirrorWait = 100 * time.Millisecond

const scratchSize = 16 << 10 // bytes

// putSome sends the beginning of p, of n bytes, with what was held back; the caller holds writeMu.
func (c *Conn) putSome(p []byte) (n int, err error) {
	switch {
	case c.asText() || len(c.hold) > 0:
		n = min(len(p), maxMessage-utf8.UTFMax) // with room for what is held
		return n, c.putMessage(p[:n])
	case c.slow:
		n = min(len(p), maxMessage)
	default:
		n = min(len(p), together*maxMessage)
	}
	return n, c.putBinary(p[:n])
}

// asText reports whether what is text goes out as such.
func (c *Conn) asText() bool {
	return c.options.Messages == Text || c.options.Messages == Mirror && c.lastText.Load()
}

// putMessage sends p with what was held back as one message, or as a few when replacing bytes makes it longer.
func (c *Conn) putMessage(p []byte) error {
	switch {
	case !c.asText():
		return c.putData(opBinary, c.takeHold(), p)
	case c.options.Messages == Mirror:
		return c.putMirrored(p)
	}
	first, body := c.cut(p)
	if utf8.Valid(first) && utf8.Valid(body) {
		return c.putData(opText, first, body)
	}
	return c.putReplaced(first, body)
}

func (c *Conn) putMirrored(p []byte) error {
	held := len(c.hold)
	first, body := c.cut(p)
	if !utf8.Valid(first) || !utf8.Valid(body) {
		completed := max(len(first)-held, 0)
		c.hold = nil
		return c.putData(opBinary, first, p[completed:])
	}
	if len(c.hold) > 0 {
		c.heldSince = time.Now().UnixNano()
		time.AfterFunc(mirrorWait, c.flushHold)
	}
	return c.putData(opText, first, body)
}

func (c *Conn) putData(opcode byte, first, body []byte) error {
	if len(first)+len(body) == 0 {
		return nil
	}
	return c.put(true, opcode, first, body)
}

// cut returns the held character completed from p, and the rest of p up to the last whole character. What is left
// over is held. Everything held and not yet completed stays held.
func (c *Conn) cut(p []byte) (first, body []byte) {
	if len(c.hold) > 0 {
		for !utf8.FullRune(c.hold) {
			if len(p) == 0 {
				return nil, nil
			}
			longer := append(c.hold, p[0])
			if utf8.FullRune(longer) && !utf8.Valid(longer) {
				break // what is held will never be a character; p may still begin with one
			}
			c.hold, p = longer, p[1:]
		}
		first = append([]byte(nil), c.takeHold()...)
	}
	end := len(p) - begunCharacter(p)
	c.hold = append(c.holdBuf[:0], p[end:]...)
	return first, p[:end]
}

func (c *Conn) takeHold() []byte {
	held := c.hold
	c.hold = nil
	return held
}

// putReplaced sends both parts as text with U+FFFD for each byte that is no UTF-8.
func (c *Conn) putReplaced(parts ...[]byte) error {
	if c.scratch == nil {
		c.scratch = make([]byte, 0, scratchSize)
	}
	out := c.scratch[:0]
	for _, p := range parts {
		for len(p) > 0 {
			r, size := utf8.DecodeRune(p)
			if r == utf8.RuneError && size == 1 {
				c.replaced.Add(1)
			}
			out = utf8.AppendRune(out, r)
			p = p[size:]
			if len(out) > scratchSize-utf8.UTFMax {
				if err := c.putData(opText, out, nil); err != nil {
					return err
				}
				out = out[:0]
			}
		}
	}
	return c.putData(opText, out, nil)
}

// flushHold asks for the release of bytes that Mirror has held long enough.
func (c *Conn) flushHold() { c.deliver(func(m *mailbox) { m.flushDue = true }) }

// releaseOldHold leaves bytes alone that a later Write has held since the timer was set: they have their own.
func (c *Conn) releaseOldHold() {
	if time.Now().UnixNano()-c.heldSince >= int64(mirrorWait) {
		c.releaseHold() // an error stays, and the next write meets it
	}
}

// releaseHold sends the bytes of a character that will not be finished any more; the caller holds writeMu.
func (c *Conn) releaseHold() error {
	if c.options.Messages == Text {
		return c.putReplaced(c.takeHold())
	}
	return c.putData(opBinary, c.takeHold(), nil)
}
