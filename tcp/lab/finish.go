package lab

import (
	"io"
	"net"
	"time"
)

// linger is how long a client may take to end its side after the server has ended its own.
const linger = 5 * time.Second

// finish ends the connection without losing what was written: FIN, then read and drop until the peer's FIN, at
// most for limit, because closing with unread bytes would send a RST (RFC 2525 section 2.17), and a RST
// makes the peer's kernel throw away what its program has not read yet. The caller closes conn.
func finish(conn net.Conn, limit time.Duration) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	conn.SetReadDeadline(time.Now().Add(limit))
	io.Copy(io.Discard, conn)
}
