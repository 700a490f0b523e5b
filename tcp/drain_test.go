package tcp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// receiveBuffer is room in the kernel for several megabytes; a unix socket has only the other side's send buffer.
func receiveBuffer(c *Conn, peer net.Conn) (room int) {
	if u, local := peer.(*net.UnixConn); local {
		u.SetWriteBuffer(1 << 20)
		return 256 << 10
	}
	c.socket.Conn.(*net.TCPConn).SetReadBuffer(16 << 20)
	return 3 << 20
}

// inPlace is the size of the buffer of whoever calls Next rather than Read.
const inPlace = 0

// drained reads until an error, with a pause before each Read or Next.
func drained(c *Conn, size int, pause time.Duration) (data []byte, err error) {
	var all bytes.Buffer
	buf := make([]byte, size)
	for {
		time.Sleep(pause)
		p, err := readOrNext(c, buf)
		all.Write(p)
		if err != nil {
			return all.Bytes(), err
		}
	}
}

func readOrNext(c *Conn, buf []byte) ([]byte, error) {
	if len(buf) == inPlace {
		return c.Next()
	}
	n, err := c.Read(buf)
	return buf[:n], err
}

func TestDrainReturnsAllThatHasArrived(t *testing.T) {
	tests := []struct {
		claim string
		size  int
		pause time.Duration
	}{
		{"into a large buffer", 1 << 20, 0},
		{"into a small one", 500, 0},
		{"by a reader slower than the quiet time", 200 << 10, 2 * drainQuiet},
		{"in place", inPlace, 0},
		{"in place, slower than the quiet time", inPlace, 2 * drainQuiet},
	}
	for _, kind := range kinds {
		for _, tt := range tests {
			t.Run(kind+" "+tt.claim, func(t *testing.T) {
				t.Parallel()
				c, peer := connect(t, kind, 0)
				data := more[:receiveBuffer(c, peer)]
				if overTLS(kind) && tt.pause > 0 {
					data = data[:400<<10] // a Read returns one record
				}
				if _, err := peer.Write(data); err != nil {
					t.Fatal(err)
				}
				arrived(t, peer)
				c.Drain()
				got, err := drained(c, tt.size, tt.pause)
				if err != ErrDrained {
					t.Errorf("got %v, want %v", err, ErrDrained)
				}
				sameBytes(t, got, data)
				if _, err := readOrNext(c, make([]byte, min(tt.size, 1))); err != ErrDrained {
					t.Errorf("the next Read: %v, want %v", err, ErrDrained)
				}
			})
		}
	}
}

// late is a connection on a machine so busy that the first quiet times are over before the read that they are for.
type late struct {
	net.Conn
	times int
}

func (l *late) SetReadDeadline(t time.Time) error {
	err := l.Conn.SetReadDeadline(t)
	if l.times > 0 {
		l.times--
		time.Sleep(time.Until(t) + time.Millisecond)
	}
	return err
}

func TestDrainOnABusyMachine(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			c, peer := connect(t, kind, 0)
			c.Conn = &late{c.Conn, 3}
			peer.Write(more[:10_000])
			arrived(t, peer)
			c.Drain()
			got, err := drained(c, 4096, 0)
			if err != ErrDrained {
				t.Errorf("got %v, want %v", err, ErrDrained)
			}
			sameBytes(t, got, more[:10_000])
		})
	}
}

func TestDrain(t *testing.T) {
	tests := []struct {
		claim  string
		before func(*Conn, net.Conn)
		want   string
		err    error
	}{
		{"of nothing", nil, "", ErrDrained},
		{"of a few bytes", func(_ *Conn, peer net.Conn) { peer.Write([]byte("hello")) }, "hello", ErrDrained},
		{"of data and a FIN", func(_ *Conn, peer net.Conn) { peer.Write([]byte("bye")); closeWrite(peer) }, "bye", io.EOF},
		{"of a FIN", func(_ *Conn, peer net.Conn) { closeWrite(peer) }, "", io.EOF},
		{"twice", func(c *Conn, peer net.Conn) { peer.Write([]byte("hello")); c.Drain() }, "hello", ErrDrained},
		{"after InterruptRead", func(c *Conn, peer net.Conn) { c.InterruptRead() }, "", ErrInterrupted},
	}
	for _, kind := range kinds {
		for _, tt := range tests {
			t.Run(kind+" "+tt.claim, func(t *testing.T) {
				for _, size := range []int{100, inPlace} {
					c, peer := connect(t, kind, 0)
					if tt.before != nil {
						tt.before(c, peer)
					}
					arrived(t, peer)
					c.Drain()
					if got, err := drained(c, size, 0); string(got) != tt.want || err != tt.err {
						t.Errorf("into %d bytes: got %q, %v, want %q, %v", size, got, err, tt.want, tt.err)
					}
				}
			})
		}
	}
}

