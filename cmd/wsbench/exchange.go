package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// transfer sends up bytes as l has them and receives down, both at once, and the verdict.
func (c *client) transfer(l *load, up, down int64) error {
	return c.exchange(request{modeTransfer, up, down}, l)
}

// upload sends n bytes and waits until the target has them.
func (c *client) upload(l *load, n int64) error { return c.transfer(l, n, 0) }

// echo sends n bytes without waiting and receives them back.
func (c *client) echo(l *load, n int64) error { return c.exchange(request{modeEcho, n, 0}, l) }

func (c *client) exchange(r request, l *load) error {
	if err := c.begin(r); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go c.send(l, r.up, sent)
	err := c.receiveAll()
	if err != nil {
		c.conn.Close() // frees send
	}
	return errors.Join(err, unlessClosed(<-sent))
}

// unlessClosed drops the error that a connection closed by us gives.
func unlessClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// batch is how many bytes of small messages go in one write.
const batch = 64 << 10

// send writes n bytes of the stream as l has them: whole messages, one write for each or for a batch of small ones.
func (c *client) send(l *load, n int64, done chan<- error) {
	total, once := n/int64(l.size), int64(max(1, batch/l.size))
	for i := int64(0); i < total; {
		wire := l.messages(i, min(once, total-i))
		if err := c.write(wire); err != nil {
			done <- err
			return
		}
		i += int64(len(wire) / l.step)
	}
	done <- nil
}

// pingPong sends n messages, each when the answer to the one before has come, and gives took the times.
func (c *client) pingPong(l *load, n int64, took func(time.Duration)) error {
	if err := c.begin(request{modeEcho, n * int64(l.size), 0}); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	for i := range n {
		begun := time.Now()
		if err := c.write(l.messages(i, 1)); err != nil {
			return err
		}
		if err := c.receive(buf, (i+1)*int64(l.size)); err != nil {
			return err
		}
		took(time.Since(begun))
	}
	return c.receive(buf, all)
}

// bye ends the connection after the target has said that no byte too many has come.
func (c *client) bye() error {
	defer c.conn.Close()
	if err := c.begin(request{mode: modeBye}); err != nil {
		return err
	}
	buf := make([]byte, 64)
	if err := c.receive(buf, all); err != nil {
		return err
	}
	return c.end(buf)
}

// end says goodbye as the protocol wants it and reads what still comes, which must be no data.
func (c *client) end(buf []byte) error {
	defer c.conn.Close()
	var err error
	if c.ws {
		err = c.write(appendFrame(nil, opClose, []byte{1000 >> 8, 1000 & 0xff}))
	} else {
		err = c.conn.(*net.TCPConn).CloseWrite()
	}
	for err == nil {
		var n int
		n, err = c.conn.Read(buf)
		if bad := c.feed(buf[:n]); bad != nil {
			return bad
		}
	}
	if err == io.EOF {
		return nil
	}
	return fmt.Errorf("end of the connection: %w", err)
}

// trickleWait is after what silence nothing more is expected of half a frame.
const trickleWait = time.Second

// trickle sends the header and the first half of a message of 1 MiB to be echoed and waits for what comes back; then the rest. It
// returns how many bytes of the half had not come when nothing had for trickleWait.
func (c *client) trickle(l *load) (withheld int64, err error) {
	const half = period / 2
	if err := c.begin(request{mode: modeEcho, up: period}); err != nil {
		return 0, err
	}
	c.inside = true
	cut := l.step - half
	if err := c.write(l.wire[:cut]); err != nil {
		return 0, err
	}
	buf := make([]byte, 64<<10)
	for c.reply.pos < half {
		before := c.reply.pos
		c.conn.SetReadDeadline(time.Now().Add(trickleWait))
		err := c.receive(buf, before+1)
		if isTimeout(err) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	withheld = half - c.reply.pos
	c.conn.SetDeadline(time.Now().Add(patience))
	c.inside = false
	if err := c.write(l.wire[cut:]); err != nil {
		return 0, err
	}
	return withheld, c.receive(buf, all)
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
