package bridge

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pace lets readers take so many bytes a second each. It sits on the reading side of a pump, so that a slow pace is
// ordinary backpressure for the sender: what waits, waits in the kernel.
//
// A nil pace is no limit.
type pace struct {
	rate     float64 // bytes a second
	burst    int64   // the most bytes of one read
	once     sync.Once
	released chan struct{} // closed by release
}

const (
	// paceCredit is how much of the time in which nothing was read is made up for. Without it the time that writing
	// takes, and timers that fire late, would make the pace slower than it should be, and single keystrokes would wait.
	paceCredit = time.Second / 4
	// leastHold is what is not worth a timer: the next read waits for it too. Small messages are many.
	leastHold = time.Millisecond
	// leastBurst keeps a slow pace from reading byte by byte.
	leastBurst = 1 << 10
)

// newPace returns nil for 0, which is no limit.
func newPace(bytesPerSecond int64) *pace {
	if bytesPerSecond <= 0 {
		return nil
	}
	return &pace{
		rate:     float64(bytesPerSecond),
		burst:    max(bytesPerSecond/int64(time.Second/paceCredit), leastBurst),
		released: make(chan struct{}),
	}
}

// source returns src at this pace; src itself for a nil pace. Each source has the whole pace for itself, so that one
// pace can serve both directions of a pair. Only one goroutine may read from it.
func (p *pace) source(src source) source {
	if p == nil {
		return src
	}
	return p.paced(src)
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (p *pace) paced(src io.Reader) *pacedReader {
	return &pacedReader{pace: p, src: src, due: time.Now(), timer: stoppedTimer()}
}

// holder holds whoever has read n bytes until they may be passed on; nil for a nil pace.
func (p *pace) holder() func(n int) {
	if p == nil {
		return nil
	}
	return p.paced(nil).hold
}

// release ends the limit, also for a read that waits: an end must not wait for the limit. Nothing is dropped. It may
// be called by any goroutine, and more than once.
func (p *pace) release() {
	if p != nil {
		p.once.Do(p.free)
	}
}

func (p *pace) free() { close(p.released) }

func (p *pace) isReleased() bool {
	select {
	case <-p.released:
		return true
	default:
		return false
	}
}

// pacedReader is a reader with a pace. As the source of a pump it reads into a buffer of its own.
type pacedReader struct {
	pace  *pace
	src   io.Reader
	due   time.Time // when the last byte may be passed on
	timer *time.Timer
	buf   []byte // Next's
	err   error  // what Next has still to return: it came with bytes
}

// pacedRead is how many bytes Next takes at most from one read.
const pacedRead = 32 << 10

// Next is Read without a buffer. It returns bytes or an error, never both.
func (r *pacedReader) Next() ([]byte, error) {
	if r.buf == nil {
		r.buf = make([]byte, pacedRead)
	}
	if r.err != nil {
		return nil, r.err
	}
	n, err := r.Read(r.buf)
	if n == 0 {
		return nil, err
	}
	r.err = err
	return r.buf[:n], nil
}

// Read reads from src, at most a burst, and holds what it got until it may be passed on: a quarter of a second, or
// the time of 1 KiB where that is longer. An error comes with the bytes it came with, and at once when it came alone.
func (r *pacedReader) Read(b []byte) (int, error) {
	if r.pace.isReleased() {
		return r.src.Read(b)
	}
	n, err := r.src.Read(b[:min(int64(len(b)), r.pace.burst)])
	if n > 0 {
		r.hold(n)
	}
	return n, err
}

// hold blocks until n more bytes may be passed on.
func (r *pacedReader) hold(n int) {
	now := time.Now()
	if oldest := now.Add(-paceCredit); r.due.Before(oldest) {
		r.due = oldest
	}
	r.due = r.due.Add(time.Duration(float64(n) / r.pace.rate * float64(time.Second)))
	wait := r.due.Sub(now)
	if wait < leastHold {
		return
	}
	r.timer.Reset(wait)
	select {
	case <-r.timer.C:
	case <-r.pace.released:
		r.timer.Stop()
	}
}

// byteUnits are spelt exactly so: Mb and mbps are bits.
var byteUnits = map[string]int64{
	"": 1, "B": 1,
	"KB": 1e3, "kB": 1e3, "MB": 1e6, "GB": 1e9,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
}

// leastBandwidth in bytes a second: a read is held for no more than a second, which pings and ends have to wait for.
const leastBandwidth = leastBurst

// ParseBandwidth reads bytes a second: "64000", "500KiB" or "10MB/s". "0" is no limit.
func ParseBandwidth(s string) (bytesPerSecond int64, err error) {
	amount := strings.TrimSuffix(s, "/s")
	unit := strings.TrimLeft(amount, "0123456789")
	digits := strings.TrimSuffix(amount, unit)
	switch {
	case strings.HasPrefix(unit, "-"):
		return 0, fmt.Errorf("bandwidth %q: a bandwidth cannot be negative", s)
	case digits == "":
		return 0, fmt.Errorf("bandwidth %q is not a number of bytes a second, such as 64000, 500KiB or 10MB", s)
	case strings.HasPrefix(unit, "."):
		return 0, fmt.Errorf("bandwidth %q is not a whole number; a smaller unit makes it one", s)
	}
	each, known := byteUnits[unit]
	if !known {
		return 0, fmt.Errorf("bandwidth %q: unknown unit %q (known: B, KB, MB, GB, KiB, MiB, GiB; a small b would be bits)", s, unit)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	bytes := n * each
	switch {
	case err != nil || bytes/each != n:
		return 0, fmt.Errorf("bandwidth %q: the number is too large", s)
	case bytes != 0 && bytes < leastBandwidth:
		return 0, fmt.Errorf("bandwidth %q is %d bytes a second; the least is 1KiB", s, bytes)
	}
	return bytes, nil
}
