package bridge

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"wsbridge/bridge/auth"
)

const (
	goodToken  = "good-token-0123456789"
	otherToken = "other-token-0123456789"
	jwtSecret  = "a secret of at least thirty-two bytes"
)

func tokens(t testing.TB, lines string) *auth.Policy {
	t.Helper()
	known, err := auth.ParseTokens([]byte(lines))
	if err != nil {
		t.Fatal(err)
	}
	return &auth.Policy{Tokens: known}
}

func jwts(t testing.TB) *auth.Policy {
	t.Helper()
	keys, err := auth.ParseKeys([]byte(jwtSecret))
	if err != nil {
		t.Fatal(err)
	}
	return &auth.Policy{Keys: keys}
}

// signed is a JWT with these claims.
func signed(t testing.TB, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(jwtSecret)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPolicies is requests × policies: the status, and whether the target was dialled.
func TestPolicies(t *testing.T) {
	token := tokens(t, goodToken)
	withCookie := *token
	withCookie.Cookie = "session"
	withQuery := *token
	withQuery.Query = true
	bearer := "Authorization: Bearer " + goodToken
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	authorized := func(p *auth.Policy) Options { return Options{Terms: Terms{Auth: p}} }
	for _, row := range []struct {
		claim   string
		options Options
		path    string
		headers []string
		status  int
		why     string
	}{
		{"no credentials", authorized(token), "/", nil, 401, "token"},
		{"a bearer token", authorized(token), "/", []string{bearer}, 101, ""},
		{"a wrong token", authorized(token), "/", []string{"Authorization: Bearer " + otherToken}, 401, "token"},
		{"a token as subprotocol", authorized(token), "/", []string{"Sec-WebSocket-Protocol: binary, bearer." + goodToken}, 101, ""},
		{"a token in an address that may not have it", authorized(token), "/?access_token=" + goodToken, nil, 401, "token"},
		{"a token in an address that may", authorized(&withQuery), "/?access_token=" + goodToken, nil, 101, ""},
		{"a cookie that means nothing here", authorized(token), "/", []string{"Cookie: session=" + goodToken, "Origin: http://HOST"}, 401, "token"},
		{"a cookie with the bridge's own origin", authorized(&withCookie), "/", []string{"Cookie: session=" + goodToken, "Origin: http://HOST"}, 101, ""},
		{"a cookie without Origin", authorized(&withCookie), "/", []string{"Cookie: session=" + goodToken}, 403, "Origin"},
		{"a cookie with a strange Origin", authorized(&withCookie), "/", []string{"Cookie: session=" + goodToken, "Origin: http://evil.example"}, 403, "--allow-origin http://evil.example"},
		{"a cookie with a strange Origin where any may come", authorized(&withCookie), "/echo", []string{"Cookie: session=" + goodToken, "Origin: http://evil.example"}, 403, "--allow-origin"},
		{"a token where any origin may come", authorized(&withCookie), "/echo", []string{bearer, "Origin: http://evil.example"}, 101, ""},
		{"a strange Origin is told before anything of tokens", authorized(token), "/", []string{"Origin: http://evil.example"}, 403, "--allow-origin"},
		{"a path that is not there is not told to strangers", authorized(token), "/nowhere/", nil, 401, "token"},

		{"Origin required and there", Options{Terms: Terms{RequireOrigin: true}}, "/", []string{"Origin: http://HOST"}, 101, ""},
		{"Origin required and missing", Options{Terms: Terms{RequireOrigin: true}}, "/", nil, 403, "--require-origin"},
		{"Origin required where any may come", Options{Terms: Terms{RequireOrigin: true}}, "/echo", nil, 403, "--require-origin"},

		{"https by a trusted proxy", Options{TrustedProxies: proxies}, "/", []string{"X-Forwarded-Proto: https", "Origin: https://HOST"}, 101, ""},
		{"https by a trusted proxy in the standard's words", Options{TrustedProxies: proxies}, "/", []string{`Forwarded: for=192.0.2.1;proto="https"`, "Origin: https://HOST"}, 101, ""},
		{"http behind https is another origin", Options{TrustedProxies: proxies}, "/", []string{"X-Forwarded-Proto: https", "Origin: http://HOST"}, 403, "--allow-origin"},
		{"https by a stranger", Options{}, "/", []string{"X-Forwarded-Proto: https", "Origin: https://HOST"}, 403, "--allow-origin"},
		{"two headers that disagree", Options{TrustedProxies: proxies}, "/", []string{"X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"}, 400, "disagree"},
		{"two headers that agree", Options{TrustedProxies: proxies}, "/", []string{"X-Forwarded-For: 192.0.2.1", `Forwarded: for="192.0.2.1:4711"`}, 101, ""},
		{"two headers that disagree, of a stranger", Options{}, "/", []string{"X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"}, 101, ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			o := row.options
			o.HandshakeTimeout = time.Second
			if row.path == "/nowhere/" {
				o.Routes = []Route{{Path: row.path, Missing: "nothing here"}}
			}
			r := newRig(t, o)
			wantAdmission(t, r, row.path, row.headers, row.status, row.why)
		})
	}
}

