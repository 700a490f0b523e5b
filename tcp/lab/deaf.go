package lab

import (
	"io"
	"net"
	"sync"
)

// A deafListener is an address where no connection is ever accepted.
type deafListener struct {
	addr   net.Addr
	hold   io.Closer     // what keeps the address as it is
	closed chan struct{} // closed by Close; nothing is sent
	once   sync.Once
	err    error // of closing hold
}

func newDeafListener(addr net.Addr, hold io.Closer) *deafListener {
	return &deafListener{addr: addr, hold: hold, closed: make(chan struct{})}
}

// Accept waits for Close.
func (l *deafListener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, net.ErrClosed
}

func (l *deafListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.err = l.hold.Close()
	})
	return l.err
}

func (l *deafListener) Addr() net.Addr { return l.addr }
