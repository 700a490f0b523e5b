package main

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestStop: everybody who behaves is told, and the program does not wait for its timeout.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		ended := make(chan error, 1) // for the one connection
		target := serveTarget(t, func(conn net.Conn) {
			got, err := io.ReadAll(conn)
			if string(got) != "last words" {
				t.Errorf("%v: target got %q before the FIN, want %q", sig, got, "last words")
			}
			ended <- err
			conn.Close()
		})
		p := start(t, nil, "--target", target)
		c := open(t, p.addr, "/")
		c.send(text, []byte("last words"))
		begin := time.Now()
		p.signal(sig)
		if got, want := c.next(), `Close 1001 "server shutting down"`; got != want {
			t.Errorf("%v: client got %s, want %s", sig, got, want)
		}
		c.send(closed, []byte{0x03, 0xE9})
		if got, want := c.next(), "end of TCP"; got != want {
			t.Errorf("%v: after both Close frames got %s, want %s", sig, got, want)
		}
		if err := <-ended; err != nil {
			t.Errorf("%v: target got %v, want FIN", sig, err)
		}
		if code := p.exit(patience); code != 0 {
			t.Errorf("%v: exit code %d, want 0", sig, code)
		}
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("%v: ended after %v, want well before the 8 s of --shutdown-timeout", sig, took)
		}
	}
}

// besiege connects every kind of peer that does not let go.
func besiege(t *testing.T, p *program) {
	t.Helper()
	open(t, p.addr, "/echo") // answers no Close frame
	full := open(t, p.addr, "/lab/echo")
	full.flood(300 * time.Millisecond) // sends, and never reads what comes back
	stalled := open(t, p.addr, "/stalled")
	stalled.flood(300 * time.Millisecond) // its target never reads
	chargen := open(t, p.addr, "/lab/chargen")
	chargen.read(1) // its target never stops
	cut := open(t, p.addr, "/")
	cut.conn.Write(clientFrame(binry, make([]byte, 1000))[:500]) // stops inside a frame
	connect(t, p.addr)                                           // asks for nothing
	io.WriteString(connect(t, p.addr), "GET / HTTP/1.1\r\nHost: x\r\n")
	dialling := connect(t, p.addr) // its target never finishes the TLS handshake
	io.WriteString(dialling, "GET /dialling HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")
}

func startBesieged(t *testing.T, args ...string) *program {
	t.Helper()
	dialled := make(chan struct{}, 1) // for the one connection
	tlsTarget := serveTarget(t, func(net.Conn) { dialled <- struct{}{} })
	p := start(t, nil, append(args, "--target", "lab:echo", "--target", "/stalled="+serveTarget(t, silent),
		"--target", "/dialling=tls://"+tlsTarget, "--dial-timeout", "1m", "--handshake-timeout", "1m")...)
	besiege(t, p)
	<-dialled
	return p
}

func TestStopWithHostilePeers(t *testing.T) {
	t.Parallel()
	const limit = 2 * time.Second
	p := startBesieged(t, "--shutdown-timeout", limit.String())
	begin := time.Now()
	p.signal(syscall.SIGTERM)
	if code := p.exit(patience); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if took := time.Since(begin); took > limit+time.Second {
		t.Errorf("ended after %v, want %v", took, limit)
	}
}

func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for sig, want := range map[os.Signal]int{syscall.SIGTERM: 143, os.Interrupt: 130} {
		p := startBesieged(t, "--shutdown-timeout", "1m")
		p.signal(syscall.SIGTERM)
		p.stderr.await(t, "msg=stopping")
		p.signal(sig)
		if code := p.exit(3 * time.Second); code != want {
			t.Errorf("SIGTERM, then %v: exit code %d, want %d", sig, code, want)
		}
	}
}

func TestHangup(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--log-level", "debug")
	c := open(t, p.addr, "/")
	for range 3 {
		p.hangup(readAgain)
		c.send(text, []byte("still there"))
		if got, want := string(c.read(len("still there"))), "still there"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