// wantAdmission sends a handshake and looks at the answer, and that who is refused causes no dial.
func wantAdmission(t *testing.T, r *rig, path string, headers []string, status int, why string) {
	t.Helper()
	c := r.rawDial()
	c.write(strings.ReplaceAll(handshake(r.addr, path, headers...), "HOST", r.addr))
	if status == 101 {
		if got := c.status(); got != 101 {
			t.Fatalf("got status %d, want 101", got)
		}
		if path != "/echo" {
			r.accept()
		}
		return
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("reading the answer: %v", err)
	}
	wantRefusal(t, string(answer), status, why)
	line := r.log.wait(t, "refused")
	for _, secret := range []string{goodToken, otherToken} {
		if strings.Contains(line+string(answer), secret) {
			t.Errorf("a token is told: %s %s", line, answer)
		}
	}
	wantNotDialled(t, r)
}

// TestHostShapes: what a rebound DNS name, or a browser on the way to one, can put into Host.
func TestHostShapes(t *testing.T) {
	for host, status := range map[string]int{
		"localhost": 101, "LOCALHOST:1": 101, "localhost.": 101, "127.0.0.1": 101, "127.0.0.1:80": 101, "[::1]": 101, "[::1]:1": 101,
		"[::ffff:127.0.0.1]": 101, "machine": 101, "b.example": 101, "B.EXAMPLE.": 101, "b.example:9998": 101,
		"evil.example": 403, "localhost.evil.example": 403, "127.0.0.1.nip.io": 403, "0x7f.1": 403, "127.1": 403, "127.0.0.1.": 101,
		"1.2.3.4.5": 403, "b.example.evil": 403, "evil-b.example": 403, "b.example..": 403, ".": 403, "": 403, "xn--bcher-kva.example": 403,
	} {
		t.Run(host, func(t *testing.T) {
			r := newRig(t, Options{AllowHosts: []string{"b.example"}})
			c := r.rawDial()
			c.write(handshake(host, "/", "Origin: http://"+host))
			if got := c.status(); got != status {
				t.Errorf("got %d, want %d", got, status)
			}
		})
	}
}

