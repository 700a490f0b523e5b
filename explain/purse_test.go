package explain

import (
	"testing"
	"time"
)

// Bytes of Data are kept while somebody can look at them; in a flood only the first of each event, until it is over.
func TestPurse(t *testing.T) {
	s := begun(t)
	start := time.Now()
	large := readOf(random(2 * keptForPage))
	keeps := func(at time.Duration) int {
		s.recordAt(start.Add(at), large)
		events := all(t, s)
		e := events[len(events)-1]
		if int64(len(e.Data))+e.Omitted != e.Len {
			t.Errorf("%d bytes and %d omitted of %d", len(e.Data), e.Omitted, e.Len)
		}
		return len(e.Data)
	}
	for range purseSize / keptForPage {
		if got := keeps(0); got != keptForPage {
			t.Fatalf("%d bytes kept before the purse is empty, want %d", got, keptForPage)
		}
	}
	if got := keeps(0); got != keptInFlood || s.purse.limit(keptForPage) != keptInFlood {
		t.Errorf("%d bytes kept in a flood, and %d of a frame; want %d", got, s.purse.limit(keptForPage), keptInFlood)
	}
	s.Record(Event{Stream: A, Dir: In, Layer: Frame, Kind: CloseFrame, Opcode: opClose, Data: []byte(random(125))})
	if events := all(t, s); len(events[len(events)-1].Data) != 125 {
		t.Error("a Close frame was cut")
	}
	if got := keeps(time.Second); got != keptForPage || s.purse.limit(keptForPage) != keptForPage {
		t.Errorf("%d bytes kept a second later, want %d", got, keptForPage)
	}
}

// The terminal's trace prints as it goes and keeps all.
func TestPurseOfATrace(t *testing.T) {
	h := testHub(t, HubOptions{})
	s := h.Trace()
	s.begin(time.Now(), Event{})
	for range 100 {
		s.Record(readOf(random(keptForTrace + 1)))
	}
	if events := all(t, s); len(events[100].Data) != keptForTrace {
		t.Errorf("%d bytes kept, want all", len(events[100].Data))
	}
}

// When less or more is worth keeping in the middle of a frame, what is kept is still its beginning.
func TestDecoderWithAnotherLimit(t *testing.T) {
	wire, payload := wireFrame(0x82, random(100), testKey), random(100)
	for _, limits := range [][3]int{{10, 50, 100}, {50, 10, 100}, {100, 10, 100}, {30, 30, 10}} {
		var got []Event
		d := &decoder{fromClient: true, emit: func(e Event) {
			e.Data = []byte(string(e.Data))
			got = append(got, e)
		}}
		for i, limit := range limits {
			d.limit = limit
			d.feed([]byte(wire[i*40 : min(len(wire), i*40+40)]))
		}
		for _, e := range got {
			if n := len(e.Data); n < 10 || string(e.Data) != payload[:n] || e.Omitted != int64(100-n) {
				t.Errorf("limits %v: %s keeps %q", limits, e.Layer, e.Data)
			}
		}
		if len(got) != 2 {
			t.Errorf("limits %v: %s", limits, brief(got))
		}
	}
}
