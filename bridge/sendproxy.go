package bridge

import (
	"net"
	"net/netip"

	"wsbridge/tcp"
)

// ProxyVersion is the version of the PROXY header that a target is sent; 0: none.
type ProxyVersion byte

// header tells the target who the client is and where it, or its proxy, connected.
func (v ProxyVersion) header(a *admission) []byte {
	if v == 0 {
		return nil
	}
	source := netip.AddrPortFrom(a.sender.addr, 0)
	if peer, err := netip.ParseAddrPort(a.r.RemoteAddr); err == nil && a.sender.proxy == "" {
		source = netip.AddrPortFrom(a.sender.addr, peer.Port())
	}
	return tcp.ProxyPreface(int(v), tcpAddr(source), tcpAddr(localAddr(a.r)))
}

// tcpAddr is nil for an address that is none.
func tcpAddr(a netip.AddrPort) net.Addr {
	if !a.Addr().IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port()))
}