// TestSender: whose address counts, by what the peer and the headers say.
func TestSender(t *testing.T) {
	o := &Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for _, row := range []struct {
		claim, peer, header string
		want                string
	}{
		{"nobody spoke for it", "192.0.2.9:1", "", "192.0.2.9"},
		{"a stranger's word counts nothing", "192.0.2.9:1", "X-Forwarded-For: 198.51.100.1", "192.0.2.9"},
		{"a proxy's word counts", "10.0.0.1:1", "X-Forwarded-For: 198.51.100.1", "198.51.100.1"},
		{"the right-most counts", "10.0.0.1:1", "X-Forwarded-For: 127.0.0.1, 203.0.113.7, 198.51.100.1", "198.51.100.1"},
		{"proxies are gone past", "10.0.0.1:1", "X-Forwarded-For: 127.0.0.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"},
		{"several headers are one list", "10.0.0.1:1", "X-Forwarded-For: 127.0.0.1|X-Forwarded-For: 198.51.100.1|X-Forwarded-For: 10.1.1.1", "198.51.100.1"},
		{"only proxies: the left-most", "10.0.0.1:1", "X-Forwarded-For: 10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"what is no address ends it", "10.0.0.1:1", "X-Forwarded-For: 198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"},
		{"no address at all", "10.0.0.1:1", "X-Forwarded-For: evil", "10.0.0.1"},
		{"an empty list", "10.0.0.1:1", "X-Forwarded-For: ", "10.0.0.1"},
		{"with a port", "10.0.0.1:1", "X-Forwarded-For: 198.51.100.1:4711", "198.51.100.1"},
		{"IPv6", "[fd00::1]:1", "X-Forwarded-For: 2001:db8::1", "2001:db8::1"},
		{"IPv6 with a port", "[fd00::1]:1", "X-Forwarded-For: [2001:db8::1]:4711", "2001:db8::1"},
		{"IPv4 in IPv6 is IPv4", "[::ffff:10.0.0.1]:1", "X-Forwarded-For: ::ffff:198.51.100.1", "198.51.100.1"},
		{"the standard's words", "10.0.0.1:1", `Forwarded: for="[2001:db8::1]:4711";proto=https;by=10.0.0.1`, "2001:db8::1"},
		{"the standard's list", "10.0.0.1:1", `forwarded: for=127.0.0.1, For=198.51.100.1;by="a,b;c", for=10.2.2.2`, "198.51.100.1"},
		{"hidden", "10.0.0.1:1", `Forwarded: for=198.51.100.1, for=_hidden`, "10.0.0.1"},
		{"an unfinished quote", "10.0.0.1:1", `Forwarded: for="198.51.100.1, for=192.0.2.4`, "10.0.0.1"},
		{"an address with a zone is that address", "[fe80::1%eth0]:1", "", "fe80::1"},
		{"a unix socket has none", "@", "X-Forwarded-For: 198.51.100.1", "invalid IP"},
	} {
		r := handshakeRequest(t, row.header)
		r.RemoteAddr = row.peer
		if got, _ := o.senderOf(r); got.addr.String() != row.want {
			t.Errorf("%s: got %s, want %s", row.claim, got.addr, row.want)
		}
	}
}

// TestTheLogNamesTheClient behind a proxy, and the proxy.
func TestTheLogNamesTheClient(t *testing.T) {
	r := newRig(t, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	r.dial("/", "X-Forwarded-For: 192.0.2.66, 198.51.100.1")
	line := r.log.wait(t, "pair begin")
	if !strings.Contains(line, " client=198.51.100.1 proxy=127.0.0.1:") {
		t.Errorf("got %s, want client=198.51.100.1 and the proxy", line)
	}
}

// handshakeRequest is an opening handshake as a handler gets it; header lines are separated by bars.
func handshakeRequest(t *testing.T, header string) *http.Request {
	t.Helper()
	var lines []string
	if header != "" {
		lines = strings.Split(header, "|")
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(handshake("localhost", "/", lines...))))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLimits(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		r := newRig(t, Options{MaxConns: 2})
		first := r.dial("/")
		r.dial("/echo")
		wantFull(t, r, 503, "--max-conns")
		first.sendClose(1000, "")
		r.end()
		r.dial("/echo")
	})
	t.Run("connections of an address", func(t *testing.T) {
		r := newRig(t, Options{MaxConnsPerIP: 1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		r.dial("/echo")
		r.dial("/echo", "X-Forwarded-For: 192.0.2.1")
		wantFull(t, r, 429, "--max-conns-per-ip")
	})
	t.Run("connections of a route", func(t *testing.T) {
		r := newRig(t, Options{Routes: []Route{{Path: "/one", Echo: true, MaxConns: 1}}})
		r.dial("/one")
		r.dial("/echo")
		c := r.rawDial()
		c.write(handshake(r.addr, "/one"))
		if got := c.status(); got != 503 {
			t.Errorf("got %d, want 503", got)
		}
		r.Replace(*r.rules.Load()) // what is connected counts after a reload, too
		c = r.rawDial()
		c.write(handshake(r.addr, "/one"))
		if got := c.status(); got != 503 {
			t.Errorf("after a reload: got %d, want 503", got)
		}
	})
	t.Run("a failed dial takes no place", func(t *testing.T) {
		r := newRig(t, Options{MaxConns: 1, Terms: Terms{DialFailureHTTP: true}})
		r.target.Close()
		for range 3 {
			c := r.rawDial()
			c.write(handshake(r.addr, "/"))
			if got := c.status(); got != 502 {
				t.Errorf("got %d, want 502", got)
			}
			io.ReadAll(c)
		}
		r.dial("/echo")
	})
	t.Run("the rate", func(t *testing.T) {
		r := newRig(t, Options{HandshakeRate: Rate{N: 2, Per: time.Hour}})
		r.dial("/echo")
		r.dial("/echo")
		wantFull(t, r, 429, "--handshake-rate")
	})
	t.Run("guessing counts", func(t *testing.T) {
		r := newRig(t, Options{HandshakeRate: Rate{N: 2, Per: time.Hour}, Terms: Terms{Auth: tokens(t, goodToken)}})
		for _, want := range []int{401, 401, 429} {
			c := r.rawDial()
			c.write(handshake(r.addr, "/", "Authorization: Bearer "+otherToken))
			if got := c.status(); got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		}
		wantNotDialled(t, r)
	})
}

func wantFull(t *testing.T, r *rig, status int, why string) {
	t.Helper()
	c := r.rawDial()
	c.write(handshake(r.addr, "/echo"))
	answer, _ := io.ReadAll(c)
	wantRefusal(t, string(answer), status, why)
	if !strings.Contains(string(answer), "\r\nRetry-After: ") {
		t.Errorf("got %q, want Retry-After", answer)
	}
}

// TestClaimedTarget: the target claim of a JWT chooses among the routes, and each route decides for itself.
func TestClaimedTarget(t *testing.T) {
	policy := jwts(t)
	for _, row := range []struct {
		claim  string
		token  map[string]any
		path   string
		origin string
		status int
		name   string // of the route that was reached
	}{
		{"no claim: the path chooses", map[string]any{}, "/one", "", 101, "one"},
		{"the claim chooses", map[string]any{"target": "two"}, "/one", "", 101, "two"},
		{"the claim chooses by path where there is no name", map[string]any{"target": "/three"}, "/one", "", 101, "three"},
		{"a claim for what is no route", map[string]any{"target": "127.0.0.1:22"}, "/one", "", 403, ""},
		{"a claim that is no word", map[string]any{"target": 7}, "/one", "", 401, ""},
		{"a route with other keys", map[string]any{"target": "locked"}, "/one", "", 401, ""},
		{"a route with other origins", map[string]any{"target": "two"}, "/one", "http://evil.example", 403, ""},
		{"a claim chooses where the path is nothing", map[string]any{"target": "two"}, "/nothing", "", 101, "two"},
		{"a claim does not bring an experiment to a target", map[string]any{"target": "two"}, "/lab/x", "", 101, "lab/x"},
		{"an expired token", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, "/one", "", 401, ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			o := Options{Terms: Terms{Auth: policy}}
			locked := Terms{Auth: tokens(t, goodToken)}
			o.Routes = []Route{{Path: "/one", Name: "one", Echo: true, AnyOrigin: true}, {Path: "/two", Name: "two", Echo: true},
				{Path: "/three", Echo: true}, {Path: "/lab/x", Echo: true, Practice: true}, {Path: "/locked", Name: "locked", Echo: true, Terms: &locked}}
			r := newRig(t, o)
			c := r.rawDial()
			headers := []string{"Authorization: Bearer " + signed(t, row.token)}
			if row.origin != "" {
				headers = append(headers, "Origin: "+row.origin)
			}
			c.write(handshake(r.addr, row.path, headers...))
			if got := c.status(); got != row.status {
				t.Errorf("got %d, want %d", got, row.status)
			}
			if row.status != 101 {
				wantNotDialled(t, r)
				return
			}
			reached := r.routeCensus(&Route{Path: "/" + row.name})
			reached.mu.Lock()
			defer reached.mu.Unlock()
			if reached.all != 1 {
				t.Errorf("%d pairs of /%s, want 1", reached.all, row.name)
			}
		})
	}
}

func TestRoutesByHost(t *testing.T) {
	o := &Options{Routes: []Route{{Path: "/a/", Name: "any"}, {Path: "/", Host: "b.example", Name: "b"}, {Path: "/a/b", Name: "longer"}, {Path: "/a/", Host: "b.example", Name: "b-a"}}}
	for where, want := range map[string]string{
		"x /a/c": "any", "x /a/b": "longer", "x /": "", "b.example /": "b", "b.example:80 /a/b": "b-a", "B.example. /c": "b",
	} {
		host, path, _ := strings.Cut(where, " ")
		r := handshakeRequest(t, "")
		r.Host, r.URL.Path = host, path
		if got := o.route(r).Name; got != want {
			t.Errorf("%s: got %q, want %q", where, got, want)
		}
	}
}

// TestReplaceKeepsPairs: what is connected goes on under what it began with.
func TestReplaceKeepsPairs(t *testing.T) {
	r := newRig(t, slowLimits())
	c, target := r.connect()
	rules := *r.rules.Load()
	rules.Routes = []Route{{Path: "/", Missing: "moved"}}
	rules.MaxConns = 1
	r.Replace(rules)
	c.send(text, "still here")
	wantRead(t, target, "still here")
	fresh := r.rawDial()
	fresh.write(handshake(r.addr, "/"))
	if got := fresh.status(); got != 404 {
		t.Errorf("a new request: got %d, want 404", got)
	}
}

var statusLine = regexp.MustCompile(`(?m)^HTTP/1\.\d \d\d\d `)

// TestSmuggling: two requests that one of two servers takes for one get one answer, and the connection ends.
func TestSmuggling(t *testing.T) {
	second := "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	start := "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for claim, request := range map[string]string{
		"Content-Length and Transfer-Encoding":      start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"Transfer-Encoding alone":                   start + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"two Content-Lengths":                       start + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + second,
		"a Content-Length with a sign":              start + "Content-Length: +5\r\n\r\nabcde" + second,
		"an unknown Transfer-Encoding":              start + "Transfer-Encoding: xchunked\r\n\r\n" + second,
		"two Hosts":                                 start + "Host: evil.example\r\n\r\n" + second,
		"a space in front of the colon":             start + "Content-Length : 5\r\n\r\nabcde" + second,
		"a line of its own CR":                      start + "X: a\rContent-Length: 5\r\n\r\nabcde" + second,
		"a request behind a refused upgrade":        start + "Origin: http://evil.example\r\n\r\n" + second,
		"a request behind an upgrade without a key": strings.Replace(start, "Sec-WebSocket-Key", "X", 1) + "\r\n" + second,
		"a request behind one that is no upgrade":   "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + second,
		"a body that looks like a request":          start + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(second)) + second,
		"a name with NUL":                           start + "X\x00: a\r\n\r\n" + second,
		"HTTP/1.0 that wants to stay":               strings.Replace(start, "HTTP/1.1", "HTTP/1.0", 1) + "Connection: keep-alive\r\n\r\n" + second,
		"HTTP/2 preface":                            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + second,
		"another address than the Host":             strings.Replace(start, "GET /", "GET http://evil.example/", 1) + "\r\n" + second,
		"CONNECT":                                   strings.Replace(start, "GET /", "CONNECT evil.example:80", 1) + "\r\n" + second,
	} {
		t.Run(claim, func(t *testing.T) {
			r := newRig(t, Options{HandshakeTimeout: 100 * time.Millisecond})
			c := r.rawDial()
			c.write(request)
			answer, _ := io.ReadAll(c)
			if got := len(statusLine.FindAll(answer, -1)); got != 1 || strings.Contains(string(answer), " 101 ") {
				t.Errorf("got %d answers, want one refusal:\n%s", got, answer)
			}
			wantNotDialled(t, r)
		})
	}
}
