package tcp

import (
	"errors"
	"net"
	"runtime"
	"testing"
	"time"
)

// ways are the two ways to write.
var ways = map[string]func(*Conn, []byte) error{
	"Write": func(c *Conn, p []byte) error {
		n, err := c.Write(p)
		if err == nil && n != len(p) {
			err = errors.New("short write")
		}
		return err
	},
	"WriteBuffers": func(c *Conn, p []byte) error {
		return c.WriteBuffers(&net.Buffers{p[:len(p)/3], nil, p[len(p)/3:]})
	},
}

func eachWay(t *testing.T, test func(t *testing.T, kind string, write func(*Conn, []byte) error)) {
	for _, kind := range kinds {
		for name, write := range ways {
			t.Run(kind+" "+name, func(t *testing.T) { t.Parallel(); test(t, kind, write) })
		}
	}
}

// more is more than the kernel takes for a peer that takes nothing.
var more = pattern(32 << 20)

func TestAPeerThatTakesNothingIsStalled(t *testing.T) {
	eachWay(t, func(t *testing.T, kind string, write func(*Conn, []byte) error) {
		const timeout = 200 * time.Millisecond
		c, peer := connect(t, kind, timeout)
		began := time.Now()
		err := write(c, more)
		if took := time.Since(began); !errors.Is(err, ErrStalled) || took < timeout {
			t.Errorf("after %v: %v, want %v after %v or more", took, err, ErrStalled, timeout)
		}
		checkTaken(t, c, peer, more)
	})
}

// checkTaken wants that the peer gets just what the kernel took, and FIN: nothing twice and nothing left out.
func checkTaken(t *testing.T, c *Conn, peer net.Conn, data []byte) {
	t.Helper()
	done := make(chan result, 1)
	go readAll(peer, 1<<20, nil, done)
	c.socket.Conn.(interface{ CloseWrite() error }).CloseWrite()
	got := within(t, "the peer's end", done)
	if c.Conn == net.Conn(c.socket) {
		data = data[:c.BytesWritten()]
	} else {
		data = data[:min(len(data), len(got.data))] // the last record may be cut
	}
	if len(data) == 0 {
		t.Error("the kernel took nothing")
	}
	sameBytes(t, got.data, data)
}

func TestAPeerThatTakesSlowlyIsNotStalled(t *testing.T) {
	eachWay(t, func(t *testing.T, kind string, write func(*Conn, []byte) error) {
		const timeout = 1500 * time.Millisecond
		c, peer := connect(t, kind, timeout)
		data := more[:12<<20]
		if kind == "unix" {
			data = data[:6<<20] // the kernel takes less at once
		}
		done := make(chan result, 1)
		written := make(chan struct{})
		slowly := func() {
			select {
			case <-time.After(40 * time.Millisecond):
			case <-written: // nothing is left to show
			}
		}
		go readAll(peer, 64<<10, slowly, done)
		began := time.Now()
		if err := write(c, data); err != nil {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		if took := time.Since(began); took < 2*timeout {
			t.Errorf("the write took only %v: no test for a timeout of %v", took, timeout)
		}
		if !overTLS(kind) && c.BytesWritten() != int64(len(data)) {
			t.Errorf("BytesWritten() = %d, want %d", c.BytesWritten(), len(data))
		}
		close(written)
		c.CloseWrite()
		got := within(t, "the peer's end", done)
		if got.err != nil {
			t.Errorf("the peer read %v, want EOF", got.err)
		}
		sameBytes(t, got.data, data)
	})
}

func TestInterruptWrite(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Hour} {
		eachWay(t, func(t *testing.T, kind string, write func(*Conn, []byte) error) {
			c, peer := connect(t, kind, timeout)
			stop := time.AfterFunc(100*time.Millisecond, c.InterruptWrite)
			defer stop.Stop()
			wrote := make(chan error, 1)
			go writeWith(write, c, more, wrote)
			if err := within(t, "the write that waits", wrote); !errors.Is(err, ErrInterrupted) {
				t.Errorf("the write that waited: %v, want %v", err, ErrInterrupted)
			}
			go writeWith(write, c, more[:1000], wrote)
			if err := within(t, "a later write", wrote); !errors.Is(err, ErrInterrupted) {
				t.Errorf("a later write: %v, want %v", err, ErrInterrupted)
			}
			checkTaken(t, c, peer, more)
		})
	}
}

func writeWith(write func(*Conn, []byte) error, c *Conn, data []byte, done chan<- error) {
	done <- write(c, data)
}

// Whenever it comes, between two writes or inside one.
func TestInterruptWriteAtAnyMoment(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for i := range 50 {
				c, peer := connect(t, kind, time.Hour)
				wrote := make(chan error, 1)
				go writeAgainAndAgain(c, wrote)
				for range i * 100 {
					runtime.Gosched()
				}
				c.InterruptWrite()
				if err := within(t, "the writes", wrote); !errors.Is(err, ErrInterrupted) {
					t.Errorf("the writes ended with %v, want %v", err, ErrInterrupted)
				}
				c.Close()
				socketOf(peer).Close()
			}
		})
	}
}

// The moment that counts is between the look at the interruption and the renewal of the deadline, before a write that
// waits: many sockets over one full send queue meet it.
func TestInterruptWriteJustBeforeAWriteWaits(t *testing.T) {
	c, _ := connect(t, "tcp", 100*time.Millisecond)
	if _, err := c.Write(more); !errors.Is(err, ErrStalled) {
		t.Fatalf("Write: %v, want a full send queue", err)
	}
	wrote := make(chan error, 1)
	for i := range 40_000 {
		s := &socket{Conn: c.socket.Conn, timeout: time.Hour}
		go writeInto(s, more[:1], wrote)
		for spin := range i % 20_000 {
			runtime.KeepAlive(spin)
		}
		s.interruptWrite()
		if err := within(t, "the write", wrote); err != nil && !errors.Is(err, ErrInterrupted) {
			t.Fatalf("write %d: %v, want %v", i, err, ErrInterrupted)
		}
	}
}

// writeAgainAndAgain writes to a peer that may not read, until it gets an error.
func writeAgainAndAgain(c *Conn, done chan<- error) {
	for size := 1; ; size = size*7%100_003 + 1 {
		if _, err := c.Write(more[:size]); err != nil {
			done <- err
			return
		}
	}
}

func TestAWriteToAPeerThatIsGone(t *testing.T) {
	for _, kind := range kinds {
		c, peer := connect(t, kind, time.Hour)
		socketOf(peer).Close()
		wrote := make(chan error, 1)
		go writeAgainAndAgain(c, wrote)
		if err := within(t, kind, wrote); errors.Is(err, ErrStalled) || errors.Is(err, ErrInterrupted) {
			t.Errorf("%s: %v, want the system's error", kind, err)
		}
	}
}
