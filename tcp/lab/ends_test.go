package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestResetAnswersTheFirstBytesWithRST(t *testing.T) {
	s := start(t, "reset")
	for range 20 {
		conn := dial(t, s.Addr())
		receive(t, conn, resetGreeting)
		send(t, conn, "hello")
		if n, err := conn.Read(make([]byte, 100)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("received %d bytes, then %v; want nothing, then a reset", n, err)
		}
	}
}

func TestResetOfAClientThatSendsNothingIsFIN(t *testing.T) {
	conn := dial(t, start(t, "reset").Addr())
	closeWrite(t, conn)
	receive(t, conn, resetGreeting)
	receiveEnd(t, conn)
}

func TestHalfCloseSendsFINAndReadsOn(t *testing.T) {
	conn := dial(t, start(t, "half-close").Addr())
	send(t, conn, "hello")
	receive(t, conn, fmt.Sprintf(halfCloseLine, 5))
	receiveEnd(t, conn)
	send(t, conn, string(make([]byte, 8<<20))) // more than the buffers on the way hold
	closeWrite(t, conn)
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after 8 MiB more and our FIN: %v, want no reset", err)
	}
}

func TestHalfCloseWaitsForTheFirstBytes(t *testing.T) {
	conn := dial(t, start(t, "half-close").Addr())
	closeWrite(t, conn)
	receiveEnd(t, conn)
}

func TestNobodyListensAtRefuse(t *testing.T) {
	s := start(t, "refuse")
	for range 3 {
		if conn, err := net.Dial("tcp", s.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial: %v, %v; want it refused", conn, err)
		}
	}
	if ln, err := net.Listen("tcp", s.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listen there: %v, %v; want the address in use", ln, err)
	}
	closeInTime(t, s)
	ln, err := net.Listen("tcp", s.Addr().String())
	if err != nil {
		t.Fatalf("listen there after Close: %v", err)
	}
	ln.Close()
}

func TestRefuseTakesTheAddressThatIsAskedFor(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1", ""} {
		free, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Skip(err)
		}
		address := net.JoinHostPort(host, fmt.Sprint(free.Addr().(*net.TCPAddr).Port))
		free.Close()
		ln, err := Listen(t.Context(), "refuse", address)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		if got := ln.Addr().String(); got != free.Addr().String() {
			t.Errorf("%s became %s, want %s", address, got, free.Addr())
		}
		if _, err := Listen(t.Context(), "refuse", address); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s once more: %v, want it in use", address, err)
		}
		ln.Close()
	}
}

func TestABlackHoleLetsEveryDialTimeOut(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is none on this system")
	}
	s := start(t, "black-hole")
	const limit = 300 * time.Millisecond
	for range 3 {
		began := time.Now()
		conn, err := net.DialTimeout("tcp", s.Addr().String(), limit)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) < limit {
			t.Errorf("dial: %v, %v after %v; want a timeout after %v", conn, err, time.Since(began), limit)
		}
	}
	closeInTime(t, s)
	if _, err := net.DialTimeout("tcp", s.Addr().String(), patience); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Close: %v, want it refused", err)
	}
}
