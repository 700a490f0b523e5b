package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
)

// bench is a run of wsbench.
type bench struct {
	kinds        []*relayKind
	measurements []*measurement
	rounds       int
	dir          string // to remove; "": none
	results      *results
	progress     *progress
}

// run goes through the rounds. In each, every measurement is made with every relay: the measurements in random order, and for each the
// relays one right after the other, in random order too, so that what disturbs a ratio disturbs both of its sides.
func (b *bench) run(ctx context.Context) error {
	b.progress.total = b.rounds * len(b.measurements) * len(b.kinds)
	for round := range b.rounds {
		b.results.addRound()
		for _, i := range rand.Perm(len(b.measurements)) {
			m := b.measurements[i]
			for _, j := range rand.Perm(len(b.kinds)) {
				k := b.kinds[j]
				b.progress.step(fmt.Sprintf("round %d of %d: %s: %s", round+1, b.rounds, k.Name, m.rows[0].title))
				values, err := b.measure(ctx, m, k)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", k.Name, m.rows[0].title, err)
				}
				b.results.put(round, m, k, values)
			}
		}
	}
	b.progress.say("")
	return nil
}

// measure starts a relay and a target for one measurement, so that none inherits the state of another, nor ports on which
// TCP still waits for late segments.
func (b *bench) measure(ctx context.Context, m *measurement, k *relayKind) ([]float64, error) {
	if m.fits != nil && !m.fits(k) {
		return nil, nil
	}
	target, err := startTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer target.end()
	p, err := k.start(ctx, target.addr)
	if err != nil {
		return nil, err
	}
	defer p.end()
	values, err := m.run(&trial{ctx: ctx, kind: k, relay: p})
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, p.words.quoted())
	}
	return values, nil
}

// end leaves nothing behind. It may be called on a bench that has not started.
func (b *bench) end() {
	b.progress.say("")
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
}
