package main

import (
	"bytes"
	"math/rand/v2"
	"sync"
)

// period is after how many bytes the stream repeats. Random bytes do not resemble themselves, so that a byte changed,
// lost, added or in another's place makes a difference; only pieces exactly a period apart could change places unseen.
const period = 1 << 20

// pattern is the first period of the stream that everybody here sends, always from its start, and expects.
var pattern = sync.OnceValue(func() []byte {
	p := make([]byte, period)
	rand.NewChaCha8([32]byte{'w', 's', 'b', 'e', 'n', 'c', 'h'}).Read(p)
	return p
})

// piece is what the stream has at pos: n bytes, or fewer where the period ends.
func piece(pos, n int64) []byte {
	at := pos % period
	return pattern()[at:min(at+n, period)]
}

// difference is the index of the first byte of p that is not what the stream has at pos, -1 if there is none.
func difference(p []byte, pos int64) int {
	for off := 0; off < len(p); {
		want := piece(pos+int64(off), int64(len(p)-off))
		got := p[off : off+len(want)]
		if !bytes.Equal(got, want) {
			for i := range want {
				if got[i] != want[i] {
					return off + i
				}
			}
		}
		off += len(want)
	}
	return -1
}
