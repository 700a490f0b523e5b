package bridge

import (
	"net/netip"
	"sync"
)

// whose is what limits by address count an address as. IPv6 counts by its /64: the last 64 bits
// are a host's own choice, and it may change them as often as it likes (RFC 8981), so that counting each would be no limit.
// The zero Addr (a unix socket's client, or nobody knows) is one address like any other.
func whose(from netip.Addr) netip.Addr {
	from = from.Unmap()
	if !from.Is6() {
		return from
	}
	network, _ := from.Prefix(64) // drops the zone; fails for no IPv6 address
	return network.Addr()
}

// census counts pairs, and requests on their way to become one: all, and by address (see whose). The zero value is ready.
type census struct {
	mu  sync.Mutex // guards what follows
	all int
	by  map[netip.Addr]int // without zeros
}

// enter counts one more and returns "", or returns the limit in its way, "max-conns" or "max-conns-per-ip", and counts
// nothing. A limit of 0 is none. Who has entered must leave.
func (c *census) enter(from netip.Addr, most, mostPerAddress int) (full string) {
	from = whose(from)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case most > 0 && c.all >= most:
		return "max-conns"
	case mostPerAddress > 0 && c.by[from] >= mostPerAddress:
		return "max-conns-per-ip"
	}
	if c.by == nil {
		c.by = make(map[netip.Addr]int)
	}
	c.all++
	c.by[from]++
	return ""
}

// leave takes back one enter. Without one it does nothing.
func (c *census) leave(from netip.Addr) {
	from = whose(from)
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.by[from]
	if n == 0 {
		return
	}
	c.all--
	c.by[from] = n - 1
	if n == 1 {
		delete(c.by, from)
	}
}

// place is what a pair takes of the limits.
type place struct {
	from netip.Addr
	of   [2]*census // nil: none taken
}

// leave makes room for another one. A second call does nothing.
func (p *place) leave() {
	for i, c := range p.of {
		if c != nil {
			c.leave(p.from)
			p.of[i] = nil
		}
	}
}
