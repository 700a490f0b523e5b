package main

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// damage is what a bad relay does to one direction, once, when the at-th byte passes.
type damage struct {
	name string
	do   func(stream []byte, at int64) []byte // to everything there will be
}

var damages = []damage{
	{"flip", func(s []byte, at int64) []byte { s[at] ^= 0x10; return s }},
	{"drop", func(s []byte, at int64) []byte { return append(s[:at], s[at+1:]...) }},
	{"add", func(s []byte, at int64) []byte { return append(s[:at], append([]byte{s[at] ^ 0xff}, s[at:]...)...) }},
	{"repeat", func(s []byte, at int64) []byte { return append(s[:at], append([]byte{s[at]}, s[at:]...)...) }},
	{"reorder", func(s []byte, at int64) []byte {
		const block = 4096
		at = min(at, int64(len(s))-2*block)
		moved := append([]byte{}, s[at:at+block]...)
		copy(s[at:], s[at+block:at+2*block])
		copy(s[at+block:], moved)
		return s
	}},
}

// damager is a relay to target that does d to the direction up or down: it holds total bytes back, changes them, and lets
// them go. What follows passes.
type damager struct {
	target string
	up     bool
	total  int64
	at     int64
	d      damage
}

func (r damager) serve(client net.Conn) {
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer server.Close()
	bad, good := net.Conn(client), server
	if !r.up {
		bad, good = server, client
	}
	done := make(chan struct{})
	go copyAndSay(bad, good, done)
	stream := make([]byte, r.total)
	if n, err := io.ReadFull(bad, stream); err != nil {
		good.Write(stream[:n])
	} else {
		good.Write(r.d.do(stream, r.at))
	}
	copyBytes(good, bad)
	<-done
}

const damaged = 2*period + 3*largeMessage // bytes of the stream; more than it takes to repeat itself

func TestEveryDamageIsFound(t *testing.T) {
	target := listen(t, func(conn net.Conn) { (&server{conn: conn}).serve() })
	for _, way := range []struct {
		name     string
		up       bool
		head     int64 // bytes before the stream
		exchange func(*client, *load) error
	}{
		{"up", true, requestSize, func(c *client, l *load) error { return c.transfer(l, damaged, 0) }},
		{"down", false, 0, func(c *client, l *load) error { return c.transfer(l, 0, damaged) }},
		{"both, up", true, requestSize, func(c *client, l *load) error { return c.transfer(l, damaged, damaged) }},
		{"both, down", false, 0, func(c *client, l *load) error { return c.transfer(l, damaged, damaged) }},
		{"echo, up", true, requestSize, func(c *client, l *load) error { return c.echo(l, damaged) }},
		{"echo, down", false, 0, func(c *client, l *load) error { return c.echo(l, damaged) }},
	} {
		for _, at := range []struct {
			name string
			n    int64
		}{{"first", 0}, {"middle", damaged / 2}, {"end of a period", period - 1}, {"last", damaged - 1}} {
			for _, d := range append([]damage{{"none", func(s []byte, _ int64) []byte { return s }}}, damages...) {
				t.Run(way.name+"/"+at.name+"/"+d.name, func(t *testing.T) {
					t.Parallel()
					r := damager{target, way.up, way.head + damaged, way.head + at.n, d}
					limit := patience
					if d.name == "drop" && at.n == damaged-1 {
						limit = time.Second // nothing comes that would tell
					}
					err := visit(t, listen(t, r.serve), false, limit, way.exchange)
					if d.name == "none" {
						if err != nil {
							t.Fatalf("got %v, want no error", err)
						}
						return
					}
					if err == nil || limit == patience && !strings.Contains(err.Error(), "corrupt") {
						t.Errorf("got %v, want a corrupt byte", err)
					}
				})
			}
		}
	}
}

// visit does an exchange and says bye.
func visit(t *testing.T, addr string, ws bool, limit time.Duration, exchange func(*client, *load) error) error {
	t.Helper()
	c, err := dial(context.Background(), addr, ws)
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	c.timeout = limit
	if err := exchange(c, newLoad(largeMessage, ws)); err != nil {
		return err
	}
	return c.bye()
}

// A relay that invents a byte when all is done is found out too, by the next request.
func TestAByteTooManyAtTheEndIsFound(t *testing.T) {
	target := listen(t, func(conn net.Conn) { (&server{conn: conn}).serve() })
	add := damage{"append", func(s []byte, _ int64) []byte { return append(s, 0) }}
	for _, r := range []damager{
		{target, true, requestSize + damaged, 0, add},
		{target, false, damaged + verdictSize, 0, add},
	} {
		err := visit(t, listen(t, r.serve), false, patience, func(c *client, l *load) error { return c.echo(l, damaged) })
		if err == nil || !strings.Contains(err.Error(), "corrupt") {
			t.Errorf("up %v: got %v, want a corrupt byte", r.up, err)
		}
	}
}

func TestDifference(t *testing.T) {
	p := make([]byte, 300_000)
	for _, pos := range []int64{0, 1, period - 150_000, 3*period - 1} {
		for i := range p {
			p[i] = pattern()[(pos+int64(i))%period]
		}
		if got := difference(p, pos); got != -1 {
			t.Errorf("position %d, unchanged: got a difference at %d", pos, got)
		}
		for _, i := range []int{0, 1, 149_999, 150_000, 150_001, len(p) - 1} {
			p[i]++
			if got := difference(p, pos); got != i {
				t.Errorf("position %d: got %d, want %d", pos, got, i)
			}
			p[i]--
		}
	}
}
