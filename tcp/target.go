package tcp

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Target is where the bytes of a pair go.
type Target struct {
	Network string      // "tcp" or "unix"
	Address string      // host:port, or the path of a unix socket
	TLS     *tls.Config // nil: plain; a ServerName is filled in when it is dialled
	Name    string      // how people know it, if not by its address
}

// ParseTarget reads host:port, tcp://host:port, tls://host:port or unix:/path.
// Host names are not looked up: that happens at every dial.
func ParseTarget(s string) (Target, error) {
	scheme, rest := "tcp", s
	if after, ok := strings.CutPrefix(s, "unix:"); ok {
		scheme, rest = "unix", strings.TrimPrefix(after, "//")
	} else if before, after, ok := strings.Cut(s, "://"); ok {
		scheme, rest = before, after
	}
	switch scheme {
	case "unix":
		if rest == "" {
			return Target{}, fmt.Errorf("target %q names no path", s)
		}
		return Target{Network: "unix", Address: rest}, nil
	case "tcp", "tls":
		if err := checkHostPort(rest); err != nil {
			return Target{}, fmt.Errorf("target %q: %w", s, err)
		}
		t := Target{Network: "tcp", Address: rest}
		if scheme == "tls" {
			t.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		return t, nil
	}
	return Target{}, fmt.Errorf("target %q: unknown scheme %q (known: tcp, tls, unix)", s, scheme)
}

func checkHostPort(s string) error {
	host, port, err := net.SplitHostPort(s)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not host:port", s)
	case host == "":
		return fmt.Errorf("%q names no host", s)
	case strings.ContainsAny(host, "/ \t"):
		return fmt.Errorf("%q is not a host name", host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	return nil
}

// String is the target as ParseTarget reads it, or its Name.
func (t Target) String() string {
	switch {
	case t.Name != "":
		return t.Name
	case strings.HasPrefix(t.Address, "//"): // a path that would look like unix://
		return "unix://" + t.Address
	case t.Network == "unix":
		return "unix:" + t.Address
	case t.TLS != nil:
		return "tls://" + t.Address
	}
	return t.Address
}
