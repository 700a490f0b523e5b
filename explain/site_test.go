package explain

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// site is an HTTP server whose connections can be watched. GET /ws?session=ID is upgraded and handed to the test.
type site struct {
	t        testing.TB
	hub      *Hub
	addr     string
	upgraded chan *upgraded
}

// upgraded is the server's end of a WebSocket.
type upgraded struct {
	net.Conn
	br *bufio.Reader
}

type tapListener struct{ net.Listener }

func (ln tapListener) Accept() (net.Conn, error) {
	conn, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return TapClient(conn), nil
}

func newSite(t testing.TB) *site {
	return newSiteOver(t, func(ln net.Listener) net.Listener { return ln })
}

// newSiteOver has something between its sockets and its taps.
func newSiteOver(t testing.TB, between func(net.Listener) net.Listener) *site {
	t.Helper()
	w := &site{t: t, hub: testHub(t, HubOptions{}), upgraded: make(chan *upgraded, 1)}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = ln.Addr().String()
	server := &http.Server{Handler: w.handler(), ConnContext: WithTap}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(tapListener{between(ln)})
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return w
}

func (w *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(rw http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(rw, "plain")
	})
	mux.HandleFunc("/large", func(rw http.ResponseWriter, _ *http.Request) {
		for range 40 {
			io.WriteString(rw, random(1000))
		}
	})
	mux.HandleFunc("/join", func(rw http.ResponseWriter, r *http.Request) {
		w.hub.Find(r.URL.Query().Get("session")).Join(TapOf(r.Context()))
		rw.Header().Set("Set-Cookie", "secret-7")
		io.WriteString(rw, "joined")
	})
	mux.HandleFunc("/ignore", func(rw http.ResponseWriter, r *http.Request) {
		TapOf(r.Context()).Ignore()
		io.WriteString(rw, "ignored")
	})
	mux.HandleFunc("/refuse", func(rw http.ResponseWriter, r *http.Request) {
		s := w.claim(r)
		rw.Header().Set("Connection", "close")
		rw.Header().Set("Set-Cookie", "secret-6")
		http.Error(rw, "not you", http.StatusForbidden)
		s.Record(Event{Layer: Pair, Kind: Refused, Status: http.StatusForbidden, Why: "not you"})
		s.EndAtClose()
	})
	mux.HandleFunc("/ws", w.upgrade)
	return mux
}

func (w *site) claim(r *http.Request) *Session {
	s, err := w.hub.Claim(r.URL.Query().Get("session"))
	if err != nil {
		w.t.Errorf("claim: %v", err)
		return nil
	}
	TapOf(r.Context()).Attach(s, r.URL.Path)
	return s
}

func (w *site) upgrade(rw http.ResponseWriter, r *http.Request) {
	w.claim(r)
	conn, brw, err := rw.(http.Hijacker).Hijack()
	if err != nil {
		w.t.Errorf("hijack: %v", err)
		return
	}
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		DeriveAccept(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
	w.upgraded <- &upgraded{conn, brw.Reader}
}

// open gets a WebSocket watched; behind is sent together with the handshake.
func (w *site) open(behind string, headers ...string) (*Session, *rawConn, *upgraded) {
	w.t.Helper()
	c := dialRaw(w.t, w.addr)
	s, up := w.openOn(c, behind, headers...)
	return s, c, up
}

func (w *site) openOn(c *rawConn, behind string, headers ...string) (*Session, *upgraded) {
	w.t.Helper()
	s := mustNew(w.t, w.hub, "x")
	c.send(handshake("/ws?session="+s.ID(), headers...) + behind)
	return s, w.take(c)
}

func (w *site) take(c *rawConn) *upgraded {
	w.t.Helper()
	resp, _ := c.response()
	if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != testAccept {
		w.t.Fatalf("the answer is %v", resp)
	}
	up := <-w.upgraded
	w.t.Cleanup(func() { up.Close() })
	return up
}

// frame is what the server's end reads next: n bytes.
func (u *upgraded) read(t testing.TB, n int) string {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(u.br, b); err != nil {
		t.Fatalf("the server's end: %v", err)
	}
	return string(b)
}

// ofBytes is the bytes that reads or writes of A say there were, with a check that they lie one behind the other from
// begin on.
func ofBytes(t testing.TB, events []Event, stream Stream, dir Dir, layer Layer, begin int64) string {
	t.Helper()
	end, n := begin, int64(0)
	calls := those(events, stream, dir, layer, ReadCall, WriteCall, RecvCall, SendCall)
	for _, e := range calls {
		if n++; e.Off != end || e.N != n || e.Len != int64(len(e.Data))+e.Omitted {
			t.Fatalf("%s %s %s %d at %d, want %d at %d:\n%s", stream, dir, layer, e.N, e.Off, n, end, list(events))
		}
		end += e.Len
	}
	return data(calls)
}
