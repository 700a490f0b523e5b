package tcp

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A send queue gives room back in steps of many kilobytes, so a peer that takes some bytes all the time can look for
// long as if it took none: one step is a minute on a line of 9600 bit/s. Only the kernel's count of what was
// acknowledged tells.
func TestAPeerThatTakesLessThanTheSendQueueGivesBackIsNotStalled(t *testing.T) {
	t.Parallel()
	const timeout, rate = time.Second, 12_000 // bytes in a second, acknowledged at least twice in it
	c, peer := connectSmall(t, timeout)
	data := pattern(20 << 20)
	wrote := make(chan error, 1)
	go writeInto(c, data, wrote)
	stop := time.AfterFunc(8*timeout, c.InterruptWrite)
	defer stop.Stop()
	var got []byte
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		due := int(time.Since(began).Seconds()*rate) - len(got)
		buf := make([]byte, due)
		n, err := io.ReadFull(peer, buf)
		if got = append(got, buf[:n]...); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-wrote:
			if err != ErrInterrupted {
				t.Errorf("Write returned %v after %v and %d bytes, want %v at the end of the test", err, time.Since(began), len(got), ErrInterrupted)
			}
			c.CloseWrite()
			rest, _ := io.ReadAll(peer)
			sameBytes(t, append(got, rest...), data[:c.BytesWritten()])
			return
		default:
		}
	}
}

// connectSmall is a connection of small segments to a peer with a small receive buffer, from a small send queue.
func connectSmall(t *testing.T, writeTimeout time.Duration) (*Conn, net.Conn) {
	small := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 300)
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
		})
	}}
	ln, err := small.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	c, err := Dialer{WriteTimeout: writeTimeout}.Dial(context.Background(), Target{Network: "tcp", Address: ln.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.socket.Conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
	peer, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	peer.SetDeadline(time.Now().Add(patience))
	return c, peer
}

// option asks the kernel about a socket.
func option(t *testing.T, nc net.Conn, level, name int) (value int) {
	t.Helper()
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, name) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSocketOptions(t *testing.T) {
	ln, err := Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialled, err := Dialer{}.Dial(context.Background(), Target{Network: "tcp", Address: ln.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer dialled.Close()
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	options := []struct {
		claim             string
		level, name, want int
	}{
		{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{"TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
		{"TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
		{"TCP_KEEPCNT", unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9},
	}
	for _, o := range options {
		if got := option(t, dialled.socket.Conn, o.level, o.name); got != o.want {
			t.Errorf("dialled: %s is %d, want %d", o.claim, got, o.want)
		}
		if got := option(t, accepted, o.level, o.name); got != o.want {
			t.Errorf("accepted: %s is %d, want %d", o.claim, got, o.want)
		}
	}
}

// With a full backlog the kernel drops what wants to connect: the nearest thing to a host that does not answer.
func TestDialOfATargetThatDoesNotAnswer(t *testing.T) {
	ln, target := listen(t, "tcp")
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.Listen(int(fd), 0) })
	if err != nil {
		t.Fatal(err)
	}
	first, err := Dialer{}.Dial(context.Background(), target) // has the backlog's only place
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	checkDialFails(t, Dialer{DialTimeout: dialTimeout}, target, TimedOut)
}

func TestQueues(t *testing.T) {
	t.Run("unread", func(t *testing.T) {
		for _, kind := range []string{"tcp", "unix"} {
			c, peer := connect(t, kind, 0)
			peer.Write(pattern(12_345))
			wantSoon(t, kind+": unread", c.unread, 12_345)
			if _, err := io.ReadFull(c, make([]byte, 345)); err != nil {
				t.Fatal(err)
			}
			wantSoon(t, kind+": unread after reading 345", c.unread, 12_000)
			peer.Close()
			io.Copy(io.Discard, c)
			wantSoon(t, kind+": unread after the FIN", c.unread, 0)
		}
	})
	t.Run("unacked", func(t *testing.T) {
		const size = 50_000 // the send queue takes it, the peer's small receive buffer does not
		c, peer := connectSmall(t, 0)
		if _, err := c.Write(pattern(size)); err != nil {
			t.Fatal(err)
		}
		wantSoon(t, "unacked and received", func() (int, bool) {
			unacked, known := c.Unacked()
			received, _ := receiveQueue(peer)
			if known && (unacked == 0 || received == 0) {
				return 0, known
			}
			return unacked + received, known
		}, size)
		if n, err := io.ReadFull(peer, make([]byte, size)); err != nil {
			t.Fatalf("the peer read %d bytes, %v", n, err)
		}
		wantSoon(t, "unacked when the peer has read all", c.Unacked, 0)
	})
	t.Run("unknown", func(t *testing.T) {
		one, other := net.Pipe()
		defer one.Close()
		defer other.Close()
		if n, known := NewConn(one, 0).Unacked(); known {
			t.Errorf("Unacked() of no socket = %d, known", n)
		}
	})
}

// wantSoon waits until the kernel gives the number, as it must as soon as what is under way has come.
func wantSoon(t *testing.T, claim string, ask func() (int, bool), want int) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		got, known := ask()
		if known && got == want {
			return
		}
		if !known || time.Since(began) > patience {
			t.Fatalf("%s: got %d, known %v, want %d", claim, got, known, want)
		}
	}
}
