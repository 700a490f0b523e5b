package explain

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"wsbridge/tcp"
)

// Tap is a connection whose calls can be watched. While nobody does, a call costs one atomic load more. It embeds the
// interface, so that no method of a *net.TCPConn leads around it.
type Tap struct {
	net.Conn
	raw      net.Conn // what the kernel knows: Conn, or the socket below TLS and a PROXY header
	practice bool     // the practice server's end of connection B
	leave    func()   // called once it is closed; nil: nothing to call
	accepted time.Time
	line     atomic.Pointer[line] // nil: nobody listens
}

// TapClient wraps a connection that was accepted from a client. What it reads is kept in memory until Attach or
// Ignore says what becomes of it, or an answer is written. Where conn has a ConnectionState, as one with TLS has, so
// has what is returned: by that net/http knows that a request came over TLS.
func TapClient(conn net.Conn) net.Conn {
	t := &Tap{Conn: conn, raw: bottom(conn), accepted: time.Now()}
	secure := stater(conn)
	t.line.Store(&line{stream: A, tls: secure != nil})
	if secure != nil {
		return &secureTap{t, secure}
	}
	return t
}

// secureTap is a Tap above TLS.
type secureTap struct {
	*Tap
	secure connectionStater
}

type connectionStater interface{ ConnectionState() tls.ConnectionState }

func (t *secureTap) ConnectionState() tls.ConnectionState { return t.secure.ConnectionState() }

// stater is the TLS in what conn wraps; nil if there is none.
func stater(conn net.Conn) connectionStater {
	for ; conn != nil; conn = tcp.Below(conn) {
		if s, ok := conn.(connectionStater); ok {
			return s
		}
	}
	return nil
}

// bottom is what conn, and what it wraps, stands on.
func bottom(conn net.Conn) net.Conn {
	for below := tcp.Below(conn); below != nil; below = tcp.Below(conn) {
		conn = below
	}
	return conn
}

func (t *Tap) self() *Tap { return t }

type tapKey struct{}

// WithTap is for http.Server.ConnContext: TapOf finds conn again, if it is of TapClient.
func WithTap(ctx context.Context, conn net.Conn) context.Context {
	if t, ok := conn.(interface{ self() *Tap }); ok {
		return context.WithValue(ctx, tapKey{}, t.self())
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

// Unwatched is the connection below conn if conn is a Tap that was ignored, or else conn. What is no Tap may be read in
// ways that a Tap cannot see through.
func Unwatched(conn net.Conn) net.Conn {
	if t, ok := conn.(*Tap); ok && t.line.Load() == nil && t.leave == nil {
		return t.Conn
	}
	return conn
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
		return t.writeBuffers(v)
	}
	size := 0
	for _, p := range *v {
		size += len(p)
	}
	told := l.willWrite(t, *v...)
	n, err := t.writeBuffers(v)
	l.didWrite(t, told, size, int(n), err)
	return n, err
}

// writeBuffers lets a connection that can put all of v into one TLS record do so.
func (t *Tap) writeBuffers(v *net.Buffers) (int64, error) {
	if w, ok := t.Conn.(interface {
		WriteBuffers(*net.Buffers) (int64, error)
	}); ok {
		return w.WriteBuffers(v)
	}
	return v.WriteTo(t.Conn)
}

// NetConn is the connection that is watched.
func (t *Tap) NetConn() net.Conn { return t.Conn }

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
