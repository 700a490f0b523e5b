//go:build unix

package explain

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// sharePort lets a connection have the port of another one.
func sharePort(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
}
