package page

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// idleProxy is what stands before many servers: it passes bytes on both ways over connections of its own, and ends
// those on which no byte has come from either side for a while. It does not know what the bytes mean.
type idleProxy struct {
	ln      net.Listener
	ctx     context.Context
	onward  func(context.Context) (net.Conn, error)
	limit   time.Duration
	idled   atomic.Int64 // connections ended because nothing came
	running sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns []net.Conn // nil after Close
}

// startProxy passes connections on to where onward leads, until ctx ends or Close.
func startProxy(ctx context.Context, onward func(context.Context) (net.Conn, error), limit time.Duration) (*idleProxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &idleProxy{ln: ln, ctx: ctx, onward: onward, limit: limit, conns: []net.Conn{}}
	p.running.Add(1)
	go p.accept()
	return p, nil
}

// Dial connects to the proxy.
func (p *idleProxy) Dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", p.ln.Addr().String())
}

// Close ends everything and waits for it.
func (p *idleProxy) Close() {
	p.ln.Close()
	p.mu.Lock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.running.Wait()
}

// hold has Close close conn too; false: it is closed already.
func (p *idleProxy) hold(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		conn.Close()
		return false
	}
	p.conns = append(p.conns, conn)
	return true
}

func (p *idleProxy) accept() {
	defer p.running.Done()
	for {
		conn, err := p.ln.Accept()
		if err != nil || !p.hold(conn) {
			return
		}
		p.running.Add(1)
		go p.serve(conn)
	}
}

func (p *idleProxy) serve(client net.Conn) {
	defer p.running.Done()
	defer client.Close()
	server, err := p.onward(p.ctx)
	if err != nil || !p.hold(server) {
		return
	}
	defer server.Close()
	l := &proxied{limit: p.limit}
	l.last.Store(time.Now().UnixNano())
	var pumps sync.WaitGroup
	pumps.Go(func() { l.pump(server, client) })
	pumps.Go(func() { l.pump(client, server) })
	pumps.Wait()
	if l.idle.Load() {
		p.idled.Add(1)
	}
}

// proxied is a connection that is passed on.
type proxied struct {
	limit time.Duration
	last  atomic.Int64 // when a byte came from either side, in nanoseconds since 1970
	idle  atomic.Bool  // that was too long ago
}

// pump passes bytes on until src ends, which it passes on too, or neither side has sent anything for the limit.
func (l *proxied) pump(dst, src net.Conn) {
	buf := make([]byte, 4<<10)
	for {
		src.SetReadDeadline(time.Unix(0, l.last.Load()).Add(l.limit))
		n, err := src.Read(buf)
		if n > 0 {
			l.last.Store(time.Now().UnixNano())
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && !l.tooLong():
		case errors.Is(err, os.ErrDeadlineExceeded):
			l.idle.Store(true)
			return
		default:
			if half, ok := dst.(interface{ CloseWrite() error }); ok && err == io.EOF {
				half.CloseWrite()
			}
			return
		}
	}
}

func (l *proxied) tooLong() bool {
	return time.Since(time.Unix(0, l.last.Load())) >= l.limit
}
