package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// trial is one measurement with one relay, which runs.
type trial struct {
	ctx     context.Context
	kind    *relayKind
	relay   *process
	clients []*client
}

// Bytes of a message.
const (
	smallMessage = 64
	largeMessage = 64 << 10
)

// warmUp is how much smaller what runs before a measurement is: a first use touches memory and code that later ones do not.
const warmUp = 16

// amount is n for a relay of this kind, divided by parts and rounded up to whole units.
func (t *trial) amount(n, parts, unit int64) int64 {
	parts *= t.kind.slower * unit
	return (n + parts - 1) / parts * unit
}

// connect opens n connections; close ends those that are left, and does more when all went well.
func (t *trial) connect(n int) error {
	t.clients = make([]*client, n)
	err := each(n, 32, func(i int) (err error) {
		t.clients[i], err = dial(t.ctx, t.relay.addr, t.kind.ws)
		return err
	})
	if err != nil {
		t.abandon()
	}
	return err
}

func (t *trial) abandon() {
	for _, c := range t.clients {
		if c != nil {
			c.conn.Close()
		}
	}
}

// all has every client do something at the same time.
func (t *trial) all(do func(*client) error) error {
	return each(len(t.clients), len(t.clients), func(i int) error { return do(t.clients[i]) })
}

// bye ends the connections and looks that nothing came too much.
func (t *trial) bye() error {
	return each(len(t.clients), 64, func(i int) error { return t.clients[i].bye() })
}

// cost is the CPU time that the relay uses while do runs.
func (t *trial) cost(do func() error) (time.Duration, error) {
	pid := t.relay.cmd.Process.Pid
	before, err := cpuTime(pid)
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := cpuTime(pid)
	return after - before, err
}

// measured opens conns connections, has each do something small and then, while CPU time is counted, something large.
func (t *trial) measured(conns int, small, large func(*client) error) (time.Duration, error) {
	if err := t.connect(conns); err != nil {
		return 0, err
	}
	defer t.abandon()
	if err := t.all(small); err != nil {
		return 0, err
	}
	used, err := t.cost(func() error { return t.all(large) })
	if err != nil {
		return 0, err
	}
	return used, t.bye()
}

// throughput is CPU seconds per GiB, counted in both directions together.
func (t *trial) throughput(conns int, up, down int64) ([]float64, error) {
	l := newLoad(largeMessage, t.kind.ws)
	transfer := func(parts int64) func(*client) error {
		u, d := t.amount(up, int64(conns)*parts, largeMessage), t.amount(down, int64(conns)*parts, largeMessage)
		return func(c *client) error { return c.transfer(l, u, d) }
	}
	used, err := t.measured(conns, transfer(warmUp), transfer(1))
	total := int64(conns) * (t.amount(up, int64(conns), largeMessage) + t.amount(down, int64(conns), largeMessage))
	return []float64{used.Seconds() / float64(total) * (1 << 30)}, err
}

// small is CPU microseconds per message of 64 bytes.
func (t *trial) small(messages int64, send func(*client, *load, int64) error) ([]float64, error) {
	l := newLoad(smallMessage, t.kind.ws)
	n := t.amount(messages, 1, 1)
	used, err := t.measured(1,
		func(c *client) error { return send(c, l, (n+warmUp-1)/warmUp*smallMessage) },
		func(c *client) error { return send(c, l, n*smallMessage) })
	return []float64{microseconds(used) / float64(n)}, err
}

// latency is the median and the 99th percentile of microseconds from a message of 64 bytes to its echo, by the wall
// clock. Each connection sends the next message when the last has come back.
func (t *trial) latency(conns int, trips int64) ([]float64, error) {
	l := newLoad(smallMessage, t.kind.ws)
	trips = t.amount(trips, 1, 1)
	var mu sync.Mutex // guards times
	var times []time.Duration
	_, err := t.measured(conns,
		func(c *client) error { return c.pingPong(l, (trips+warmUp-1)/warmUp, func(time.Duration) {}) },
		func(c *client) error {
			mine := make([]time.Duration, 0, trips)
			err := c.pingPong(l, trips, func(d time.Duration) { mine = append(mine, d) })
			mu.Lock()
			defer mu.Unlock()
			times = append(times, mine...)
			return err
		})
	if err != nil {
		return nil, err
	}
	slices.Sort(times)
	return []float64{microseconds(times[len(times)/2]), microseconds(times[len(times)*99/100])}, nil
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// setup is CPU microseconds per connection: connect, handshake, a byte and its echo, and the end of it all. Eight are
// under way at once.
func (t *trial) setup(n int64) ([]float64, error) {
	n = t.amount(n, 1, 1)
	many := func(n int64) error {
		if err := each(int(n), 8, func(int) error { return t.shortVisit() }); err != nil {
			return err
		}
		return t.awaitAlone()
	}
	if err := many((n + warmUp - 1) / warmUp); err != nil {
		return nil, err
	}
	used, err := t.cost(func() error { return many(n) })
	return []float64{microseconds(used) / float64(n)}, err
}

func (t *trial) shortVisit() error {
	c, err := dial(t.ctx, t.relay.addr, t.kind.ws)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	if err := c.begin(request{mode: modeEcho, up: 1}, pattern()[0]); err != nil {
		return err
	}
	buf := make([]byte, 256)
	if err := c.receive(buf, all); err != nil {
		return err
	}
	return c.end(buf)
}

// awaitAlone waits until the processes that a relay started for connections have ended and their CPU time is known.
func (t *trial) awaitAlone() error {
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		pids, err := group(t.relay.cmd.Process.Pid)
		if err != nil || len(pids) == 1 {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("%d processes of it are left after every connection has ended", len(pids)-1)
		}
	}
}

// trickle is how many bytes of half a frame are not passed on.
func (t *trial) trickle() ([]float64, error) {
	if err := t.connect(1); err != nil {
		return nil, err
	}
	defer t.abandon()
	c := t.clients[0]
	withheld, err := c.trickle(newLoad(period, t.kind.ws))
	if err != nil {
		return nil, err
	}
	return []float64{float64(withheld)}, t.bye()
}
