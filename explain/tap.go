package explain

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Tap is a connection whose calls can be watched. While nobody does, a call costs one atomic load more. It embeds the
// interface, so that no method of a *net.TCPConn leads around it.
type Tap struct {
	net.Conn
	raw      net.Conn // what the kernel knows: Conn, or the socket below TLS
	practice bool     // the practice server's end of connection B
	leave    func()   // called once it is closed; nil: nothing to call
	accepted time.Time
	line     atomic.Pointer[line] // nil: nobody listens
}

// TapClient wraps a connection that was accepted from a client. What it reads is kept in memory until Attach or
// Ignore says what becomes of it, or an answer is written.
func TapClient(conn net.Conn) *Tap {
	t := &Tap{Conn: conn, raw: conn, accepted: time.Now()}
	t.line.Store(&line{stream: A})
	return t
}

type tapKey struct{}

// WithTap is for http.Server.ConnContext: TapOf finds conn again, if it is a Tap.
func WithTap(ctx context.Context, conn net.Conn) context.Context {
	if t, ok := conn.(*Tap); ok {
		return context.WithValue(ctx, tapKey{}, t)
	}
	return ctx
}

// TapOf is the tap of the connection that a request came on; nil where there is none.
func TapOf(ctx context.Context) *Tap {
	t, _ := ctx.Value(tapKey{}).(*Tap)
	return t
}

// Ignore forgets what was read and listens no more. A nil Tap may be ignored too.
func (t *Tap) Ignore() {
	if t != nil {
		t.line.Store(nil)
	}
}

func (t *Tap) Read(p []byte) (int, error) {
	l := t.line.Load()
	n, err := t.Conn.Read(p)
	if l != nil {
		l.didRead(t, p[:n], err)
	}
	return n, err
}

func (t *Tap) Write(p []byte) (int, error) {
	l := t.line.Load()
	if l == nil {
		return t.Conn.Write(p)
	}
	told := l.willWrite(t, p)
	n, err := t.Conn.Write(p)
	l.didWrite(t, told, len(p), n, err)
	return n, err
}

// WriteBuffers writes all of v in one system call where the connection can do that, and consumes it.
func (t *Tap) WriteBuffers(v *net.Buffers) (int64, error) {
	l := t.line.Load()
	if l == nil {
		return v.WriteTo(t.Conn)
	}
	size := 0
	for _, p := range *v {
		size += len(p)
	}
	told := l.willWrite(t, *v...)
	n, err := v.WriteTo(t.Conn)
	l.didWrite(t, told, size, int(n), err)
	return n, err
}

// CloseWrite sends FIN, if the connection can.
func (t *Tap) CloseWrite() error {
	half, ok := t.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	if l := t.line.Load(); l != nil {
		l.tellFIN()
	}
	return half.CloseWrite()
}

// SetLinger is for a practice server that resets its connections.
func (t *Tap) SetLinger(seconds int) error {
	c, ok := t.Conn.(interface{ SetLinger(int) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return c.SetLinger(seconds)
}

// SyscallConn reaches the socket, for what only the kernel knows.
func (t *Tap) SyscallConn() (syscall.RawConn, error) {
	c, ok := t.raw.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return c.SyscallConn()
}

func (t *Tap) Close() error {
	if l := t.line.Load(); l != nil {
		t.tellClose()
	}
	err := t.Conn.Close()
	if t.leave != nil {
		t.leave()
	}
	if l := t.line.Load(); l != nil {
		l.session.Load().closedWith(l)
	}
	return err
}

// tellClose tells once that the connection was given up, behind a last look at what the kernel knows.
func (t *Tap) tellClose() {
	l := t.line.Load()
	if l == nil || l.closed.Swap(true) {
		return
	}
	l.sampler.take(t, l, true)
	l.in.cut()
	l.tell(Event{Layer: Socket, Kind: Closed, Dir: Out}, &l.out)
}
