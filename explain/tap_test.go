package explain

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wsbridge/tcp"
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
		server.Serve(tapListener{ln})
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

func TestCallsAndFramesOfAWebSocket(t *testing.T) {
	w := newSite(t)
	s, c, up := w.open("")
	up1 := wireFrame(0x81, "Hello", testKey)
	c.send(up1)
	up.read(t, len(up1))
	down := wireFrame(0x82, "World", "")
	io.WriteString(up, down)
	c.read(len(down))
	c.CloseWrite()
	io.Copy(io.Discard, up.br)
	up.Close()
	s.End()
	events := all(t, s)
	checkOrder(t, events)
	request := handshake("/ws?session=" + s.ID())
	if got := ofBytes(t, events, A, In, Read, 0); got != request+up1 {
		t.Errorf("read %q, want %q", got, request+up1)
	}
	answer := one(t, events, A, Out, HTTPText, Response)
	if got := ofBytes(t, events, A, Out, Write, 0); int64(len(got)) != answer.Len+int64(len(down)) || !strings.HasSuffix(got, "\r\n\r\n"+down) {
		t.Errorf("wrote %q", got)
	}
	text := one(t, events, A, In, Frame, Text)
	if text.Off != int64(len(request)) || string(text.Data) != "Hello" || text.Len != int64(len(up1)) {
		t.Errorf("frame %s", brief([]Event{text}))
	}
	if got := one(t, events, A, Out, Frame, Binary); got.Off != answer.Len || string(got.Data) != "World" {
		t.Errorf("frame %s", brief([]Event{got}))
	}
	want := []Kind{Begin, Accept, Request, WriteCall, Response, Text, Text, WriteCall, Binary, Binary, EOF, Closed, End}
	var got []Kind
	for _, e := range events {
		if e.Layer != Kernel && (e.Layer != Frame || e.Kind != BeginFrame) && e.Kind != ReadCall {
			got = append(got, e.Kind)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	accept := one(t, events, A, In, Socket, Accept)
	if accept.Local != w.addr || accept.Remote != c.LocalAddr().String() {
		t.Errorf("accepted %s from %s, want %s from %s", accept.Local, accept.Remote, w.addr, c.LocalAddr())
	}
}

func TestIgnored(t *testing.T) {
	w := newSite(t)
	c := dialRaw(t, w.addr)
	c.send("GET /ignore HTTP/1.1\r\nHost: x\r\n\r\n")
	c.response()
	s, _ := w.openOn(c, "") // too late: nobody listens any more
	if events := all(t, s); len(events) != 1 || events[0].Kind != Begin {
		t.Errorf("got\n%s, want only that it began", list(events))
	}
	s.EndAtClose()
	if s.State() != Ended {
		t.Errorf("%s, want ended: nobody will see the connection's close", s.State())
	}
	(*Tap)(nil).Ignore()
	if TapOf(t.Context()) != nil || TapOf(WithTap(t.Context(), c.TCPConn)) != nil {
		t.Error("a tap where there is none")
	}
}

// What nobody watches is not kept: neither a large body nor requests that were answered.
func TestUnwatchedKeepsLittle(t *testing.T) {
	conn, peer := socketPair(t)
	tap := TapClient(conn)
	buf := make([]byte, 32<<10)
	for i := range 3 {
		go io.WriteString(peer, random(30<<10))
		for read := 0; read < 30<<10; {
			n, err := tap.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			read += n
		}
		l := tap.line.Load()
		if i == 2 {
			if l != nil {
				t.Errorf("%d bytes are kept", l.in.size)
			}
		} else if l == nil || l.in.size != (i+1)*30<<10 {
			t.Errorf("after %d times 30 KiB: line %v", i+1, l)
		}
	}
	tap = TapClient(conn)
	go io.WriteString(peer, "request")
	io.ReadFull(tap, buf[:7])
	io.WriteString(tap, "answer")
	if l := tap.line.Load(); l == nil || l.in.size != 0 || len(l.in.early) != 0 || l.in.off.Load() != 7 || l.out.off.Load() != 6 {
		t.Errorf("after an answer: %d bytes kept, at %d and %d", l.in.size, l.in.off.Load(), l.out.off.Load())
	}
}

// socketPair is both ends of a TCP connection.
func socketPair(t testing.TB) (conn, peer *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	far, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{near, far} {
		c.SetDeadline(time.Now().Add(patience))
		t.Cleanup(func() { c.Close() })
	}
	return near.(*net.TCPConn), far.(*net.TCPConn)
}

// watchedPair is a connection B under watch, and its peer.
func watchedPair(t testing.TB) (*Session, *Tap, *net.TCPConn) {
	t.Helper()
	s := begun(t)
	conn, peer := socketPair(t)
	return s, s.TapTarget(conn, conn).(*Tap), peer
}

func TestEndOfReading(t *testing.T) {
	buf := make([]byte, 10)
	t.Run("FIN", func(t *testing.T) {
		s, tap, peer := watchedPair(t)
		io.WriteString(peer, "abc")
		peer.CloseWrite()
		io.ReadAll(tap)
		tap.Read(buf) // a second EOF is no second FIN
		events := all(t, s)
		if e := one(t, events, B, In, Socket, EOF); e.Off != 3 || e.Error != "" {
			t.Errorf("got %s, want eof at 3", list([]Event{e}))
		}
	})
	t.Run("RST", func(t *testing.T) {
		s, tap, peer := watchedPair(t)
		peer.SetLinger(0)
		peer.Close()
		tap.Read(buf)
		tap.Read(buf)
		if e := one(t, all(t, s), B, In, Socket, Failed); e.Error != "read: connection reset by peer" || e.Off != 0 {
			t.Errorf("got %s", list([]Event{e}))
		}
	})
	t.Run("a deadline is not the connection's", func(t *testing.T) {
		s, tap, _ := watchedPair(t)
		tap.SetReadDeadline(time.Unix(1, 0))
		if _, err := tap.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if events := pick(all(t, s), func(e Event) bool { return e.Dir == In }); len(events) != 0 {
			t.Errorf("got\n%s, want nothing", list(events))
		}
	})
	t.Run("our own close", func(t *testing.T) {
		s, tap, _ := watchedPair(t)
		tap.Close()
		tap.Read(buf)
		tap.Close()
		if events := those(all(t, s), B, In, Socket); len(events) != 0 {
			t.Errorf("got\n%s, want nothing", list(events))
		}
		one(t, all(t, s), B, Out, Socket, Closed)
	})
}

func TestShortWrite(t *testing.T) {
	s, tap, peer := watchedPair(t)
	payload := random(32 << 20) // more than both kernels take
	first := make([]byte, 1)
	go func() {
		io.ReadFull(peer, first) // so that it took something
		tap.SetWriteDeadline(time.Unix(1, 0))
	}()
	n, err := tap.Write([]byte(payload))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == len(payload) {
		t.Fatalf("took %d, %v; the test wants a part of it", n, err)
	}
	events := all(t, s)
	short := one(t, events, B, Out, Write, Short)
	if short.Off != 0 || short.Len != int64(n) || short.Omitted != int64(len(payload)-n) || short.Error != "i/o timeout" {
		t.Errorf("got %s, want %d of %d bytes", list([]Event{short}), n, len(payload))
	}
	if got := s.Totals().B.Out; got.Bytes != int64(n) || got.Calls != 1 {
		t.Errorf("totals %+v, want %d bytes in 1 call", got, n)
	}
	if failed := those(events, B, Out, Socket, Failed); len(failed) != 0 {
		t.Errorf("a deadline counts as an error: %s", list(failed))
	}
	tap.SetWriteDeadline(time.Now().Add(patience))
	received := make(chan string)
	go func() {
		b, _ := io.ReadAll(peer)
		received <- string(b)
	}()
	m, err := tap.Write([]byte(payload[n : n+1000]))
	tap.CloseWrite()
	if err != nil || m != 1000 {
		t.Fatalf("the rest: %d, %v", m, err)
	}
	if got := string(first) + <-received; got != payload[:n+1000] {
		t.Errorf("the peer got %d bytes, want %d", len(got), n+1000)
	}
	calls := those(all(t, s), B, Out, Write, WriteCall)
	if last := calls[len(calls)-1]; len(calls) != 2 || last.Off != int64(n) || last.Len != 1000 || last.N != 2 {
		t.Errorf("got\n%s, want the second write at %d", list(calls), n)
	}
	if fin := one(t, all(t, s), B, Out, Socket, Shutdown); fin.Off != int64(n)+1000 {
		t.Errorf("FIN at %d, want %d", fin.Off, n+1000)
	}
}

// A frame that takes several writes is told once.
func TestFrameInSeveralWrites(t *testing.T) {
	w := newSite(t)
	s, _, up := w.open("")
	payload := random(32 << 20)
	frame := wireFrame(0x82, payload, "")
	done, stop := 0, time.Now().Add(patience)
	for done < len(frame) && time.Now().Before(stop) && done < 12<<20 {
		up.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := up.Write([]byte(frame[done:]))
		if done += n; n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	events := all(t, s)
	if e := one(t, events, A, Out, Frame, Binary); e.Size != int64(len(payload)) {
		t.Errorf("frame of %d bytes, want %d", e.Size, len(payload))
	}
	if len(those(events, A, Out, Write, Short)) == 0 {
		t.Error("no write was short; the test is none")
	}
}

func TestFailedWrite(t *testing.T) {
	s, tap, peer := watchedPair(t)
	peer.SetLinger(0)
	peer.Close()
	for range 2 {
		for range 2 {
			if _, err := io.WriteString(tap, "x"); err == nil {
				tap.Read(make([]byte, 1)) // waits for the RST
			}
		}
	}
	failed := those(all(t, s), B, Out, Socket, Failed)
	if len(failed) != 1 || failed[0].Error != "write: broken pipe" && failed[0].Error != "write: connection reset by peer" {
		t.Errorf("got\n%s, want one error", list(failed))
	}
}

// Header and payload leave in one system call: three would be three segments.
func TestWriteBuffersIsOneWrite(t *testing.T) {
	for _, watched := range []bool{true, false} {
		conn, peer := socketPair(t)
		s := begun(t)
		tap := s.TapTarget(conn, conn).(*Tap)
		if !watched {
			tap.Ignore()
		}
		v := net.Buffers{[]byte("head"), []byte("payload"), nil, []byte("more")}
		n, err := tap.WriteBuffers(&v)
		if n != 15 || err != nil || len(v) != 0 {
			t.Errorf("wrote %d, %v, %d buffers left", n, err, len(v))
		}
		b := make([]byte, 15)
		if _, err := io.ReadFull(peer, b); err != nil || string(b) != "headpayloadmore" {
			t.Errorf("the peer got %q, %v", b, err)
		}
		if info, known := tcp.InfoOf(conn); known && *info.DataSegsOut != 1 {
			t.Errorf("%d segments, want 1", *info.DataSegsOut)
		}
		calls := those(all(t, s), B, Out, Write)
		if watched != (len(calls) == 1) || watched && (string(calls[0].Data) != "headpayloadmore" || calls[0].Len != 15 || calls[0].Omitted != 0) {
			t.Errorf("watched %v: %s", watched, list(calls))
		}
	}
}

func TestWriteBuffersShort(t *testing.T) {
	s, tap, _ := watchedPair(t)
	payload := []byte(random(16 << 20))
	v := net.Buffers{[]byte("head"), payload, payload}
	tap.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	n, _ := tap.WriteBuffers(&v)
	events := all(t, s)
	call, short := one(t, events, B, Out, Write, WriteCall), one(t, events, B, Out, Write, Short)
	if string(call.Data) != "head"+string(payload[:keptForPage-4]) || call.Omitted != 4+32<<20-keptForPage || call.Len != 4+32<<20 {
		t.Errorf("the call has %d bytes, %d omitted, of %d", len(call.Data), call.Omitted, call.Len)
	}
	if short.Len != n || short.Omitted != call.Len-n {
		t.Errorf("took %d, and the event says %d of %d", n, short.Len, call.Len)
	}
}

func TestTapForwards(t *testing.T) {
	s, tap, peer := watchedPair(t)
	raw, err := tap.SyscallConn()
	if err != nil || raw.Control(func(uintptr) {}) != nil {
		t.Errorf("SyscallConn: %v", err)
	}
	if err := tap.CloseWrite(); err != nil {
		t.Errorf("CloseWrite: %v", err)
	}
	if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("CloseWrite: the peer got %v, want FIN", err)
	}
	one(t, all(t, s), B, Out, Socket, Shutdown)
	if err := tap.SetLinger(0); err != nil {
		t.Errorf("SetLinger: %v", err)
	}
	tap.Close()
	if _, err := peer.Write(make([]byte, 1)); err == nil {
		if _, err = peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) && err != io.EOF {
			t.Errorf("SetLinger(0) and Close: the peer got %v, want a reset", err)
		}
	}
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	pipe := TapClient(near)
	_, err = pipe.SyscallConn()
	for _, err := range []error{err, pipe.CloseWrite(), pipe.SetLinger(0)} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("on a pipe: %v, want ErrUnsupported", err)
		}
	}
}

