package bridge

import (
	"context"
	"io"
	"time"

	"wsbridge/tcp"
)

const (
	// linger is how long a peer that has got our FIN may take to send its own.
	linger = time.Second
	// closeWait is how long a client may take to answer our Close frame where nothing else is waited for. A browser on
	// a busy machine took more than a second, and then calls the ending unclean.
	closeWait = 3 * time.Second
)

// end is the one place that decides what the end of one side means for the other. Both connections are closed when
// it returns. The cause it returns is c, or what c turned out to be.
func (p *pair) end(c cause) cause {
	defer p.bound()()
	p.stopDown(c.rest)
	p.tellTarget() // after stopDown: what it answers to our FIN is dropped
	p.await(down)
	if c == targetWriteFailed && tcp.IsReset(p.err[down]) {
		c = targetLost // the kernel reports a reset once, to whichever direction asks first
	}
	p.tellCause(c)
	if c.code != 0 {
		p.client.WriteClose(c.code, c.reason)
	}
	p.hearClient(c)
	p.finish(c)
	return c
}

// hearClient waits for the client's own Close frame, which a browser must have sent before it sees our FIN to call the
// ending clean (RFC 6455 section 7.1.1). What comes before it is the target's, or nobody's any more.
func (p *pair) hearClient(c cause) {
	if !c.deaf {
		p.await(up)
		return
	}
	defer time.AfterFunc(closeWait, p.a.InterruptRead).Stop()
	p.await(up)
	pump(io.Discard, p.client)
}

// stopDown sees to it that the direction to the client ends after what the client is still owed.
func (p *pair) stopDown(r rest) {
	p.paces[down].release()
	if r == abortRest {
		p.unpace()
		p.a.InterruptRead()
		p.a.InterruptWrite()
	}
	if p.target == nil {
		return
	}
	switch r {
	case dropRest, abortRest:
		p.target.InterruptRead()
	case drainRest:
		p.target.Drain()
	}
}

// await waits for the end of a direction.
func (p *pair) await(d direction) {
	for !p.over[d] {
		p.note(<-p.ends)
		p.tellTarget()
	}
}

func (p *pair) note(e end) { p.over[e.direction], p.err[e.direction] = true, e.err }

// tellTarget sends FIN as soon as nothing more will come from the client.
func (p *pair) tellTarget() {
	if p.over[up] && p.target != nil {
		p.target.CloseWrite()
	}
}

// bound keeps a peer that does not let an ending get on from holding the pair: reading ends at the drain timeout, and
// so does writing to the target. The client gets a linger longer, for its Close frame.
func (p *pair) bound() (stop func()) {
	var timers []*time.Timer
	if left := p.terms.DrainTimeout; left > 0 {
		timers = p.stopWaitingIn(left)
	}
	stopHook := context.AfterFunc(p.bridge.stop, p.boundShutdown)
	return func() {
		stopHook()
		for _, t := range timers {
			t.Stop()
		}
	}
}

func (p *pair) boundShutdown() {
	if by := p.bridge.drainBy; !by.IsZero() {
		p.stopWaitingIn(time.Until(by))
	}
}

func (p *pair) stopWaitingIn(d time.Duration) []*time.Timer {
	return []*time.Timer{time.AfterFunc(d, p.stopWaiting), time.AfterFunc(d+linger, p.a.InterruptWrite)}
}

func (p *pair) stopWaiting() {
	p.unpace()
	p.a.InterruptRead()
	if p.target != nil {
		p.target.InterruptRead()
		p.target.InterruptWrite()
	}
}

// finish closes both connections, each without losing what was written to it.
func (p *pair) finish(c cause) {
	if c.rest == abortRest {
		p.a.Close()
	}
	p.holdFIN()
	if p.target == nil {
		p.a.Finish(linger)
		return
	}
	done := make(chan struct{})
	go p.finishTarget(done)
	p.a.Finish(linger)
	<-done
}

func (p *pair) finishTarget(done chan<- struct{}) {
	defer close(done)
	p.target.Finish(linger)
}
