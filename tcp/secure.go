package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// SecureListener accepts connections over which TLS is spoken, with c's certificates. Accept does not wait for a
// handshake: that happens at the first call of a connection that needs it, Read, Write or ConnectionState, and the
// connection is closed when it takes longer than handshakeTimeout (0: no limit).
func SecureListener(ln net.Listener, c *Certificates, handshakeTimeout time.Duration) net.Listener {
	return &secureListener{ln, &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: c.current}, handshakeTimeout}
}

type secureListener struct {
	net.Listener
	config  *tls.Config
	timeout time.Duration
}

func (ln *secureListener) Accept() (net.Conn, error) {
	nc, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: nc}
	return &secured{Conn: tls.Server(s, ln.config), socket: s, timeout: ln.timeout}, nil
}

// secured is an accepted connection over which TLS is spoken. The socket is below TLS, so that a write that waits may
// be looked at and go on: over TLS a write that timed out is final.
type secured struct {
	*tls.Conn
	socket  *socket
	timeout time.Duration // of the handshake

	once sync.Once // the handshake
	err  error     // how it ended

	head []byte // of WriteBuffers; only the writing goroutine's
}

func (c *secured) Read(p []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *secured) Write(p []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// record is how many bytes of plaintext a TLS record holds at most (RFC 8446 section 5.1).
const record = 16 << 10

// WriteBuffers writes all of v, and consumes it. What fits one record, as a header and a short payload do, goes into one
// write; TLS makes its first records on a connection shorter than the longest.
func (c *secured) WriteBuffers(v *net.Buffers) (n int64, err error) {
	c.head = c.head[:0]
	for len(*v) > 0 && len(c.head)+len((*v)[0]) <= record {
		c.head = append(c.head, (*v)[0]...)
		*v = (*v)[1:]
	}
	if len(c.head) > 0 {
		took, err := c.Write(c.head)
		if n += int64(took); err != nil {
			return n, err
		}
	}
	rest, err := v.WriteTo(c)
	return n + rest, err
}

// ConnectionState is what the handshake led to. It waits for it; after one that failed it says so with
// HandshakeComplete.
func (c *secured) ConnectionState() tls.ConnectionState {
	c.Handshake()
	return c.Conn.ConnectionState()
}

// NetConn is the connection below TLS.
func (c *secured) NetConn() net.Conn { return c.socket }

// SyscallConn reaches the TCP socket, on whose wire are TLS records.
func (c *secured) SyscallConn() (syscall.RawConn, error) { return c.socket.SyscallConn() }

// CloseWrite sends a close_notify (RFC 8446 section 6.1) and FIN.
func (c *secured) CloseWrite() error {
	c.Conn.CloseWrite() // when it fails the FIN says the rest
	return c.socket.CloseWrite()
}

// Handshake waits for the handshake, which the first call makes.
func (c *secured) Handshake() error {
	c.once.Do(c.shake)
	return c.err
}

func (c *secured) shake() {
	ctx := context.Background()
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	if c.err = c.Conn.HandshakeContext(ctx); c.err == nil {
		return
	}
	var header tls.RecordHeaderError
	switch notTLS := errors.As(c.err, &header); {
	case notTLS && header.Conn != nil && isHTTP(header.RecordHeader):
		c.socket.SetWriteDeadline(time.Now().Add(lastWords))
		io.WriteString(c.socket, plainAnswer)
	case notTLS:
		c.socket.Close()
		return
	}
	// The peer gets the answer, or the alert that says what was wrong.
	last := Conn{Conn: c.socket, socket: c.socket}
	c.socket.timeout = lastWords
	last.Finish(lastWords)
}

// lastWords is how long a client has for taking in why there is no connection for it.
const lastWords = 500 * time.Millisecond

const plainLine = "wsbridge: this port speaks TLS; use https:// or wss://\n"

const plainAnswer = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n" +
	"Content-Length: 55\r\nConnection: close\r\n\r\n" + plainLine

// isHTTP reports whether what should have been the header of a TLS record is the beginning of an HTTP request.
func isHTTP(header [5]byte) bool {
	switch string(header[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "DELET", "OPTIO", "PATCH", "CONNE", "TRACE":
		return true
	}
	return false
}
