package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// listenFull listens with the shortest queue there is for connections not accepted yet and fills it with one of its
// own: Linux drops a SYN that would need more room, so that who dials hears nothing until his own timeout.
func listenFull(ctx context.Context, address string) (net.Listener, error) {
	ln, err := listenPlain(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := shortenQueue(ln.(*net.TCPListener)); err != nil {
		ln.Close()
		return nil, err
	}
	dialer := net.Dialer{Timeout: time.Second}
	own, err := dialer.DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil {
		ln.Close()
		return nil, err
	}
	return newDeafListener(ln.Addr(), closers{ln, own}), nil
}

// shortenQueue calls listen() a second time, which changes only the length of the queue; 0 has room for one.
func shortenQueue(ln *net.TCPListener) error {
	raw, err := ln.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), 0) })
	return errors.Join(err, failed)
}

// closers closes all of them.
type closers []io.Closer

func (all closers) Close() error {
	var errs []error
	for _, c := range all {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
