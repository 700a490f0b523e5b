// Package tcp is the stream side of the bridge: it dials targets and moves bytes over
// connections without losing any of them when they end.
//
// A TCP connection has two ends to close. CloseWrite (FIN) says "no more from me" and leaves
// the other direction open; Close gives up both, and when bytes are still unread it sends a RST,
// which destroys what is on its way to the peer (RFC 9293 section 3.10.4, RFC 2525 section 2.17).
// So nothing here closes a connection that carried data except through Finish.
package tcp

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// What a Conn adds to the errors of package net.
var (
	// ErrStalled is returned by a write whose peer took no byte for WriteTimeout.
	ErrStalled = errors.New("took no byte within the write timeout")
	// ErrInterrupted is returned by calls that InterruptRead or InterruptWrite ended.
	ErrInterrupted = errors.New("interrupted by the bridge")
	// ErrDrained is returned by Read after Drain when everything that had arrived was read.
	ErrDrained = errors.New("drained")
)

// KeepAlive is how both connections of a pair probe a silent peer: after 15 s without traffic,
// every 15 s, given up after 9 probes (RFC 9293 section 3.8.4).
var KeepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 9}

// Listen listens for TCP connections on addr; accepted connections have TCP_NODELAY and KeepAlive set.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: KeepAlive}
	return config.Listen(ctx, "tcp", addr)
}

// IsReset reports whether err says that the connection is gone: reset by the peer, or given up by
// the kernel because retransmissions or keepalive probes went unanswered.
func IsReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ETIMEDOUT) ||
		errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}
