package ws

import (
	"errors"
	"io"
	"math"
	"unicode/utf8"
)

// Read returns the payload of the client's messages, text and binary alike, as one stream. It blocks until at
// least one byte is there and never waits for more: what has come of a slow frame is returned at once, and
// several small messages that have come are returned together.
//
// io.EOF means that the client sent a Close frame (PeerClose has it), io.ErrUnexpectedEOF that its TCP connection
// ended without one, *Violation that it broke the protocol: what was legal before is returned first, and of the
// offending frame nothing that Read had not returned before. Other errors are the stream's.
func (c *Conn) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		part, end, err := c.next(len(p)-n, n == 0)
		if err != nil && n == 0 {
			return 0, err
		}
		if len(part) == 0 && !end {
			break
		}
		n += copy(p[n:], part)
	}
	c.touch(&c.received, n)
	return n, nil
}

// worthMoving is the most payload, in bytes, that is moved in memory to be written together with what came before it;
// a write costs about as much.
const worthMoving = 16 << 10

// Next is Read without a buffer: it returns payload where it lies in the stream's, valid until the next call, and
// never both bytes and an error. Small messages are moved together.
func (c *Conn) Next() ([]byte, error) {
	var p []byte
	for most := math.MaxInt; ; most = worthMoving {
		part, end, err := c.next(most, len(p) == 0)
		switch {
		case err != nil && len(p) == 0:
			return nil, err
		case len(part) == 0 && !end:
			c.touch(&c.received, len(p))
			return p, nil
		case len(p) == 0:
			p = part
		default:
			p = append(p, part...) // to the left, over headers
		}
	}
}

// next returns payload of at most one frame and at most most bytes; end reports that its message is over. Without
// block it returns nothing rather than wait, or return less than is there.
func (c *Conn) next(most int, block bool) (p []byte, end bool, err error) {
	if c.readErr != nil {
		return nil, false, c.readErr
	}
	for c.left == 0 {
		if !block && !c.frameBuffered() {
			return nil, false, nil
		}
		end, err := c.nextFrame()
		if err != nil || end {
			return nil, end, c.failRead(err)
		}
	}
	for len(c.wire.in) <= c.skip {
		if !block {
			return nil, false, nil
		}
		if err := c.fill(); err != nil {
			return nil, false, c.failRead(err)
		}
	}
	n := int(min(c.left, int64(len(c.wire.in)-c.skip)))
	if n > most && !block {
		return nil, false, nil
	}
	p, err = c.payload(min(n, most))
	if err != nil {
		return nil, false, c.failRead(err)
	}
	return p, c.endMessage(), nil
}

// failRead makes err stay. The end of the TCP connection is unexpected wherever it comes: a WebSocket
// connection ends with Close frames (RFC 6455 section 7.1.4).
func (c *Conn) failRead(err error) error {
	if errors.Is(err, io.EOF) && c.close == nil {
		err = io.ErrUnexpectedEOF
	}
	c.readErr = err
	return err
}

// frameBuffered reports whether nextFrame would not have to wait.
func (c *Conn) frameBuffered() bool {
	h, ok := parseHeader(c.wire.in)
	if ok && h.isControl() && h.length <= maxControlPayload {
		return len(c.wire.in) >= h.size+int(h.length)
	}
	return ok
}

// nextFrame waits for a frame and begins it if it carries data, or deals with it if it is a control frame.
// end reports that it was empty and the last of its message.
func (c *Conn) nextFrame() (end bool, err error) {
	h, err := c.peekHeader()
	if err != nil {
		return false, err
	}
	if reason := h.violation(c.message != nil); reason != "" {
		return false, &Violation{ProtocolError, reason}
	}
	if h.isControl() {
		return false, c.handleControl(h)
	}
	if h.opcode != opContinuation {
		c.size = 0
	}
	if c.size += h.length; c.options.MaxMessage > 0 && (c.size > c.options.MaxMessage || c.size < 0) {
		return false, &Violation{MessageTooBig, "message over the limit"}
	}
	if err := c.beginFrame(h); err != nil {
		return false, err
	}
	if c.left == 0 && h.fin && !c.text.complete() {
		return false, errNotUTF8
	}
	return c.endMessage(), nil
}

