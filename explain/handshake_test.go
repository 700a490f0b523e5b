package explain

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// checkHandshake fails unless events tell of the opening handshake, which began and ended at these offsets.
func checkHandshake(t testing.TB, events []Event, request string, in, out int64) {
	t.Helper()
	asked, answered := one(t, events, A, In, HTTPText, Request), one(t, events, A, Out, HTTPText, Response)
	if asked.Off != in || asked.Len != int64(len(request)) {
		t.Errorf("request [%d+%d), want [%d+%d)", asked.Off, asked.Len, in, len(request))
	}
	line, _, _ := strings.Cut(strings.TrimRight(request, "\r\n"), "\n")
	if asked.HTTP.Line != strings.TrimSuffix(line, "\r") || asked.HTTP.Key != testNonce {
		t.Errorf("request %q with key %q", asked.HTTP.Line, asked.HTTP.Key)
	}
	if answered.Off != out || answered.HTTP.Status != 101 || answered.HTTP.Line != "HTTP/1.1 101 Switching Protocols" {
		t.Errorf("answer at %d: %+v, want 101 at %d", answered.Off, answered.HTTP, out)
	}
	if answered.HTTP.Key != testNonce || answered.HTTP.Accept != testAccept || answered.HTTP.Derived != testAccept {
		t.Errorf("key %q, accept %q, derived %q; want the last two to be %q", answered.HTTP.Key, answered.HTTP.Accept, answered.HTTP.Derived, testAccept)
	}
	if got := ofBytes(t, events, A, In, Read, in); !strings.HasPrefix(got, request) {
		t.Errorf("read %q, want %q", got, request)
	}
	if got := ofBytes(t, events, A, Out, Write, out); !strings.HasPrefix(got, answered.HTTP.Line) {
		t.Errorf("wrote %q, want %q", got, answered.HTTP.Line)
	}
}

func TestDeriveAccept(t *testing.T) {
	if got := DeriveAccept(testNonce); got != testAccept { // RFC 6455 section 1.3
		t.Errorf("got %s, want %s", got, testAccept)
	}
}

func TestHandshakeInPiecesOfOneByte(t *testing.T) {
	w := newSite(t)
	c, s := dialRaw(t, w.addr), mustNew(t, w.hub, "x")
	request := handshake("/ws?session=" + s.ID())
	for _, b := range strings.Split(request, "") {
		c.send(b)
	}
	w.take(c)
	checkHandshake(t, all(t, s), request, 0, 0)
	for _, e := range those(all(t, s), A, In, Read) {
		if e.By != "http" {
			t.Errorf("read %d is by %q, want the HTTP server", e.N, e.By)
		}
	}
}

// A client need not wait for the 101 before it sends frames; they are told behind it.
func TestFramesSentWithTheHandshake(t *testing.T) {
	w := newSite(t)
	first, second := wireFrame(0x81, "early", testKey), wireFrame(0x82, random(5000), testKey)
	s, c, up := w.open(first + second[:100])
	c.send(second[100:])
	up.read(t, len(first)+len(second))
	events := all(t, s)
	request := handshake("/ws?session=" + s.ID())
	checkHandshake(t, events, request, 0, 0)
	text, binary := one(t, events, A, In, Frame, Text), one(t, events, A, In, Frame, Binary)
	if text.Off != int64(len(request)) || string(text.Data) != "early" || binary.Off != text.Off+text.Len || string(binary.Data) != random(5000)[:keptForPage] {
		t.Errorf("got\n%s, want both from %d on", list([]Event{text, binary}), len(request))
	}
	if answered := one(t, events, A, Out, HTTPText, Response); text.Seq < answered.Seq {
		t.Errorf("frame %d is told before the answer %d, which makes it one", text.Seq, answered.Seq)
	}
}

// Offsets count from the first byte of the connection, also of requests that nobody watched.
func TestHandshakeBehindOtherRequests(t *testing.T) {
	w := newSite(t)
	c := dialRaw(t, w.addr)
	in, out := int64(0), int64(0)
	for _, request := range []string{
		"GET /plain HTTP/1.1\r\nHost: x\r\nCookie: secret-1\r\n\r\n",
		"POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
		"POST /plain HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
		"GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		before := c.consumed()
		c.send(request)
		c.response()
		in += int64(len(request))
		out += c.consumed() - before
	}
	s, _ := w.openOn(c, "")
	checkHandshake(t, all(t, s), handshake("/ws?session="+s.ID()), in, out)
	if began := all(t, s)[0]; began.T != 0 || began.Kind != Begin {
		t.Errorf("got %s, want begin at 0", list([]Event{began}))
	}
}

