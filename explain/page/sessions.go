package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"wsbridge/explain"
)

// wishes is the body of POST /api/sessions: how the bridge shall treat this session's pair. All are milliseconds, and 0
// is no wish. They are honoured before practice servers only.
type wishes struct {
	HoldFIN     int64 `json:"hold_fin_ms"`
	Ping        int64 `json:"ping_ms"`
	PongTimeout int64 `json:"pong_timeout_ms"`
	Idle        int64 `json:"idle_ms"`
}

// makeSession answers with the id of a new session.
func (p *Page) makeSession(w http.ResponseWriter, r *http.Request) {
	wants, err := readWishes(r.Body)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, err.Error())
		return
	}
	s, err := p.options.Hub.New(clientOf(r, p.options.Client), wants)
	switch {
	case errors.Is(err, explain.ErrTooMany):
		w.Header().Set("Retry-After", "10")
		p.refuse(w, r, http.StatusTooManyRequests, "too many watched sessions; close a page that watches one, or wait a little")
	case err != nil:
		p.refuse(w, r, http.StatusServiceUnavailable, "no session: "+err.Error())
	default:
		w.Header().Set("Location", "/api/sessions/"+s.ID())
		p.answer(w, http.StatusCreated, struct {
			ID string `json:"id"`
		}{s.ID()})
	}
}

// readWishes takes one JSON object, or nothing.
func readWishes(body io.Reader) (explain.Wishes, error) {
	var in wishes
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&in)
	if err == io.EOF {
		return explain.Wishes{}, nil
	}
	if _, rest := decoder.Token(); err == nil && rest != io.EOF {
		err = errors.New("something follows the object")
	}
	if err != nil {
		return explain.Wishes{}, fmt.Errorf("the body is not what was expected (%w); it can be {}, or have hold_fin_ms, ping_ms, pong_timeout_ms and idle_ms", err)
	}
	return in.check()
}

// check bounds the wishes: whoever is watched may not make the bridge hold sockets long or wake up often.
func (in wishes) check() (explain.Wishes, error) {
	for _, wish := range []struct {
		name             string
		got, least, most int64
	}{
		{"hold_fin_ms", in.HoldFIN, 0, 1_000},
		{"ping_ms", in.Ping, 100, 10_000},
		{"pong_timeout_ms", in.PongTimeout, 100, 10_000},
		{"idle_ms", in.Idle, 100, 60_000},
	} {
		if wish.got != 0 && (wish.got < wish.least || wish.got > wish.most) {
			return explain.Wishes{}, fmt.Errorf("%s is %d; it can be 0 or from %d to %d", wish.name, wish.got, max(wish.least, 1), wish.most)
		}
	}
	return explain.Wishes{HoldFIN: milliseconds(in.HoldFIN), Ping: milliseconds(in.Ping),
		PongTimeout: milliseconds(in.PongTimeout), Idle: milliseconds(in.Idle)}, nil
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// told is what GET /api/sessions/{id} answers.
type told struct {
	ID     string          `json:"id"`
	State  string          `json:"state"`              // waiting, open or ended
	Start  *int64          `json:"start_us,omitempty"` // when an event's t was 0, on the clock of /api/clock; not there while waiting
	Totals explain.Totals  `json:"totals"`
	Fate   *explain.Event  `json:"fate"` // why it ended, or why it never began; null until then
	Vital  []explain.Event `json:"vital"`
}

// serveSession tells what became of a session, also when its connection was refused or failed: of that a browser
// tells its page nothing but 1006.
func (p *Page) serveSession(w http.ResponseWriter, r *http.Request) {
	s := p.session(w, r)
	if s == nil {
		return
	}
	t := told{ID: s.ID(), State: s.State(), Start: p.start(s), Totals: s.Totals(), Vital: said(s.Vital())}
	if fate := s.Fate(); fate != nil {
		t.Fate = &said([]explain.Event{*fate})[0]
	}
	p.answer(w, http.StatusOK, t)
}

// start is when s began, on the clock of /api/clock; nil while it is waiting.
func (p *Page) start(s *explain.Session) *int64 {
	start := s.Start()
	if start.IsZero() {
		return nil
	}
	t := p.micros(start)
	return &t
}

// session is the one that r's path names; nil when it was answered that there is none.
func (p *Page) session(w http.ResponseWriter, r *http.Request) *explain.Session {
	s := p.options.Hub.Find(r.PathValue("id"))
	if s == nil {
		p.refuse(w, r, http.StatusNotFound, "no such session, or it has expired; POST /api/sessions makes a new one")
	}
	return s
}

// said gives events the keys of their words. It writes into events, which are the caller's copies.
func said(events []explain.Event) []explain.Event {
	for i := range events {
		events[i].Say = explain.Key(&events[i])
	}
	if events == nil {
		return []explain.Event{} // [] in JSON
	}
	return events
}