// No method of the connection below leads around the tap.
func TestTapHidesShortcuts(t *testing.T) {
	var conn net.Conn = TapClient(nil)
	if _, ok := conn.(io.ReaderFrom); ok {
		t.Error("a Tap has ReadFrom")
	}
	if _, ok := conn.(io.WriterTo); ok {
		t.Error("a Tap has WriteTo")
	}
}

// Both directions and a viewer at once, for the race detector; and what is told is what was sent.
func TestBothDirectionsBusy(t *testing.T) {
	w := newSite(t)
	s, c, up := w.open("")
	const n = 300
	wire := func(key string) (all string) {
		for i := range n {
			all += wireFrame(0x81, fmt.Sprint("message ", i), key)
		}
		return all
	}
	upward, downward := wire(testKey), wire("")
	var busy sync.WaitGroup
	v := s.View()
	var events []Event
	busy.Go(func() { events = watchAll(v, 0, runtime.Gosched) })
	var sending sync.WaitGroup
	sending.Go(func() {
		for _, p := range chop(seeded(1), upward, 200) {
			io.WriteString(c.TCPConn, p)
		}
	})
	sending.Go(func() {
		for _, p := range chop(seeded(2), downward, 200) {
			io.WriteString(up, p)
		}
	})
	sending.Go(func() { up.read(t, len(upward)) })
	sending.Go(func() { c.read(len(downward)) })
	sending.Wait()
	up.Close()
	s.End()
	busy.Wait()
	checkOrder(t, events)
	if len(pick(events, func(e Event) bool { return e.Kind == Dropped })) == 0 {
		for _, dir := range []Dir{In, Out} {
			if got := len(those(events, A, dir, Message, Text)); got != n {
				t.Errorf("%s: %d messages, want %d", dir, got, n)
			}
		}
	}
	for dir, got := range map[Dir]Count{In: s.Totals().A.In, Out: s.Totals().A.Out} {
		if got.Frames != n || got.Messages != n {
			t.Errorf("%s: totals %+v, want %d frames and messages", dir, got, n)
		}
	}
}
