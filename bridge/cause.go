package bridge

import (
	"errors"
	"io"

	"wsbridge/tcp"
	"wsbridge/ws"
)

// cause is why a pair ended, and what that means for the client. The target gets FIN whatever the cause.
type cause struct {
	name   string        // for the log
	code   ws.StatusCode // of the Close frame the client gets; 0: none
	reason string        // in that Close frame
	rest   rest
	deaf   bool // the target takes nothing any more: what the client still says is dropped, and not for long
}

// rest is what becomes of the bytes that the target has sent and the client has not been given.
type rest int

const (
	dropRest  rest = iota // not sent: the client takes no more, or nothing is left
	drainRest             // what has arrived from it is sent first
	abortRest             // dropped, a half-sent frame too: the client's TCP connection just ends
)

// The causes, as in the close table.
var (
	clientLost        = cause{name: "client connection lost"}
	targetClosed      = cause{"target closed", ws.NormalClosure, "target closed", dropRest, false}
	targetLost        = cause{"target connection lost", ws.BadGateway, "target connection lost", drainRest, true}
	targetWriteFailed = cause{"target write failed", ws.InternalError, "target write failed", drainRest, true}
	clientSilent      = cause{name: "no sign of life from the client", rest: abortRest}
	clientStalled     = cause{name: "client took no byte", rest: abortRest}
	targetStalled     = cause{name: "target took no byte", rest: abortRest}
	idleLimit         = cause{"idle limit", ws.GoingAway, "idle limit", drainRest, false}
	sessionLimit      = cause{"session limit", ws.GoingAway, "session limit", drainRest, false}
	shutDown          = cause{"shutdown", ws.GoingAway, "server shutting down", drainRest, false}
	internalError     = cause{"internal error", ws.InternalError, "internal error", dropRest, true}
)

// clientClosed gives the client its own code and reason back (RFC 6455 section 5.5.1).
func clientClosed(c *ws.CloseError) cause {
	return cause{name: "client closed", code: c.Code, reason: c.Reason}
}

func violated(v *ws.Violation) cause {
	return cause{name: v.Reason, code: v.Code, reason: v.Reason}
}

func notDialled(reason string) cause {
	return cause{name: reason, code: ws.BadGateway, reason: reason, deaf: true}
}

// direction is one of a pair's two.
type direction int

const (
	up   direction = iota // client to target
	down                  // target to client
)

// end is how one direction ended: err is a *writeError when its writing side failed.
type end struct {
	direction direction
	err       error
}

type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

// errPanicked stands for a bug of ours, which ends the pair it happened in and no other.
var errPanicked = errors.New("panicked")

// causeOf is what the first end of a direction means.
func (p *pair) causeOf(e end) cause {
	var wrote *writeError
	writing := errors.As(e.err, &wrote)
	var violation *ws.Violation
	switch {
	case e.err == errPanicked:
		return internalError
	case e.direction == up && writing && p.target != nil:
		return writeToTargetFailed(e.err)
	case errors.Is(e.err, tcp.ErrStalled):
		return clientStalled
	case e.direction == up && errors.As(e.err, &violation):
		return violated(violation)
	case e.direction == up && errors.Is(e.err, io.EOF):
		return clientClosed(p.client.PeerClose())
	case e.direction == up || writing:
		return clientLost
	case errors.Is(e.err, io.EOF):
		return targetClosed
	}
	return targetLost
}

// writeToTargetFailed tells a connection that is gone, which the reading side would have said too, from one that
// only refuses bytes: a target that has closed answers them so.
func writeToTargetFailed(err error) cause {
	switch {
	case errors.Is(err, tcp.ErrStalled):
		return targetStalled
	case tcp.IsReset(err):
		return targetLost
	}
	return targetWriteFailed
}
