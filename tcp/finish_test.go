package tcp

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func finishInto(c *Conn, linger time.Duration, done chan<- struct{}) {
	c.Finish(linger)
	close(done)
}

// Closing with unread bytes would send a RST, which takes along what the peer has not read: not always, so often.
func TestFinishLosesNothingThoughBytesAreUnread(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for range 30 {
				c, peer := connect(t, kind, patience)
				data := more[:300<<10]
				unread := more[:50<<10]
				if kind == "unix" {
					unread = unread[:1000]
				}
				if _, err := peer.Write(unread); err != nil {
					t.Fatal(err)
				}
				arrived(t, peer)
				wrote := make(chan error, 1)
				got := make(chan result, 1)
				if kind == "unix" { // the kernel takes less for it than data
					go readAll(peer, 16<<10, nil, got)
				}
				go writeInto(c, data, wrote)
				if err := within(t, "the write", wrote); err != nil {
					t.Fatal(err)
				}
				finished := make(chan struct{})
				go finishInto(c, patience, finished)
				if kind != "unix" {
					go readAll(peer, 16<<10, nil, got)
				}
				r := within(t, "the peer's end", got)
				if r.err != nil {
					t.Errorf("the peer read %v, want EOF", r.err)
				}
				sameBytes(t, r.data, data)
				select {
				case <-finished:
					t.Error("Finish returned before the peer's FIN and before the linger was over")
				default:
				}
				peer.Close()
				within(t, "Finish", finished)
			}
		})
	}
}

// A peer that answers while it reads, as an echo does, has bytes on the way to us all the time. If we closed after the
// linger, the next of them would make the kernel throw away megabytes that the peer is still taking.
func TestFinishWaitsForAPeerThatTakesSlowlyAndSends(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			const linger, timeout = 30 * time.Millisecond, time.Second
			c, peer := connect(t, kind, timeout)
			data := more[:6<<20]
			setBuffers(c.socket.Conn, 8<<20, 0)
			setBuffers(socketOf(peer), 0, 64<<10)
			wrote := make(chan error, 1)
			go writeInto(c, data, wrote)
			got := make(chan result, 1)
			began := time.Now()
			send := func() {
				time.Sleep(25 * time.Millisecond)
				peer.Write(data[:1000]) // fails after the end; that is no reason not to read the rest
			}
			go readAll(peer, 64<<10, send, got)
			if err := within(t, "the write", wrote); err != nil {
				t.Fatal(err)
			}
			left, known := c.Unacked()
			finished := make(chan struct{})
			go finishInto(c, linger, finished)
			r := within(t, "the peer's end", got)
			late := kind == "unix" && errors.Is(r.err, syscall.ECONNRESET) // what it sent last met a closed socket
			if r.err != nil && !late {
				t.Errorf("the peer read %v, want EOF", r.err)
			}
			sameBytes(t, r.data, data)
			if took := time.Since(began); known && kind == "tcp" && (left < 4<<20 || took < 2*timeout) {
				t.Errorf("%d bytes left, read in %v: no test for a linger of %v and a timeout of %v", left, took, linger, timeout)
			}
			within(t, "Finish", finished)
		})
	}
}

// setBuffers sets the kernel's buffers in bytes; 0 leaves one alone.
func setBuffers(nc net.Conn, send, receive int) {
	buffered := nc.(interface {
		SetWriteBuffer(int) error
		SetReadBuffer(int) error
	})
	if send > 0 {
		buffered.SetWriteBuffer(send)
	}
	if receive > 0 {
		buffered.SetReadBuffer(receive)
	}
}

