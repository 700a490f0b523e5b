package explain

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"wsbridge/tcp"
)

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
