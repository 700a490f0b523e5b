package tcp

import (
	"context"
	"net"
	"sync"
)

// Loopback brings this process into its own server: each Dial makes a TCP connection over 127.0.0.1 whose other end
// comes out of Accept, and nobody else's connection ever does. NewLoopback makes one.
type Loopback struct {
	accepted chan net.Conn // without room: Dial waits until it is accepted
	closed   chan struct{}
	close    sync.Once
}

// NewLoopback returns a Loopback that is open until Close.
func NewLoopback() *Loopback {
	return &Loopback{accepted: make(chan net.Conn), closed: make(chan struct{})}
}

// OwnConn is the accepted end of a connection that this process made to itself.
type OwnConn struct{ *net.TCPConn }

// IsOwn reports whether nc, or what it wraps, was accepted from a Loopback.
func IsOwn(nc net.Conn) bool {
	for ; nc != nil; nc = Below(nc) {
		if _, ok := nc.(OwnConn); ok {
			return true
		}
	}
	return false
}

// Dial makes a connection and waits until its other end is accepted, ctx ends or the Loopback is closed. Whoever
// accepted it closes the other end.
func (l *Loopback) Dial(ctx context.Context) (net.Conn, error) {
	near, far, err := connectSelf(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case l.accepted <- OwnConn{far}:
		return near, nil
	case <-l.closed:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	near.Close()
	far.Close()
	return nil, err
}

// connectSelf makes both ends of one connection, through a listener that is there for it alone.
func connectSelf(ctx context.Context) (near, far *net.TCPConn, err error) {
	config := net.ListenConfig{KeepAliveConfig: KeepAlive}
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	dialer := net.Dialer{KeepAliveConfig: KeepAlive}
	conn, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	near = conn.(*net.TCPConn)
	if far, err = acceptFrom(ctx, listener.(*net.TCPListener), near.LocalAddr().String()); err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

// acceptFrom accepts the connection that address made, and closes those of others.
func acceptFrom(ctx context.Context, ln *net.TCPListener, address string) (*net.TCPConn, error) {
	stop := context.AfterFunc(ctx, func() { ln.SetDeadline(longAgo) })
	defer stop()
	for {
		c, err := ln.AcceptTCP()
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, err
		}
		if c.RemoteAddr().String() == address {
			return c, nil
		}
		c.Close()
	}
}

// Accept waits for the other end of a Dial.
func (l *Loopback) Accept() (net.Conn, error) {
	select {
	case c := <-l.accepted:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial, also those that wait. Connections go on.
func (l *Loopback) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

// Addr says where connections come from; there is no one port.
func (l *Loopback) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

var _ net.Listener = (*Loopback)(nil)
