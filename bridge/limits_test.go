package bridge

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	alice = netip.MustParseAddr("192.0.2.1")
	bob   = netip.MustParseAddr("192.0.2.2")
)

func TestWhoseAddressItIs(t *testing.T) {
	for _, row := range []struct {
		claim string
		a, b  string // "": the zero Addr
		same  bool
	}{
		{"an IPv4 address is itself", "192.0.2.1", "192.0.2.1", true},
		{"its neighbour is another", "192.0.2.1", "192.0.2.2", false},
		{"an IPv4 address in IPv6's form is IPv4", "::ffff:192.0.2.1", "192.0.2.1", true},
		{"two of them are two", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		{"a /64 is one", "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true},
		{"the next /64 is another", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"a zone makes no difference", "fe80::1%eth0", "fe80::1%eth1", true},
		{"a zone makes no difference to none", "fe80::1%eth0", "fe80::2", true},
		{"nobody knows is one", "", "", true},
		{"nobody knows is not 0.0.0.0", "", "0.0.0.0", false},
		{"nobody knows is not ::", "", "::", false},
	} {
		t.Run(row.claim, func(t *testing.T) {
			if got := whose(addrOf(row.a)) == whose(addrOf(row.b)); got != row.same {
				t.Errorf("%q and %q: got same = %v, want %v", row.a, row.b, got, row.same)
			}
		})
	}
}

func addrOf(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

func TestCensus(t *testing.T) {
	type step struct {
		from string
		want string // from enter; "leave": it leaves
	}
	for _, row := range []struct {
		claim                string
		most, mostPerAddress int
		steps                []step
		all                  int // in the end
	}{
		{"no limit", 0, 0, []step{{"192.0.2.1", ""}, {"192.0.2.1", ""}, {"", ""}}, 3},
		{"a limit for all", 2, 0, []step{{"192.0.2.1", ""}, {"192.0.2.2", ""}, {"192.0.2.3", "max-conns"}}, 2},
		{"a limit by address", 0, 1, []step{{"192.0.2.1", ""}, {"192.0.2.1", "max-conns-per-ip"}, {"192.0.2.2", ""}}, 2},
		{"the limit for all is said first", 1, 1, []step{{"192.0.2.1", ""}, {"192.0.2.1", "max-conns"}}, 1},
		{"who leaves makes room", 1, 1, []step{{"192.0.2.1", ""}, {"192.0.2.1", "leave"}, {"192.0.2.1", ""}}, 1},
		{"who was refused takes no room", 0, 1, []step{{"192.0.2.1", ""}, {"192.0.2.1", "max-conns-per-ip"}, {"192.0.2.1", "leave"}, {"192.0.2.1", ""}}, 1},
		{"leaving twice makes no room", 1, 0, []step{{"192.0.2.1", "leave"}, {"192.0.2.2", ""}, {"192.0.2.1", "leave"}, {"192.0.2.1", "max-conns"}}, 1},
		{"both forms of an IPv4 address are one", 0, 1, []step{{"::ffff:192.0.2.1", ""}, {"192.0.2.1", "max-conns-per-ip"}, {"192.0.2.1", "leave"}}, 0},
		{"a /64 is one", 0, 1, []step{{"2001:db8::1", ""}, {"2001:db8::2", "max-conns-per-ip"}, {"2001:db8::2", "leave"}}, 0},
		{"nobody knows is limited too", 0, 1, []step{{"", ""}, {"", "max-conns-per-ip"}}, 1},
	} {
		t.Run(row.claim, func(t *testing.T) {
			var c census
			for i, s := range row.steps {
				if s.want == "leave" {
					c.leave(addrOf(s.from))
				} else if got := c.enter(addrOf(s.from), row.most, row.mostPerAddress); got != s.want {
					t.Errorf("step %d, %q enters: got %q, want %q", i, s.from, got, s.want)
				}
			}
			if c.all != row.all {
				t.Errorf("got %d in the end, want %d", c.all, row.all)
			}
		})
	}
}

// TestCensusOfMany: no limit is passed however many come at once, and nothing is left of those who have left.
func TestCensusOfMany(t *testing.T) {
	const most, mostPerAddress = 20, 3
	var c census
	var all atomic.Int32
	var by [16]atomic.Int32
	var entered atomic.Int32
	comeAndGo := func(i int) {
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		for range 500 {
			if c.enter(from, most, mostPerAddress) != "" {
				continue
			}
			entered.Add(1)
			if n, m := all.Add(1), by[i].Add(1); n > most || m > mostPerAddress {
				t.Errorf("%d are in, %d of them from %v; want at most %d and %d", n, m, from, most, mostPerAddress)
			}
			all.Add(-1)
			by[i].Add(-1)
			c.leave(from)
		}
	}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() { comeAndGo(i % len(by)) })
	}
	wg.Wait()
	if c.all != 0 || len(c.by) != 0 || entered.Load() == 0 {
		t.Errorf("%d entered; got %d and %v when all have left, want nobody", entered.Load(), c.all, c.by)
	}
}

func BenchmarkCensus(b *testing.B) {
	var c census
	b.ReportAllocs()
	for b.Loop() {
		c.enter(alice, 10, 10)
		c.leave(alice)
	}
}
