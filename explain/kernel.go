package explain

import (
	"reflect"
	"sync"
	"time"

	"wsbridge/tcp"
)

// How often the kernel is asked about a connection: at its calls, but in a flood not at each, and on a tick while
// anything changes.
const (
	sampleTick  = 250 * time.Millisecond
	sampleBurst = 32
	sampleEvery = 10 * time.Millisecond // one more sample at a call
)

// sampler asks the kernel about one connection.
type sampler struct {
	mu     sync.Mutex // guards what follows
	tokens int
	filled time.Time
	last   TCP
}

// take records what the kernel tells now, if that is something new. Without force it spares the kernel in a flood.
func (k *sampler) take(t *Tap, l *line, force bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !force && !k.allowed(time.Now()) {
		return
	}
	s := l.session.Load()
	if s == nil || l.plain {
		return
	}
	now := TCP{BytesRead: l.in.off.Load(), BytesWritten: l.out.off.Load()}
	var known bool
	if now.Info, known = tcp.InfoOf(t.raw); !known || reflect.DeepEqual(now, k.last) {
		return
	}
	k.last = now
	e := Event{Stream: l.stream, Layer: Kernel, Kind: Sample, TCP: &now, TLS: l.tls}
	if l.practice {
		e.Kind = TargetSample
	}
	s.Record(e)
}

func (k *sampler) allowed(now time.Time) bool {
	if gained := int(now.Sub(k.filled) / sampleEvery); gained > 0 {
		k.tokens, k.filled = min(k.tokens+gained, sampleBurst), now
	}
	if k.tokens == 0 {
		return false
	}
	k.tokens--
	return true
}

// follow makes the kernel be asked about t too.
func (s *Session) follow(t *Tap) {
	s.mu.Lock()
	if s.state != Open {
		s.mu.Unlock()
		return
	}
	s.taps = append(s.taps, t)
	s.mu.Unlock()
	if l := t.line.Load(); l != nil {
		l.sampler.take(t, l, true)
	}
}

// watchKernel runs until the session ends.
func (s *Session) watchKernel() {
	defer s.hub.running.Done()
	tick := time.NewTicker(sampleTick)
	defer tick.Stop()
	for {
		select {
		case <-s.ended:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		taps := append([]*Tap(nil), s.taps...)
		s.mu.Unlock()
		for _, t := range taps {
			if l := t.line.Load(); l != nil && !l.closed.Load() {
				l.sampler.take(t, l, true)
			}
		}
	}
}
