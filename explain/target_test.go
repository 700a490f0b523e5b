package explain

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// practiceServer is a listener of h that answers each connection with serve.
func practiceServer(t testing.TB, h *Hub, serve func(net.Conn)) (addr string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := h.TargetListener(inner)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		inner.Close()
		running.Wait()
	})
	return inner.Addr().String()
}

func dialTarget(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}

// A practice server may have accepted, spoken and heard before the bridge knows that it is connected.
func TestPracticeServerSpeaksFirst(t *testing.T) {
	h := testHub(t, HubOptions{})
	addr := practiceServer(t, h, func(conn net.Conn) {
		io.WriteString(conn, "hello, ")
		io.WriteString(conn, "say something\n")
		io.Copy(conn, conn)
	})
	const greeting = "hello, say something\n"
	for i := range 30 {
		s := claimed(t, h)
		s.begin(time.Now(), Event{})
		conn := dialTarget(t, addr)
		if i%3 == 0 {
			io.ReadFull(conn, make([]byte, 3)) // it has spoken already
			conn.Write([]byte("x"))            // and will have heard
			io.ReadFull(conn, make([]byte, len(greeting)-3+1))
		}
		b := s.TapTarget(conn, conn)
		io.WriteString(b, "abc")
		b.(*Tap).CloseWrite()
		io.Copy(io.Discard, b)
		s.End()
		events := all(t, s)
		checkOrder(t, events)
		up, down := "abc", greeting+"abc"
		if i%3 == 0 {
			up, down = "xabc", greeting+"xabc"
		}
		if got := ofBytes(t, events, B, Out, Recv, 0); got != up {
			t.Errorf("recv %q, want %q", got, up)
		}
		if got := ofBytes(t, events, B, In, Send, 0); got != down {
			t.Errorf("send %q, want %q", got, down)
		}
		if e := one(t, events, B, Out, Recv, EOF); e.Off != int64(len(up)) {
			t.Errorf("FIN arrived at %d, want %d", e.Off, len(up))
		}
	}
}

// What nobody watches is forgotten: what was kept, and the address.
func TestPracticeServerUnwatched(t *testing.T) {
	h := testHub(t, HubOptions{})
	taps := make(chan *Tap, 1)
	addr := practiceServer(t, h, func(conn net.Conn) {
		io.CopyN(io.Discard, conn, maxEarly+1)
		taps <- conn.(*Tap)
		io.Copy(io.Discard, conn)
	})
	conn := dialTarget(t, addr)
	conn.Write(make([]byte, maxEarly+1))
	tap := <-taps
	if tap.line.Load() != nil {
		t.Error("it is listened to after 64 KiB that nobody asked for")
	}
	conn.Close()
	for len(waiting(h)) > 0 {
		time.Sleep(time.Millisecond)
	}
}

func waiting(h *Hub) (addresses []string) {
	h.meet.mu.Lock()
	defer h.meet.mu.Unlock()
	for a := range h.meet.waiting {
		addresses = append(addresses, a)
	}
	for a := range h.meet.sessions {
		addresses = append(addresses, a)
	}
	return addresses
}

// The practice server's own close, FIN and reset are its own: send, not something the bridge did.
func TestPracticeServerEnds(t *testing.T) {
	h := testHub(t, HubOptions{})
	addr := practiceServer(t, h, func(conn net.Conn) {
		conn.Read(make([]byte, 1))
		conn.(*Tap).CloseWrite()
		io.Copy(io.Discard, conn)
	})
	s := claimed(t, h)
	s.begin(time.Now(), Event{})
	conn := dialTarget(t, addr)
	b := s.TapTarget(conn, conn)
	io.WriteString(b, "x")
	io.Copy(io.Discard, b)
	b.(*Tap).CloseWrite()
	for len(those(all(t, s), B, In, Send, Closed)) == 0 {
		time.Sleep(time.Millisecond)
	}
	events := all(t, s)
	one(t, events, B, In, Send, Shutdown)
	one(t, events, B, In, Socket, EOF)
	one(t, events, B, Out, Socket, Shutdown)
	one(t, events, B, Out, Recv, EOF)
}
