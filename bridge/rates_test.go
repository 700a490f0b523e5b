package bridge

import (
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseRate(t *testing.T) {
	for _, row := range []struct {
		s    string
		want Rate
		is   string // as String writes it
		says string // of an error
	}{
		{"5/s", Rate{5, time.Second}, "5/s", ""},
		{"60/m", Rate{60, time.Minute}, "60/m", ""},
		{"100/h", Rate{100, time.Hour}, "100/h", ""},
		{"20/10s", Rate{20, 10 * time.Second}, "20/10s", ""},
		{"5/1s", Rate{5, time.Second}, "5/s", ""},
		{"1/24h", Rate{1, 24 * time.Hour}, "1/24h0m0s", ""},
		{"0", Rate{}, "0", ""},
		{"0/m", Rate{}, "0", ""},
		{"", Rate{}, "", "such as 5/s"},
		{"/s", Rate{}, "", "such as 5/s"},
		{"many", Rate{}, "", "such as 5/s"},
		{"1.5/s", Rate{}, "", "such as 5/s"},
		{"5", Rate{}, "", "per what time: 5/s or 5/m"},
		{"-1/s", Rate{}, "", "negative"},
		{"99999999999999999999/s", Rate{}, "", "too large"},
		{"5/", Rate{}, "", `"" is not s, m, h`},
		{"5/min", Rate{}, "", `"min" is not s, m, h`},
		{"5/s/s", Rate{}, "", `"s/s" is not s, m, h`},
		{"5/0s", Rate{}, "", "between 0 and 24h"},
		{"5/-1s", Rate{}, "", "between 0 and 24h"},
		{"5/25h", Rate{}, "", "between 0 and 24h"},
		{"0/25h", Rate{}, "", "between 0 and 24h"},
	} {
		got, err := ParseRate(row.s)
		switch {
		case row.says != "":
			if err == nil || !strings.Contains(err.Error(), row.says) || got != (Rate{}) {
				t.Errorf("ParseRate(%q): got %v, %v; want an error that says %q", row.s, got, err, row.says)
			}
		case err != nil || got != row.want || got.String() != row.is:
			t.Errorf("ParseRate(%q): got %#v, written %v, %v; want %#v, written %s", row.s, got, got, err, row.want, row.is)
		}
	}
}

// letIn counts how many of n tries are let in.
func letIn(l *rates, from netip.Addr, r Rate, n int) (in int) {
	for range n {
		if _, ok := l.allow(from, r); ok {
			in++
		}
	}
	return in
}

func TestRateOfAnAddress(t *testing.T) {
	for _, s := range []string{"1/s", "5/s", "3/s", "60/m", "7/h", "1/24h", "1000/s", "20/10s"} {
		t.Run(s, func(t *testing.T) {
			r, err := ParseRate(s)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { rateOfAnAddress(t, r) })
		})
	}
}

func rateOfAnAddress(t *testing.T, r Rate) {
	var l rates
	if got := letIn(&l, alice, r, 2*r.N); got != r.N {
		t.Errorf("got %d at once, want %d", got, r.N)
	}
	if got := letIn(&l, bob, r, 1); got != 1 {
		t.Error("another address was refused")
	}
	for range 5 {
		wait, ok := l.allow(alice, r)
		if ok || wait <= 0 || wait > r.Per/time.Duration(r.N)+time.Microsecond {
			t.Fatalf("got %v, to wait %v, when none was left of %v", ok, wait, r)
		}
		time.Sleep(wait / 2)
		if left, ok := l.allow(alice, r); ok || left < wait/2-time.Microsecond || left > wait/2+time.Microsecond {
			t.Errorf("after half of %v got %v, to wait %v; want to wait the other half", wait, ok, left)
		}
		time.Sleep(wait - wait/2)
		if got := letIn(&l, alice, r, 2); got != 1 {
			t.Errorf("got %d after the %v it was told to wait, want 1", got, wait)
		}
	}
	time.Sleep(r.Per)
	if got := letIn(&l, alice, r, 2*r.N); got != r.N {
		t.Errorf("got %d after %v of rest, want %d", got, r.Per, r.N)
	}
}

func TestNoRate(t *testing.T) {
	var l rates
	if got := letIn(&l, alice, Rate{}, 1000); got != 1000 || len(l.by) != 0 {
		t.Errorf("got %d of 1000 and %d buckets, want all and none", got, len(l.by))
	}
}

func TestRateCountsLikeTheCensus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l rates
		r := Rate{1, time.Minute}
		for i, s := range []string{"192.0.2.1", "2001:db8::1", ""} {
			again := []string{"::ffff:192.0.2.1", "2001:db8::2", ""}[i]
			if letIn(&l, addrOf(s), r, 1) != 1 || letIn(&l, addrOf(again), r, 1) != 0 {
				t.Errorf("%q and %q did not share a bucket", s, again)
			}
		}
	})
}

