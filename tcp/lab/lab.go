// Package lab is the practice servers: small TCP services to point a bridge, a page or telnet at.
//
// They are servers on raw TCP and know nothing of WebSocket; the bridge reaches them like any other
// target. Each of them ends a connection with FIN and, while the peer behaves, never with RST, but for
// "reset", whose purpose it is: what a practice server says last must arrive, or people learn the wrong
// thing. Two of them, "refuse" and "black-hole", are addresses where nobody ever answers.
package lab

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
)

// A service is one practice server.
type service struct {
	name string
	does string
	// answer speaks with one client and returns when the service has said all it will say. The
	// connection's end is the Server's.
	answer func(net.Conn)
	// listen is how its address is made; nil where this system has no way to.
	listen func(ctx context.Context, address string) (net.Listener, error)
}

var services = available([]service{
	{"echo", "sends back what it receives (RFC 862)", echo, listenPlain},
	{"discard", "reads and drops what it receives (RFC 863)", discard, listenPlain},
	{"daytime", "sends the date and time as one line and ends (RFC 867)", daytime, listenPlain},
	{"chargen", "sends lines of characters until the client ends (RFC 864)", chargen, listenPlain},
	{"line", "sends each line back; knows help and quit; made for telnet (RFC 854)", line, listenPlain},
	{"slow", "reads 4 KiB every 20 ms, so that its window closes (RFC 9293)", slow, listenNarrow},
	{"reset", "ends with RST at the first bytes it receives (RFC 9293)", reset, listenPlain},
	{"half-close", "sends FIN at the first bytes it receives and reads on (RFC 9293)", halfClose, listenPlain},
	{"split", "sends a character in two parts, then what it receives (RFC 3629)", split, listenPlain},
	{"updates", "sends a hundred lines, one every 10 ms, and ends", updates, listenPlain},
	{"refuse", "an address where nobody listens (RFC 9293)", nobody, listenRefusing},
	{"black-hole", "an address that never answers (RFC 9293)", nobody, listenFull},
})

// available leaves out what this system has no way to offer.
func available(all []service) []service {
	return slices.DeleteFunc(all, func(s service) bool { return s.listen == nil })
}

// Listen makes the address of the named server, for Serve. It is an ordinary TCP listener, but for "slow", whose
// receive buffer is small, and for "refuse" and "black-hole", whose Accept only waits for Close.
func Listen(ctx context.Context, name, address string) (net.Listener, error) {
	s, err := find(name)
	if err != nil {
		return nil, err
	}
	return s.listen(ctx, address)
}

// listenPlain sets TCP keepalive as Go does by itself: the same as package tcp does for a bridge.
func listenPlain(ctx context.Context, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// Names lists the practice servers that this system can offer, in the order in which --help shows them.
func Names() []string {
	var names []string
	for _, s := range services {
		names = append(names, s.name)
	}
	return names
}

// Describe says in one short line what the named server does; an unknown name has no description ("").
func Describe(name string) string {
	s, _ := find(name)
	return s.does
}

func find(name string) (service, error) {
	for _, s := range services {
		if s.name == name {
			return s, nil
		}
	}
	return service{}, fmt.Errorf("unknown practice server %q; known are %s", name, strings.Join(Names(), ", "))
}
