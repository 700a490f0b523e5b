package explain

import (
	"math"
	"sync/atomic"
	"time"
)

// In a flood of large messages nobody looks at 4 KiB of each, and copying them made the relay a quarter slower.
const (
	keptInFlood = 64      // bytes of Data kept of an event once the purse is empty
	purseSize   = 4 << 20 // bytes
	purseFill   = 8 << 20 // bytes a second
)

// purse decides how much of the bytes of events is kept. The zero value keeps all; the session's mu guards it.
type purse struct {
	thrifty bool // set before use
	empty   atomic.Bool
	spent   int64
	at      time.Time // of the last look
}

// pay is how many of size bytes may be kept.
func (p *purse) pay(now time.Time, size int) int {
	if !p.thrifty {
		return math.MaxInt
	}
	if size <= keptInFlood {
		return size
	}
	if passed := now.Sub(p.at); passed > 0 {
		p.spent = max(0, p.spent-int64(min(passed, time.Second))*purseFill/int64(time.Second))
		p.at = now
	}
	if p.spent >= purseSize {
		p.empty.Store(true)
		return keptInFlood
	}
	p.empty.Store(false)
	p.spent += int64(size)
	return size
}

// limit is how many bytes of a frame are worth keeping now, of at most most.
func (p *purse) limit(most int) int {
	if p.empty.Load() {
		return keptInFlood
	}
	return most
}
