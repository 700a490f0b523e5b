package page

import (
	"syscall"

	"wsbridge/explain"
)

// measureProbing asks the kernel (getsockopt) about the bridge's end of a connection; nil: it does not tell.
func measureProbing(t *explain.Tap) *probing {
	if t == nil {
		return nil
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return nil
	}
	var p *probing
	raw.Control(func(fd uintptr) {
		on, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE)
		idle, err1 := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE)
		interval, err2 := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL)
		count, err3 := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT)
		if err == nil && err1 == nil && err2 == nil && err3 == nil {
			p = &probing{on != 0, idle, interval, count}
		}
	})
	return p
}
