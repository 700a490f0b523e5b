package tcp

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

func sendQueue(c net.Conn) (n int, known bool)    { return queue(c, unix.TIOCOUTQ) }
func receiveQueue(c net.Conn) (n int, known bool) { return queue(c, unix.TIOCINQ) }

// queue asks through SyscallConn, which, unlike File, neither duplicates the descriptor nor makes it blocking.
func queue(c net.Conn, request uint) (n int, known bool) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, false
	}
	var ioctlErr error
	err = raw.Control(func(fd uintptr) { n, ioctlErr = unix.IoctlGetInt(int(fd), request) })
	return n, err == nil && ioctlErr == nil
}
