package tcp

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// ProxiedListener accepts connections of which some come through a proxy that says so. A peer for which trusted is true
// must begin with a PROXY header, version 1 or 2; the addresses in it become the connection's. From others no header is
// looked for. trusted is given an IPv4 address as such, also on a socket that serves IPv6 too.
//
// Accept does not wait for the header. The connection's first Read, Write, RemoteAddr or LocalAddr does, and the
// connection is closed when the header is not there within timeout (0: no limit). TLS comes behind the header, so
// SecureListener goes around this one.
func ProxiedListener(ln net.Listener, trusted func(netip.Addr) bool, timeout time.Duration) net.Listener {
	return &proxiedListener{ln, trusted, timeout}
}

type proxiedListener struct {
	net.Listener
	trusted func(netip.Addr) bool
	timeout time.Duration
}

func (ln *proxiedListener) Accept() (net.Conn, error) {
	nc, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	peer, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok || !ln.trusted(peer.AddrPort().Addr().Unmap().WithZone("")) {
		return nc, nil
	}
	return &proxied{Conn: nc, timeout: ln.timeout}, nil
}

// proxied is a connection that begins with a PROXY header.
type proxied struct {
	net.Conn
	timeout time.Duration

	once   sync.Once // reading the header
	header *ProxyHeader
	err    error // why there is none
}

func (c *proxied) Read(p []byte) (int, error) {
	if _, err := c.proxyHeader(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *proxied) Write(p []byte) (int, error) {
	if _, err := c.proxyHeader(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// WriteBuffers writes all of v in one system call, and consumes it.
func (c *proxied) WriteBuffers(v *net.Buffers) (int64, error) {
	if _, err := c.proxyHeader(); err != nil {
		return 0, err
	}
	return v.WriteTo(c.Conn)
}

// RemoteAddr is the client's address if the proxy told it, or else the proxy's.
func (c *proxied) RemoteAddr() net.Addr {
	if h, err := c.proxyHeader(); err == nil && h.Source != nil {
		return h.Source
	}
	return c.Conn.RemoteAddr()
}

// LocalAddr is the address that the client connected to if the proxy told it.
func (c *proxied) LocalAddr() net.Addr {
	if h, err := c.proxyHeader(); err == nil && h.Destination != nil {
		return h.Destination
	}
	return c.Conn.LocalAddr()
}

// NetConn is the connection with the proxy.
func (c *proxied) NetConn() net.Conn { return c.Conn }

// SyscallConn reaches the socket.
func (c *proxied) SyscallConn() (syscall.RawConn, error) {
	return c.Conn.(syscall.Conn).SyscallConn() // it has a TCPAddr
}

// CloseWrite sends FIN.
func (c *proxied) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// SetLinger is that of net.TCPConn.
func (c *proxied) SetLinger(seconds int) error {
	return c.Conn.(interface{ SetLinger(int) error }).SetLinger(seconds)
}

// proxyHeader waits for the header. A timer ends a peer that is too slow, because the read deadline is the owner's.
func (c *proxied) proxyHeader() (*ProxyHeader, error) {
	c.once.Do(func() {
		if c.timeout > 0 {
			late := time.AfterFunc(c.timeout, func() { c.Conn.Close() })
			defer late.Stop()
		}
		if c.header, c.err = readProxyHeader(c.Conn); c.err != nil {
			c.err = fmt.Errorf("PROXY header: %w", c.err)
			c.Conn.Close()
			return
		}
		c.header.Read = time.Now()
	})
	return c.header, c.err
}

// ProxyHeaderOf is the PROXY header that nc began with, nil if it began with none. It waits for it. nc may be a wrapper
// that has NetConn() net.Conn.
func ProxyHeaderOf(nc net.Conn) *ProxyHeader {
	for ; nc != nil; nc = Below(nc) {
		if c, ok := nc.(*proxied); ok {
			h, _ := c.proxyHeader()
			return h
		}
	}
	return nil
}
