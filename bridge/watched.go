package bridge

import (
	"errors"
	"io"
	"net"
	"time"

	"wsbridge/explain"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// watch finds out who watches a request, and lets the connection it came on know.
func (b *Bridge) watch(a *admission) *explain.Session {
	tap := explain.TapOf(a.r.Context())
	if a.rules.Watch == nil || tap == nil {
		return nil
	}
	session := a.rules.Watch(a.r)
	if session == nil {
		tap.Ignore()
		return nil
	}
	tap.Attach(session, clip(a.r.URL.Path))
	return session
}

// tellCause tells why the pair ends, before anything is done about it.
func (p *pair) tellCause(c cause) {
	if p.session == nil || p.target == nil && !p.route.Echo {
		return // the failed dial has been told
	}
	e := explain.Event{Layer: explain.Pair, Kind: explain.Cause, Why: c.name, Code: int(c.code), Reason: c.reason}
	e.Stream, e.Error = p.failed(c)
	p.session.Record(e)
}

// failed says which connection a cause comes from, and what the system said about it.
func (p *pair) failed(c cause) (explain.Stream, string) {
	switch c.name {
	case targetClosed.name:
		return explain.B, ""
	case targetLost.name, targetWriteFailed.name, targetStalled.name:
		var wrote *writeError
		if errors.As(p.err[up], &wrote) {
			return explain.B, systemWords(p.err[up])
		}
		return explain.B, systemWords(p.err[down])
	case idleLimit.name, sessionLimit.name, shutDown.name, internalError.name:
		return "", ""
	}
	return explain.A, systemWords(p.err[up])
}

// systemWords is what the operating system said, without addresses; "" for what is no error of its own.
func systemWords(err error) string {
	var op *net.OpError
	var closed *ws.Violation
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &closed),
		errors.Is(err, tcp.ErrStalled), errors.Is(err, tcp.ErrInterrupted), errors.Is(err, tcp.ErrDrained):
		return ""
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}

// wishes are those of the session, where they are granted.
func (p *pair) wishes() explain.Wishes {
	if !p.route.Practice {
		return explain.Wishes{}
	}
	return p.session.Wishes()
}

// holdFIN waits between the Close frame and FIN, for an experiment that shows that they are two things.
func (p *pair) holdFIN() {
	if hold := p.wishes().HoldFIN; hold > 0 {
		wait := time.NewTimer(hold)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-p.bridge.stop.Done():
		}
	}
}

// wished is d unless the session wishes something else.
func wished(wish, d time.Duration) time.Duration {
	if wish > 0 {
		return wish
	}
	return d
}
