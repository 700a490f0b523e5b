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
	l := &line{stream: B, tls: conn != raw}
	l.in.phase, l.out.phase = inBytes, inBytes
	l.session.Store(s)
	t.line.Store(l)
	s.Record(Event{Stream: B, Dir: Out, Layer: Socket, Kind: Connect, Local: conn.LocalAddr().String(), Remote: conn.RemoteAddr().String(), TLS: conn != raw})
	s.follow(t)
	s.hub.meet.dialled(conn.LocalAddr().String()+" "+conn.RemoteAddr().String(), s, t)
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
	ln.hub.meet.accepted(conn.RemoteAddr().String()+" "+conn.LocalAddr().String(), t)
	return t, nil
}

// meeting brings the two ends of a connection B together: the bridge may have dialled before the practice server
// accepts, or the other way round. What they have in common is both addresses, the bridge's first: one port of the
// bridge may serve connections to several targets.
type meeting struct {
	mu       sync.Mutex // guards what follows
	waiting  map[string]*Tap
	sessions map[string]*Session
}

func (m *meeting) accepted(addresses string, t *Tap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == nil {
		m.waiting = make(map[string]*Tap)
	}
	m.waiting[addresses] = t
	t.leave = func() { m.left(addresses, t) }
	if s := m.sessions[addresses]; s != nil {
		t.attachTarget(s)
	}
}

func (m *meeting) left(addresses string, t *Tap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[addresses] == t {
		delete(m.waiting, addresses)
	}
}

func (m *meeting) dialled(addresses string, s *Session, b *Tap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions == nil {
		m.sessions = make(map[string]*Session)
	}
	m.sessions[addresses] = s
	b.leave = func() { m.hungUp(addresses, s) }
	if t := m.waiting[addresses]; t != nil {
		t.attachTarget(s)
	}
}

// hungUp frees the addresses for a later connection, which may be nobody's to watch.
func (m *meeting) hungUp(addresses string, s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions[addresses] == s {
		delete(m.sessions, addresses)
	}
}

// over forgets the addresses of a session that has ended.
func (m *meeting) over(s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for addresses, other := range m.sessions {
		if other == s {
			delete(m.sessions, addresses)
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
	if l.session.Load() != nil {
		return
	}
	for _, c := range l.in.early {
		l.tellCall(s, c)
	}
	l.in.early = nil
	l.session.Store(s)
	s.follow(t)
}
