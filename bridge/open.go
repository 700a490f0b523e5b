package bridge

import (
	"context"
	"net"
	"net/http"

	"wsbridge/explain"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// open dials, upgrades and starts the pair; false when that failed and nothing is left to wait for.
func (b *Bridge) open(a *admission) bool {
	p := &pair{bridge: b, route: a.route, terms: a.terms, session: a.session, place: a.place, ends: make(chan end, 2)}
	p.log = b.log.With(append(append([]any{"pair", a.number}, a.who()...), "target", a.route.name())...)
	p.paces = [2]*pace{newPace(a.terms.Bandwidth), newPace(a.terms.Bandwidth)}
	var dialErr error
	if !p.route.Echo {
		p.target, dialErr = b.dial(a, p)
	}
	if dialErr != nil && (p.terms.DialFailureHTTP || a.r.Context().Err() != nil || b.stop.Err() != nil) {
		b.refuseUndialled(a, p, dialErr)
		return false
	}
	var err error
	p.client, err = ws.Accept(a.w, a.r, p.route.WS, p.take)
	if err != nil {
		p.log.Info("handshake failed", "error", err)
		p.session.EndAtClose()
		if p.target != nil {
			p.target.Close()
		}
		return false
	}
	p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.Upgraded})
	p.begin(dialErr)
	return true
}

// dial ends early when the client goes away or the bridge shuts down.
func (b *Bridge) dial(a *admission, p *pair) (*tcp.Conn, error) {
	ctx, cancel := context.WithCancel(a.r.Context())
	defer cancel()
	defer context.AfterFunc(b.stop, cancel)()
	dialer := tcp.Dialer{DialTimeout: p.terms.DialTimeout, WriteTimeout: p.terms.WriteTimeout, Preface: p.terms.SendProxy.header(a)}
	if p.session != nil {
		p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.Dial, Target: p.route.name()})
		dialer.Wrap = p.wrapTarget(dialer.Preface)
	}
	conn, err := dialer.Dial(ctx, p.route.Target)
	if err != nil {
		p.session.Record(explain.Event{Stream: explain.B, Layer: explain.Socket, Kind: explain.ConnectFailed, Error: systemWords(err)})
	}
	return conn, err
}

// wrapTarget lets the session see the connection, and what the target was told before it.
func (p *pair) wrapTarget(preface []byte) func(conn, socket net.Conn) net.Conn {
	return func(conn, socket net.Conn) net.Conn {
		tap := p.session.TapTarget(conn, socket)
		p.session.ToldTarget(preface, int(p.terms.SendProxy))
		return tap
	}
}

func (b *Bridge) refuseUndialled(a *admission, p *pair, err error) {
	status, why := http.StatusBadGateway, dialReason(err)
	switch {
	case b.stop.Err() != nil:
		status, why = http.StatusServiceUnavailable, "the bridge is shutting down"
	case why == string(tcp.TimedOut):
		status = http.StatusGatewayTimeout
	}
	p.log.Warn("dial failed", "error", err, "status", status)
	p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.DialFailed, Status: status, Why: why, Error: systemWords(err)})
	p.session.EndAtClose()
	b.answer(a.w, a.r, status, why)
}

// take makes the hijacked connection the pair's.
func (p *pair) take(nc net.Conn) ws.Stream {
	p.a = tcp.NewConn(explain.Unwatched(nc), p.terms.WriteTimeout)
	return p.a
}