// The HTTP server takes empty lines behind a POST, and lines that end with LF alone.
func TestHandshakeWithOddLines(t *testing.T) {
	w := newSite(t)
	c := dialRaw(t, w.addr)
	post := "POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
	c.send(post)
	c.response()
	out := c.consumed()
	s := mustNew(t, w.hub, "x")
	request := strings.ReplaceAll(handshake("/ws?session="+s.ID(), "Cookie: secret-1"), "\r\n", "\n")
	frame := wireFrame(0x81, "early", testKey)
	c.send("\r\n" + request + frame)
	up := w.take(c)
	up.read(t, len(frame))
	events := all(t, s)
	asked := one(t, events, A, In, HTTPText, Request)
	if asked.Off != int64(len(post))+2 || asked.Len != int64(len(request)) || asked.HTTP.Key != testNonce {
		t.Errorf("request [%d+%d) %+v, want [%d+%d)", asked.Off, asked.Len, asked.HTTP, len(post)+2, len(request))
	}
	if answered := one(t, events, A, Out, HTTPText, Response); answered.Off != out || answered.HTTP.Derived != testAccept {
		t.Errorf("answer at %d, derived %q", answered.Off, answered.HTTP.Derived)
	}
	if text := one(t, events, A, In, Frame, Text); string(text.Data) != "early" || text.Off != asked.Off+asked.Len {
		t.Errorf("frame %s", brief([]Event{text}))
	}
	wantNoSecret(t, s)
}

// Of a handshake sent behind another request before that was answered nothing is known, and nothing is made up.
func TestHandshakeInAPipeline(t *testing.T) {
	w := newSite(t)
	c, s := dialRaw(t, w.addr), mustNew(t, w.hub, "x")
	c.send("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n" + handshake("/ws?session="+s.ID()))
	c.response()
	w.take(c)
	events := all(t, s)
	if asked := those(events, A, In, HTTPText); len(asked) != 0 {
		t.Errorf("got\n%s, want no request", list(asked))
	}
	if answered := one(t, events, A, Out, HTTPText, Response); answered.HTTP.Accept != testAccept || answered.HTTP.Derived != "" {
		t.Errorf("answer %+v, want the Accept that was sent and none derived", answered.HTTP)
	}
}

func TestRefusedHandshake(t *testing.T) {
	w := newSite(t)
	c, s := dialRaw(t, w.addr), mustNew(t, w.hub, "x")
	c.send(handshake("/refuse?session="+s.ID(), "Origin: http://evil.example"))
	if resp, body := c.response(); resp.StatusCode != http.StatusForbidden || body != "not you\n" {
		t.Fatalf("answer %v %q", resp, body)
	}
	v := s.View()
	events := watchAll(v, 0, func() {}) // up to the end, which comes with the connection's
	checkOrder(t, events)
	answered := one(t, events, A, Out, HTTPText, Response)
	if answered.HTTP.Status != 403 || answered.HTTP.Body != "not you\n" || answered.HTTP.Derived != "" || answered.HTTP.Key != testNonce {
		t.Errorf("answer %+v, want 403 with its body", answered.HTTP)
	}
	if fate := s.Fate(); fate == nil || fate.Kind != Refused || fate.Status != 403 || fate.Why != "not you" {
		t.Errorf("fate %+v", fate)
	}
	if frames := pick(events, func(e Event) bool { return e.Layer == Frame }); len(frames) != 0 {
		t.Errorf("frames without a WebSocket:\n%s", list(frames))
	}
	one(t, events, A, Out, Socket, Closed)
	if events[len(events)-1].Kind != End {
		t.Errorf("it ends with %s", list(events[len(events)-1:]))
	}
	wantNoSecret(t, s)
}

// wantNoSecret searches all that is known of s for values that nobody should see.
func wantNoSecret(t testing.TB, s *Session) {
	t.Helper()
	for _, events := range [][]Event{all(t, s), s.Vital()} {
		for i := range events {
			e := &events[i]
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			for _, seen := range []string{string(text), string(e.Data), string(e.Head)} {
				if strings.Contains(seen, "secret") {
					t.Errorf("%s", seen)
				}
			}
		}
		for _, dir := range []Dir{In, Out} { // and what is cut over two calls
			if strings.Contains(data(those(events, A, dir, Read, ReadCall))+data(those(events, A, dir, Write, WriteCall)), "secret") {
				t.Errorf("a secret in the %s bytes", dir)
			}
		}
	}
}

