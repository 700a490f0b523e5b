package page

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"wsbridge/explain"
)

const (
	mostViewers      = 256 // of all sessions
	mostViewersOfOne = 4   // of one session
	mostEvents       = 400 // in one message of the feed; more than that between two messages is skipped, and said
	feedPause        = 40 * time.Millisecond
)

// feedSilence is when a comment is written, so that no proxy in between takes the feed for dead. Variable for tests.
var feedSilence = 15 * time.Second

// viewers counts the feeds that are open.
type viewers struct {
	mu  sync.Mutex // guards what follows
	all int
	of  map[string]int // by session
}

func (v *viewers) enter(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == mostViewers || v.of[id] == mostViewersOfOne {
		return false
	}
	if v.of == nil {
		v.of = make(map[string]int)
	}
	v.all++
	v.of[id]++
	return true
}

func (v *viewers) leave(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all--
	if v.of[id]--; v.of[id] == 0 {
		delete(v.of, id)
	}
}

// serveEvents is the live feed: server-sent events, each message a JSON array of events with the number of the last one
// as its id. It ends after the session, with the viewer, at Close, or when the viewer does not read.
func (p *Page) serveEvents(w http.ResponseWriter, r *http.Request) {
	s := p.session(w, r)
	if s == nil {
		return
	}
	after, err := resume(r)
	if err != nil {
		p.refuse(w, r, http.StatusBadRequest, err.Error())
		return
	}
	if !p.viewers.enter(s.ID()) {
		w.Header().Set("Retry-After", "10")
		p.refuse(w, r, http.StatusTooManyRequests, fmt.Sprintf("too many viewers: a session has at most %d, all together %d; close another page", mostViewersOfOne, mostViewers))
		return
	}
	defer p.viewers.leave(s.ID())
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // nginx would collect the feed
	if r.Method == http.MethodHead {
		return
	}
	ctx, cancel := p.until(r)
	defer cancel()
	f := feed{page: p, session: s, w: w, after: after}
	f.follow(ctx)
}

// until is r's context, which ends at Close too.
func (p *Page) until(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(p.stop, cancel)
	return ctx, func() { stop(); cancel() }
}

// resume is the number of the last event that the viewer has: EventSource says so when it connects again.
func resume(r *http.Request) (after int64, err error) {
	from := r.Header.Get("Last-Event-ID")
	if from == "" {
		from = r.URL.Query().Get("from")
	}
	if from == "" {
		return 0, nil
	}
	after, err = strconv.ParseInt(from, 10, 53)
	if err != nil || after < 0 {
		return 0, fmt.Errorf("Last-Event-ID (or ?from=) is %q; it must be the id of a message of this feed", clip(from))
	}
	return after, nil
}

// feed is one viewer's response.
type feed struct {
	page    *Page
	session *explain.Session
	w       http.ResponseWriter
	after   int64 // number of the last event the viewer has
	began   bool  // the viewer knows when the session began
}

// follow writes events until there are no more, or nobody who reads them. At Close it writes what is left: the shutdown
// of the bridge is what ended the session, and the viewer has nobody left to ask.
func (f *feed) follow(ctx context.Context) {
	v := f.session.ViewAfter(f.after)
	defer v.Close()
	for err := f.start(); err == nil; {
		events, more := next(ctx, v)
		switch {
		case len(events) > 0:
			err = f.batch(events)
			pause(ctx, feedPause)
		case !more, ctx.Err() != nil && f.session.State() == explain.Ended:
			f.message("end", 0, struct{}{})
			return
		case ctx.Err() != nil:
			return
		default:
			err = timed(f.w, func() { io.WriteString(f.w, ": silence\n\n") })
		}
	}
}

// next waits for events, but not longer than feedSilence: then there are none, and more is true.
func next(ctx context.Context, v *explain.Viewer) (events []explain.Event, more bool) {
	waiting, cancel := context.WithTimeout(ctx, feedSilence)
	defer cancel()
	events, more = v.Next(waiting, mostEvents)
	return events, more || waiting.Err() != nil
}

// start is the first message, and is said again when a session begins that was waiting then.
func (f *feed) start() error {
	start := f.page.start(f.session)
	f.began = start != nil
	return f.message("start", 0, struct {
		Start *int64 `json:"start_us,omitempty"` // when an event's t was 0; not there while waiting
		Now   int64  `json:"now_us"`
	}{start, f.page.micros(time.Now())})
}

func (f *feed) batch(events []explain.Event) error {
	if !f.began {
		if err := f.start(); err != nil {
			return err
		}
	}
	return f.message("", events[len(events)-1].Seq, said(events))
}

// message writes one message of the feed. Without a name it is an event of type "message" to JavaScript.
func (f *feed) message(name string, id int64, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return timed(f.w, func() {
		if name != "" {
			fmt.Fprintf(f.w, "event: %s\n", name)
		}
		if id != 0 {
			fmt.Fprintf(f.w, "id: %d\n", id)
		}
		fmt.Fprintf(f.w, "data: %s\n\n", text)
	})
}

// pause waits for d, or for ctx to end.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
