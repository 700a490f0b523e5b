//go:build !linux

package tcp

import "net"

func sendQueue(net.Conn) (n int, known bool)    { return 0, false }
func receiveQueue(net.Conn) (n int, known bool) { return 0, false }