func TestSecretsAreBlottedOut(t *testing.T) {
	w := newSite(t)
	headers := []string{
		"Cookie: secret-1; a=secret-2",
		"X-Public: shown",
		"AUTHORIZATION:secret-3",
		"proxy-authorization: \t secret-4",
		"Cookie: first",
		"\tsecret-5; folded",
		" secret-6",
		"Set-Cookie: secret-7",
		"X-Also: shown",
	}
	for _, size := range []int{1, 7, 10_000} {
		c, s := dialRaw(t, w.addr), mustNew(t, w.hub, "x")
		request := handshake("/ws?session="+s.ID(), headers...)
		for p := request; p != ""; p = p[min(size, len(p)):] {
			c.send(p[:min(size, len(p))])
		}
		w.take(c)
		wantNoSecret(t, s)
		events := all(t, s)
		got := ofBytes(t, events, A, In, Read, 0)
		if len(got) != len(request) {
			t.Fatalf("%d bytes of a request of %d", len(got), len(request))
		}
		for i := range got {
			if got[i] != request[i] && got[i] != '*' {
				t.Fatalf("byte %d became %q", i, got[i])
			}
		}
		asked := one(t, events, A, In, HTTPText, Request)
		want := map[string]string{"X-Public": "shown", "X-Also": "shown", "Cookie": "", "AUTHORIZATION": "", "proxy-authorization": "", "Set-Cookie": ""}
		for _, h := range asked.HTTP.Headers {
			value, listed := want[h[0]]
			switch {
			case !listed:
			case value != "" && h[1] != value, value == "" && strings.Trim(h[1], "* ") != "":
				t.Errorf("%s: %q, want %q or asterisks", h[0], h[1], value)
			}
			delete(want, h[0])
		}
		if len(want) != 0 {
			t.Errorf("not told: %v", want)
		}
		if !strings.Contains(got, "Cookie: *****") || !strings.Contains(got, "X-Also: shown\r\n\r\n") {
			t.Errorf("got %q", got)
		}
	}
}

// A request that follows a watched one in the same bytes is not watched, but its bytes are there to see.
func TestSecretsOfARequestBehind(t *testing.T) {
	w := newSite(t)
	c, s := dialRaw(t, w.addr), mustNew(t, w.hub, "x")
	c.send(handshake("/refuse?session="+s.ID()) + "GET / HTTP/1.1\r\nCookie: secret-1\r\n\r\n")
	c.response()
	wantNoSecret(t, s)
}

// Of a connection that carries several requests a session gets those that it joined.
func TestJoin(t *testing.T) {
	w := newSite(t)
	s := claimed(t, w.hub)
	c := dialRaw(t, w.addr)
	join := "GET /join?session=" + s.ID() + " HTTP/1.1\r\nHost: x\r\nCookie: secret-1\r\n\r\n"
	want, in, out := Traffic{}, int64(0), int64(0)
	var ins, outs []int64
	for i, request := range []string{"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n", join, "GET /plain HTTP/1.1\r\nHost: x\r\nCookie: secret-2\r\n\r\n", join, join} {
		before := c.consumed()
		c.send(request)
		c.response()
		answer := c.consumed() - before
		if request == join {
			want.In.Bytes += int64(len(request))
			want.Out.Bytes += answer
			want.Out.Calls++
			ins, outs = append(ins, in), append(outs, out)
		}
		in += int64(len(request))
		out += answer
		if got := s.Totals().A; got.In.Bytes != want.In.Bytes || got.Out.Bytes != want.Out.Bytes || got.Out.Calls != want.Out.Calls {
			t.Errorf("after request %d: %+v, want %+v", i, got, want)
		}
	}
	other := dialRaw(t, w.addr)
	other.send(join)
	other.response()
	c.Close()
	s.End()
	events := all(t, s)
	checkOrder(t, events)
	wantNoSecret(t, s)
	requests := those(events, A, In, HTTPText, Request)
	if len(requests) != 4 {
		t.Fatalf("%d requests, want 4:\n%s", len(requests), list(events))
	}
	for i, off := range ins {
		if requests[i].Off != off || requests[i].Len != int64(len(join)) {
			t.Errorf("request %d [%d+%d), want [%d+%d)", i, requests[i].Off, requests[i].Len, off, len(join))
		}
	}
	writes := those(events, A, Out, Write, WriteCall)
	for i, off := range outs {
		if writes[i].Off != off {
			t.Errorf("answer %d at %d, want %d", i, writes[i].Off, off)
		}
	}
	if socket := pick(events, func(e Event) bool { return e.Layer == Socket }); len(socket) != 0 {
		t.Errorf("of the connection itself:\n%s, want nothing", list(socket))
	}
}

// Requests of several connections at once; the clock starts with whoever is first to join, and never runs backwards.
func TestJoinFromManyConnections(t *testing.T) {
	w := newSite(t)
	s := claimed(t, w.hub)
	join := "GET /join?session=" + s.ID() + " HTTP/1.1\r\nHost: x\r\n\r\n"
	var conns []*rawConn
	for range 5 {
		c := dialRaw(t, w.addr)
		c.send(join[:10])
		conns = append(conns, c)
	}
	time.Sleep(5 * time.Millisecond) // so that the first bytes of all are older than the first to join
	for i := range conns {
		c := conns[len(conns)-1-i]
		c.send(join[10:])
		c.response()
	}
	s.End()
	checkOrder(t, all(t, s))
	if got := s.Totals().A.In.Bytes; got != int64(5*len(join)) {
		t.Errorf("%d bytes, want %d", got, 5*len(join))
	}
}

// consumed is how many bytes of answers the test has taken so far.
func (c *rawConn) consumed() int64 { return c.counted.n - int64(c.br.Buffered()) }

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}
