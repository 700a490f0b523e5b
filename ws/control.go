package ws

import (
	"encoding/binary"
	"io"
	"sync"
	"unicode/utf8"
)

// handleControl waits for the whole frame, answers a ping and remembers a Close frame, for which it returns io.EOF.
// A pong needs nothing: that bytes came at all is the sign of life.
func (c *Conn) handleControl(h header) error {
	whole := h.size + int(h.length)
	for len(c.wire.in) < whole {
		if err := c.fill(); err != nil {
			return err
		}
	}
	payload := c.wire.in[h.size:whole]
	c.wire.discard(whole)
	unmask(payload, h.key)
	switch h.opcode {
	case opPing:
		c.deliver(func(m *mailbox) { m.pong, m.pongDue = append(m.pong[:0], payload...), true })
	case opClose:
		closed, err := parseClose(payload)
		if err != nil {
			return err
		}
		c.close = closed
		return io.EOF
	}
	return nil
}

// parseClose reads the payload of a Close frame (RFC 6455 section 5.5.1).
func parseClose(p []byte) (*CloseError, error) {
	if len(p) == 0 {
		return &CloseError{Code: NoStatus}, nil
	}
	if len(p) == 1 {
		return nil, &Violation{ProtocolError, "Close frame with half a code"}
	}
	code := StatusCode(binary.BigEndian.Uint16(p))
	if !mayBeSent(code) {
		return nil, &Violation{ProtocolError, "Close frame with a reserved code"}
	}
	if !utf8.Valid(p[2:]) {
		return nil, &Violation{InvalidPayload, "Close reason is not UTF-8"}
	}
	return &CloseError{Code: code, Reason: string(p[2:])}, nil
}

// mayBeSent reports whether a code may stand in a Close frame (RFC 6455 section 7.4, and the registry it founds).
func mayBeSent(code StatusCode) bool {
	switch code {
	case 1004, 1005, 1006:
		return false
	}
	return code >= 1000 && code <= 1014 || code >= 3000 && code <= 4999
}

// Ping queues a ping and returns at once.
func (c *Conn) Ping() { c.deliver(func(m *mailbox) { m.pingDue = true }) }

// mailbox holds the control frames that wait for a frame boundary. A goroutine delivers them, so that neither the
// reading goroutine nor a timer ever waits for a client that does not read. Of several pings
// that came meanwhile only the last is answered (RFC 6455 section 5.5.3).
type mailbox struct {
	mu       sync.Mutex
	pong     []byte
	pongDue  bool
	pingDue  bool
	flushDue bool
	busy     bool // deliverAll runs
	stopped  bool
	running  sync.WaitGroup
}

func (m *mailbox) stop() {
	m.mu.Lock()
	m.stopped = true
	m.mu.Unlock()
	m.running.Wait()
}

// deliver lets put add to the mailbox and sees to it that a goroutine empties it.
func (c *Conn) deliver(put func(*mailbox)) {
	m := &c.post
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	put(m)
	if !m.busy {
		m.busy = true
		m.running.Add(1)
		go c.deliverAll()
	}
}

func (c *Conn) deliverAll() {
	defer c.post.running.Done()
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	var payload [maxControlPayload]byte
	for {
		opcode, n, ok := c.post.take(payload[:])
		if !ok {
			if c.writeErr != nil && c.broken != nil {
				go c.broken()
			}
			return
		}
		if opcode == opContinuation {
			c.releaseOldHold()
		} else {
			c.put(true, opcode, payload[:n], nil) // an error stays, and the next write meets it
		}
	}
}

// take returns the next thing to send: a pong, a ping, or opContinuation for held bytes.
func (m *mailbox) take(payload []byte) (opcode byte, n int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.pongDue:
		m.pongDue = false
		return opPong, copy(payload, m.pong), true
	case m.pingDue:
		m.pingDue = false
		return opPing, 0, true
	case m.flushDue:
		m.flushDue = false
		return opContinuation, 0, true
	}
	m.busy = false
	return 0, 0, false
}
