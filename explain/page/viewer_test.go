package page

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

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

func (r *rig) viewing() int {
	r.viewers.mu.Lock()
	defer r.viewers.mu.Unlock()
	return r.viewers.all
}
