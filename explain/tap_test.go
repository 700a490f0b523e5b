package explain

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

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
	tap := TapClient(conn).(*Tap)
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
	tap = TapClient(conn).(*Tap)
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
	pipe := TapClient(near).(*Tap)
	_, err = pipe.SyscallConn()
	for _, err := range []error{err, pipe.CloseWrite(), pipe.SetLinger(0)} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("on a pipe: %v, want ErrUnsupported", err)
		}
	}
}

// No method of the connection below leads around the tap.
func TestTapHidesShortcuts(t *testing.T) {
	conn := TapClient(nil)
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

// Only what was ignored, and will not be watched again, may be gone around.
func TestUnwatched(t *testing.T) {
	plain := still{}
	ignored := TapClient(plain).(*Tap)
	ignored.Ignore()
	waiting := TapClient(plain)
	for _, row := range []struct {
		claim     string
		conn, got net.Conn
	}{
		{"no tap", plain, plain},
		{"an ignored tap", ignored, plain},
		{"a tap that nobody has claimed yet", waiting, waiting},
	} {
		if got := Unwatched(row.conn); got != row.got {
			t.Errorf("%s: got %T, want %T", row.claim, got, row.got)
		}
	}
}
