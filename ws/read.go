package ws

import (
	"errors"
	"io"
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
		m, end, err := c.next(p[n:], n == 0)
		n += m
		if err != nil && n == 0 {
			return 0, err
		}
		if m == 0 && !end {
			break
		}
	}
	return n, nil
}

// next reads from at most one message; end reports that the message is over. Without block it returns 0, false
// rather than wait.
func (c *Conn) next(p []byte, block bool) (n int, end bool, err error) {
	if c.readErr != nil {
		return 0, false, c.readErr
	}
	for c.left == 0 {
		if !block && !c.frameBuffered() {
			return 0, false, nil
		}
		end, err := c.nextFrame()
		if err != nil || end {
			return 0, end, c.failRead(err)
		}
	}
	if c.br.Buffered() <= c.skip {
		if !block {
			return 0, false, nil
		}
		if _, err := c.br.Peek(c.skip + 1); err != nil {
			return 0, false, c.failRead(err)
		}
	}
	n, err = c.payload(p)
	if err != nil {
		return 0, false, c.failRead(err)
	}
	c.touch(&c.received, n)
	return n, c.endMessage(), nil
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
	b, _ := c.br.Peek(c.br.Buffered())
	h, ok := parseHeader(b)
	if ok && h.isControl() && h.length <= maxControlPayload {
		return len(b) >= h.size+int(h.length)
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
	for want := 2; ; {
		if _, err := c.br.Peek(want); err != nil {
			return header{}, err
		}
		b, _ := c.br.Peek(c.br.Buffered())
		h, ok := parseHeader(b)
		if ok {
			return h, nil
		}
		want = len(b) + 1
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
		_, message, err := c.lib.Reader(background)
		if err != nil {
			return unexpected(err)
		}
		c.message = message
	case h.length == 0 && !h.fin:
		c.br.Discard(h.size)
	case h.length == 0:
		if _, err := c.message.Read(c.control[:1]); err != io.EOF {
			return unexpected(err)
		}
	default:
		c.skip = h.size
	}
	return nil
}

// payload reads what is buffered of the frame under way, at least one byte. The library fills what it is given to the
// last byte before it returns, and leaves bytes masked when it cannot, so it is asked for no more than is here.
func (c *Conn) payload(p []byte) (int, error) {
	n := min(c.left, int64(len(p)), int64(c.br.Buffered()-c.skip))
	p = p[:n]
	if m, err := c.message.Read(p); err != nil || m != len(p) {
		return 0, unexpected(err)
	}
	c.left -= n
	c.skip = 0
	if c.opcode == opText {
		last := c.left == 0 && c.frame.fin
		if !c.text.add(p) || last && !c.text.complete() {
			return 0, errNotUTF8
		}
	}
	return len(p), nil
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