// TestRateChanges: a reload applies at once, to what addresses had left at that time.
func TestRateChanges(t *testing.T) {
	hourly, fast := Rate{1, time.Hour}, Rate{10, time.Second}
	for _, row := range []struct {
		claim         string
		before, after Rate
		rest          time.Duration // after the change, which another address brings
		want          int           // of 20
	}{
		{"what was used up stays so", hourly, fast, 0, 0},
		{"the new rate refills", hourly, fast, time.Second / 2, 5},
		{"up to the new burst", hourly, fast, time.Hour, 10},
		{"the old rate refills no more", fast, hourly, time.Minute, 0},
		{"a smaller burst", Rate{20, time.Hour}, Rate{5, time.Hour}, time.Hour, 5},
		{"a limit where there was none", Rate{}, fast, 0, 10},
	} {
		t.Run(row.claim, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l rates
				letIn(&l, alice, row.before, row.before.N)
				l.allow(bob, row.after)
				time.Sleep(row.rest)
				if got := letIn(&l, alice, row.after, 20); got != row.want {
					t.Errorf("got %d, want %d", got, row.want)
				}
			})
		})
	}
}

// stranger is the i-th of many addresses.
func stranger(i int) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0x20, 4: byte(i >> 24), 5: byte(i >> 16), 6: byte(i >> 8), 7: byte(i)})
}

func TestIdleAddressesAreForgottenFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l rates
		r := Rate{2, time.Hour}
		letIn(&l, alice, r, 2)
		for i := range 10 {
			l.allow(stranger(i), r)
		}
		time.Sleep(r.Per/2 + time.Second) // the strangers' buckets are full, alice's is not
		for i := 10; i < 20; i++ {
			l.allow(stranger(i), r)
		}
		if got := len(l.by); got != 11 {
			t.Errorf("got %d buckets, want 11: those of alice and of the last ten", got)
		}
		if got := letIn(&l, alice, r, 2); got != 1 {
			t.Errorf("alice got %d, want the 1 that half of %v has brought", got, r)
		}
		wantConsistent(t, &l)
	})
}

// TestMoreAddressesThanBuckets: memory has a bound, and coming from more addresses than are remembered is no way
// around the limit, nor a way to have a newcomer refused while anything is left.
func TestMoreAddressesThanBuckets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l rates
		r := Rate{2, time.Hour}
		letIn(&l, alice, r, 2)
		in := 2
		for i := range 3 * mostBuckets {
			in += letIn(&l, stranger(i), r, 1)
			if n := 2 * mostBuckets; in > n {
				t.Fatalf("%d were let in, more than %d buckets of %d have", in, mostBuckets, r.N)
			}
		}
		if in != 2*mostBuckets {
			t.Errorf("%d were let in, want %d: a newcomer was refused while something was left", in, 2*mostBuckets)
		}
		if len(l.by) != mostBuckets {
			t.Errorf("got %d buckets, want %d", len(l.by), mostBuckets)
		}
		wantConsistent(t, &l)
		time.Sleep(r.Per)
		for i := range mostBuckets {
			l.allow(stranger(i%10), r)
			l.allow(stranger(-i), r)
		}
		wantConsistent(t, &l)
		time.Sleep(r.Per)
		for i := range 2 * mostBuckets {
			l.allow(stranger(i), r)
			time.Sleep(r.Per / 100)
		}
		if len(l.by) > 200 {
			t.Errorf("got %d buckets when hardly anybody is busy, want the others forgotten", len(l.by))
		}
	})
}

// wantConsistent checks that the map and the heap hold the same, each under its own address, the fullest first.
func wantConsistent(t *testing.T, l *rates) {
	t.Helper()
	if len(l.by) != len(l.byFull) {
		t.Fatalf("got %d buckets by address and %d by fullness", len(l.by), len(l.byFull))
	}
	for i, b := range l.byFull {
		if l.by[b.from] != b || b.at != i || b.full.Before(l.byFull[0].full) {
			t.Fatalf("bucket %d of %v: at %d, full %v; the first is full %v", i, b.from, b.at, b.full, l.byFull[0].full)
		}
	}
}

func TestRatesOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l rates
		r := Rate{50, time.Hour}
		var in [4]atomic.Int32
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() { in[i%4].Add(int32(letIn(&l, stranger(i%4), r, 20))) })
		}
		wg.Wait()
		for i := range in {
			if got := in[i].Load(); got != 50 {
				t.Errorf("address %d: got %d of 160, want 50", i, got)
			}
		}
	})
}

func BenchmarkAllow(b *testing.B) {
	r := Rate{5, 24 * time.Hour}
	b.Run("one address", func(b *testing.B) {
		var l rates
		b.ReportAllocs()
		for b.Loop() {
			l.allow(alice, r)
		}
	})
	b.Run("known among many", func(b *testing.B) {
		var l rates
		i := 0
		for i := range mostBuckets {
			l.allow(stranger(i), r)
		}
		b.ReportAllocs()
		for b.Loop() {
			l.allow(stranger(i%mostBuckets), r)
			i++
		}
	})
	b.Run("newcomers when all are busy", func(b *testing.B) {
		var l rates
		i := 0
		for ; i < mostBuckets; i++ {
			l.allow(stranger(i), r)
		}
		b.ReportAllocs()
		for b.Loop() {
			l.allow(stranger(i), r)
			i++
		}
	})
}
