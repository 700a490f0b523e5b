package explain

import (
	"bytes"
	"time"
)

// What is remembered of a connection before anybody has said whether a session wants it.
const (
	maxEarly    = 64 << 10    // bytes; more than the HTTP server takes for a request
	maxEarlyLab = time.Second // of a practice server's end: the bridge's end is there at once, or never
)

// earlyCall is a read(), or a write() of a practice server.
type earlyCall struct {
	at    time.Time
	data  []byte
	wrote bool
}

// keepEarly remembers a call, or forgets the connection where nobody seems to want it. l.in.mu is held.
func (l *line) keepEarly(t *Tap, p []byte, wrote bool) {
	h := &l.in
	if h.size += len(p); h.size > maxEarly || l.practice && time.Since(t.accepted) > maxEarlyLab {
		t.Ignore()
		return
	}
	if len(p) > 0 {
		h.early = append(h.early, earlyCall{time.Now(), bytes.Clone(p), wrote})
	}
}

// withoutSession takes a write() for which there was no session, and returns the session if there is one now.
func (l *line) withoutSession(t *Tap, parts [][]byte) *Session {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	if s := l.session.Load(); s != nil {
		return s
	}
	for _, p := range parts {
		if l.practice {
			l.keepEarly(t, p, true)
		} else {
			l.out.off.Add(int64(len(p)))
		}
	}
	if !l.practice {
		l.forgetRequest()
	}
	return nil
}

// forgetRequest drops a request that was answered without anybody having asked to watch. l.in.mu is held.
func (l *line) forgetRequest() {
	for _, c := range l.in.early {
		l.in.off.Add(int64(len(c.data)))
	}
	l.in.early, l.in.size = nil, 0
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	l.out.fed = l.out.off.Load()
}

// tellCall tells of a call that was remembered. l.in.mu is held.
func (l *line) tellCall(s *Session, c earlyCall) {
	if !c.wrote {
		l.tellRead(s, c.at, c.data, "")
		return
	}
	h := &l.out
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	e := Event{Stream: l.stream, Dir: Out, Layer: Write, Kind: WriteCall, Off: h.off.Load(), Len: int64(len(c.data)), Data: c.data, N: h.calls}
	s.recordAt(c.at, l.asSeen(e))
	h.fed = h.off.Add(e.Len)
}