func TestFinishReturns(t *testing.T) {
	const linger, timeout = 30 * time.Millisecond, 100 * time.Millisecond
	tests := []struct {
		claim string
		peer  func(c *Conn, peer net.Conn)
	}{
		{"from a silent peer", func(*Conn, net.Conn) {}},
		{"from a peer that has read all and stays", func(c *Conn, peer net.Conn) {
			c.Write([]byte("bye"))
			io.ReadFull(peer, make([]byte, 3))
		}},
		{"from a peer that takes nothing", func(c *Conn, peer net.Conn) {
			c.Write(more) // stalls
		}},
		{"from a peer that never stops sending", func(_ *Conn, peer net.Conn) {
			go sendForEver(peer, more[:64<<10], 0, make(chan struct{}))
		}},
		{"from a peer that has ended", func(_ *Conn, peer net.Conn) { closeWrite(peer) }},
		{"from a peer that is gone", func(c *Conn, peer net.Conn) {
			c.Write([]byte("unread"))
			socketOf(peer).Close()
		}},
		{"from a peer that has reset", func(c *Conn, peer net.Conn) {
			if nc, ok := socketOf(peer).(*net.TCPConn); ok {
				nc.SetLinger(0)
			}
			socketOf(peer).Close()
			c.Read(make([]byte, 1))
		}},
		{"after InterruptRead, Drain and InterruptWrite", func(c *Conn, _ net.Conn) { c.InterruptRead(); c.Drain(); c.InterruptWrite() }},
		{"after Close", func(c *Conn, _ net.Conn) { c.Close() }},
	}
	for _, kind := range kinds {
		for _, tt := range tests {
			t.Run(kind+" "+tt.claim, func(t *testing.T) {
				t.Parallel()
				c, peer := connect(t, kind, timeout)
				tt.peer(c, peer)
				finished := make(chan struct{})
				go finishInto(c, linger, finished)
				within(t, "Finish", finished)
				if _, err := c.socket.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Read after Finish: %v, want %v", err, net.ErrClosed)
				}
			})
		}
	}
}

func TestCloseWrite(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			c, peer := connect(t, kind, patience)
			c.Write([]byte("last words"))
			written := c.BytesWritten()
			for range 3 {
				if err := c.CloseWrite(); err != nil {
					t.Errorf("CloseWrite: %v", err)
				}
			}
			// crypto/tls would take a FIN alone for the end, others would not (RFC 8446 section 6.1).
			if notified := c.BytesWritten() > written; notified != overTLS(kind) {
				t.Errorf("close_notify sent: %v, want it over TLS and nowhere else", notified)
			}
			if got, err := io.ReadAll(peer); string(got) != "last words" || err != nil {
				t.Errorf("the peer read %q, %v, want all and EOF", got, err)
			}
			if got, err := io.ReadAll(socketOf(peer)); len(got) > 0 || err != nil {
				t.Errorf("below, the peer read %q, %v, want FIN", got, err)
			}
			c.SetReadDeadline(time.Now().Add(patience))
			buf := make([]byte, 100)
			for _, answer := range []string{"still", "there"} {
				peer.Write([]byte(answer))
				if n, err := c.Read(buf); string(buf[:n]) != answer || err != nil {
					t.Errorf("after CloseWrite: read %q, %v, want %q", buf[:n], err, answer)
				}
			}
			closeWrite(peer)
			if n, err := c.Read(buf); n != 0 || err != io.EOF {
				t.Errorf("after the peer's FIN: read %d, %v, want EOF", n, err)
			}
			if _, err := c.Write([]byte("more")); err == nil {
				t.Error("Write after CloseWrite: no error")
			}
		})
	}
}

// A peer that takes nothing leaves no room for a close_notify. The FIN waits no longer for it than a write would.
func TestCloseWriteToAPeerThatTakesNothing(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c, peer := connect(t, kind, 100*time.Millisecond)
			if _, err := c.Write(more); !errors.Is(err, ErrStalled) {
				t.Errorf("Write: %v, want %v", err, ErrStalled)
			}
			closed := make(chan error, 1)
			go closeWriteInto(c, closed)
			if err := within(t, "CloseWrite", closed); err != nil {
				t.Errorf("CloseWrite: %v", err)
			}
			if _, err := io.Copy(io.Discard, socketOf(peer)); err != nil {
				t.Errorf("the peer read %v, want FIN", err)
			}
		})
	}
}

func closeWriteInto(c *Conn, done chan<- error) { done <- c.CloseWrite() }
