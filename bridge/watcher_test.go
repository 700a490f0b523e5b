package bridge

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"wsbridge/explain"
)

// tappedListener lets what it accepts be watched.
type tappedListener struct{ net.Listener }

func (ln tappedListener) Accept() (net.Conn, error) {
	conn, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return explain.TapClient(conn), nil
}

// watcher has a session for each request.
type watcher struct {
	hub    *explain.Hub
	wishes explain.Wishes

	mu       sync.Mutex // guards what follows
	sessions []*explain.Session
}

// watchAll makes a bridge with o one whose requests are all watched.
func watchAll(t testing.TB, o *Options) *watcher {
	w := &watcher{hub: explain.NewHub(explain.HubOptions{})}
	t.Cleanup(w.hub.Close)
	o.Watch = w.watch
	return w
}

func (w *watcher) watch(*http.Request) *explain.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.hub.Trace() // keeps more of each event than a page's
	if w.wishes != (explain.Wishes{}) {
		s, _ = w.hub.New("client", w.wishes)
		w.hub.Claim(s.ID())
	}
	w.sessions = append(w.sessions, s)
	return s
}

// last is the session of the last request.
func (w *watcher) last() *explain.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sessions[len(w.sessions)-1]
}

// events are those of the last request, which it waits for to end.
func (w *watcher) events(t testing.TB) []explain.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := w.last()
	v := s.View()
	defer v.Close()
	var events []explain.Event
	for {
		some, more := v.Next(ctx, 0)
		events = append(events, some...)
		if !more {
			break
		}
	}
	if s.State() != explain.Ended || len(events) == 0 || events[len(events)-1].Kind != explain.End {
		t.Fatalf("the session has not ended:\n%s", list(events))
	}
	checkEvents(t, events)
	return events
}

// checkEvents fails unless events are numbered without a gap that is not told, and lie one behind the other.
func checkEvents(t testing.TB, events []explain.Event) {
	t.Helper()
	type place struct {
		stream explain.Stream
		dir    explain.Dir
		layer  explain.Layer
	}
	seq, ends, gap := int64(0), map[place]int64{}, false
	for _, e := range events {
		if e.Kind == explain.Dropped {
			seq, gap = seq+e.N-1, true
		}
		if seq++; e.Seq != seq || e.T < 0 {
			t.Fatalf("event %d at %d µs where %d should be:\n%s", e.Seq, e.T, seq, list(events))
		}
		switch e.Kind {
		case explain.ReadCall, explain.WriteCall, explain.RecvCall, explain.SendCall:
			at := place{e.Stream, e.Dir, e.Layer}
			if e.Off != ends[at] && !gap {
				t.Errorf("%s %s %s at %d, want %d", e.Stream, e.Dir, e.Kind, e.Off, ends[at])
			}
			ends[at] = e.Off + e.Len
		case explain.Short:
			at := place{e.Stream, e.Dir, e.Layer}
			ends[at] = e.Off + e.Len
		}
	}
}

// wantCause checks what the session of the last request says about its end.
func (w *watcher) wantCause(t testing.TB, cause string) {
	t.Helper()
	events := w.events(t)
	fate := w.last().Fate()
	if fate == nil || fate.Kind != explain.Cause || fate.Why != cause {
		t.Fatalf("fate %s, want the cause %q", list([]explain.Event{*fate}), cause)
	}
	wantStream := map[bool]explain.Stream{true: explain.B, false: explain.A}[strings.HasPrefix(cause, "target ")]
	if slices.Contains([]string{"idle limit", "session limit", "shutdown"}, cause) {
		wantStream = ""
	}
	if fate.Stream != wantStream {
		t.Errorf("the cause is on connection %q, want %q", fate.Stream, wantStream)
	}
	if strings.Contains(fate.Error, "127.0.0.1") {
		t.Errorf("the system's words have an address: %q", fate.Error)
	}
	wantCloseFrame(t, events, fate)
	for _, stream := range []explain.Stream{explain.A, explain.B} {
		if n := len(find(events, stream, explain.Out, explain.Socket, explain.Closed)); n != 1 {
			t.Errorf("connection %s was closed %d times, want 1", stream, n)
		}
	}
	// A target that is gone gets no FIN.
	if n := len(find(events, explain.B, explain.Out, explain.Socket, explain.Shutdown)); n != 1 && (n != 0 || fate.Error == "") {
		t.Errorf("%d times FIN to the target, want 1", n)
	}
}

// wantCloseFrame compares the Close frame that was sent with the one that fate announced.
func wantCloseFrame(t testing.TB, events []explain.Event, fate *explain.Event) {
	t.Helper()
	sent := find(events, explain.A, explain.Out, explain.Frame, explain.CloseFrame)
	switch {
	case fate.Code == 0 && len(sent) == 0:
	case len(sent) != 1:
		t.Errorf("%d Close frames to the client, and the cause has code %d", len(sent), fate.Code)
	case sent[0].Code != fate.Code || sent[0].Reason != fate.Reason || sent[0].Seq < fate.Seq:
		t.Errorf("Close frame %d: %d %q, want %d %q behind the cause, %d", sent[0].Seq, sent[0].Code, sent[0].Reason, fate.Code, fate.Reason, fate.Seq)
	}
}

// find is the events of one place.
func find(events []explain.Event, stream explain.Stream, dir explain.Dir, layer explain.Layer, kinds ...explain.Kind) []explain.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e explain.Event) bool {
		return e.Stream != stream || e.Dir != dir || e.Layer != layer || len(kinds) > 0 && !slices.Contains(kinds, e.Kind)
	})
}

// list is events for people who read a failed test.
func list(events []explain.Event) string {
	var b strings.Builder
	for _, e := range events[max(0, len(events)-60):] {
		line, _ := json.Marshal(e)
		b.Write(line[:min(len(line), 250)])
		b.WriteByte('\n')
	}
	return b.String()
}

// joined is the bytes of events, one behind the other.
func joined(events []explain.Event) string {
	var b strings.Builder
	for _, e := range events {
		b.Write(e.Data)
	}
	return b.String()
}

// A pair that nobody watches is not read through a tap, and one that is watched is.
func TestOnlyWatchedPairsAreTapped(t *testing.T) {
	for _, watched := range []bool{false, true} {
		o := slowLimits()
		if watched {
			watchAll(t, &o)
		} else {
			o.Watch = func(*http.Request) *explain.Session { return nil }
		}
		r := newRig(t, o)
		r.connect()
		r.mu.Lock()
		for p := range r.pairs {
			below := p.a.Conn.(interface{ NetConn() net.Conn }).NetConn()
			if _, plain := below.(*net.TCPConn); plain == watched {
				t.Errorf("watched %v: the socket of connection A is a %T", watched, below)
			}
		}
		r.mu.Unlock()
	}
}
