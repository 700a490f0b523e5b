// Package lab is the practice servers: small TCP services to point a bridge, a page or telnet at.
//
// They are servers on raw TCP and know nothing of WebSocket; the bridge reaches them like any other
// target. Each of them ends a connection with FIN and never, while the peer behaves, with RST: what a
// practice server says last must arrive, or people learn the wrong thing.
package lab

import (
	"fmt"
	"net"
	"strings"
)

// A service is one practice server.
type service struct {
	name string
	does string
	// answer speaks with one client and returns when the service has said all it will say. The
	// connection's end is the Server's.
	answer func(net.Conn)
}

var services = []service{
	{"echo", "sends back what it receives (RFC 862)", echo},
	{"discard", "reads and drops what it receives (RFC 863)", discard},
	{"daytime", "sends the date and time as one line and ends (RFC 867)", daytime},
	{"chargen", "sends lines of characters until the client ends (RFC 864)", chargen},
	{"line", "sends each line back; knows help and quit; made for telnet (RFC 854)", line},
}

// Names lists the practice servers, in the order in which --help shows them.
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
