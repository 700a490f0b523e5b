package explain

import (
	"crypto/rand"
	"errors"
	"strconv"
	"sync"
	"time"
)

// HubOptions bounds what a Hub keeps. The zero value works.
type HubOptions struct {
	MaxSessions  int           // 0: 64; a session takes up to about 1.5 MiB
	MaxPerClient int           // of those that have not ended; 0: 24
	Unused       time.Duration // a session that nothing has come for is forgotten; 0: 30 s
	Keep         time.Duration // how long one that has ended can be asked about; 0: 2 minutes
}

// Hub knows the sessions.
type Hub struct {
	options HubOptions
	meet    meeting

	mu       sync.Mutex // guards what follows
	sessions map[string]*Session
	traced   uint64 // sessions of --trace so far
	all      map[*Session]struct{}
	closed   bool

	running sync.WaitGroup // a goroutine of each open session
}

// Errors of New and Claim.
var (
	ErrTooMany = errors.New("too many watched sessions; end one or wait a little")
	ErrUnknown = errors.New("no such session; it may have expired")
	ErrUsed    = errors.New("this session has been used; a session is for one connection")
)

// Bytes of Data kept of an event.
const (
	keptForPage  = 4 << 10
	keptForTrace = 64 << 10
)

// NewHub returns a Hub. Close ends it.
func NewHub(o HubOptions) *Hub {
	if o.MaxSessions == 0 {
		o.MaxSessions = 64
	}
	if o.MaxPerClient == 0 {
		o.MaxPerClient = 24
	}
	if o.Unused == 0 {
		o.Unused = 30 * time.Second
	}
	if o.Keep == 0 {
		o.Keep = 2 * time.Minute
	}
	return &Hub{options: o, sessions: make(map[string]*Session), all: make(map[*Session]struct{})}
}

// New makes a session with an id that cannot be guessed. client is an address without port; one client gets no more
// than its share. When there is no room the oldest that has ended makes room, or the error is ErrTooMany.
func (h *Hub) New(client string, w Wishes) (*Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var oldest *Session
	mine := 0
	for _, s := range h.sessions {
		if s.State() != Ended {
			if s.client == client {
				mine++
			}
		} else if oldest == nil || s.made.Before(oldest.made) {
			oldest = s
		}
	}
	if h.closed || mine >= h.options.MaxPerClient || len(h.sessions) >= h.options.MaxSessions && oldest == nil {
		return nil, ErrTooMany
	}
	if len(h.sessions) >= h.options.MaxSessions {
		oldest.expiry.Stop()
		delete(h.sessions, oldest.id)
	}
	s := h.make(keptForPage)
	s.id, s.client, s.wishes = rand.Text(), client, w
	s.purse.thrifty = true
	h.sessions[s.id] = s
	s.expiry = time.AfterFunc(h.options.Unused, func() { h.expire(s) })
	return s, nil
}

// Trace makes a session that only --trace sees, numbered from 1; nil when the Hub is closed.
func (h *Hub) Trace() *Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	s := h.make(keptForTrace)
	h.traced++
	s.number = strconv.FormatUint(h.traced, 10)
	h.open(s)
	return s
}

// Number gives a page's session a number for --trace too.
func (h *Hub) Number(s *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.traced++
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number = strconv.FormatUint(h.traced, 10)
}

func (h *Hub) make(kept int) *Session {
	return &Session{hub: h, kept: kept, state: Waiting, made: time.Now(), ring: ring{next: 1}, ended: make(chan struct{})}
}

// open starts what a session needs while it is used. h.mu is held.
func (h *Hub) open(s *Session) {
	h.all[s] = struct{}{}
	h.running.Add(1)
	go s.watchKernel()
}

// Find is the session with this id; nil if there is none.
func (h *Hub) Find(id string) *Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[id]
}

// Claim is Find for the one connection that the session is for. Errors are ErrUnknown and ErrUsed.
func (h *Hub) Claim(id string) (*Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	if s == nil || h.closed {
		return nil, ErrUnknown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != Waiting {
		return nil, ErrUsed
	}
	s.state = Open
	s.expiry.Stop()
	h.open(s)
	return s, nil
}

// expire forgets a session that was never used, or that ended some time ago.
func (h *Hub) expire(s *Session) {
	h.mu.Lock()
	if s.State() == Open {
		h.mu.Unlock()
		return
	}
	delete(h.sessions, s.id)
	h.mu.Unlock()
	s.End()
}

// ended is called by a session that has.
func (h *Hub) ended(s *Session) {
	h.meet.over(s)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, s)
	if h.sessions[s.id] == s {
		s.expiry.Reset(h.options.Keep)
	}
}

// Close ends all sessions and waits for what runs for them.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	var left []*Session
	for s := range h.all {
		left = append(left, s)
	}
	for id, s := range h.sessions {
		s.expiry.Stop()
		left = append(left, s)
		delete(h.sessions, id)
	}
	h.mu.Unlock()
	for _, s := range left {
		s.End()
	}
	h.running.Wait()
}
