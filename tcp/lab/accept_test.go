package lab

import (
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A failingListener has no file descriptors left until accept has a connection. It never blocks, as the real
// one does not with EMFILE.
type failingListener struct {
	accept chan net.Conn
	calls  atomic.Int32
}

func (l *failingListener) Accept() (net.Conn, error) {
	l.calls.Add(1)
	select {
	case conn := <-l.accept:
		return conn, nil
	default:
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
}

func (l *failingListener) Close() error   { return nil }
func (l *failingListener) Addr() net.Addr { return nil }

func TestAnAcceptErrorNeitherEndsNorSpinsTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := &failingListener{accept: make(chan net.Conn, 1)} // filled before Accept looks
		s, err := Serve(ln, "echo")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // of the bubble's time
		if got, most := ln.calls.Load(), int32(3600+20); got > most || got < 3600-20 {
			t.Errorf("%d calls of Accept in an hour of EMFILE, want about one a second", got)
		}

		client, server := net.Pipe()
		defer client.Close()
		ln.accept <- server
		began := time.Now()
		go io.WriteString(client, "hello")
		receive(t, client, "hello")
		if waited := time.Since(began); waited > longestAcceptWait {
			t.Errorf("the client was served after %v, want at most %v", waited, longestAcceptWait)
		}

		time.Sleep(time.Minute) // until the wait is long again
		began = time.Now()
		s.Close()
		if waited := time.Since(began); waited > 0 {
			t.Errorf("Close waited %v for the next try, want 0", waited)
		}
	})
}

// A faultyListener accepts connections that panic where panicIn says, until healed.
type faultyListener struct {
	net.Listener
	panicIn string
	healed  atomic.Bool
}

func (l *faultyListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil || l.healed.Load() {
		return conn, err
	}
	return &faultyConn{conn.(*net.TCPConn), l.panicIn}, nil
}

type faultyConn struct {
	*net.TCPConn
	panicIn string
}

func (c *faultyConn) Read(p []byte) (int, error) {
	if c.panicIn == "read" {
		panic("faulty read")
	}
	return c.TCPConn.Read(p)
}

func (c *faultyConn) Write(p []byte) (int, error) {
	if c.panicIn == "write" {
		panic("faulty write")
	}
	return c.TCPConn.Write(p)
}

// WriteTo keeps io.Copy from reading past Read.
func (c *faultyConn) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

func TestAPanicEndsOneConnectionAndCloseTells(t *testing.T) {
	for _, name := range accepting() {
		for _, where := range []string{"read", "write"} {
			if where == "write" && (name == "discard" || name == "slow") {
				continue // they do not write while the client goes on
			}
			t.Run(name+" in "+where, func(t *testing.T) {
				t.Parallel()
				ln := &faultyListener{Listener: listen(t), panicIn: where}
				s, err := Serve(ln, name)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				faulty := dial(t, s.Addr())
				send(t, faulty, "x\r\n")
				io.ReadAll(faulty) // until the server has ended it, be it with FIN or RST

				ln.healed.Store(true)
				healthy := dial(t, s.Addr())
				send(t, healthy, "quit\r\n")
				if name != "reset" { // its RST may be here already
					closeWrite(t, healthy)
				}
				if _, err := io.ReadAll(healthy); err != nil && name != "reset" {
					t.Errorf("the next client: %v", err)
				}
				if err := s.Close(); err == nil || !strings.Contains(err.Error(), "faulty "+where) {
					t.Errorf("Close: %v, want the panic", err)
				}
			})
		}
	}
}
