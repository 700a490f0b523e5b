package explain

import (
	"net"
	"sync"
	"time"
)

// TapTarget wraps the dialled connection B. raw is the socket below: conn itself, or what is below its TLS.
func (s *Session) TapTarget(conn, raw net.Conn) net.Conn {
	if s == nil {
		return conn
	}
	t := &Tap{Conn: conn, raw: raw}
	l := &line{stream: B}
	l.in.phase, l.out.phase = inBytes, inBytes
	l.session.Store(s)
	t.line.Store(l)
	s.Record(Event{Stream: B, Dir: Out, Layer: Socket, Kind: Connect, Local: conn.LocalAddr().String(), Remote: conn.RemoteAddr().String(), TLS: conn != raw})
	s.follow(t)
	s.hub.meet.dialled(conn.LocalAddr().String(), s)
	return t
}

// TargetListener wraps the listener of a practice server in this process, so that a session that reaches it sees its
// recv() and send() too.
func (h *Hub) TargetListener(ln net.Listener) net.Listener { return &targetListener{ln, h} }

type targetListener struct {
	net.Listener
	hub *Hub
}

func (ln *targetListener) Accept() (net.Conn, error) {
	conn, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &Tap{Conn: conn, raw: conn, practice: true, accepted: time.Now()}
	l := &line{stream: B, practice: true}
	l.in.phase, l.out.phase = inBytes, inBytes
	t.line.Store(l)
	ln.hub.meet.accepted(conn.RemoteAddr().String(), t)
	return t, nil
}

// meeting brings the two ends of a connection B together: the bridge may have dialled before the practice server
// accepts, or the other way round.
type meeting struct {
	mu       sync.Mutex // guards what follows
	waiting  map[string]*Tap
	sessions map[string]*Session
}

func (m *meeting) accepted(from string, t *Tap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == nil {
		m.waiting = make(map[string]*Tap)
	}
	m.waiting[from] = t
	t.leave = func() { m.left(from, t) }
	if s := m.sessions[from]; s != nil {
		t.attachTarget(s)
	}
}

func (m *meeting) left(from string, t *Tap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[from] == t {
		delete(m.waiting, from)
	}
}

func (m *meeting) dialled(from string, s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions == nil {
		m.sessions = make(map[string]*Session)
	}
	m.sessions[from] = s
	if t := m.waiting[from]; t != nil {
		t.attachTarget(s)
	}
}

// over forgets the addresses of a session that has ended.
func (m *meeting) over(s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for from, other := range m.sessions {
		if other == s {
			delete(m.sessions, from)
		}
	}
}

// attachTarget lets s have what the practice server did before the two were brought together, and all that follows.
func (t *Tap) attachTarget(s *Session) {
	l := t.line.Load()
	if l == nil {
		return
	}
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	if l.session.Swap(s) != nil {
		return
	}
	for _, r := range l.in.early {
		l.tellRead(s, r.at, r.data, "")
	}
	l.in.early = nil
	s.follow(t)
}
