package lab

import (
	"fmt"
	"io"
	"net"
)

// What the servers that end in a way of their own say first.
const (
	resetGreeting = "The first bytes you send make me reset this connection.\r\n"
	halfCloseLine = "I got %d bytes and have nothing more to say. FIN follows; I go on reading.\r\n"
)

// reset greets and answers the client's first bytes with RST, which ends both directions at once and is no
// answer to anything (RFC 9293 section 3.10.4). A client that ends before that gets FIN, like everywhere.
func reset(conn net.Conn) {
	io.WriteString(conn, resetGreeting)
	if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
		return
	}
	if abrupt, ok := conn.(interface{ SetLinger(int) error }); ok {
		abrupt.SetLinger(0)
	}
	conn.Close()
}

// halfClose answers the client's first bytes with one line and FIN, and reads on until the client's FIN: each
// direction of a TCP connection ends by itself (RFC 9293 section 3.6). It waits for those bytes so that
// whoever watches decides when it happens.
func halfClose(conn net.Conn) {
	n, err := conn.Read(make([]byte, 4<<10))
	if err != nil {
		return
	}
	fmt.Fprintf(conn, halfCloseLine, n)
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.Copy(io.Discard, conn)
}

// nobody answers at the addresses where no connection is ever accepted.
func nobody(net.Conn) {}
