package lab

import (
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen; long, so that only a hang meets it.
const patience = 20 * time.Second

// start serves the named server on 127.0.0.1 until the end of the test.
func start(t testing.TB, name string) *Server {
	t.Helper()
	ln, err := Listen(t.Context(), name, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Serve(ln, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// listen listens until the end of the test, if nobody closes the listener before.
func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// dial connects to addr until the end of the test; nothing on the connection takes longer than patience.
func dial(t testing.TB, addr net.Addr) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}

// pair is the two ends of one TCP connection.
func pair(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	ln := listen(t)
	client = dial(t, ln.Addr())
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	return client, accepted.(*net.TCPConn)
}

func send(t testing.TB, conn io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatalf("send %.40q: %v", text, err)
	}
}

func closeWrite(t testing.TB, conn *net.TCPConn) {
	t.Helper()
	if err := conn.CloseWrite(); err != nil {
		t.Fatalf("half-close: %v", err)
	}
}

// receive reads exactly as many bytes as want has, and wants these.
func receive(t testing.TB, conn io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(conn, got)
	if string(got[:n]) != want {
		t.Fatalf("received %.200q (%v), want %.200q", got[:n], err, want)
	}
}

// receiveEnd wants a FIN and nothing before it.
func receiveEnd(t testing.TB, conn io.Reader) {
	t.Helper()
	if got, err := io.ReadAll(conn); err != nil || len(got) > 0 {
		t.Fatalf("received %.200q (%v), want the end", got, err)
	}
}
