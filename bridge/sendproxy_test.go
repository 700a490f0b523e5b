package bridge

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/pires/go-proxyproto"

	"wsbridge/tcp"
)

// TestSendProxy: a reader of the header gets the addresses, of whatever kinds they are.
func TestSendProxy(t *testing.T) {
	for _, row := range []struct{ claim, source, destination, want string }{
		{"IPv4", "198.51.100.1:4711", "192.0.2.1:443", "198.51.100.1:4711 → 192.0.2.1:443"},
		{"IPv6", "[2001:db8::1]:4711", "[2001:db8::2]:443", "[2001:db8::1]:4711 → [2001:db8::2]:443"},
		{"an IPv6 client behind a proxy on this machine", "[2001:db8::1]:0", "127.0.0.1:9998", "[2001:db8::1]:0 → 127.0.0.1:9998"},
		{"an IPv4 client of an IPv6 socket", "198.51.100.1:4711", "[2001:db8::2]:443", "198.51.100.1:4711 → [2001:db8::2]:443"},
		{"nobody knows", "", "192.0.2.1:443", "LOCAL"},
		{"a unix socket", "198.51.100.1:1", "", "LOCAL"},
	} {
		for _, version := range []int{1, 2} {
			source, _ := netip.ParseAddrPort(row.source)
			destination, _ := netip.ParseAddrPort(row.destination)
			header := tcp.ProxyPreface(version, tcpAddr(source), tcpAddr(destination))
			h, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(header)))
			if err != nil {
				t.Errorf("%s, version %d: %q: %v", row.claim, version, header, err)
				continue
			}
			got := "LOCAL"
			if source, destination, ok := h.TCPAddrs(); ok && h.TransportProtocol.IsStream() {
				got = fmt.Sprintf("%s → %s", source, destination)
			}
			if got != row.want {
				t.Errorf("%s, version %d: got %s, want %s (%q)", row.claim, version, got, row.want, header)
			}
		}
	}
}
