//go:build !linux

package tcp

import "net"

func info(net.Conn) (i Info, known bool) { return Info{}, false }
