package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wsbridge/explain"
)

func TestAFeedFollowsASessionFromItsMaking(t *testing.T) {
	r := newRig(t)
	id := r.makeID("")
	v := r.view(id)
	if got := v.start(); got["now_us"] <= 0 || len(got) != 1 {
		t.Errorf("start of a session that waits: %v", got)
	}
	s, _ := r.hub.Claim(id)
	r.begin(s)
	if got := v.start(); got["start_us"] <= 0 || got["now_us"] < got["start_us"] {
		t.Errorf("start of a session that began: %v", got)
	}
	if first := v.batch()[0]; first.Kind != explain.Begin || first.Seq != 1 || first.Say != explain.Key(&first) || first.Say == "" {
		t.Errorf("first event: %+v", first)
	}
	s.Record(ping("a"))
	s.End()
	rest := v.all()
	if last := rest[len(rest)-1]; last.Kind != explain.End {
		t.Errorf("last event: %+v", last)
	}
	if _, more := v.next(); more {
		t.Error("the response goes on behind the end")
	}
}

func TestAFeedHasNoOtherSessionsEvents(t *testing.T) {
	r := newRig(t)
	mine, other := r.open(), r.open()
	v := r.view(mine.ID())
	for range 100 {
		other.Record(ping("other"))
		mine.Record(ping("mine"))
	}
	other.End()
	mine.End()
	for _, e := range v.all() {
		if string(e.Data) == "other" {
			t.Fatalf("got %+v", e)
		}
	}
}

func TestWhatIsDroppedIsCounted(t *testing.T) {
	r := newRig(t)
	s := r.open()
	v := r.view(s.ID())
	const sent = 20_000
	for range sent {
		s.Record(ping("x"))
	}
	s.End()
	if got, dropped := v.count(); got+dropped <= sent || dropped == 0 {
		t.Errorf("%d events and %d dropped of more than %d", got, dropped, sent)
	}
}

func TestAStalledViewerDelaysNobody(t *testing.T) {
	limit(t, &writeLimit, 10*patience)
	r := newRig(t)
	s := r.open()
	v := r.view(s.ID())
	e := ping(strings.Repeat("x", 4096))
	const sent = 50_000
	began := time.Now()
	for range sent {
		s.Record(e)
	}
	s.End()
	if took := time.Since(began); took > patience {
		t.Errorf("%d events took %v", sent, took)
	}
	if got, dropped := v.count(); got+dropped <= sent || dropped == 0 {
		t.Errorf("%d events and %d dropped of more than %d", got, dropped, sent)
	}
}

func TestAFeedIsResumedWithoutDuplicates(t *testing.T) {
	for _, how := range []string{"Last-Event-ID", "?from="} {
		r := newRig(t)
		s := r.open()
		v := r.view(s.ID())
		v.start()
		last := v.batch()
		v.end()
		after := last[len(last)-1].Seq
		s.Record(ping("later"))
		s.End()
		if how == "?from=" {
			v = r.ask(feedOf(s.ID()) + fmt.Sprintf("?from=%d", after))
		} else {
			v = r.view(s.ID(), how, fmt.Sprint(after))
		}
		if v.start()["start_us"] <= 0 {
			t.Errorf("%s: no start", how)
		}
		for _, e := range v.all() {
			if after++; e.Seq != after {
				t.Errorf("%s: event %d is where %d is due", how, e.Seq, after)
			}
		}
	}
}

func TestAnIDThatIsNoneOfTheFeeds(t *testing.T) {
	r := newRig(t)
	s := r.open()
	for _, id := range []string{"x", "-1", "1.5", "9999999999999999999"} {
		r.want(id, r.do("GET", feedOf(s.ID()), "", "Last-Event-ID", id), 400, "Last-Event-ID")
	}
	s.End()
	if got := r.view(s.ID(), "Last-Event-ID", "1000000").all; len(got()) != 0 {
		t.Error("events behind the last")
	}
}

