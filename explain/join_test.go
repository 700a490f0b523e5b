package explain

import (
	"io"
	"testing"
	"time"
)

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
