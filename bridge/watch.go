package bridge

import (
	"sync"
	"time"

	"wsbridge/tcp"
)

// watch is what can end a pair beside its pumps. It is timers, because a goroutine that waits for them would cost an
// idle pair 5 KiB.
type watch struct {
	mu                        sync.Mutex // guards what follows
	over                      bool       // the pair has its owner
	pingInterval, pingTimeout time.Duration
	idleTimeout               time.Duration
	ping, pong, idle, session *time.Timer // nil: not set
	vigil                     *vigil      // nil: no ping is waited for
}

// watchOver sets the timers.
func (p *pair) watchOver() {
	wish := p.wishes()
	w := &p.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.pingInterval, w.pingTimeout = wished(wish.Ping, p.terms.PingInterval), wished(wish.PongTimeout, p.terms.PingTimeout)
	w.idleTimeout = wished(wish.Idle, p.terms.IdleTimeout)
	w.ping, w.idle = afterFunc(w.pingInterval, p.sendPing), afterFunc(w.idleTimeout, p.lookForData)
	w.session = afterFunc(p.terms.MaxSession, p.endSession)
}

// afterFunc is time.AfterFunc, and never for 0.
func afterFunc(d time.Duration, f func()) *time.Timer {
	if d <= 0 {
		return nil
	}
	return time.AfterFunc(d, f)
}

// isFirst reports, once, that nothing has ended the pair before; from then on nothing is watched.
func (w *watch) isFirst() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	w.over = true
	for _, t := range []*time.Timer{w.ping, w.pong, w.idle, w.session} {
		if t != nil {
			t.Stop()
		}
	}
	return true
}

func (p *pair) sendPing() {
	defer p.survive()
	w := &p.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.ping.Reset(w.pingInterval)
	if w.vigil == nil && w.pingTimeout > 0 {
		w.vigil = newVigil(p.a)
		w.pong = time.AfterFunc(w.pingTimeout, p.lookForLife)
	}
	p.client.Ping()
}

// lookForLife is due pingTimeout after a ping.
func (p *pair) lookForLife() {
	defer p.survive()
	switch p.judge() {
	case silent:
		p.settle(clientSilent)
	case stalled:
		p.settle(clientStalled)
	}
}

// judge ends the vigil or goes on with it.
func (p *pair) judge() verdict {
	w := &p.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return alive
	}
	v := w.vigil.verdict(p.terms.WriteTimeout)
	switch v {
	case alive:
		w.vigil = nil
	case undecided:
		w.pong.Reset(w.pingTimeout)
	}
	return v
}

func (p *pair) lookForData() {
	defer p.survive()
	if p.isIdle() {
		p.settle(idleLimit)
	}
}

// isIdle looks again when the limit will be over if it is not.
func (p *pair) isIdle() bool {
	w := &p.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.idleTimeout - time.Since(p.client.LastData())
	if left > 0 && !w.over {
		w.idle.Reset(left)
	}
	return left <= 0
}

func (p *pair) endSession() { p.settle(sessionLimit) }

// writingFailed is for a pong or a ping that could not be written, which no pump may ever notice.
func (p *pair) writingFailed() {
	defer p.survive()
	p.settle(p.causeOf(end{down, &writeError{p.client.WriteErr()}}))
}

// vigil waits for a sign of life after a ping. Any byte from the client is one. No byte is no proof of the
// opposite while the ping waits in the send queue behind data: then it is the write timeout that counts.
type vigil struct {
	a        *tcp.Conn
	read     int64 // bytes, when the ping was sent
	acked    int64 // written bytes that the client's kernel had taken at the last look
	progress time.Time
	queued   bool // the ping may have been in the send queue at the last look
}

// pingSize is the size of our ping frame in bytes: it has no payload.
const pingSize = 2

type verdict int

const (
	alive verdict = iota
	undecided
	silent
	stalled
)

func newVigil(a *tcp.Conn) *vigil {
	v := &vigil{a: a, read: a.BytesRead(), progress: time.Now()}
	left, _ := a.Unacked()
	v.acked = a.BytesWritten() - int64(left)
	return v
}

func (v *vigil) verdict(writeTimeout time.Duration) verdict {
	if v.a.BytesRead() != v.read {
		return alive
	}
	left, known := v.a.Unacked()
	acked := v.a.BytesWritten() - int64(left)
	moved := acked - v.acked
	v.acked = acked
	if moved > 0 {
		v.progress = time.Now()
	}
	switch {
	case known && left > 0 && writeTimeout > 0 && time.Since(v.progress) >= writeTimeout:
		return stalled
	case known && left > 0:
		v.queued = true
		return undecided
	case v.queued: // the ping has only just got through
		v.queued = false
		return undecided
	case !known && moved > pingSize: // the best that can be known: the kernel takes data
		return undecided
	}
	return silent
}
