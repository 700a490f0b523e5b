// Package page is the web page on the bridge's own port on which people watch their own connections, and the HTTP
// interface behind it.
//
//	GET  /                          the page; its other files are below /page/
//	GET  /api/bridge                what this bridge is: version, target, practice servers
//	GET  /api/clock                 now, in microseconds
//	GET  /api/words/{en|zh}         the words for events, by the key that an event has in "say"
//	POST /api/sessions              a new session; the WebSocket claims it with ?session=ID
//	GET  /api/sessions/{id}         its state, and why it ended
//	GET  /api/sessions/{id}/events  its events as they happen (server-sent events)
//	POST /api/runs/{name}           an experiment that needs a client that is no browser
//	GET  /api/updates               the same updates by polling or by server-sent events
//
// What a newcomer gets wrong: the events do not travel on the WebSocket that is watched, but on a connection of their
// own. Watching changes none of the bytes that are shown, and the opening handshake is seen from its first byte.
//
// An id is the only key to a session: who does not know it sees nothing of the session, and no list of ids exists.
package page

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"wsbridge/explain"
)

// Options says what a Page tells about its bridge, and what it may use. Hub is needed; the zero value of the others
// works.
type Options struct {
	Hub *explain.Hub

	// Refuse says why the Host or the Origin of a request is none of the bridge's; "" if they are. nil: all are.
	Refuse func(*http.Request) string

	// Client is the address that a request comes from, without port; nil: the connection's.
	Client func(*http.Request) string

	Practice bool     // no target was named: the page connects to a practice server
	Path     string   // of the WebSocket that the page connects to
	Target   string   // of that path, as the operator named it
	Lab      []string // names of the practice servers
	Version  string
	Kernel   bool // TCP_INFO is measured on this system

	// Dial connects to the bridge's own port, and Host is how that port is named in a Host header and on a command line.
	Dial func(context.Context) (net.Conn, error)
	Host func() string

	Log *slog.Logger // nil: slog.Default()
}

// Page is an http.Handler for requests that are no opening handshakes.
type Page struct {
	options Options
	log     *slog.Logger
	mux     *http.ServeMux
	files   map[string]file // by path
	epoch   time.Time       // when the clock of /api/clock was zero
	viewers viewers
	runs    Runs

	stop context.Context // ended by Close
	end  context.CancelFunc
}

// New returns a Page. Close ends it.
func New(o Options) *Page {
	p := &Page{options: o, log: o.Log, files: staticFiles(), epoch: time.Now()}
	if p.log == nil {
		p.log = slog.Default()
	}
	p.stop, p.end = context.WithCancel(context.Background())
	p.runs = Runs{Hub: o.Hub, Dial: o.Dial, Host: p.host, Client: o.Client, Log: p.log}
	p.mux = p.routes()
	return p
}

// Close ends the feeds and experiments that run, and refuses new ones. It does not wait for them: they are requests,
// and http.Server knows when they have ended.
func (p *Page) Close() { p.end() }

var _ http.Handler = (*Page)(nil)

// ServeHTTP looks at who asks, then at the path, the method and the body. It blocks while a feed or an experiment runs.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if why := p.stranger(r); why != "" {
		p.refuse(w, r, http.StatusForbidden, why)
		return
	}
	if isAPI(r) {
		w.Header().Set("Cache-Control", "no-store")
		if p.stop.Err() != nil {
			p.refuse(w, r, http.StatusServiceUnavailable, "the bridge is shutting down")
			return
		}
	}
	p.mux.ServeHTTP(w, r)
}

// stranger says why r may not be answered; "" if it may.
func (p *Page) stranger(r *http.Request) string {
	if isAPI(r) {
		if why := foreign(r); why != "" {
			return why
		}
	}
	if p.options.Refuse == nil {
		return ""
	}
	return p.options.Refuse(r)
}

// methods is what a path does, by HTTP method. HEAD is GET's.
type methods map[string]http.HandlerFunc

func (p *Page) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, does := range map[string]methods{
		"/{$}":                      {"GET": p.serveIndex},
		"/page/":                    {"GET": p.serveFile},
		"/api/bridge":               {"GET": p.serveBridge},
		"/api/clock":                {"GET": p.serveClock},
		"/api/words/{lang}":         {"GET": p.serveWords},
		"/api/sessions":             {"POST": p.makeSession},
		"/api/sessions/{id}":        {"GET": p.serveSession},
		"/api/sessions/{id}/events": {"GET": p.serveEvents},
		"/api/runs/{name}":          {"POST": p.serveRun},
		"/api/updates":              {"GET": p.serveUpdates},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { p.dispatch(w, r, does) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.refuse(w, r, http.StatusNotFound, "nothing is served at this path; the page is at /")
	})
	return mux
}

func (p *Page) serveRun(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := p.until(r)
	defer cancel()
	p.runs.Run(w, r.WithContext(ctx), r.PathValue("name"))
}

func (p *Page) serveUpdates(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := p.until(r)
	defer cancel()
	p.runs.Updates(w, r.WithContext(ctx))
}

// dispatch calls what does r's method, after it has read the body.
func (p *Page) dispatch(w http.ResponseWriter, r *http.Request, does methods) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve := does[method]
	if serve == nil {
		allow := does.allow()
		w.Header().Set("Allow", allow)
		p.refuse(w, r, http.StatusMethodNotAllowed, "this path does not take "+clip(r.Method)+"; it takes "+allow)
		return
	}
	if status, why := takeBody(w, r); why != "" {
		p.refuse(w, r, status, why)
		return
	}
	serve(w, r)
}

func (m methods) allow() string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
