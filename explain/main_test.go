package explain

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. Nothing asserts it.
const patience = 30 * time.Second

// wireFrame is a frame as it is sent: first byte, payload, and a masking key or "".
func wireFrame(first byte, payload, key string) string {
	b := []byte{first, 0}
	switch n := len(payload); {
	case n < 126:
		b[1] = byte(n)
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(n))
	default:
		b = binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(n))
	}
	if key == "" {
		return string(b) + payload
	}
	b[1] |= 0x80
	return string(b) + key + masked(payload, key)
}

func masked(payload, key string) string {
	b := []byte(payload)
	for i := range b {
		b[i] ^= key[i%4]
	}
	return string(b)
}

// closing is the payload of a Close frame.
func closing(code int, reason string) string {
	return string([]byte{byte(code >> 8), byte(code)}) + reason
}

// random is n bytes that are the same in every run.
func random(n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return string(b)
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// chop cuts s into pieces of 1 to most bytes.
func chop(r *rand.Rand, s string, most int) (pieces []string) {
	for len(s) > 0 {
		n := min(1+r.IntN(most), len(s))
		pieces = append(pieces, s[:n])
		s = s[n:]
	}
	return pieces
}

// testHub is a Hub that is closed at the end of the test.
func testHub(t testing.TB, o HubOptions) *Hub {
	t.Helper()
	h := NewHub(o)
	t.Cleanup(h.Close)
	return h
}

// claimed is a session in use.
func claimed(t testing.TB, h *Hub) *Session {
	t.Helper()
	s, err := h.New("127.0.0.1", Wishes{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Claim(s.ID()); err != nil {
		t.Fatal(err)
	}
	return s
}

// all is every event of a session so far, from a viewer of its own.
func all(t testing.TB, s *Session) []Event {
	t.Helper()
	v := s.View()
	defer v.Close()
	events, _ := v.take(0)
	return events
}

// pick is those events that want accepts.
func pick(events []Event, want func(Event) bool) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return !want(e) })
}

// those is the events of one place.
func those(events []Event, stream Stream, dir Dir, layer Layer, kinds ...Kind) []Event {
	return pick(events, func(e Event) bool {
		return e.Stream == stream && e.Dir == dir && e.Layer == layer && (len(kinds) == 0 || slices.Contains(kinds, e.Kind))
	})
}

// one is the only such event.
func one(t testing.TB, events []Event, stream Stream, dir Dir, layer Layer, kind Kind) Event {
	t.Helper()
	found := those(events, stream, dir, layer, kind)
	if len(found) != 1 {
		t.Fatalf("got %d events %s %s %s/%s, want 1, in:\n%s", len(found), stream, dir, layer, kind, list(events))
	}
	return found[0]
}

// data is the bytes of events, one behind the other.
func data(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		b.Write(e.Data)
	}
	return b.String()
}

// list is events for people who read a failed test.
func list(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		if e.TCP != nil {
			e.TCP = nil
		}
		line, _ := json.Marshal(e)
		b.Write(line[:min(len(line), 300)])
		b.WriteByte('\n')
	}
	return b.String()
}

// checkOrder fails unless events are numbered 1, 2, 3 … with what was dropped counted, and no time is negative.
func checkOrder(t testing.TB, events []Event) {
	t.Helper()
	seq := int64(0)
	for _, e := range events {
		if e.Kind == Dropped {
			seq += e.N - 1
		}
		if seq++; e.Seq != seq {
			t.Fatalf("event %d comes where %d should:\n%s", e.Seq, seq, list(events))
		}
		if e.T < 0 {
			t.Fatalf("event at %d µs:\n%s", e.T, list([]Event{e}))
		}
	}
}

// within fails the test unless done is closed in time.
func within(t testing.TB, claim string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", claim, patience)
	}
}
