package tcp

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pires/go-proxyproto"
)

func always(netip.Addr) bool { return true }

// v2 is a version 2 header with the bytes that follow its length.
func v2(command, family byte, body string) string {
	n := len(body)
	return string(proxyproto.SIGV2) + string([]byte{command, family, byte(n >> 8), byte(n)}) + body
}

const (
	v1Line   = "PROXY TCP4 203.0.113.7 198.51.100.2 56324 443\r\n"
	v2IPv4   = "\xcb\x00\x71\x07\xc6\x33\x64\x02\xdc\x04\x01\xbb" // the same addresses
	v2TLV    = "\x04\x00\x03xyz"                                  // a NOOP
	theirsIs = "203.0.113.7:56324 198.51.100.2:443"
)

// headers are those of proxies that keep to the protocol.
var headers = []struct {
	claim, header string
	version       int
	want          string // source and destination; "" for the real ones
}{
	{"v1, IPv4", v1Line, 1, theirsIs},
	{"v1, IPv6", "PROXY TCP6 2001:db8::7 2001:db8::2 1 65535\r\n", 1, "[2001:db8::7]:1 [2001:db8::2]:65535"},
	{"v1, the shortest", "PROXY UNKNOWN\r\n", 1, ""},
	{"v1, UNKNOWN with addresses", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", 1, ""},
	{"v1, the longest", "PROXY UNKNOWN " + strings.Repeat("f", 91) + "\r\n", 1, ""},
	{"v2, IPv4", v2(0x21, 0x11, v2IPv4), 2, theirsIs},
	{"v2, IPv4 with TLVs", v2(0x21, 0x11, v2IPv4+v2TLV), 2, theirsIs},
	{"v2, IPv6", v2(0x21, 0x21, strings.Repeat("\x20\x01", 16)+"\x00\x01\x00\x02"), 2, "[2001:2001:2001:2001:2001:2001:2001:2001]:1 [2001:2001:2001:2001:2001:2001:2001:2001]:2"},
	{"v2, LOCAL", v2(0x20, 0x00, ""), 2, ""},
	{"v2, LOCAL with addresses", v2(0x20, 0x11, v2IPv4), 2, ""},
	{"v2, LOCAL with rubbish", v2(0x20, 0x11, "rubbish"), 2, ""},
	{"v2, local sockets", v2(0x21, 0x31, strings.Repeat("/s", 108)), 2, ""},
	{"v2, the longest", v2(0x21, 0x11, v2IPv4+"\x04\x0f\xf1"+strings.Repeat("x", 4096-15)), 2, theirsIs},
}

var badHeaders = map[string]string{
	"nothing":                  "",
	"no header":                "GET / HTTP/1.1\r\n\r\n",
	"a TLS record":             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on",
	"cut in the signature":     "PRO",
	"cut in the line":          v1Line[:20],
	"no CR":                    strings.Replace(v1Line, "\r", "", 1) + "more of it, and more",
	"no LF":                    strings.Replace(v1Line, "\n", "x", 1) + strings.Repeat("x", 200),
	"an LF in the middle":      "PROXY \n TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
	"a line too long":          "PROXY UNKNOWN " + strings.Repeat("f", 92) + "\r\n",
	"a port out of range":      "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
	"a negative port":          "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
	"a port with a zero":       "PROXY TCP4 1.2.3.4 5.6.7.8 080 2\r\n",
	"an address of v6 in TCP4": "PROXY TCP4 ::1 5.6.7.8 1 2\r\n",
	"a name":                   "PROXY TCP4 localhost 5.6.7.8 1 2\r\n",
	"a zone":                   "PROXY TCP6 fe80::1%lo ::1 1 2\r\n",
	"two spaces":               "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
	"UDP in v1":                "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
	"small letters":            "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
	"v2, cut":                  v2(0x21, 0x11, v2IPv4)[:20],
	"v2, a huge length":        v2(0x21, 0x11, v2IPv4+strings.Repeat("x", 0xffff-12)),
	"v2, a byte too long":      v2(0x21, 0x11, v2IPv4+strings.Repeat("x", 4097-12)),
	"v2, too short":            v2(0x21, 0x11, v2IPv4[:11]),
	"v2, unknown family":       v2(0x21, 0x41, v2IPv4),
	"v2, unknown transport":    v2(0x21, 0x13, v2IPv4),
	"v2, unknown command":      v2(0x22, 0x11, v2IPv4),
	"v2, version 3":            v2(0x31, 0x11, v2IPv4),
	"v2, UDP":                  v2(0x21, 0x12, v2IPv4),
	"v2, datagrams":            v2(0x21, 0x32, strings.Repeat("/s", 108)),
	"v2, nothing about it":     v2(0x21, 0x00, ""),
	"half of v2's signature":   "\r\n\r\n\x00\r\nQUITE" + strings.Repeat("x", 20),
}

// proxiedPair is a connection that a trusted peer made, and the peer.
func proxiedPair(t *testing.T, timeout time.Duration) (c net.Conn, peer *net.TCPConn) {
	t.Helper()
	plain, _ := listen(t, "tcp")
	ln := ProxiedListener(plain, always, timeout)
	peer = dialPlain(t, plain.Addr().String())
	return accept(t, ln), peer
}

// send is one write, or one of each byte.
func send(w io.Writer, text string, single bool, done chan<- struct{}) {
	defer close(done)
	if !single {
		io.WriteString(w, text)
		return
	}
	for i := range len(text) {
		if _, err := io.WriteString(w, text[i:i+1]); err != nil {
			return
		}
	}
}

func TestAProxyHeader(t *testing.T) {
	for _, tt := range headers {
		for _, single := range []bool{false, true} {
			c, peer := proxiedPair(t, patience)
			sent := make(chan struct{})
			go send(peer, tt.header+"what follows", single, sent)
			want := tt.want
			if want == "" {
				want = peer.LocalAddr().String() + " " + peer.RemoteAddr().String()
			}
			if got := c.RemoteAddr().String() + " " + c.LocalAddr().String(); got != want {
				t.Errorf("%s: the connection is %s, want %s", tt.claim, got, want)
			}
			within(t, "sending", sent)
			peer.CloseWrite()
			if got, err := io.ReadAll(c); string(got) != "what follows" || err != nil {
				t.Errorf("%s: read %q, %v", tt.claim, got, err)
			}
			h := ProxyHeaderOf(wrapper{c})
			if h == nil || h.Version != tt.version || string(h.Bytes) != tt.header || (h.Source != nil) != (tt.want != "") {
				t.Errorf("%s: ProxyHeaderOf = %+v", tt.claim, h)
			}
		}
	}
}

func TestABadProxyHeaderEndsTheConnection(t *testing.T) {
	for claim, text := range badHeaders {
		for _, single := range []bool{false, true} {
			c, peer := proxiedPair(t, patience)
			sent := make(chan struct{})
			go sendAndEnd(peer, text, single, sent)
			if got, want := c.RemoteAddr().String(), peer.LocalAddr().String(); got != want {
				t.Errorf("%s: RemoteAddr is %s, want %s", claim, got, want)
			}
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || !strings.HasPrefix(err.Error(), "PROXY header: ") {
				t.Errorf("%s: Read: %d, %v", claim, n, err)
			}
			if n, err := c.Write([]byte("x")); n != 0 || err == nil {
				t.Errorf("%s: Write: %d, %v", claim, n, err)
			}
			if ProxyHeaderOf(c) != nil {
				t.Errorf("%s: there is a header", claim)
			}
			if got, _ := io.ReadAll(peer); len(got) > 0 { // a RST is as good an end
				t.Errorf("%s: answered %q", claim, got)
			}
			peer.Close()
			within(t, "sending", sent)
		}
	}
}

func sendAndEnd(peer *net.TCPConn, text string, single bool, done chan<- struct{}) {
	sent := make(chan struct{})
	send(peer, text, single, sent)
	peer.CloseWrite()
	close(done)
}

func TestAProxyHeaderThatDoesNotCome(t *testing.T) {
	for claim, first := range map[string]string{"silence": "", "half a line": v1Line[:18], "half of v2": v2(0x21, 0x11, v2IPv4)[:14]} {
		c, peer := proxiedPair(t, 100*time.Millisecond)
		io.WriteString(peer, first)
		ended := make(chan error, 1)
		go readFirst(c, ended)
		if err := within(t, claim, ended); err == nil {
			t.Errorf("%s: no error", claim)
		}
		io.Copy(io.Discard, peer)
	}
}

// From a peer that is not trusted a header is what it looks like: a broken request.
func TestAProxyHeaderOfAStranger(t *testing.T) {
	plain, _ := listen(t, "tcp")
	asked := make(chan netip.Addr, 1)
	ln := ProxiedListener(plain, func(a netip.Addr) bool { asked <- a; return false }, patience)
	peer := dialPlain(t, plain.Addr().String())
	c := accept(t, ln)
	if got, want := <-asked, netip.MustParseAddr("127.0.0.1"); got != want {
		t.Errorf("asked whether %v is trusted, want %v", got, want)
	}
	io.WriteString(peer, v1Line)
	peer.CloseWrite()
	if got, err := io.ReadAll(c); string(got) != v1Line || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if ProxyHeaderOf(c) != nil || c.RemoteAddr().String() != peer.LocalAddr().String() {
		t.Errorf("the header of a stranger was believed: %v", c.RemoteAddr())
	}
}

// On a socket for IPv6 and IPv4 an IPv4 peer looks like ::ffff:127.0.0.1.
func TestTrustedGetsIPv4AsSuch(t *testing.T) {
	plain, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		t.Skip(err)
	}
	defer plain.Close()
	asked := make(chan netip.Addr, 1)
	ln := ProxiedListener(plain, func(a netip.Addr) bool { asked <- a; return false }, patience)
	dialPlain(t, fmt.Sprintf("127.0.0.1:%d", plain.Addr().(*net.TCPAddr).Port))
	accept(t, ln)
	if got := <-asked; got != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("asked whether %v is trusted", got)
	}
}

