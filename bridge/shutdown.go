package bridge

import (
	"context"
	"time"
)

// Shutdown refuses new pairs, ends the others with Close 1001 "server shutting down" as the close table
// says, and returns nil when all have ended. When ctx ends first it closes their connections, waits for their
// goroutines and returns ctx's error. Stop the HTTP server before.
func (b *Bridge) Shutdown(ctx context.Context) error {
	b.mu.Lock()
	if !b.stopping {
		b.stopping = true
		b.drainBy = b.drainDeadline(ctx)
		b.endAll()
		for p := range b.pairs {
			go p.settle(shutDown)
		}
	}
	b.mu.Unlock()

	ended := make(chan struct{})
	go b.waitEnded(ended)
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	for p := range b.pairs {
		p.abandon()
	}
	b.mu.Unlock()
	<-ended
	return ctx.Err()
}

func (b *Bridge) waitEnded(ended chan<- struct{}) {
	b.running.Wait()
	close(ended)
}

// drainDeadline leaves half of ctx's time for the FINs and for peers that do not answer.
func (b *Bridge) drainDeadline(ctx context.Context) (by time.Time) {
	if most := b.rules.Load().DrainTimeout; most > 0 {
		by = time.Now().Add(most)
	}
	if deadline, ok := ctx.Deadline(); ok {
		if half := time.Now().Add(time.Until(deadline) / 2); by.IsZero() || half.Before(by) {
			by = half
		}
	}
	return by
}
