//go:build unix

package explain

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A connection that has the bridge's port, but leads elsewhere or comes later, is not the session's.
func TestPracticeServerOfSomebodyElse(t *testing.T) {
	h := testHub(t, HubOptions{})
	echo := func(conn net.Conn) { io.Copy(conn, conn) }
	one, two := practiceServer(t, h, echo), practiceServer(t, h, echo)
	s := claimed(t, h)
	s.begin(time.Now(), Event{})
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, Control: sharePort}
	watched, err := dialer.Dial("tcp", one)
	if err != nil {
		t.Fatal(err)
	}
	b := s.TapTarget(watched, watched)
	defer b.Close()
	dialer.LocalAddr = watched.LocalAddr()
	other, err := dialer.Dial("tcp", two)
	if err != nil {
		t.Fatalf("the same port for two targets: %v", err)
	}
	defer other.Close()
	io.WriteString(other, "not yours")
	io.ReadFull(other, make([]byte, 9))
	if got := those(all(t, s), B, Out, Recv); len(got) != 0 {
		t.Errorf("got\n%s, want nothing", list(got))
	}
	b.Close()
	h.meet.mu.Lock()
	defer h.meet.mu.Unlock()
	if len(h.meet.sessions) != 0 {
		t.Errorf("the address is still the session's after its connection was closed: %v", h.meet.sessions)
	}
}

// sharePort lets a connection have the port of another one.
func sharePort(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
}
