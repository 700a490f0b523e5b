package explain

import (
	"math"
	"sync"
	"time"
)

// Session records what happens to one pair. Its methods work on a nil Session too, which is how a pair that nobody
// watches is written: they do nothing.
type Session struct {
	hub    *Hub
	id     string
	number string // of --trace; "" for a page's
	client string // who asked for it; for the bounds
	wishes Wishes
	kept   int // bytes of Data kept of an event
	purse  purse

	mu      sync.Mutex // guards what follows; taken inside a half's, never around it
	state   string
	made    time.Time
	start   time.Time
	ring    ring
	vital   []Event
	totals  Totals
	fate    *Event
	atClose bool // no pair came of it: it ends with connection A
	viewers map[*Viewer]struct{}
	taps    []*Tap // those whose kernel side is sampled
	expiry  *time.Timer
	ended   chan struct{} // closed at the end
}

// Wishes change how the bridge treats a session of a practice server, so that an experiment need not wait for the
// operator's limits. Zero: as configured.
type Wishes struct {
	HoldFIN     time.Duration // between the bridge's Close frame and its FIN on connection A
	Ping        time.Duration // between two pings to the client
	PongTimeout time.Duration // for a sign of life after a ping
	Idle        time.Duration // without payload in either direction
}

// The states of a session.
const (
	Waiting = "waiting" // made, and nothing has come for it yet
	Open    = "open"
	Ended   = "ended"
)

// ID is unguessable; "" for a session that only --trace sees.
func (s *Session) ID() string { return s.id }

// Wishes are what the session was made with.
func (s *Session) Wishes() Wishes {
	if s == nil {
		return Wishes{}
	}
	return s.wishes
}

// State is Waiting, Open or Ended.
func (s *Session) State() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Start is what Event.T counts from; zero while the session is waiting.
func (s *Session) Start() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.start
}

// Totals counts everything so far.
func (s *Session) Totals() Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.totals
}

// Fate is the event that says why the pair ended, or why there was none; nil while neither has happened.
func (s *Session) Fate() *Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fate
}

// Vital is the events that are kept whatever else comes: the handshake, calls on sockets, Close frames, illegal
// frames, the refusal or the cause.
func (s *Session) Vital() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Event(nil), s.vital...)
}

// Record takes an event, without Seq and T, as happening now. It never waits for those who watch.
func (s *Session) Record(e Event) {
	if s != nil {
		s.recordAt(time.Now(), e)
	}
}

func (s *Session) recordAt(t time.Time, e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != Ended {
		s.record(t, &e)
	}
}

// record takes e as its own. A pointer, because an Event is half a kilobyte.
func (s *Session) record(t time.Time, e *Event) {
	e.Seq, e.T, e.Session = s.ring.next, max(0, t.Sub(s.start).Microseconds()), s.number
	s.totals.count(e)
	if e.Opcode&8 == 0 {
		keep := min(len(e.Data), s.kept)
		keep = min(keep, s.purse.pay(t, keep))
		e.Data, e.Omitted = e.Data[:keep], e.Omitted+int64(len(e.Data)-keep)
	}
	switch e.Kind {
	case Refused, DialFailed, Cause:
		if s.fate == nil {
			fate := *e // so that e itself stays off the heap
			s.fate = &fate
		}
	case End:
		totals := s.totals
		e.Totals = &totals
	}
	s.ring.add(e)
	if e.vital() && len(s.vital) < roomFor(e) {
		s.vital = append(s.vital, s.ring.get(e.Seq))
	}
	for v := range s.viewers {
		v.poke()
	}
}

// roomFor is how long the list of vital events may be for one more: whoever sends illegal frames without end cannot
// push out how the session ended.
func roomFor(e *Event) int {
	switch {
	case e.Layer == Pair:
		return math.MaxInt
	case e.Violation != "" || e.Kind == Short:
		return maxVital / 2
	}
	return maxVital
}

// begin is the first event's moment.
func (s *Session) begin(t time.Time, e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != Ended && s.start.IsZero() {
		s.state, s.start = Open, t
		e.Layer, e.Kind, e.Began = Pair, Begin, t.UTC().Format("2006-01-02T15:04:05.000000Z")
		s.record(t, &e)
	}
}

// End is for the bridge to call when nothing more will happen: both connections are closed.
func (s *Session) End() {
	if s == nil {
		return
	}
	s.tellClosed()
	s.mu.Lock()
	if s.state == Ended {
		s.mu.Unlock()
		return
	}
	if !s.start.IsZero() {
		s.record(time.Now(), &Event{Layer: Pair, Kind: End})
	}
	s.state, s.taps = Ended, nil
	close(s.ended)
	for v := range s.viewers {
		v.poke()
	}
	s.mu.Unlock()
	s.hub.ended(s)
}

// EndAtClose is for a request that becomes no pair: the session ends when its connection is closed.
func (s *Session) EndAtClose() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.atClose = true
	taps := append([]*Tap(nil), s.taps...)
	s.mu.Unlock()
	for _, t := range taps {
		if l := t.line.Load(); l != nil && l.stream == A && !l.closed.Load() {
			return
		}
	}
	s.End() // it is closed already, or was never seen
}

func (s *Session) closedWith(l *line) {
	if s == nil || l.stream != A {
		return
	}
	s.mu.Lock()
	atClose := s.atClose
	s.mu.Unlock()
	if atClose {
		s.End()
	}
}

// tellClosed tells of connections that were closed below their taps.
func (s *Session) tellClosed() {
	s.mu.Lock()
	taps := append([]*Tap(nil), s.taps...)
	s.mu.Unlock()
	for _, t := range taps {
		if !t.practice {
			t.tellClose()
		}
	}
}

// count adds e to the totals.
func (t *Totals) count(e *Event) {
	traffic := &t.A
	if e.Stream == B {
		traffic = &t.B
	}
	c := &traffic.In
	if e.Dir == Out {
		c = &traffic.Out
	}
	switch {
	case e.Kind == ReadCall, e.Kind == WriteCall:
		c.Bytes += e.Len
		c.Calls++
	case e.Kind == Short:
		c.Bytes -= e.Omitted
	case e.Layer == Message:
		c.Messages++
	case e.Layer == Frame && e.Kind != BeginFrame && e.Kind != Cut:
		c.Frames++
		if e.Opcode&8 == 0 {
			c.Payload += e.Size
		}
	}
}
