package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// client is a connection through a relay to the target. It sends frames that were made before, and compares what comes
// back, so that the client is not what a measurement measures.
type client struct {
	conn net.Conn
	ws   bool // speaks WebSocket; else the same bytes go without frames

	frames  frames
	inside  bool // half a frame has been sent: no Pong now
	closed  bool // a Close frame has come
	reply   reply
	timeout time.Duration // for an answer; 0: patience
}

// patience is how long an answer may take altogether. Nothing is measured by it: it ends a run in which bytes were lost.
const patience = 3 * time.Minute

// reply is what the target is to answer: so many bytes of the stream and a verdict.
type reply struct {
	request request
	down    int64 // bytes of the stream
	pos     int64 // of them, bytes that have come
	verdict [verdictSize]byte
	n       int // bytes of verdict that have come
}

func (r *reply) complete() bool { return r.pos == r.down && r.n == verdictSize }

// take compares p with what should come.
func (r *reply) take(p []byte) error {
	data := p[:min(int64(len(p)), r.down-r.pos)]
	if i := difference(data, r.pos); i >= 0 {
		return fmt.Errorf("corrupt: byte %d that reached the client is not the one sent", r.pos+int64(i))
	}
	r.pos += int64(len(data))
	n := copy(r.verdict[r.n:], p[len(data):])
	r.n += n
	if extra := len(p) - len(data) - n; extra > 0 {
		return fmt.Errorf("corrupt: %d bytes reached the client that nobody sent, behind %d", extra, r.down)
	}
	if r.n == verdictSize {
		return judge(r.verdict[:], r.request.up)
	}
	return nil
}

// dial connects to a relay, with the opening handshake if ws.
func dial(ctx context.Context, addr string, ws bool) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, ws: ws}
	if ws {
		if err := c.handshake(addr); err != nil {
			conn.Close()
			return nil, fmt.Errorf("opening handshake: %w", err)
		}
	}
	return c, nil
}

// The key of the example in RFC 6455 section 1.3, and the answer to it.
const (
	handshakeKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	handshakeAnswer = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

func (c *client) handshake(host string) error {
	c.conn.SetDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c.conn, "GET / HTTP/1.1\r\nHost: "+host+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\nSec-WebSocket-Key: "+handshakeKey+"\r\n\r\n")
	if err != nil {
		return err
	}
	var answer []byte
	buf := make([]byte, 1024)
	for {
		n, err := c.conn.Read(buf)
		answer = append(answer, buf[:n]...)
		if head, rest, ok := bytes.Cut(answer, []byte("\r\n\r\n")); ok {
			if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(handshakeAnswer)) {
				return fmt.Errorf("refused: %.200q", head)
			}
			return c.feed(rest)
		}
		if err != nil {
			return err
		}
	}
}

// feed takes bytes from the relay as they came.
func (c *client) feed(p []byte) error {
	if !c.ws {
		return c.reply.take(p)
	}
	for len(p) > 0 {
		rest, data, control, err := c.frames.next(p)
		if err != nil {
			return err
		}
		if len(data) > 0 {
			err = c.reply.take(data)
		}
		switch {
		case control == opPing && !c.inside: // else the next will do
			err = c.write(appendFrame(nil, opPong, c.frames.control))
		case control == opClose:
			c.closed = true
		}
		if err != nil {
			return err
		}
		p = rest
	}
	return nil
}

// write sends whole frames (trickle alone sends half a one). Pongs go between them: a net.Conn does not mix two writes.
func (c *client) write(p []byte) error {
	_, err := c.conn.Write(p)
	return err
}

// begin sends a request, and more in the same message, and expects its answer from here on.
func (c *client) begin(r request, more ...byte) error {
	timeout := c.timeout
	if timeout == 0 {
		timeout = patience
	}
	c.conn.SetDeadline(time.Now().Add(timeout))
	c.reply = reply{request: r, down: r.down}
	if r.mode == modeEcho {
		c.reply.down = r.up
	}
	p := append(r.append(make([]byte, 0, 64)), more...)
	if c.ws {
		p = appendFrame(make([]byte, 0, 64), opBinary, p)
	}
	return c.write(p)
}

// receive reads until pos bytes of the stream have come, or, if pos is behind its end, the verdict too.
func (c *client) receive(buf []byte, pos int64) error {
	for c.reply.pos < pos && !c.reply.complete() {
		n, err := c.conn.Read(buf)
		if n > 0 {
			if err := c.feed(buf[:n]); err != nil {
				return err
			}
		}
		if c.reply.complete() {
			return nil
		}
		if err != nil || c.closed {
			return fmt.Errorf("ended after %d of %d bytes to the client: %w", c.reply.pos, c.reply.down, c.why(err))
		}
	}
	return nil
}

// why is the reason for an end too early.
func (c *client) why(err error) error {
	if b := c.frames.control; c.closed && len(b) >= 2 {
		return fmt.Errorf("the relay sent Close %d %q", int(b[0])<<8|int(b[1]), b[2:])
	}
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// all is behind the end of every reply.
const all = int64(1) << 62

// readers are buffers to read what comes in bulk.
var readers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// receiveAll reads the whole answer.
func (c *client) receiveAll() error {
	buf := readers.Get().(*[256 << 10]byte)
	defer readers.Put(buf)
	return c.receive(buf[:], all)
}
