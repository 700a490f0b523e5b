package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// Dialer connects to targets.
type Dialer struct {
	DialTimeout  time.Duration // name lookup, connect and TLS handshake together; 0: the operating system's
	WriteTimeout time.Duration // becomes the Conn's
	Preface      []byte        // written before everything else, before TLS too: a PROXY header. Nothing counts it

	// Wrap, if not nil, gets to see the bytes: what carries them (TLS, or else the socket) and the socket itself. It
	// returns what is read and written instead of conn.
	Wrap func(conn, socket net.Conn) net.Conn
}

// Dial connects to t and blocks until it has, ctx ends or DialTimeout is over. The caller closes the Conn.
// Errors are *DialError.
func (d Dialer) Dial(ctx context.Context, t Target) (*Conn, error) {
	if d.DialTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.DialTimeout)
		defer cancel()
	}
	dialer := net.Dialer{KeepAliveConfig: KeepAlive}
	nc, err := dialer.DialContext(ctx, t.Network, t.Address)
	if err != nil {
		return nil, &DialError{Target: t, Reason: reasonOf(err), Err: err}
	}
	if err := d.begin(ctx, nc); err != nil {
		nc.Close()
		return nil, &DialError{Target: t, Reason: reasonOf(err), Err: err}
	}
	if t.TLS == nil {
		return NewConn(d.wrap(nc, nc), d.WriteTimeout), nil
	}
	conn := NewConn(nc, d.WriteTimeout)
	config := t.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(t.Address)
	}
	secured := tls.Client(conn.socket, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		reason := TLSFailed
		if isTimeout(err) || ctx.Err() != nil {
			reason = TimedOut
		}
		return nil, &DialError{Target: t, Reason: reason, Err: err}
	}
	conn.Conn = d.wrap(secured, nc)
	return conn, nil
}

// begin writes the preface, until ctx ends.
func (d Dialer) begin(ctx context.Context, nc net.Conn) error {
	if len(d.Preface) == 0 {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { nc.SetWriteDeadline(longAgo) })
	_, err := nc.Write(d.Preface)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	return err
}

func (d Dialer) wrap(conn, socket net.Conn) net.Conn {
	if d.Wrap == nil {
		return conn
	}
	return d.Wrap(conn, socket)
}

// Reason says in words fit for a Close frame why a target could not be dialled.
type Reason string

// Why a dial failed.
const (
	Refused          Reason = "target refused the connection"
	NotFound         Reason = "target not found"
	TimedOut         Reason = "target timed out"
	Unreachable      Reason = "target unreachable"
	TLSFailed        Reason = "target failed the TLS handshake"
	OutOfDescriptors Reason = "bridge is out of file descriptors"
	OtherDialFail    Reason = "target cannot be reached"
)

// DialError is why a target could not be dialled.
type DialError struct {
	Target Target
	Reason Reason
	Err    error
}

func (e *DialError) Error() string { return fmt.Sprintf("dial target %s: %v", e.Target, e.Err) }
func (e *DialError) Unwrap() error { return e.Err }

func reasonOf(err error) Reason {
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return OutOfDescriptors
	case isTimeout(err):
		return TimedOut
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrPermission):
		return Refused
	case errors.As(err, &dns), errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	}
	return OtherDialFail
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &timeout) && timeout.Timeout()
}
