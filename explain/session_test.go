package explain

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// begun is a session in use whose clock runs.
func begun(t testing.TB) *Session {
	t.Helper()
	s := claimed(t, testHub(t, HubOptions{}))
	s.begin(time.Now(), Event{Path: "/"})
	return s
}

// readOf is a read() of p on connection A.
func readOf(p string) Event {
	return Event{Stream: A, Dir: In, Layer: Read, Kind: ReadCall, Len: int64(len(p)), Data: []byte(p)}
}

func TestNobodyWatching(t *testing.T) {
	var s *Session
	s.Record(readOf("a"))
	s.Join(nil)
	s.EndAtClose()
	s.End()
	if s.Wishes() != (Wishes{}) || s.TapTarget(nil, nil) != nil {
		t.Error("a nil session is not quiet")
	}
}

func TestSessionNumbersEvents(t *testing.T) {
	s := begun(t)
	for range 5 {
		s.Record(readOf("a"))
	}
	s.End()
	s.Record(readOf("too late"))
	events := all(t, s)
	checkOrder(t, events)
	if first, last := events[0], events[len(events)-1]; len(events) != 7 || first.Kind != Begin || first.T != 0 || first.Began == "" || last.Kind != End {
		t.Errorf("got\n%s, want begin, five reads, end", list(events))
	}
}

func TestSessionKeepsAPartOfData(t *testing.T) {
	s := begun(t)
	s.Record(readOf(random(keptForPage + 3)))
	e := all(t, s)[1]
	if len(e.Data) != keptForPage || e.Omitted != 3 || e.Len != keptForPage+3 {
		t.Errorf("kept %d bytes, %d omitted of %d", len(e.Data), e.Omitted, e.Len)
	}
}

// vitalEvents is one of each that must never be lost.
func vitalEvents() []Event {
	return []Event{
		{Stream: A, Dir: In, Layer: HTTPText, Kind: Request, HTTP: &HTTP{Line: "GET / HTTP/1.1"}},
		{Stream: B, Dir: Out, Layer: Socket, Kind: Connect},
		{Stream: A, Dir: In, Layer: Frame, Kind: CloseFrame, Opcode: opClose, Data: []byte("\x03\xe8bye"), Code: 1000, Reason: "bye"},
		{Stream: A, Dir: In, Layer: Frame, Kind: Text, Violation: NotMasked},
		{Stream: A, Dir: In, Layer: Frame, Kind: Cut},
		{Stream: A, Dir: Out, Layer: Write, Kind: Short},
		{Stream: B, Dir: Out, Layer: Recv, Kind: EOF},
		{Stream: B, Dir: In, Layer: Socket, Kind: EOF},
		{Layer: Pair, Kind: Cause, Why: "client closed"},
	}
}

func TestVitalEventsOutliveAFlood(t *testing.T) {
	s := begun(t)
	want := vitalEvents()
	for _, e := range want {
		s.Record(e)
		for range maxRecords {
			s.Record(readOf("flood"))
		}
	}
	s.End()
	got := s.Vital()
	if len(got) != len(want)+2 || got[0].Kind != Begin || got[len(got)-1].Kind != End {
		t.Fatalf("got\n%s, want begin, %d events, end", list(got), len(want))
	}
	for i, e := range got[1 : len(got)-1] {
		if e.Layer != want[i].Layer || e.Kind != want[i].Kind || string(e.Data) != string(want[i].Data) || e.Seq != int64(2+i*(maxRecords+1)) {
			t.Errorf("got %s, want %s", list([]Event{e}), list(want[i:i+1]))
		}
	}
	if fate := s.Fate(); fate == nil || fate.Kind != Cause || fate.Why != "client closed" {
		t.Errorf("fate %+v, want the cause", fate)
	}
}

// Whoever sends illegal frames without end pushes out neither the ending nor other events that matter.
func TestVitalEventsAreBounded(t *testing.T) {
	s := begun(t)
	for range 10 * maxVital {
		s.Record(Event{Stream: A, Dir: In, Layer: Frame, Kind: Text, Violation: NotMasked})
	}
	s.Record(Event{Stream: A, Dir: Out, Layer: Frame, Kind: CloseFrame, Opcode: opClose, Code: 1002})
	for range 10 * maxVital {
		s.Record(Event{Stream: B, Dir: In, Layer: Socket, Kind: EOF})
	}
	s.Record(Event{Layer: Pair, Kind: Cause, Why: "protocol error"})
	s.End()
	got := s.Vital()
	if len(got) > maxVital+2 {
		t.Errorf("%d events, want at most %d", len(got), maxVital+2)
	}
	for _, want := range []Kind{Begin, CloseFrame, Cause, End} {
		if !slices.ContainsFunc(got, func(e Event) bool { return e.Kind == want }) {
			t.Errorf("no %s among the vital events", want)
		}
	}
}

