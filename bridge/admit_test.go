package bridge

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// wantRefusal checks a whole HTTP answer: status, one line that says why, and the connection's end.
func wantRefusal(t testing.TB, answer string, status int, why string) {
	t.Helper()
	head, body, _ := strings.Cut(answer, "\r\n\r\n")
	if !strings.HasPrefix(head, fmt.Sprintf("HTTP/1.1 %d ", status)) {
		t.Errorf("got %.40q, want status %d", head, status)
	}
	if !strings.Contains(head+"\r\n", "\r\nConnection: close\r\n") {
		t.Errorf("got header %q, want Connection: close", head)
	}
	if !strings.Contains(body, why) || strings.Count(body, "\n") != 1 {
		t.Errorf("got body %q, want one line with %q", body, why)
	}
}

func TestAdmission(t *testing.T) {
	for _, row := range []struct {
		claim   string
		options Options
		request string // HOST stands for the bridge's own address
		status  int
		why     string
	}{
		{"no Origin is admitted", Options{}, handshake("HOST", "/"), 101, ""},
		{"the bridge's own origin is admitted", Options{}, handshake("HOST", "/", "Origin: http://HOST"), 101, ""},
		{"another port is another origin", Options{}, handshake("HOST", "/", "Origin: http://127.0.0.1:1"), 403, "--allow-origin http://127.0.0.1:1"},
		{"another scheme is another origin", Options{}, handshake("HOST", "/", "Origin: https://HOST"), 403, "--allow-origin https://127.0.0.1"},
		{"a page from disk is refused and told the flag", Options{}, handshake("HOST", "/", "Origin: null"), 403, "--allow-origin null"},
		{"null can be allowed", Options{Terms: Terms{AllowOrigins: []string{"null"}}}, handshake("HOST", "/", "Origin: null"), 101, ""},
		{"an allowed origin is admitted", Options{Terms: Terms{AllowOrigins: []string{"https://a.example"}}}, handshake("HOST", "/", "Origin: https://a.example"), 101, ""},
		{"its default port is the same origin", Options{Terms: Terms{AllowOrigins: []string{"https://a.example"}}}, handshake("HOST", "/", "Origin: https://A.example:443"), 101, ""},
		{"a longer name is another origin", Options{Terms: Terms{AllowOrigins: []string{"https://a.example"}}}, handshake("HOST", "/", "Origin: https://a.example.evil"), 403, "evil"},
		{"a name below is another origin", Options{Terms: Terms{AllowOrigins: []string{"https://a.example"}}}, handshake("HOST", "/", "Origin: https://b.a.example"), 403, "b.a.example"},
		{"any origin can be allowed", Options{Terms: Terms{AllowOrigins: []string{"*"}}}, handshake("HOST", "/", "Origin: https://x.example"), 101, ""},
		{"two Origins are refused", Options{Terms: Terms{AllowOrigins: []string{"*"}}}, handshake("HOST", "/", "Origin: http://HOST", "Origin: http://HOST"), 403, "more than one Origin"},
		{"a malformed Origin is refused", Options{}, handshake("HOST", "/", "Origin: http://HOST/path"), 403, "malformed"},
		{"the wildcard as an Origin is refused", Options{Terms: Terms{AllowOrigins: []string{"*"}}}, handshake("HOST", "/", "Origin: *"), 403, "malformed"},
		{"the built-in echo takes any Origin", Options{}, handshake("HOST", "/echo", "Origin: null"), 101, ""},
		{"a name without dots is a Host", Options{}, handshake("localhost:9998", "/"), 101, ""},
		{"an IPv6 literal is a Host", Options{}, handshake("[::1]:9998", "/"), 101, ""},
		{"a rebound name is no Host of ours, even with its own Origin", Options{}, handshake("evil.example:9998", "/", "Origin: http://evil.example:9998"), 403, "--allow-host evil.example"},
		{"a dotted name that only looks like an address is no Host", Options{}, handshake("127.0.0.1.evil.example", "/"), 403, "--allow-host"},
		{"an allowed Host is admitted", Options{AllowHosts: []string{"b.example"}}, handshake("B.example:9998", "/"), 101, ""},
		{"plain HTTP gets 426 and a line to try", Options{}, "GET /x HTTP/1.1\r\nHost: HOST\r\n\r\n", 426, `new WebSocket("ws://HOST/x")`},
		{"POST gets 426", Options{}, "POST /x HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nabc", 426, "WebSocket"},
		{"a handshake with a body is refused", Options{}, handshake("HOST", "/", "Content-Length: 1") + "x", 400, "body"},
		{"two keys are refused", Options{}, handshake("HOST", "/", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400, "Sec-WebSocket-Key"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			o := row.options
			o.HandshakeTimeout = 50 * time.Millisecond
			r := newRig(t, o)
			c := r.rawDial()
			c.write(strings.ReplaceAll(row.request, "HOST", r.addr))
			if row.status == 101 {
				if got := c.status(); got != 101 {
					t.Fatalf("got status %d, want 101", got)
				}
				return
			}
			answer, err := io.ReadAll(c)
			if err != nil {
				t.Errorf("reading the answer: %v", err)
			}
			wantRefusal(t, string(answer), row.status, strings.ReplaceAll(row.why, "HOST", r.addr))
			r.log.wait(t, "refused")
			wantNotDialled(t, r)
		})
	}
}

// wantNotDialled relies on the order of accepts: a connection of the test's own is the first.
func wantNotDialled(t *testing.T, r *rig) {
	t.Helper()
	own, err := net.Dial("tcp", r.target.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	first := r.accept()
	if first.RemoteAddr().String() != own.LocalAddr().String() {
		t.Error("the bridge dialled the target for a request it refused")
	}
}

func TestNoPathNoTarget(t *testing.T) {
	r := newRig(t, Options{})
	rules := *r.rules.Load()
	rules.Routes = []Route{{Path: "/a/", Echo: true}, {Path: "/a/b", Target: rules.Routes[0].Target}}
	r.Replace(rules)
	for path, want := range map[string]string{"/": "", "/a": "", "/a/": "built-in", "/a/x": "built-in", "/a/b": r.target.Addr().String(), "/a/b/": "built-in"} {
		got := rules.route(&http.Request{URL: &url.URL{Path: path}}).name()
		if !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("route(%q): got %q, want %q", path, got, want)
		}
	}
	c := r.rawDial()
	c.write(handshake(r.addr, "/nowhere"))
	answer, _ := io.ReadAll(c)
	wantRefusal(t, string(answer), 404, "nothing is served")
}

// TestPeerTextInLogs: what clients send reaches the log quoted and cut.
func TestPeerTextInLogs(t *testing.T) {
	r := newRig(t, Options{})
	c := r.rawDial()
	c.write(handshake(r.addr, "/%0a%1b[31m"+strings.Repeat("x", 5000), "Origin: http://"+strings.Repeat("y", 5000)))
	io.ReadAll(c)
	line := r.log.wait(t, "refused")
	if strings.ContainsAny(line[:len(line)-1], "\n\x1b") || len(line) > 2000 {
		t.Errorf("got a log line of %d bytes: %.300q", len(line), line)
	}
}
