package bridge

import (
	"time"

	"wsbridge/tcp"
)

// watch blocks until something ends the pair.
func (p *pair) watch() cause {
	o, w := *p.terms, p.wishes()
	o.PingInterval, o.PingTimeout = wished(w.Ping, o.PingInterval), wished(w.PongTimeout, o.PingTimeout)
	o.IdleTimeout = wished(w.Idle, o.IdleTimeout)
	ping, idle, session := newTimer(o.PingInterval), newTimer(o.IdleTimeout), newTimer(o.MaxSession)
	pong := newTimer(0)
	defer ping.Stop()
	defer idle.Stop()
	defer session.Stop()
	defer pong.Stop()
	var v *vigil
	for {
		select {
		case e := <-p.ends:
			p.note(e)
			return p.causeOf(e)
		case <-p.client.Broken(): // a pong or a ping could not be written, and no pump may ever notice
			return p.causeOf(end{down, &writeError{p.client.WriteErr()}})
		case <-p.bridge.stop.Done():
			return shutDown
		case <-session.C:
			return sessionLimit
		case <-idle.C:
			left := o.IdleTimeout - time.Since(p.client.LastData())
			if left <= 0 {
				return idleLimit
			}
			idle.Reset(left)
		case <-ping.C:
			ping.Reset(o.PingInterval)
			if v == nil && o.PingTimeout > 0 {
				v = newVigil(p.a)
				pong.Reset(o.PingTimeout)
			}
			p.client.Ping()
		case <-pong.C:
			switch v.verdict(o.WriteTimeout) {
			case alive:
				v = nil
			case undecided:
				pong.Reset(o.PingTimeout)
			case silent:
				return clientSilent
			case stalled:
				return clientStalled
			}
		}
	}
}

// newTimer returns a timer that fires after d, or only once it is reset if d is 0.
func newTimer(d time.Duration) *time.Timer {
	if d > 0 {
		return time.NewTimer(d)
	}
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
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
