//go:build unix

package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
)

// listenNarrow sets the receive buffer before anybody connects: the window that a handshake offers is not taken back.
func listenNarrow(ctx context.Context, address string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, narrowBuffer)
		})
		if failed != nil {
			return failed
		}
		return err
	}}
	return config.Listen(ctx, "tcp", address)
}

// listenRefusing takes the address and does not listen there: who dials is answered with RST, and nobody else can
// take the port meanwhile.
func listenRefusing(_ context.Context, address string) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	family, at := sockaddr(addr)
	syscall.ForkLock.RLock() // no child process gets the socket
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	bound := os.NewFile(uintptr(fd), "refuse")
	if err := syscall.Bind(fd, at); err != nil {
		bound.Close()
		return nil, &net.OpError{Op: "bind", Net: "tcp", Addr: addr, Err: os.NewSyscallError("bind", err)}
	}
	got, err := syscall.Getsockname(fd)
	if err != nil {
		bound.Close()
		return nil, os.NewSyscallError("getsockname", err)
	}
	return newDeafListener(tcpAddr(got), bound), nil
}

// sockaddr is addr as bind takes it. An address without an IP is every address of this machine, as for listeners.
func sockaddr(addr *net.TCPAddr) (family int, _ syscall.Sockaddr) {
	if ip := addr.IP.To4(); ip != nil {
		return syscall.AF_INET, &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(ip)}
	}
	if len(addr.IP) == 0 {
		addr.IP = net.IPv6unspecified
	}
	return syscall.AF_INET6, &syscall.SockaddrInet6{Port: addr.Port, Addr: [16]byte(addr.IP)}
}

func tcpAddr(at syscall.Sockaddr) *net.TCPAddr {
	switch at := at.(type) {
	case *syscall.SockaddrInet4:
		return &net.TCPAddr{IP: at.Addr[:], Port: at.Port}
	case *syscall.SockaddrInet6:
		return &net.TCPAddr{IP: at.Addr[:], Port: at.Port}
	}
	return new(net.TCPAddr)
}
