package bridge

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// benchPair measures a pair of the route at path: off, watched, and watched by somebody who does not read on.
func benchPair(b *testing.B, path string, run func(b *testing.B, c *client, target net.Conn, size int)) {
	for _, size := range []int{64, 64 << 10} {
		for _, watched := range []string{"off", "on", "on and stuck"} {
			b.Run(fmt.Sprintf("%d/%s", size, watched), func(b *testing.B) {
				o := slowLimits()
				var w *watcher
				if watched != "off" {
					w = watchAll(b, &o)
				}
				r := newRig(b, o)
				c := r.dial(path)
				c.SetDeadline(time.Time{})
				var target net.Conn
				if path == "/" {
					target = r.accept()
					target.SetDeadline(time.Time{})
				}
				if watched == "on and stuck" {
					b.Cleanup(w.last().View().Close)
				}
				b.SetBytes(int64(size))
				run(b, c, target, size)
			})
		}
	}
}

// batched is how often wire is sent at once.
func batched(wire string) int { return max((64<<10)/len(wire), 1) }

// sendMany sends wire n times.
func sendMany(to net.Conn, wire string, n int, sent chan<- struct{}) {
	defer close(sent)
	block := []byte(strings.Repeat(wire, batched(wire)))
	for n > 0 {
		times := min(n, batched(wire))
		if _, err := to.Write(block[:times*len(wire)]); err != nil {
			return
		}
		n -= times
	}
}

// timed measures while wire is sent b.N times and get takes what comes of it.
func timed(b *testing.B, to net.Conn, wire string, get func(n int) error) {
	sent := make(chan struct{})
	b.ReportAllocs()
	b.ResetTimer()
	go sendMany(to, wire, b.N, sent)
	if err := get(b.N); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	<-sent
}

func BenchmarkUp(b *testing.B) {
	benchPair(b, "/", func(b *testing.B, c *client, target net.Conn, size int) {
		buf := make([]byte, 256<<10)
		timed(b, c, masked(true, binary, random(size)), func(n int) error {
			for left := n * size; left > 0; {
				got, err := target.Read(buf)
				if err != nil {
					return err
				}
				left -= got
			}
			return nil
		})
	})
}

func BenchmarkDown(b *testing.B) {
	benchPair(b, "/", func(b *testing.B, c *client, target net.Conn, size int) {
		br := bufio.NewReaderSize(c.Conn, 256<<10)
		timed(b, target, random(size), func(n int) error { return dropPayload(br, n*size) })
	})
}

func BenchmarkBuiltInEcho(b *testing.B) {
	benchPair(b, "/echo", func(b *testing.B, c *client, _ net.Conn, size int) {
		br := bufio.NewReaderSize(c.Conn, 256<<10)
		timed(b, c, masked(true, binary, random(size)), func(n int) error { return dropPayload(br, n*size) })
	})
}

// dropPayload reads frames of a server until they had n bytes of payload. It allocates nothing.
func dropPayload(br *bufio.Reader, n int) error {
	for n > 0 {
		head, err := br.Peek(2)
		if err != nil {
			return err
		}
		size, length := 2, int(head[1])
		if length > 125 { // 126: no message of ours is longer than 64 KiB
			if head, err = br.Peek(4); err != nil {
				return err
			}
			size, length = 4, int(head[2])<<8|int(head[3])
		}
		if _, err := br.Discard(size + length); err != nil {
			return err
		}
		n -= length
	}
	return nil
}
