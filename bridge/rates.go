package bridge

import (
	heaps "container/heap"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is N events per time. The zero value is no limit.
type Rate struct {
	N   int
	Per time.Duration
}

// longestPer is how long a Rate may look back. What an address did is not remembered over a restart anyway.
const longestPer = 24 * time.Hour

// ParseRate reads "5/s", "60/m", "100/h" or "20/10s". "0" is no limit.
func ParseRate(s string) (Rate, error) {
	number, per, divided := strings.Cut(s, "/")
	n, err := strconv.Atoi(number)
	switch {
	case err != nil && isDigits(number):
		return Rate{}, fmt.Errorf("rate %q: the number is too large", s)
	case err != nil:
		return Rate{}, fmt.Errorf("rate %q is not a number per time, such as 5/s or 60/m", s)
	case n < 0:
		return Rate{}, fmt.Errorf("rate %q: a rate cannot be negative", s)
	case !divided && n == 0:
		return Rate{}, nil
	case !divided:
		return Rate{}, fmt.Errorf("rate %q does not say per what time: %d/s or %d/m", s, n, n)
	}
	d, err := parsePer(per)
	switch {
	case err != nil:
		return Rate{}, fmt.Errorf("rate %q: %q is not s, m, h or a duration such as 10s", s, per)
	case d <= 0 || d > longestPer:
		return Rate{}, fmt.Errorf("rate %q: the time is not between 0 and 24h", s)
	case n == 0:
		return Rate{}, nil
	}
	return Rate{n, d}, nil
}

func parsePer(per string) (time.Duration, error) {
	switch per {
	case "s", "m", "h":
		per = "1" + per
	}
	return time.ParseDuration(per)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// String is the rate as ParseRate reads it.
func (r Rate) String() string {
	if r.none() {
		return "0"
	}
	per := r.Per.String()
	switch r.Per {
	case time.Second:
		per = "s"
	case time.Minute:
		per = "m"
	case time.Hour:
		per = "h"
	}
	return strconv.Itoa(r.N) + "/" + per
}

func (r Rate) none() bool { return r.N <= 0 || r.Per <= 0 }

func (r Rate) limit() rate.Limit { return rate.Limit(float64(r.N) / r.Per.Seconds()) }

// earn is how long it takes until so many tokens have come.
func (r Rate) earn(tokens float64) time.Duration {
	return time.Duration(math.Ceil(tokens * float64(r.Per) / float64(r.N)))
}

// mostBuckets is how many addresses rates remembers, in about 4 MiB.
const mostBuckets = 16 << 10

// rates limits how often an address (see whose) may do something: N at once, and then as often as Rate says. The zero
// value is ready.
//
// A bucket that is full is as good as none, and forgotten when newcomers come. When mostBuckets addresses are busy, a
// newcomer takes over the bucket that is nearest to full, as it is. A fresh one would free those who have more addresses
// than are remembered of any limit; one that all newcomers share would be empty for the honest ones too. So a
// newcomer is refused only when no bucket has anything left, and all addresses together get no more than mostBuckets would.
type rates struct {
	mu     sync.Mutex // guards what follows
	by     map[netip.Addr]*bucket
	byFull fullest // the same buckets
	rate   Rate    // in force
	since  time.Time
}

// bucket is what one address has left.
type bucket struct {
	from    netip.Addr
	limiter *rate.Limiter
	rate    Rate      // what limiter is set to
	full    time.Time // when it will be
	at      int       // its index in byFull
}

// allow takes one event from the bucket of an address. When there is none to take, it takes nothing, and wait is the
// time until there is. An r that differs from the last one applies from now on to all, with what they have left.
func (l *rates) allow(from netip.Addr, r Rate) (wait time.Duration, ok bool) {
	if r.none() {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if r != l.rate {
		l.rate, l.since = r, now
	}
	b := l.bucketOf(whose(from), now)
	b.adopt(r, l.since)
	ok = b.limiter.AllowN(now, 1)
	left := b.limiter.TokensAt(now)
	b.full = now.Add(r.earn(float64(r.N) - left))
	heaps.Fix(&l.byFull, b.at)
	if !ok {
		wait = r.earn(1 - left)
	}
	return wait, ok
}

// bucketOf finds or makes the bucket of an address.
func (l *rates) bucketOf(from netip.Addr, now time.Time) *bucket {
	if b := l.by[from]; b != nil {
		return b
	}
	for range 2 { // more than come in, so that they become fewer again
		if len(l.byFull) > 0 && !l.byFull[0].full.After(now) {
			delete(l.by, heaps.Pop(&l.byFull).(*bucket).from)
		}
	}
	var b *bucket
	if len(l.byFull) < mostBuckets {
		b = &bucket{limiter: rate.NewLimiter(l.rate.limit(), l.rate.N), rate: l.rate}
		heaps.Push(&l.byFull, b)
	} else {
		b = l.byFull[0]
		delete(l.by, b.from)
	}
	if l.by == nil {
		l.by = make(map[netip.Addr]*bucket)
	}
	b.from = from
	l.by[from] = b
	return b
}

// adopt makes r the bucket's rate as of since, when r came into force: the bucket was last used before.
func (b *bucket) adopt(r Rate, since time.Time) {
	if b.rate == r {
		return
	}
	b.limiter.SetLimitAt(since, r.limit())
	b.limiter.SetBurstAt(since, r.N)
	b.rate = r
}

// fullest is a heap: first is the bucket that will be full first. After a change of the rate, buckets not used
// since then keep the order of the old one.
type fullest []*bucket

func (f fullest) Len() int           { return len(f) }
func (f fullest) Less(i, j int) bool { return f[i].full.Before(f[j].full) }

func (f fullest) Swap(i, j int) {
	f[i], f[j] = f[j], f[i]
	f[i].at, f[j].at = i, j
}

func (f *fullest) Push(b any) {
	b.(*bucket).at = len(*f)
	*f = append(*f, b.(*bucket))
}

func (f *fullest) Pop() any {
	last := len(*f) - 1
	b := (*f)[last]
	(*f)[last] = nil
	*f = (*f)[:last]
	return b
}