func closeWrite(nc net.Conn) { nc.(interface{ CloseWrite() error }).CloseWrite() }

func readInto(c *Conn, size int, done chan<- result) {
	data, err := drained(c, size, 0)
	done <- result{data, err}
}

// A Read that waits is woken, whether Drain or InterruptRead comes before it waits or while it does.
func TestDrainAndInterruptReadWakeARead(t *testing.T) {
	ends := []struct {
		claim string
		end   func(*Conn)
		err   error
	}{
		{"Drain", (*Conn).Drain, ErrDrained},
		{"InterruptRead", (*Conn).InterruptRead, ErrInterrupted},
	}
	for _, kind := range kinds {
		for _, e := range ends {
			t.Run(kind+" "+e.claim, func(t *testing.T) {
				t.Parallel()
				for i := range 20 {
					c, peer := connect(t, kind, 0)
					done := make(chan result, 1)
					go readInto(c, []int{4096, inPlace}[i%2], done)
					peer.Write([]byte("first"))
					if i%4 < 2 {
						wantRead(t, c, len("first"))
					}
					arrived(t, peer)
					e.end(c)
					got := within(t, e.claim, done)
					if got.err != e.err || e.err == ErrDrained && string(got.data) != "first" {
						t.Errorf("got %q, %v, want %v", got.data, got.err, e.err)
					}
				}
			})
		}
	}
}

// wantRead waits until c has read n bytes: its next Read waits, or soon will.
func wantRead(t *testing.T, c *Conn, n int) {
	t.Helper()
	for began := time.Now(); c.BytesRead() < int64(n); time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("read %d bytes, want %d", c.BytesRead(), n)
		}
	}
}

func TestInterruptReadIsForGood(t *testing.T) {
	for _, kind := range kinds {
		c, peer := connect(t, kind, 0)
		peer.Write([]byte("unread"))
		arrived(t, peer)
		c.InterruptRead()
		for range 3 {
			for _, size := range []int{100, inPlace} {
				if p, err := readOrNext(c, make([]byte, size)); len(p) != 0 || err != ErrInterrupted {
					t.Errorf("%s: Read: %q, %v, want nothing, %v", kind, p, err, ErrInterrupted)
				}
			}
		}
	}
}

// A peer that never stops sending cannot keep a drain from ending.
func TestDrainOfAnEndlessSender(t *testing.T) {
	paces := []struct {
		claim string
		size  int
		pause time.Duration
	}{
		{"as fast as it can", 64 << 10, 0},
		{"a few bytes all the time", 10, drainQuiet / 10},
		{"as fast as it can, read in place", 64 << 10, 0},
	}
	for _, kind := range kinds {
		for _, pace := range paces {
			t.Run(kind+" "+pace.claim, func(t *testing.T) {
				t.Parallel()
				c, peer := connect(t, kind, 0)
				stopped := make(chan struct{})
				go sendForEver(peer, more[:pace.size], pace.pause, stopped)
				if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
				c.Drain()
				done := make(chan result, 1)
				size := 4096
				if strings.HasSuffix(pace.claim, "in place") {
					size = inPlace
				}
				go readInto(c, size, done)
				if got := within(t, "the drain", done); got.err != ErrDrained {
					t.Errorf("after %d bytes: %v, want %v", len(got.data), got.err, ErrDrained)
				}
				c.Close()
				within(t, "the peer's end", stopped)
			})
		}
	}
}

func sendForEver(peer net.Conn, data []byte, pause time.Duration, stopped chan<- struct{}) {
	defer close(stopped)
	for {
		if _, err := peer.Write(data); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// A deadline that somebody else set is neither a drain nor an interruption.
func TestOtherReadDeadlines(t *testing.T) {
	c, _ := connect(t, "tcp", 0)
	c.SetReadDeadline(longAgo)
	for _, size := range []int{1, inPlace} {
		_, err := readOrNext(c, make([]byte, size))
		if errors.Is(err, ErrDrained) || errors.Is(err, ErrInterrupted) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read into %d bytes: %v, want the deadline's error", size, err)
		}
	}
}