func TestFirstFateCounts(t *testing.T) {
	for _, kind := range []Kind{Refused, DialFailed, Cause} {
		s := begun(t)
		if s.Fate() != nil {
			t.Errorf("fate before there is one")
		}
		s.Record(Event{Layer: Pair, Kind: kind, Why: "first"})
		s.Record(Event{Layer: Pair, Kind: Cause, Why: "second"})
		if fate := s.Fate(); fate == nil || fate.Kind != kind || fate.Why != "first" {
			t.Errorf("%s: fate %+v, want the first", kind, fate)
		}
	}
}

func TestTotals(t *testing.T) {
	s := begun(t)
	for _, e := range []Event{
		readOf("abcd"), readOf("ef"),
		{Stream: A, Dir: In, Layer: Frame, Kind: BeginFrame, Opcode: opText, Size: 9},
		{Stream: A, Dir: In, Layer: Frame, Kind: Text, Opcode: opText, Size: 9},
		{Stream: A, Dir: In, Layer: Frame, Kind: Ping, Opcode: opPing, Size: 5},
		{Stream: A, Dir: In, Layer: Frame, Kind: Cut, Size: 7},
		{Stream: A, Dir: In, Layer: Message, Kind: Text, Size: 9},
		{Stream: B, Dir: Out, Layer: Write, Kind: WriteCall, Len: 10},
		{Stream: B, Dir: Out, Layer: Write, Kind: Short, Len: 4, Omitted: 6},
		{Stream: B, Dir: Out, Layer: Recv, Kind: RecvCall, Len: 4},
		{Stream: B, Dir: In, Layer: Send, Kind: SendCall, Len: 3},
		{Stream: B, Dir: In, Layer: Read, Kind: ReadCall, Len: 3},
		{Stream: A, Dir: Out, Layer: Write, Kind: WriteCall, Len: 5},
		{Stream: A, Dir: Out, Layer: Socket, Kind: Closed},
	} {
		s.Record(e)
	}
	want := Totals{
		A: Traffic{In: Count{Bytes: 6, Calls: 2, Frames: 2, Messages: 1, Payload: 9}, Out: Count{Bytes: 5, Calls: 1}},
		B: Traffic{In: Count{Bytes: 3, Calls: 1}, Out: Count{Bytes: 4, Calls: 1}},
	}
	if got := s.Totals(); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	s.End()
	if events := all(t, s); *events[len(events)-1].Totals != want {
		t.Errorf("the end says %+v", events[len(events)-1].Totals)
	}
}

// Record neither waits for a viewer that does not read nor allocates.
func TestRecordWithStuckViewer(t *testing.T) {
	s := begun(t)
	v := s.View()
	defer v.Close()
	small, large := readOf("0123456789"), readOf(random(keptForPage+1))
	frame := Event{Stream: A, Dir: In, Layer: Frame, Kind: Text, Opcode: opText, Head: []byte("\x81\x81" + testKey), Data: []byte("x")}
	record := func() {
		s.Record(small)
		s.Record(frame)
		s.Record(large)
	}
	for range maxRecords {
		record()
	}
	if n := testing.AllocsPerRun(1000, record); n != 0 {
		t.Errorf("%v allocations for three events, want 0", n)
	}
	events, more := v.Next(context.Background(), 0)
	if !more || len(events) == 0 {
		t.Error("the viewer gets nothing when it reads at last")
	}
	checkOrder(t, events)
}

func TestSessionOfATraceHasANumber(t *testing.T) {
	h := testHub(t, HubOptions{})
	first, second, third := h.Trace(), h.Trace(), claimed(t, h)
	h.Number(third)
	for i, s := range []*Session{first, second, third} {
		s.begin(time.Now(), Event{})
		s.Record(readOf(strings.Repeat("x", keptForPage+1)))
		events := all(t, s)
		if want := string(rune('1' + i)); events[0].Session != want || events[1].Session != want {
			t.Errorf("events of session %q, want %q", events[0].Session, want)
		}
		if kept := len(events[1].Data); kept > keptForPage != (i < 2) {
			t.Errorf("session %d keeps %d bytes of an event", i+1, kept)
		}
	}
}
