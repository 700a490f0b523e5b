//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/coder/websocket"
)

// remote is the connection by which a browser is driven. The Chrome DevTools Protocol and WebDriver BiDi have its shape
// in common: JSON requests, answers by number, and events.
type remote struct {
	conn  *websocket.Conn
	ended chan struct{} // closed when nothing more will come

	mu       sync.Mutex // guards what follows
	last     int
	waiting  map[int]chan remoteMessage
	watchers []func(remoteMessage) // called in the order of the events; must not block
}

// remoteMessage is an answer (ID) or an event (Method).
type remoteMessage struct {
	ID      int             `json:"id"`
	Session string          `json:"sessionId"` // DevTools: the tab
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
	Message string          `json:"message"` // BiDi: what Error, a code, means
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

func dialRemote(ctx context.Context, url string) (*remote, error) {
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to the browser: %w", err)
	}
	conn.SetReadLimit(-1) // screenshots
	r := &remote{conn: conn, ended: make(chan struct{}), waiting: map[int]chan remoteMessage{}}
	go r.receive()
	return r, nil
}

// close ends the connection and waits until no watcher is called any more.
func (r *remote) close() {
	r.conn.CloseNow()
	<-r.ended
}

func (r *remote) receive() {
	defer close(r.ended)
	for {
		_, text, err := r.conn.Read(context.Background()) // ends with close
		if err != nil {
			return
		}
		var m remoteMessage
		if json.Unmarshal(text, &m) == nil {
			r.deliver(m)
		}
	}
}

func (r *remote) deliver(m remoteMessage) {
	r.mu.Lock()
	answered, watchers := r.waiting[m.ID], slices.Clone(r.watchers)
	delete(r.waiting, m.ID)
	r.mu.Unlock()
	if m.Method == "" && answered != nil {
		answered <- m
		return
	}
	for _, watch := range watchers {
		watch(m)
	}
}

// watch calls fn for each event from now on.
func (r *remote) watch(fn func(remoteMessage)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers = append(r.watchers, fn)
}

// params are a command's parameters.
type params map[string]any

// call gives a command, to a tab if session is not empty, and decodes its result unless that is nil.
func (r *remote) call(ctx context.Context, session, method string, p params, result any) error {
	answered := make(chan remoteMessage, 1) // so that deliver need not wait
	r.mu.Lock()
	r.last++
	id := r.last
	r.waiting[id] = answered
	r.mu.Unlock()
	if p == nil {
		p = params{}
	}
	command := params{"id": id, "method": method, "params": p}
	if session != "" {
		command["sessionId"] = session
	}
	text, err := json.Marshal(command)
	if err != nil {
		return err
	}
	// Not ctx: a Write that is cancelled ends the whole connection.
	if err := r.conn.Write(context.Background(), websocket.MessageText, text); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answered:
		if m.Error != nil {
			return fmt.Errorf("%s: %s %s", method, m.Error, m.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-r.ended:
		return fmt.Errorf("%s: the browser ended the connection", method)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}
