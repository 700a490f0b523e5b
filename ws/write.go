package ws

import "encoding/binary"

// Write sends p as one message, or a few, of the type that Options.Messages says. It blocks until the kernel has
// taken all of it. Bytes of an unfinished character may be held back for the next call (see Messages).
func (c *Conn) Write(p []byte) (int, error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if err := c.putMessage(p); err != nil {
		return 0, err
	}
	c.touch(&c.sent, len(p))
	return len(p), nil
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
	if c.closeSent {
		return ErrCloseSent
	}
	if c.writeErr != nil {
		return c.writeErr
	}
	c.parts = [3][]byte{appendHeader(c.head[:0], fin, opcode, len(a)+len(b)), a, b}
	c.buffers = c.parts[:]
	err := c.stream.WriteBuffers(&c.buffers)
	c.parts = [3][]byte{}
	if err != nil {
		c.writeErr = err
		close(c.broken)
	}
	return err
}
