package bridge

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"wsbridge/explain"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// ServeHTTP admits a request in this order: form, Host, path, Origin, dial, upgrade. Who is refused causes no dial.
// It blocks for the dial; the pair goes on after it has returned.
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session := b.watch(r)
	if e := ws.Check(r); e != nil {
		for name, values := range e.Header {
			w.Header()[name] = values
		}
		b.refuse(w, r, session, e.Status, e.Text)
		return
	}
	if why := b.hostRefusal(r); why != "" {
		b.refuse(w, r, session, http.StatusForbidden, why)
		return
	}
	route := b.route(r.URL.Path)
	if route.Missing != "" {
		b.refuse(w, r, session, http.StatusNotFound, route.Missing)
		return
	}
	if why := b.originRefusal(r); why != "" && !route.AnyOrigin {
		b.refuse(w, r, session, http.StatusForbidden, why)
		return
	}
	id, ok := b.admit()
	if !ok {
		b.refuse(w, r, session, http.StatusServiceUnavailable, "the bridge is shutting down")
		return
	}
	p := &pair{bridge: b, route: route, session: session, ends: make(chan end, 2)}
	p.log = b.log.With("pair", id, "client", r.RemoteAddr, "path", clip(r.URL.Path), "target", route.name())
	if origin := r.Header.Get("Origin"); origin != "" {
		p.log = p.log.With("origin", clip(origin))
	}
	if !b.open(p, w, r) {
		b.running.Done()
	}
}

// admit numbers a request and makes Shutdown wait for it.
func (b *Bridge) admit() (id uint64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopping {
		return 0, false
	}
	b.last++
	b.running.Add(1)
	return b.last, true
}

// open dials, upgrades and starts the pair; false when that failed and nothing is left to wait for.
func (b *Bridge) open(p *pair, w http.ResponseWriter, r *http.Request) bool {
	var dialErr error
	if !p.route.Echo {
		p.target, dialErr = b.dial(r, p)
	}
	if dialErr != nil && (b.options.DialFailureHTTP || r.Context().Err() != nil || b.stop.Err() != nil) {
		b.refuseUndialled(w, r, p, dialErr)
		return false
	}
	var err error
	p.client, err = ws.Accept(w, r, p.route.WS, p.take)
	if err != nil {
		p.log.Info("handshake failed", "error", err)
		p.session.EndAtClose()
		if p.target != nil {
			p.target.Close()
		}
		return false
	}
	p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.Upgraded})
	b.mu.Lock()
	b.pairs[p] = struct{}{}
	b.mu.Unlock()
	go p.run(dialErr)
	return true
}

// dial ends early when the client goes away or the bridge shuts down.
func (b *Bridge) dial(r *http.Request, p *pair) (*tcp.Conn, error) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(b.stop, cancel)()
	dialer := b.dialer
	if p.session != nil {
		p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.Dial, Target: p.route.name()})
		dialer.Wrap = p.session.TapTarget
	}
	conn, err := dialer.Dial(ctx, p.route.Target)
	if err != nil {
		p.session.Record(explain.Event{Stream: explain.B, Layer: explain.Socket, Kind: explain.ConnectFailed, Error: systemWords(err)})
	}
	return conn, err
}

func (b *Bridge) refuseUndialled(w http.ResponseWriter, r *http.Request, p *pair, err error) {
	status, why := http.StatusBadGateway, dialReason(err)
	switch {
	case b.stop.Err() != nil:
		status, why = http.StatusServiceUnavailable, "the bridge is shutting down"
	case why == string(tcp.TimedOut):
		status = http.StatusGatewayTimeout
	}
	p.log.Warn("dial failed", "error", err, "status", status)
	p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.DialFailed, Status: status, Why: why, Error: systemWords(err)})
	p.session.EndAtClose()
	b.answer(w, r, status, why)
}

func dialReason(err error) string {
	var dial *tcp.DialError
	if errors.As(err, &dial) {
		return string(dial.Reason)
	}
	return string(tcp.OtherDialFail)
}

// refuse answers with one line that says what to do, logs it, and lets the connection end.
func (b *Bridge) refuse(w http.ResponseWriter, r *http.Request, session *explain.Session, status int, why string) {
	session.Record(explain.Event{Layer: explain.Pair, Kind: explain.Refused, Status: status, Why: why})
	session.EndAtClose()
	level := slog.LevelInfo
	if status == http.StatusForbidden {
		level = slog.LevelWarn
	}
	b.log.Log(r.Context(), level, "refused", "status", status, "why", why, "client", r.RemoteAddr,
		"path", clip(r.URL.Path), "host", clip(r.Host), "origin", clip(r.Header.Get("Origin")))
	b.answer(w, r, status, why)
}

func (b *Bridge) answer(w http.ResponseWriter, r *http.Request, status int, why string) {
	if r.Body != http.NoBody && b.options.HandshakeTimeout > 0 {
		// The HTTP server waits for the rest of a short body before it closes.
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(b.options.HandshakeTimeout))
	}
	header := w.Header()
	header["Connection"] = []string{"close"}
	if header.Get("Upgrade") != "" {
		header.Add("Connection", "Upgrade") // RFC 9110 section 7.8
	}
	http.Error(w, "wsbridge: "+why, status)
}

// noRoute is where no route leads.
var noRoute = Route{Missing: "nothing is served at this path"}

// route is the longest match of path.
func (b *Bridge) route(path string) *Route {
	best := &noRoute
	for i := range b.options.Routes {
		route := &b.options.Routes[i]
		matches := path == route.Path || strings.HasSuffix(route.Path, "/") && strings.HasPrefix(path, route.Path)
		if matches && len(route.Path) > len(best.Path) {
			best = route
		}
	}
	return best
}

// Missing says why nothing is served at path; "" if something is.
func (b *Bridge) Missing(path string) string { return b.route(path).Missing }

func (r *Route) name() string {
	if r.Echo {
		return "built-in WebSocket echo"
	}
	return r.Target.String()
}

// take makes the hijacked connection the pair's.
func (p *pair) take(nc net.Conn) ws.Stream {
	p.a = tcp.NewConn(nc, p.bridge.options.WriteTimeout)
	return p.a
}

// clip keeps what peers send short in logs and answers.
func clip(s string) string {
	const most = 200 // bytes
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
