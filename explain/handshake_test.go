package explain

import (
	"net/http"
	"strings"
	"testing"
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
