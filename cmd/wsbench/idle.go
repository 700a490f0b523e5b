package main

import "time"

const (
	burst   = 256 << 10 // bytes in each direction of each connection
	bursts  = 64        // connections that have theirs at the same time
	settled = 32        // connections made and ended before, so that code and tables are in memory
)

// idle is KiB per connection that does nothing: resident memory and its proportional share, then both after a burst. What the relay has
// without connections is not counted. Memory is looked at after a pause in which the relay is left alone.
func (t *trial) idle(conns int, pause time.Duration) ([]float64, error) {
	if err := each(settled, 8, func(int) error { return t.shortVisit() }); err != nil {
		return nil, err
	}
	if err := t.awaitAlone(); err != nil {
		return nil, err
	}
	rss, pss, err := usedMemory(t.relay.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	if err := t.connect(conns); err != nil {
		return nil, err
	}
	defer t.abandon()
	small := newLoad(1<<10, t.kind.ws)
	large := newLoad(largeMessage, t.kind.ws)
	var values []float64
	for _, visit := range []func(*client) error{
		func(c *client) error { return c.echo(small, 1<<10) },
		func(c *client) error { return c.transfer(large, burst, burst) },
	} {
		if err := each(conns, bursts, func(i int) error { return visit(t.clients[i]) }); err != nil {
			return nil, err
		}
		if err := t.rest(pause); err != nil {
			return nil, err
		}
		r, p, err := usedMemory(t.relay.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		values = append(values, perConnection(r-rss, conns), perConnection(p-pss, conns))
	}
	return values, t.bye()
}

func perConnection(bytes int64, conns int) float64 { return float64(bytes) / 1024 / float64(conns) }

// rest returns after d, or with an error when wsbench is to end.
func (t *trial) rest(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-t.ctx.Done():
		return t.ctx.Err()
	}
}
