package ws

// Echo answers each message with one message of the same type and the same bytes until Read would return an error,
// which it returns, or a write fails. A message longer than most bytes, or one that comes slowly, is answered in
// fragments as it comes (RFC 6455 section 5.4), so that a message of any size costs one buffer. took, if not nil, gets
// to know how many bytes were read, and may hold their answer back.
func (c *Conn) Echo(most int, took func(n int)) error {
	begun := false
	for {
		p, end, err := c.next(most, true)
		if err != nil {
			return err
		}
		c.touch(&c.received, len(p))
		if took != nil {
			took(len(p))
		}
		opcode := c.opcode
		if begun {
			opcode = opContinuation
		}
		begun = !end
		if err := c.echoFrame(end, opcode, p); err != nil {
			return err
		}
	}
}

func (c *Conn) echoFrame(fin bool, opcode byte, payload []byte) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if err := c.put(fin, opcode, payload, nil); err != nil {
		return err
	}
	c.touch(&c.sent, len(payload))
	return nil
}
