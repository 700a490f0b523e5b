package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"wsbridge/tcp"
)

// addListen reads an address to listen on.
func (c *config) addListen(address string) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	if slices.Contains(c.listen, address) && !strings.HasSuffix(address, ":0") {
		return &valueError{what: "given twice", tries: []string{nextPort(address)}}
	}
	c.listen = append(c.listen, address)
	return nil
}

// listen listens on address for clients.
func listen(ctx context.Context, address string) ([]net.Listener, error) {
	return listenWith(ctx, address, tcp.Listen)
}

// listenWith has listen called for address. "localhost" is 127.0.0.1 and ::1, because a browser tries both, and on the one left out
// it could reach another program.
func listenWith(ctx context.Context, address string, listen func(context.Context, string) (net.Listener, error)) ([]net.Listener, error) {
	host, port, _ := net.SplitHostPort(address)
	if host != "localhost" || port == "0" {
		ln, err := listen(ctx, address)
		if err != nil {
			return nil, err
		}
		return []net.Listener{ln}, nil
	}
	var listeners []net.Listener
	var missing error
	for _, loopback := range []string{"127.0.0.1", "::1"} {
		ln, err := listen(ctx, net.JoinHostPort(loopback, port))
		switch {
		case err == nil:
			listeners = append(listeners, ln)
		case errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT):
			missing = err
		default:
			closeAll(listeners)
			return nil, err
		}
	}
	if len(listeners) == 0 {
		return nil, missing
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) {
	for _, ln := range listeners {
		ln.Close()
	}
}

// listenProblem says why address cannot be listened on. spell is how one types another address instead.
func listenProblem(address string, err error, spell func(string) string) error {
	p := &problem{code: exitRuntime, what: fmt.Sprintf("listen on %s: %v", address, reason(err))}
	host, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		p.hint = fmt.Sprintf("another process has the port; try %s, or find it with: ss -ltnp 'sport = :%s'", spell(nextPort(address)), port)
	case errors.Is(err, syscall.EACCES):
		program, _ := os.Executable()
		n, _ := strconv.Atoi(port)
		p.hint = fmt.Sprintf("ports below 1024 need a privilege; try %s, or: sudo setcap cap_net_bind_service=+ep %s",
			spell(net.JoinHostPort(host, strconv.Itoa(8000+n))), quote(program))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		p.hint = fmt.Sprintf("no interface of this machine has the address (ip -brief address lists them); try %s", spell(":"+port))
	default:
		p.hint = "try " + spell(":"+port)
	}
	return p
}

func nextPort(address string) string {
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	if n++; n > 65535 {
		n = 9998
	}
	return net.JoinHostPort(host, strconv.Itoa(n))
}
