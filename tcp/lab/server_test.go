package lab

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var servers = []string{"echo", "discard", "daytime", "chargen", "line", "slow", "reset", "half-close", "split", "updates", "refuse", "black-hole"}

// accepting is the servers that accept connections.
func accepting() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { return name == "refuse" || name == "black-hole" })
}

func TestTheServersAndTheirOrder(t *testing.T) {
	want := servers
	if runtime.GOOS != "linux" {
		want = want[:len(want)-1]
	}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
	for _, name := range want {
		if got := Describe(name); !strings.Contains(got, "RFC") && name != "updates" || strings.Contains(got, "\n") || got == "" {
			t.Errorf("Describe(%q) = %q, want one line with an RFC", name, got)
		}
	}
	if got := Describe("nosuch"); got != "" {
		t.Errorf("Describe(%q) = %q, want nothing", "nosuch", got)
	}
}

func TestAnUnknownNameListsTheKnownOnesAndLeavesTheListenerOpen(t *testing.T) {
	ln := listen(t)
	_, err := Serve(ln, "ecco")
	want := `unknown practice server "ecco"; known are ` + strings.Join(Names(), ", ")
	if err == nil || err.Error() != want {
		t.Fatalf("Serve: %v, want %s", err, want)
	}
	if _, again := Listen(t.Context(), "ecco", "127.0.0.1:0"); again == nil || again.Error() != want {
		t.Errorf("Listen: %v, want %s", again, want)
	}
	s, err := Serve(ln, "echo")
	if err != nil {
		t.Fatalf("Serve on the same listener: %v", err)
	}
	if s.Addr() != ln.Addr() {
		t.Errorf("Addr() = %v, want %v", s.Addr(), ln.Addr())
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// fillUp writes until the peer has taken no byte for a while.
func fillUp(conn net.Conn) {
	conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	for {
		if n, err := conn.Write(make([]byte, 64<<10)); err != nil && n == 0 {
			return
		} else if n > 0 {
			conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		}
	}
}

func TestCloseEndsConnectionsWhateverTheyAreDoing(t *testing.T) {
	states := []struct {
		claim string
		reach func(*testing.T, *net.TCPConn)
	}{
		{"a client that never says anything", func(*testing.T, *net.TCPConn) {}},
		{"a client that half-closed and does not read", func(t *testing.T, conn *net.TCPConn) { closeWrite(t, conn) }},
		{"a client that began a line", func(t *testing.T, conn *net.TCPConn) { send(t, conn, "hel") }},
		{"a client that began a telnet command", func(t *testing.T, conn *net.TCPConn) { send(t, conn, "\xff\xfa\x18") }},
	}
	for _, name := range accepting() {
		for _, state := range states {
			t.Run(name+"/"+state.claim, func(t *testing.T) {
				t.Parallel()
				s := start(t, name)
				state.reach(t, dial(t, s.Addr()))
				closeInTime(t, s)
			})
		}
	}
	for _, name := range []string{"echo", "line"} {
		t.Run(name+"/a client that only writes, and stalled both ways", func(t *testing.T) {
			t.Parallel()
			s := start(t, name)
			conn := dial(t, s.Addr())
			send(t, conn, "a line\r\n")
			send(t, conn, strings.Repeat(strings.Repeat("y", 1000)+"\n", 1000))
			if name == "echo" {
				fillUp(conn)
			}
			closeInTime(t, s)
		})
	}
}

func closeInTime(t *testing.T, s *Server) {
	t.Helper()
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if took := time.Since(began); took > linger/2 {
		t.Errorf("Close took %v, want it not to wait for clients", took)
	}
}

func TestCloseEndsEveryConnectionAndStopsAccepting(t *testing.T) {
	s := start(t, "echo")
	var conns []*net.TCPConn
	for range 20 {
		conn := dial(t, s.Addr())
		send(t, conn, "hi")
		receive(t, conn, "hi")
		conns = append(conns, conn)
	}
	closeInTime(t, s)
	for _, conn := range conns {
		receiveEnd(t, conn)
	}
	if conn, err := net.Dial("tcp", s.Addr().String()); err == nil {
		conn.Close()
		t.Error("dial after Close succeeded")
	}
}

func TestCloseMayBeCalledAgainAndAtTheSameTime(t *testing.T) {
	s := start(t, "chargen")
	receive(t, dial(t, s.Addr()), " !\"")
	var closers sync.WaitGroup
	for range 4 {
		closers.Go(func() { closeInTime(t, s) })
	}
	closers.Wait()
	closeInTime(t, s)
}

func TestClientsThatComeWhileTheServerClosesAreEnded(t *testing.T) {
	for range 50 {
		s := start(t, "echo")
		var conns []*net.TCPConn
		for range 5 {
			conns = append(conns, dial(t, s.Addr()))
		}
		closeInTime(t, s)
		for _, conn := range conns {
			// The kernel resets what was never accepted; what matters is that it ends.
			if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("a connection outlived Close")
			}
		}
	}
}
