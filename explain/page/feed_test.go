package page

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"wsbridge/explain"
)

// stream is a viewer.
type stream struct {
	t    testing.TB
	resp *http.Response
	in   *bufio.Reader
	end  context.CancelFunc
}

// message is one of server-sent events; comment is set for what is none.
type message struct{ event, id, data, comment string }

func feedOf(id string) string { return "/api/sessions/" + id + "/events" }

func (r *rig) view(id string, headers ...string) *stream {
	r.t.Helper()
	s := r.ask(feedOf(id), headers...)
	if s.resp.StatusCode != 200 || s.resp.Header.Get("Content-Type") != "text/event-stream" {
		r.t.Fatalf("GET events: %d %s", s.resp.StatusCode, s.resp.Header.Get("Content-Type"))
	}
	return s
}

// ask does not read the body.
func (r *rig) ask(path string, headers ...string) *stream {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	r.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", r.server.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { resp.Body.Close() })
	return &stream{r.t, resp, bufio.NewReader(resp.Body), cancel}
}

// next is the next message; false when the response has ended.
func (s *stream) next() (m message, ok bool) {
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return m, false
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "event":
			m.event = value
		case "id":
			m.id = value
		case "data":
			m.data = value
		default:
			if line == "" {
				return m, true
			}
			m.comment = line
		}
	}
}

// batch is the events of the next message, which must be one.
func (s *stream) batch() []explain.Event {
	s.t.Helper()
	m, ok := s.next()
	var events []explain.Event
	if err := json.Unmarshal([]byte(m.data), &events); !ok || err != nil || m.event != "" || len(events) == 0 {
		s.t.Fatalf("want a batch, got %+v (%v, %v)", m, ok, err)
	}
	if last := events[len(events)-1].Seq; m.id != fmt.Sprint(last) {
		s.t.Errorf("id %s, last event %d", m.id, last)
	}
	return events
}

// all is every event up to the end.
func (s *stream) all() (events []explain.Event) {
	s.t.Helper()
	for {
		m, ok := s.next()
		if !ok {
			s.t.Fatal("the feed ended without an end")
		}
		switch m.event {
		case "end":
			return events
		case "":
			var batch []explain.Event
			if err := json.Unmarshal([]byte(m.data), &batch); err != nil {
				s.t.Fatalf("%.100s: %v", m.data, err)
			}
			events = append(events, batch...)
		}
	}
}

func (s *stream) start() map[string]float64 {
	s.t.Helper()
	m, _ := s.next()
	var got map[string]float64
	if err := json.Unmarshal([]byte(m.data), &got); err != nil || m.event != "start" {
		s.t.Fatalf("want a start, got %+v", m)
	}
	return got
}

// ping is an event that is not vital.
func ping(data string) explain.Event {
	return explain.Event{Stream: explain.A, Dir: explain.In, Layer: explain.Read, Kind: explain.ReadCall, Len: int64(len(data)), Data: []byte(data)}
}

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

// count reads every event up to the end. Those that came and those that were dropped must be all of them.
func (s *stream) count() (got, dropped int64) {
	s.t.Helper()
	for _, e := range s.all() {
		if e.Layer == explain.Feed && e.Kind == explain.Dropped {
			dropped += e.N
			if e.Totals == nil {
				s.t.Error("no totals where events are missing")
			}
		} else {
			got++
		}
		if e.Seq != got+dropped {
			s.t.Fatalf("event %d is where %d is due", e.Seq, got+dropped)
		}
	}
	return got, dropped
}

func TestAStalledViewerDelaysNobody(t *testing.T) {
	old := writeLimit
	writeLimit = 10 * patience
	defer func() { writeLimit = old }()
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
	shorten(t, &feedSilence)
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
	shorten(t, &writeLimit)
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

func (r *rig) viewing() int {
	r.viewers.mu.Lock()
	defer r.viewers.mu.Unlock()
	return r.viewers.all
}
