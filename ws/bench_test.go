package ws

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// replay is a Stream from memory that never ends: the same bytes again and again, and what is written is dropped.
type replay struct {
	wire []byte
	buf  []byte
}

func newReplay(wire string) *replay {
	times := max((256<<10)/len(wire), 1)
	return &replay{[]byte(strings.Repeat(wire, times)), make([]byte, maxTail+times*len(wire))}
}

func (r *replay) NextBehind(tail []byte) ([]byte, error) {
	start := maxTail - len(tail)
	copy(r.buf[start:], tail)
	copy(r.buf[maxTail:], r.wire)
	return r.buf[start:], nil
}

func (*replay) Write(p []byte) (int, error) { return len(p), nil }

func (*replay) WriteBuffers(v *net.Buffers) error {
	_, err := v.WriteTo(io.Discard)
	return err
}

// BenchmarkNext is the cost of a message that has come: looking at its header, unmasking, moving it together.
func BenchmarkNext(b *testing.B) {
	for _, opcode := range []byte{opBinary, opText} {
		for _, size := range []int{64, 4 << 10, 64 << 10} {
			b.Run(fmt.Sprintf("opcode %d/%d", opcode, size), func(b *testing.B) {
				c := play(b, Options{}, newReplay(frame(fin|opcode, strings.Repeat("x", size))))
				defer c.Release()
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for left := b.N * size; left > 0; {
					p, err := c.Next()
					if err != nil {
						b.Fatal(err)
					}
					left -= len(p)
				}
			})
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, messages := range []Messages{Binary, Text} {
		for _, size := range []int{64, 32 << 10, 256 << 10} {
			b.Run(fmt.Sprintf("%s/%d", messages, size), func(b *testing.B) {
				c := play(b, Options{Messages: messages}, newReplay(frame(fin|opBinary, "x")))
				defer c.Release()
				p := []byte(strings.Repeat("x", size))
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					c.Write(p)
				}
			})
		}
	}
}

func BenchmarkHeader(b *testing.B) {
	wire := []byte(frame(fin|opBinary, strings.Repeat("x", 64)))
	out := make([]byte, 0, maxServerHeader)
	b.ReportAllocs()
	for b.Loop() {
		h, _ := parseHeader(wire)
		out = appendHeader(out[:0], true, h.opcode, int(h.length))
	}
}
