//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// forged is an address that nobody here has.
const forged = "198.51.100.7"

// addressClaims are about what wsbridge believes of what a proxy tells.
var addressClaims = []proxyClaim{
	{"the log has the client's address", logsClient("/plain")},
	{"a forged X-Forwarded-For does not win", logsClient("/x-forwarded-for", "X-Forwarded-For: "+forged)},
	{"nor do several", logsClient("/several", "X-Forwarded-For: "+forged+", 127.0.0.1", "X-Forwarded-For: 127.0.0.1")},
	{"nor does a forged Forwarded", logsClient("/forwarded", "Forwarded: for="+forged+";proto=http")},
	{"nor does a forged X-Forwarded-For of a client that the bridge trusts", logsNeighbour},
	{"a page of the site's own https origin may connect", ownOriginConnects},
}

// schemeClaims are about what the proxy tells of TLS.
var schemeClaims = []proxyClaim{
	{"a page of http may not, whatever its X-Forwarded-Proto", httpIsForeign("X-Forwarded-Proto: http")},
	{"nor its Forwarded", httpIsForeign("Forwarded: for=" + forged + ";proto=http")},
}

// headerClaims are about the PROXY protocol.
var headerClaims = []proxyClaim{
	{"a proxy that does not begin with a PROXY header gets no answer", headerIsDemanded},
}

// logsClient opens a WebSocket at path, which no other claim uses, and looks for its line in the log.
func logsClient(path string, headers ...string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		s.open(t, path, headers...)
		logged := s.bridge.stderr.await(t, `msg="pair begin" .*client=(\S+) .*path=`+regexp.QuoteMeta(path)+` `)[1]
		got := strings.Trim(logged, `"`)
		if host, _, err := net.SplitHostPort(got); err == nil {
			got = host
		}
		if got != s.visitor {
			t.Errorf("client=%s, want %s", logged, s.visitor)
		}
	}
}

// logsNeighbour is a client on the proxy's own machine. wsbridge trusts its address, so all that it wrote itself must be gone.
func logsNeighbour(t *testing.T, s *site) {
	neighbour := *s
	neighbour.visitor = "127.0.0.1"
	logsClient("/neighbour", "X-Forwarded-For: "+forged, "Forwarded: for="+forged)(t, &neighbour)
}

func ownOriginConnects(t *testing.T, s *site) {
	if _, response := s.handshake(t, "/", "Origin: https://"+s.host()); response.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		t.Errorf("got %s %s, want 101", response.Status, body)
	}
}

func httpIsForeign(header string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		if _, response := s.handshake(t, "/", "Origin: http://"+s.host(), header); response.StatusCode != http.StatusForbidden {
			t.Errorf("got %s, want 403", response.Status)
		}
	}
}

// headerIsDemanded comes from an address that --trusted-proxy names.
func headerIsDemanded(t *testing.T, s *site) {
	conn := connect(t, s.bridge.addr)
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("got %q", answer)
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Errorf("got %q and then %v, want an end", answer, err)
	}
}
