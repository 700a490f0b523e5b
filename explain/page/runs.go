package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"wsbridge/explain"
)

// Runs is the experiments that need a client that is no browser. Such a client connects to the bridge's own port like
// any other, speaks to practice servers only, and its sessions can be looked at like a page's.
type Runs struct {
	Hub    *explain.Hub
	Dial   func(context.Context) (net.Conn, error) // connects to the bridge's own port
	Host   func() string                           // of that port, for Host and Origin
	Client func(*http.Request) string              // whom its sessions count for
	Log    *slog.Logger

	mu        sync.Mutex // guards what follows
	running   int
	sequences map[string]time.Time // when the updates of a session's polling began
}

const (
	mostRuns = 4                // at a time
	runLimit = 10 * time.Second // for one
)

// experiment runs one experiment and returns its evidence, which becomes the answer's JSON. body is what the page sent.
type experiment func(ctx context.Context, x *run, body []byte) (any, error)

var experiments = map[string]experiment{
	"handshake": runHandshakes,
	"mask":      runMask,
	"utf8":      runUTF8,
	"idle":      runIdle,
}

// errBody is what the page sent and cannot be used.
type errBody struct{ error }

// Run answers a POST with the evidence of the named experiment. It blocks for at most runLimit.
func (x *Runs) Run(w http.ResponseWriter, r *http.Request, name string) {
	does := experiments[name]
	if does == nil {
		http.Error(w, "wsbridge: no such run; there are "+strings.Join(experimentNames(), ", "), http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		http.Error(w, fmt.Sprintf("wsbridge: the body has more than %d bytes or did not arrive whole", mostBody), http.StatusBadRequest)
		return
	}
	if !x.enter() {
		w.Header().Set("Retry-After", "3")
		http.Error(w, fmt.Sprintf("wsbridge: %d runs are under way; try again in a few seconds", mostRuns), http.StatusTooManyRequests)
		return
	}
	defer x.leave()
	ctx, cancel := context.WithTimeout(r.Context(), runLimit)
	defer cancel()
	began := time.Now()
	evidence, err := does(ctx, &run{x.Hub, x.Host(), x.Dial, clientOf(r, x.Client), explain.TapOf(r.Context())}, body)
	x.Log.Debug("run", "name", name, "client", r.RemoteAddr, "seconds", time.Since(began).Seconds(), "error", err)
	var unusable errBody
	switch {
	case err == nil:
		answerEvidence(w, evidence)
	case errors.As(err, &unusable):
		http.Error(w, "wsbridge: "+err.Error(), http.StatusBadRequest)
	case errors.Is(err, explain.ErrTooMany):
		w.Header().Set("Retry-After", "10")
		http.Error(w, "wsbridge: "+err.Error(), http.StatusTooManyRequests)
	default:
		http.Error(w, "wsbridge: the run failed: "+clip(err.Error()), http.StatusBadGateway)
	}
}

func answerEvidence(w http.ResponseWriter, evidence any) {
	body, err := json.Marshal(evidence)
	if err != nil {
		http.Error(w, "wsbridge: the run failed: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	timed(w, func() { w.Write(append(body, '\n')) })
}

func experimentNames() []string {
	var names []string
	for name := range experiments {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (x *Runs) enter() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.running == mostRuns {
		return false
	}
	x.running++
	return true
}

func (x *Runs) leave() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.running--
}

// clientOf is whom a session counts for that r makes.
func clientOf(r *http.Request, client func(*http.Request) string) string {
	if client == nil {
		return hostOf(r.RemoteAddr)
	}
	return client(r)
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// run is one experiment under way.
type run struct {
	hub     *explain.Hub
	host    string                                      // of the bridge's own port
	connect func(ctx context.Context) (net.Conn, error) // to that port
	client  string                                      // whom its sessions count for
	tap     *explain.Tap                                // of the connection that asked for the run; nil where there is none
}

// dial connects to the bridge. The caller closes the client.
func (x *run) dial(ctx context.Context) (*rawClient, error) {
	conn, err := x.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the bridge itself: %w", err)
	}
	return newRawClient(ctx, conn), nil
}

// session makes a session and the address at which a connection becomes it.
func (x *run) session(path string, w explain.Wishes) (s *explain.Session, address string, err error) {
	s, err = x.hub.New(x.client, w)
	if err != nil {
		return nil, "", err
	}
	return s, path + "?session=" + s.ID(), nil
}

// forget ends a session that no connection became.
func forget(s *explain.Session) {
	if s.State() == explain.Waiting {
		s.End()
	}
}

// open opens a WebSocket at path in a session of its own. The caller closes the client.
func (x *run) open(ctx context.Context, path string, w explain.Wishes) (c *rawClient, id string, err error) {
	s, address, err := x.session(path, w)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			forget(s)
		}
	}()
	if c, err = x.dial(ctx); err != nil {
		return nil, "", err
	}
	if err = c.upgrade(x.host, address); err != nil {
		c.Close()
		return nil, "", err
	}
	return c, s.ID(), nil
}
