package explain

import (
	"context"
	"slices"
)

// Viewer reads the events of a session at its own pace. What it is too late for is counted and said in its place.
type Viewer struct {
	session *Session
	wake    chan struct{} // room for one: more than "look again" need not be said
	next    int64         // Seq
}

// View begins with the first event. The caller closes the Viewer.
func (s *Session) View() *Viewer { return s.ViewAfter(0) }

// ViewAfter begins behind the event with this Seq.
func (s *Session) ViewAfter(seq int64) *Viewer {
	v := &Viewer{session: s, wake: make(chan struct{}, 1), next: seq + 1}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewers == nil {
		s.viewers = make(map[*Viewer]struct{})
	}
	s.viewers[v] = struct{}{}
	return v
}

// Close forgets the Viewer. A Next that waits is not ended by it.
func (v *Viewer) Close() {
	v.session.mu.Lock()
	defer v.session.mu.Unlock()
	delete(v.session.viewers, v)
}

func (v *Viewer) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Next blocks until there are events, ctx ends, or the session has ended and all was read; more is false for the last
// two. It returns about as many as most (0: any number): of a longer list the first, the last and those that matter
// most, and a feed event with kind dropped for each gap.
func (v *Viewer) Next(ctx context.Context, most int) (events []Event, more bool) {
	for {
		events, ended := v.take(most)
		if len(events) > 0 {
			return events, true
		}
		if ended {
			return nil, false
		}
		select {
		case <-v.wake:
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (v *Viewer) take(most int) (events []Event, ended bool) {
	s := v.session
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.ring.next - 1
	if v.next > last {
		return nil, s.state == Ended
	}
	first := max(v.next, s.ring.oldest())
	head, tail := last+1, first // all of them
	if most > 0 && last-first+1 > int64(most) {
		head, tail = first+int64(most/2), last+1-int64(most-most/2)
	}
	for _, e := range s.vital {
		if e.Seq >= v.next && e.Seq < first || e.Seq >= head && e.Seq < tail {
			events = append(events, e)
		}
	}
	for seq := first; seq <= last; seq++ {
		if seq < head || seq >= tail {
			events = append(events, s.ring.get(seq))
		}
	}
	slices.SortFunc(events, func(a, b Event) int { return int(a.Seq - b.Seq) })
	events = v.tellGaps(events)
	v.next = last + 1
	return events, false
}

// tellGaps puts an event of kind dropped into each gap. Its Seq is that of the last event missing there.
func (v *Viewer) tellGaps(events []Event) []Event {
	whole := make([]Event, 0, len(events)+1)
	want := v.next
	for _, e := range events {
		if e.Seq > want {
			totals := v.session.totals
			whole = append(whole, Event{Session: e.Session, Seq: e.Seq - 1, T: e.T, Layer: Feed, Kind: Dropped,
				N: e.Seq - want, Totals: &totals})
		}
		whole = append(whole, e)
		want = e.Seq + 1
	}
	return whole
}
