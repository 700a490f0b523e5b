package tcp

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"
)

// Whatever part of its bytes a reader keeps, and however they come, it gets every byte once.
func TestNextBehind(t *testing.T) {
	for _, kind := range kinds {
		for seed := range uint64(5) {
			c, peer := connect(t, kind, 0)
			r := rand.New(rand.NewPCG(seed, 0))
			sent := make(chan error, 1)
			go sendInPieces(peer, more[:2<<20], rand.New(rand.NewPCG(seed, 1)), sent)
			var all bytes.Buffer
			var p []byte
			for all.Len()+len(p) < 2<<20 {
				keep := r.IntN(min(len(p), MaxTail) + 1)
				all.Write(p[:len(p)-keep])
				var err error
				if p, err = c.NextBehind(p[len(p)-keep:]); err != nil || len(p) <= keep {
					t.Fatalf("%s: after %d bytes: %d, %v, want more than %d", kind, all.Len(), len(p), err, keep)
				}
			}
			all.Write(p)
			sameBytes(t, all.Bytes(), more[:2<<20])
			if err := <-sent; err != nil {
				t.Error(err)
			}
			if got := c.BytesRead(); !overTLS(kind) && got != 2<<20 {
				t.Errorf("%s: BytesRead() = %d, want %d", kind, got, 2<<20)
			}
		}
	}
}

func sendInPieces(peer net.Conn, data []byte, r *rand.Rand, sent chan<- error) {
	for len(data) > 0 {
		n := min(len(data), 1+r.IntN(1<<r.IntN(18)))
		if _, err := peer.Write(data[:n]); err != nil {
			sent <- err
			return
		}
		data = data[n:]
	}
	sent <- nil
}

// The end of a connection looks the same to Next and to Read.
func TestNextEndsAsReadDoes(t *testing.T) {
	tests := []struct {
		claim string
		end   func(net.Conn)
	}{
		{"FIN", closeWrite},
		{"a reset", func(peer net.Conn) {
			socketOf(peer).(*net.TCPConn).SetLinger(0)
			socketOf(peer).Close()
		}},
		{"a deadline that somebody set", nil},
	}
	for _, kind := range []string{"tcp", "tls", "accepted", "accepted tls"} {
		for _, tt := range tests {
			t.Run(kind+" "+tt.claim, func(t *testing.T) {
				var words [2]string
				for i, size := range []int{100, inPlace} {
					c, peer := connect(t, kind, 0)
					c.SetReadDeadline(time.Now().Add(patience))
					peer.Write([]byte("x"))
					if p, err := readOrNext(c, make([]byte, size)); string(p) != "x" || err != nil {
						t.Fatalf("got %q, %v, want x", p, err)
					}
					if tt.end != nil {
						tt.end(peer)
					} else {
						c.SetReadDeadline(longAgo)
					}
					p, err := readOrNext(c, make([]byte, size))
					if len(p) > 0 || err == nil {
						t.Fatalf("got %q, %v, want an error", p, err)
					}
					words[i] = withoutAddresses(err)
				}
				if words[0] != words[1] {
					t.Errorf("Read: %s, Next: %s, want the same", words[0], words[1])
				}
			})
		}
	}
}

func withoutAddresses(err error) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}

// A wait holds no buffer, and an end none that it took.
func TestBuffersAreGivenBack(t *testing.T) {
	c, peer := connect(t, "tcp", 0)
	raw, err := c.socket.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		if c.tryRead(fd) || c.next.buf != nil {
			t.Error("a read without anything to read took a buffer")
		}
	}); err != nil {
		t.Fatal(err)
	}
	noneHeld(t)
	peer.Write(more[:receiveBuffer(c, peer)])
	arrived(t, peer)
	for range 2 { // a small read that is full, and a large one
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if got := largeHeld.Load(); got != 1 {
		t.Errorf("%d large buffers are held, want 1", got)
	}
	c.Finish(0)
	if got := largeHeld.Load(); got != 0 || c.next.buf != nil {
		t.Errorf("%d large buffers are held behind the end, want none", got)
	}
}

// noneHeld forgets the buffers that other tests hold, which close connections without Finish.
func noneHeld(t *testing.T) {
	before := largeHeld.Swap(0)
	t.Cleanup(func() { largeHeld.Add(before) })
}

func TestLargeBuffersAreFew(t *testing.T) {
	noneHeld(t)
	var taken []*buffer
	larges := 0
	for range 3 * mostLarge {
		b := takeBuffer(true)
		if taken = append(taken, b); b.isLarge() {
			larges++
		}
	}
	if larges != mostLarge {
		t.Errorf("%d large buffers were to be had, want %d", larges, mostLarge)
	}
	for _, b := range taken {
		b.giveBack()
	}
	if b := takeBuffer(true); !b.isLarge() {
		t.Error("a large buffer that was given back is not to be had")
	} else {
		b.giveBack()
	}
}

func echoAll(peer net.Conn) { io.Copy(peer, peer) }
