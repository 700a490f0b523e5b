package page

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wsbridge/explain"
	"wsbridge/tcp/lab"
)

// sequenceLimit is how long a session's polling may take from its first request on.
const sequenceLimit = 15 * time.Second

// Updates sends the lines that the practice server "updates" sends, of the same size and at the same pace, over plain
// HTTP: ?via=poll answers at once with those that have come up and that the client does not have yet (after=K: it has
// K), ?via=sse with all of them as they come up, as server-sent events. ?n is how many there are, at most 100.
// ?session is a session that nothing was done with yet: it gets all bytes of these requests and answers, and ends
// behind the last update.
func (x *Runs) Updates(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s := x.Hub.Find(query.Get("session"))
	n, err1 := number(query.Get("n"), lab.Updates)
	after, err2 := number(query.Get("after"), 0)
	switch via := query.Get("via"); {
	case s == nil:
		http.Error(w, "wsbridge: "+explain.ErrUnknown.Error(), http.StatusNotFound)
	case err1 != nil || err2 != nil || n < 1:
		http.Error(w, fmt.Sprintf("wsbridge: n is a number from 1 to %d, after is one from 0", lab.Updates), http.StatusBadRequest)
	case via == "poll":
		x.poll(w, r, s, after, n)
	case via == "sse":
		x.stream(w, r, s, n)
	default:
		http.Error(w, "wsbridge: via is poll or sse", http.StatusBadRequest)
	}
}

// number reads a number that is not more than lab.Updates; "" is standard.
func number(text string, standard int) (int, error) {
	if text == "" {
		return standard, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err == nil && n > lab.Updates {
		err = strconv.ErrRange
	}
	return int(n), err
}

// begin says when the session's updates began to come up: now, if this is its first request. ok is false for a session
// that is used for something else, or whose time is over.
func (x *Runs) begin(s *explain.Session) (began time.Time, first, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if began, ok := x.sequences[s.ID()]; ok {
		return began, false, s.State() != explain.Ended
	}
	if s.State() != explain.Waiting {
		return time.Time{}, false, false
	}
	if x.sequences == nil {
		x.sequences = make(map[string]time.Time)
	}
	began = time.Now()
	x.sequences[s.ID()] = began
	time.AfterFunc(sequenceLimit, func() { x.over(s) })
	return began, true, true
}

// over ends the session of a sequence.
func (x *Runs) over(s *explain.Session) {
	x.mu.Lock()
	delete(x.sequences, s.ID())
	x.mu.Unlock()
	s.End()
}

func notWaiting(w http.ResponseWriter) {
	http.Error(w, "wsbridge: this session was used for something else, or its time is over; make a new one", http.StatusConflict)
}

// lean takes what protects documents from an answer that is none: it would count as if polling needed it.
func lean(h http.Header) {
	for _, name := range []string{"Content-Security-Policy", "Referrer-Policy"} {
		h.Del(name)
	}
}

// poll answers with the updates from number after on that have come up.
func (x *Runs) poll(w http.ResponseWriter, r *http.Request, s *explain.Session, after, n int) {
	began, _, ok := x.begin(s)
	if !ok {
		notWaiting(w)
		return
	}
	s.Join(explain.TapOf(r.Context()))
	due := min(n, 1+int(time.Since(began)/lab.UpdateEvery))
	var text strings.Builder
	for i := after; i < due; i++ {
		text.WriteString(lab.Update(i, began.Add(time.Duration(i)*lab.UpdateEvery)))
	}
	lean(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	timed(w, func() { io.WriteString(w, text.String()) })
	if due == n {
		x.over(s)
	}
}

// stream sends each update when it comes up. It blocks until the last one, or until the client is gone.
func (x *Runs) stream(w http.ResponseWriter, r *http.Request, s *explain.Session, n int) {
	_, first, ok := x.begin(s)
	if !ok || !first {
		notWaiting(w)
		return
	}
	defer x.over(s)
	s.Join(explain.TapOf(r.Context()))
	lean(w.Header())
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would send them all at once
	tick := time.NewTicker(lab.UpdateEvery)
	defer tick.Stop()
	for i := range n {
		if i > 0 {
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
		if timed(w, func() { fmt.Fprintf(w, "data: %s\n", lab.Update(i, time.Now())) }) != nil {
			return
		}
	}
}