func TestAProxiedConn(t *testing.T) {
	c, peer := proxiedPair(t, patience)
	io.WriteString(peer, v1Line+"abc")
	conn := NewConn(wrapper{c}, patience)
	buf := make([]byte, 10)
	if n, err := conn.Read(buf); string(buf[:n]) != "abc" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	if conn.BytesRead() != 3 {
		t.Errorf("BytesRead() = %d, want those behind the header", conn.BytesRead())
	}
	if err := conn.WriteBuffers(&net.Buffers{[]byte("he"), []byte("llo")}); err != nil {
		t.Error(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(peer); string(got) != "hello" || err != nil {
		t.Errorf("the peer read %q, %v", got, err)
	}
	io.WriteString(peer, "more")
	if n, err := conn.Read(buf); string(buf[:n]) != "more" || err != nil {
		t.Errorf("after the half-close: read %q, %v", buf[:n], err)
	}
	conn.Close()

	c, peer = proxiedPair(t, patience)
	if err := c.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
		t.Error(err)
	}
	c.Close()
	if _, err := peer.Read(buf); !IsReset(err) {
		t.Errorf("after SetLinger(0) and Close the peer read %v, want a reset", err)
	}
}

// The proxy's header comes first, then TLS, then HTTP.
func TestTLSBehindAProxyHeader(t *testing.T) {
	plain, _ := listen(t, "tcp")
	ln := SecureListener(ProxiedListener(plain, always, patience), ours.files(t), patience)
	remote := make(chan string, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			t.Error("no TLS")
		}
		remote <- r.RemoteAddr
	})}
	served := make(chan error, 1)
	go serveInto(server, ln, served)
	silent := dialPlain(t, plain.Addr().String()) // holds up nobody
	defer silent.Close()
	for _, single := range []bool{false, true} {
		tcp := dialPlain(t, plain.Addr().String())
		sent := make(chan struct{})
		send(tcp, v1Line, single, sent)
		client := tls.Client(tcp, &tls.Config{RootCAs: ours.roots, ServerName: "localhost"})
		if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(client); !bytes.HasPrefix(got, []byte("HTTP/1.1 200 ")) || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if got := within(t, "the request", remote); got != "203.0.113.7:56324" {
			t.Errorf("RemoteAddr is %s", got)
		}
	}
	server.Close()
	within(t, "Serve", served)
}

