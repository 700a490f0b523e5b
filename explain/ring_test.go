package explain

import (
	"bytes"
	"testing"
)

func TestRingKeepsTheNewest(t *testing.T) {
	for _, size := range []int{0, 1, 100, 4096, 64 << 10} {
		r := &ring{next: 1}
		rng := seeded(uint64(size))
		var sizes []int
		const n = 3*maxRecords + 17
		for seq := int64(1); seq <= n; seq++ {
			length := 0
			if size > 0 {
				length = rng.IntN(size)
			}
			sizes = append(sizes, length)
			r.add(&Event{Seq: seq, Omitted: 1, Data: bytes.Repeat([]byte{byte(seq)}, length)})
		}
		if len(r.records) != maxRecords || len(r.arena) > maxArena || r.oldest() != n-maxRecords+1 {
			t.Errorf("%d records, %d bytes, oldest %d; want %d, at most %d, %d", len(r.records), len(r.arena), r.oldest(), maxRecords, maxArena, n-maxRecords+1)
		}
		behind := 0 // bytes put since
		for seq := int64(n); seq >= r.oldest(); seq-- {
			e, length := r.get(seq), sizes[seq-1]
			behind += length
			switch {
			case behind > maxArena && (len(e.Data) != 0 || e.Omitted != int64(length)+1):
				t.Fatalf("event %d of up to %d bytes: %d bytes and %d omitted, want none of %d", seq, size, len(e.Data), e.Omitted, length)
			case behind <= maxArena && (!bytes.Equal(e.Data, bytes.Repeat([]byte{byte(seq)}, length)) || e.Omitted != 1):
				t.Fatalf("event %d of up to %d bytes: %d bytes %.8x, %d omitted; want all %d", seq, size, len(e.Data), e.Data, e.Omitted, length)
			case e.Seq != seq:
				t.Fatalf("event %d where %d was asked for", e.Seq, seq)
			}
		}
	}
}

// What the ring returns is the caller's: it does not change when the ring goes on.
func TestRingGivesCopies(t *testing.T) {
	r := &ring{next: 1}
	head, data := []byte("\x81\x82\x37\xfa\x21\x3d"), []byte("ab")
	r.add(&Event{Seq: 1, Masked: true, Head: head, Key: head[2:], Data: data})
	copy(head, "xxxxxx")
	copy(data, "xx")
	first := r.get(1)
	if string(first.Head) != "\x81\x82\x37\xfa\x21\x3d" || string(first.Key) != "\x37\xfa\x21\x3d" || string(first.Data) != "ab" {
		t.Errorf("got % x, % x, %q; want what was put", first.Head, first.Key, first.Data)
	}
	copy(first.Data, "yy")
	if again := r.get(1); string(again.Data) != "ab" {
		t.Errorf("got %q, want ab", again.Data)
	}
}

func TestRingGrowsAsItIsUsed(t *testing.T) {
	r := &ring{next: 1}
	r.add(&Event{Seq: 1, Data: []byte("x")})
	if cap(r.records) > 16 || cap(r.arena) > 1<<10 {
		t.Errorf("one event takes room for %d and %d bytes", cap(r.records), cap(r.arena))
	}
}
