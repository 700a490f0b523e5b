package tcp

import (
	"sync"
	"sync/atomic"
)

// MaxTail is how many bytes NextBehind can keep from one call to the next.
const MaxTail = 256

// A read that filled its buffer is followed by one into a large buffer. CPU time of a GiB up and down, as a part of what a
// relay with buffers of 64 KiB needs, by the size of the large ones, at 1 connection (at 8):
//
//	 64 KiB  1.28 and 1.07  (1.14 and 1.07)
//	256 KiB  1.02 and 0.74  (1.02 and 0.90)
//	512 KiB  1.00 and 0.65  (0.93 and 0.76)
//
// Only mostLarge of them are held at a time, 4 MiB, because a pair whose peer has stopped reading goes on holding
// its buffer; with 4 it was 1.04 and 0.82 at 8 connections.
const (
	smallRead = 32 << 10
	largeRead = 512 << 10
	mostLarge = 8
)

var (
	small     = sync.Pool{New: newSmall}
	large     = sync.Pool{New: newLarge}
	largeHeld atomic.Int32
)

func newSmall() any { return &buffer{bytes: make([]byte, MaxTail+smallRead)} }
func newLarge() any { return &buffer{bytes: make([]byte, MaxTail+largeRead)} }

// buffer is what one read takes, with room for a tail in front.
type buffer struct{ bytes []byte }

// takeBuffer takes a buffer from a pool; a large one if it is wanted and not too many are held.
func takeBuffer(wantLarge bool) *buffer {
	if !wantLarge {
		return small.Get().(*buffer)
	}
	if largeHeld.Add(1) > mostLarge {
		largeHeld.Add(-1)
		return small.Get().(*buffer)
	}
	return large.Get().(*buffer)
}

func (b *buffer) isLarge() bool { return len(b.bytes) > MaxTail+smallRead }

// giveBack makes b somebody else's.
func (b *buffer) giveBack() {
	if !b.isLarge() {
		small.Put(b)
		return
	}
	large.Put(b)
	largeHeld.Add(-1)
}
