//go:build !unix

package bridge

import "syscall"

func receiveBuffer(int) func(network, address string, c syscall.RawConn) error { return nil }
