package main

import (
	"bytes"
	"context"
	"errors"
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

	mu sync.Mutex // guards writes: a Pong may go between two messages, not into one

	frames  frames
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
		switch control {
		case opPing:
			err = c.write(appendFrame(nil, opPong, c.frames.control))
		case opClose:
			c.closed = true
		}
		if err != nil {
			return err
		}
		p = rest
	}
	return nil
}

func (c *client) write(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
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
		return fmt.Errorf("Close %d %q", int(b[0])<<8|int(b[1]), b[2:])
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

// transfer sends up bytes as l has them and receives down, both at once, and the verdict.
func (c *client) transfer(l *load, up, down int64) error {
	return c.exchange(request{modeTransfer, up, down}, l)
}

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