// Whoever asks first waits, and all get the same.
func TestAProxyHeaderForMany(t *testing.T) {
	c, peer := proxiedPair(t, patience)
	var asking sync.WaitGroup
	for range 8 {
		asking.Add(1)
		go checkRemote(t, c, &asking)
	}
	io.WriteString(peer, v1Line)
	asking.Wait()
}

func checkRemote(t *testing.T, c net.Conn, done *sync.WaitGroup) {
	defer done.Done()
	if got := c.RemoteAddr().String(); got != "203.0.113.7:56324" {
		t.Errorf("RemoteAddr is %s", got)
	}
}

// However the bytes come in, the outcome is the same, and what is behind the header stays unread.
func FuzzProxyHeader(f *testing.F) {
	for _, h := range headers {
		f.Add([]byte(h.header + "rest"))
	}
	for _, text := range badHeaders {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		type outcome struct{ told, left string }
		read := func(split func(io.Reader) io.Reader) (o outcome) {
			r := bytes.NewReader(data)
			h, err := readProxyHeader(split(r))
			if err != nil {
				return outcome{told: "error"}
			}
			rest, _ := io.ReadAll(r)
			if string(h.Bytes)+string(rest) != string(data) {
				t.Errorf("%q and %q left of %q", h.Bytes, rest, data)
			}
			if h.Source != nil && (h.Source.String() == "" || h.Destination.String() == "") {
				t.Errorf("%q: no addresses", h.Bytes)
			}
			return outcome{fmt.Sprint(h.Version, h.Source, h.Destination), string(rest)}
		}
		whole := read(func(r io.Reader) io.Reader { return r })
		for name, split := range map[string]func(io.Reader) io.Reader{"halves": iotest.HalfReader, "single bytes": iotest.OneByteReader, "an early end": iotest.DataErrReader} {
			if name == "an early end" {
				// reads ahead, so that only the header itself can be compared
				h, err := readProxyHeader(split(bytes.NewReader(data)))
				if (err != nil) != (whole.told == "error") || err == nil && fmt.Sprint(h.Version, h.Source, h.Destination) != whole.told {
					t.Errorf("%q: %v, %v with the end at once, want %v", data, h, err, whole)
				}
				continue
			}
			if got := read(split); got != whole {
				t.Errorf("%q in %s: %v, want %v", data, name, got, whole)
			}
		}
	})
}