func TestAnEndedSessionIsToldWhole(t *testing.T) {
	r := newRig(t)
	s := r.open()
	s.End()
	if got := r.view(s.ID()).all(); got[0].Kind != explain.Begin || got[len(got)-1].Kind != explain.End {
		t.Errorf("got %+v", got)
	}
}

func TestAFeedPausesBetweenMessages(t *testing.T) {
	r := newRig(t)
	s := r.open()
	began := time.Now()
	v := r.view(s.ID())
	v.start()
	for range 4 {
		v.batch()
		s.Record(ping("x"))
	}
	if took := time.Since(began); took < 3*feedPause {
		t.Errorf("4 messages in %v", took)
	}
}

func TestASilentFeedSaysThatItIsThere(t *testing.T) {
	limit(t, &feedSilence, moment)
	r := newRig(t)
	v := r.view(r.makeID(""))
	v.start()
	for range 2 {
		if m, ok := v.next(); !ok || m.comment != ": silence" || m.data != "" {
			t.Errorf("got %+v, %v", m, ok)
		}
	}
}

func TestViewersAreBounded(t *testing.T) {
	r := newRig(t)
	id := r.makeID("")
	var viewing []*stream
	for range mostViewersOfOne {
		viewing = append(viewing, r.view(id))
	}
	r.want("one more", r.get(feedOf(id)), 429, "at most 4")
	r.view(r.makeID("")).start() // another session has its own
	// A closed tab makes room.
	viewing[0].end()
	for until := time.Now().Add(patience); r.ask(feedOf(id)).resp.StatusCode != 200; {
		if time.Now().After(until) {
			t.Fatal("the feed of a closed tab goes on")
		}
	}
}

func TestAllViewersAreBounded(t *testing.T) {
	var v viewers
	for i := range mostViewers {
		if !v.enter(fmt.Sprint(i)) {
			t.Fatalf("viewer %d of %d is kept out", i, mostViewers)
		}
	}
	if v.enter("x") {
		t.Error("one more is let in")
	}
	v.leave("0")
	if !v.enter("x") || len(v.of) != mostViewers {
		t.Errorf("no room where one has left; %d sessions are counted", len(v.of))
	}
}

func TestCloseEndsFeedsAtOnce(t *testing.T) {
	r := newRig(t)
	v := r.view(r.open().ID())
	v.start()
	v.batch()
	r.Page.Close()
	if m, ok := v.next(); ok {
		t.Errorf("got %+v", m)
	}
}

// A session that the bridge's shutdown ended is told to its end, although the page is closed right behind it.
func TestCloseTellsTheRest(t *testing.T) {
	for range 20 {
		r := newRig(t)
		s := r.open()
		v := r.view(s.ID())
		v.start()
		v.batch() // now the feed pauses
		s.Record(ping("last words"))
		s.End()
		r.Page.Close()
		rest := v.all()
		if len(rest) == 0 || rest[len(rest)-1].Kind != explain.End {
			t.Fatalf("got %d events, want all up to the end", len(rest))
		}
	}
}

func TestHEADOfAFeedTakesNoViewer(t *testing.T) {
	r := newRig(t)
	id := r.makeID("")
	for range mostViewersOfOne + 1 {
		if got := r.do("HEAD", feedOf(id), ""); got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("got %d %v", got.StatusCode, got.Header)
		}
	}
}

func TestAFeedThatNobodyReadsEnds(t *testing.T) {
	limit(t, &writeLimit, moment)
	r := newRig(t)
	s := r.open()
	c := r.dial()
	c.SetReadBuffer(4096)
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", feedOf(s.ID()))
	for until := time.Now().Add(patience); r.viewing() == 0; {
		if time.Now().After(until) {
			t.Fatal("no feed")
		}
	}
	e := ping(strings.Repeat("x", 4096))
	for until := time.Now().Add(patience); r.viewing() > 0; {
		if time.Now().After(until) {
			t.Fatal("the feed is still there")
		}
		s.Record(e)
	}
	if s.State() != explain.Open {
		t.Errorf("the session is %s", s.State())
	}
}