func (c *Conn) peekHeader() (header, error) {
	for {
		if h, ok := parseHeader(c.wire.in); ok {
			return h, nil
		}
		if err := c.fill(); err != nil {
			return header{}, err
		}
	}
}

// beginFrame lets the library begin a message, or leaves the header of a continuation to it for the first
// payload read. It would go on to the next header after an empty continuation that is not the last, and wait there.
func (c *Conn) beginFrame(h header) error {
	c.frame, c.left, c.skip = h, h.length, 0
	switch {
	case h.opcode != opContinuation:
		c.opcode = h.opcode
		c.text = utf8Checker{}
		c.lastText.Store(h.opcode == opText)
		c.wire.lent = h.size
		_, message, err := c.lib.Reader(background)
		if err != nil {
			return unexpected(err)
		}
		c.message = message
	case h.length == 0 && !h.fin:
		c.wire.discard(h.size)
	case h.length == 0:
		c.wire.lent = h.size
		if _, err := c.message.Read(c.wire.in[:1]); err != io.EOF {
			return unexpected(err)
		}
	default:
		c.skip = h.size
	}
	return nil
}

// smallPayload is the most bytes of a whole message that is unmasked here. The library, which has seen its header, looks
// for nothing more of it, and its locks cost more than the work: 0.40 µs for a message of 64 bytes with them, 0.28 without.
const smallPayload = 1 << 10

// payload has the library unmask n bytes of the frame under way, which have come, where they lie. It fills what it is
// given to the last byte before it returns, and leaves bytes masked when it cannot.
func (c *Conn) payload(n int) ([]byte, error) {
	p := c.wire.in[c.skip : c.skip+n]
	if n <= smallPayload && c.frame.isMessage() && int64(n) == c.frame.length {
		c.wire.discard(n)
		unmask(p, c.frame.key)
	} else {
		c.wire.lent = c.skip + n
		if m, err := c.message.Read(p); err != nil || m != n {
			return nil, unexpected(err)
		}
	}
	c.left -= int64(n)
	c.skip = 0
	if c.opcode == opText {
		last := c.left == 0 && c.frame.fin
		if !c.text.add(p) || last && !c.text.complete() {
			return nil, errNotUTF8
		}
	}
	return p, nil
}

// endMessage reports whether the message under way is over, and ends it if so.
func (c *Conn) endMessage() bool {
	if c.left > 0 || !c.frame.fin {
		return false
	}
	c.message = nil
	return true
}

// unexpected is for an error of the library about a frame that passed our own look at its header.
func unexpected(error) error { return &Violation{ProtocolError, "malformed frame"} }

var errNotUTF8 = &Violation{InvalidPayload, "text is not UTF-8"}

// utf8Checker checks text that comes in pieces (RFC 6455 section 8.1). The zero value is ready.
type utf8Checker struct {
	begun [utf8.UTFMax]byte // of a character whose rest has not come
	n     int
}

// add reports whether everything so far can be the beginning of UTF-8.
func (u *utf8Checker) add(p []byte) bool {
	for u.n > 0 && len(p) > 0 {
		u.begun[u.n] = p[0]
		u.n++
		p = p[1:]
		if utf8.FullRune(u.begun[:u.n]) {
			if !utf8.Valid(u.begun[:u.n]) {
				return false
			}
			u.n = 0
		}
	}
	cut := len(p) - begunCharacter(p)
	u.n += copy(u.begun[u.n:], p[cut:])
	return utf8.Valid(p[:cut])
}

// complete reports whether no character is left unfinished.
func (u *utf8Checker) complete() bool { return u.n == 0 }

// begunCharacter is how many bytes at the end of p begin a character without finishing it: 0 to 3.
func begunCharacter(p []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if b := p[len(p)-i]; utf8.RuneStart(b) {
			if utf8.FullRune(p[len(p)-i:]) {
				return 0
			}
			return i
		}
	}
	return 0
}
