package explain

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// watchAll is everything a viewer is given up to the session's end, most at a time.
func watchAll(v *Viewer, most int, pause func()) (events []Event) {
	defer v.Close()
	for {
		some, more := v.Next(context.Background(), most)
		events = append(events, some...)
		if !more {
			return events
		}
		pause()
	}
}

// Viewers of every speed, while events come as fast as they can: nothing is missing without being counted, and what is
// vital reaches everybody.
func TestViewersUnderFlood(t *testing.T) {
	s := begun(t)
	var watching sync.WaitGroup
	seen := make([][]Event, 6)
	for i, most := range []int{0, 0, 2, 50, 1000, 1} {
		v, pause := s.View(), time.Duration(i)*time.Millisecond
		watching.Go(func() { seen[i] = watchAll(v, most, func() { time.Sleep(pause) }) })
	}
	var recording sync.WaitGroup
	for range 2 {
		recording.Go(func() {
			for range 4 {
				for range maxRecords {
					s.Record(readOf("flood"))
				}
				for _, e := range vitalEvents() {
					s.Record(e)
				}
			}
		})
	}
	recording.Wait()
	s.End()
	watching.Wait()
	last := s.Vital()[len(s.Vital())-1].Seq
	for i, events := range seen {
		checkOrder(t, events)
		if got := events[len(events)-1].Seq; got != last {
			t.Errorf("viewer %d: the last event is %d, want %d", i, got, last)
		}
		for _, e := range s.Vital() {
			if !slices.ContainsFunc(events, func(got Event) bool { return got.Seq == e.Seq && got.Kind == e.Kind }) {
				t.Errorf("viewer %d was not given %s", i, list([]Event{e}))
			}
		}
	}
}

func TestViewerSkips(t *testing.T) {
	for most := range 12 {
		s := begun(t)
		for range 8 {
			s.Record(readOf("x"))
		}
		s.Record(Event{Stream: A, Dir: In, Layer: Frame, Kind: CloseFrame, Opcode: opClose, Code: 1000})
		for range 20 {
			s.Record(readOf("x"))
		}
		v := s.View()
		events, more := v.Next(context.Background(), most)
		v.Close()
		checkOrder(t, events)
		real := len(pick(events, func(e Event) bool { return e.Kind != Dropped }))
		vital := len(pick(events, func(e Event) bool { return e.Kind == CloseFrame || e.Kind == Begin }))
		if !more || vital != 2 || events[len(events)-1].Seq != 30 {
			t.Errorf("most %d: %d vital events, the last is %d; want 2 and 30", most, vital, events[len(events)-1].Seq)
		}
		if want := max(most, 1); most > 0 && (real < want || real > want+2) {
			t.Errorf("most %d: %d events", most, real)
		}
		if most == 0 && len(events) != 30 {
			t.Errorf("%d events, want all 30", len(events))
		}
	}
}

func TestViewerTellsWhatWasOverwritten(t *testing.T) {
	s := begun(t)
	v := s.View()
	defer v.Close()
	for range maxRecords + 99 {
		s.Record(readOf("x"))
	}
	events, _ := v.Next(context.Background(), 0)
	checkOrder(t, events)
	gap := events[1]
	if events[0].Kind != Begin || gap.Kind != Dropped || gap.Layer != Feed || gap.N != 99 || gap.Totals == nil || gap.Totals.A.In.Calls != maxRecords+99 {
		t.Errorf("got\n%s, want begin, 99 dropped, and the totals so far", list(events[:3]))
	}
	if len(events) != maxRecords+2 {
		t.Errorf("%d events, want %d", len(events), maxRecords+2)
	}
}

func TestViewAfter(t *testing.T) {
	s := begun(t)
	for range 4 {
		s.Record(readOf("x"))
	}
	v := s.ViewAfter(3)
	defer v.Close()
	if events, _ := v.Next(context.Background(), 0); len(events) != 2 || events[0].Seq != 4 {
		t.Errorf("got\n%s, want 4 and 5", list(events))
	}
	s.Record(readOf("x"))
	if events, _ := v.Next(context.Background(), 0); len(events) != 1 || events[0].Seq != 6 {
		t.Errorf("got\n%s, want 6", list(events))
	}
}

// A viewer that has seen what this session never said sees what comes then.
func TestViewAfterTheFuture(t *testing.T) {
	s := begun(t)
	v := s.ViewAfter(2)
	defer v.Close()
	s.Record(readOf("2"))
	s.Record(readOf("3"))
	if events, _ := v.Next(context.Background(), 0); len(events) != 1 || events[0].Seq != 3 {
		t.Errorf("got\n%s, want 3", list(events))
	}
}

func TestNextWaits(t *testing.T) {
	s := begun(t)
	v := s.View()
	v.Next(context.Background(), 0)
	ctx, cancel := context.WithCancel(context.Background())
	answers := make(chan string)
	next := func(ctx context.Context) {
		events, more := v.Next(ctx, 0)
		answers <- fmt.Sprintf("%d %v", len(events), more)
	}
	go next(ctx)
	s.Record(readOf("x"))
	if got := <-answers; got != "1 true" {
		t.Errorf("an event: %s, want 1 true", got)
	}
	go next(ctx)
	cancel()
	if got := <-answers; got != "0 false" {
		t.Errorf("the context's end: %s, want 0 false", got)
	}
	go next(context.Background())
	s.End()
	if got := <-answers; got != "1 true" {
		t.Errorf("the session's end: %s, want 1 true", got)
	}
	go next(context.Background())
	if got := <-answers; got != "0 false" {
		t.Errorf("behind the end: %s, want 0 false", got)
	}
	v.Close()
	if len(s.viewers) != 0 {
		t.Errorf("%d viewers left", len(s.viewers))
	}
}

// A session that nobody ever used ends its viewers too.
func TestViewerOfAnUnusedSession(t *testing.T) {
	h := NewHub(HubOptions{})
	s, _ := h.New("x", Wishes{})
	v := s.View()
	defer v.Close()
	h.Close()
	if events, more := v.Next(context.Background(), 0); len(events) != 0 || more {
		t.Errorf("got %d events, %v; want the end", len(events), more)
	}
}
