//go:build unix

package bridge

import "syscall"

// receiveBuffer is a net.Dialer's Control: the size holds from the first window that is offered.
func receiveBuffer(bytes int) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes) })
		return err
	}
}
