package bridge

import (
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"wsbridge/explain"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// pair is a client's connection (A) and the target's (B): two pumps, one per direction, and their owner, run.
type pair struct {
	bridge  *Bridge
	route   *Route
	log     *slog.Logger
	terms   *Terms
	session *explain.Session // nil: nobody watches
	leave   func()           // lets the limits count one pair less
	paces   [2]*pace         // by direction: the bandwidth that it may take
	client  *ws.Conn
	a       *tcp.Conn // below client
	target  *tcp.Conn // nil: the built-in echo answers, or the target could not be dialled

	ends chan end // room for both, so that a pump never waits to say that it ended
	over [2]bool  // by direction; this and err are only the owner's
	err  [2]error // why each direction ended
}

// Bytes of the buffer of each direction. A read from the client never returns more than is buffered below it;
// a message to the client is at most downBuffer long, because clients that use the same library as we refuse more.
const (
	upBuffer   = 16 << 10
	downBuffer = 32 << 10
)

// run is the pair's owner: it waits for the first cause and acts on it, and returns when both connections are closed.
func (p *pair) run(dialErr error) {
	defer p.release()
	start := time.Now()
	if dialErr != nil {
		p.over = [2]bool{true, true}
		why := dialReason(dialErr)
		p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.DialFailed, Why: why, Code: int(ws.BadGateway), Reason: why, Error: systemWords(dialErr)})
		c := p.end(notDialled(why))
		p.log.Warn("dial failed", "error", dialErr, "close", int(c.code))
		return
	}
	p.log.Info("pair begin")
	go p.up()
	if p.target != nil {
		go p.down()
	} else {
		p.over[down] = true
	}
	c := p.end(p.watch())
	p.log.Info("pair end", p.summary(c, time.Since(start))...)
}

func (p *pair) up() {
	e := end{up, errPanicked}
	defer p.report(&e)
	if p.target == nil {
		e.err = p.client.Echo(make([]byte, upBuffer), p.paces[up].holder())
		return
	}
	e.err = pump(p.target, p.paces[up].reader(p.client), make([]byte, upBuffer))
}

func (p *pair) down() {
	e := end{down, errPanicked}
	defer p.report(&e)
	e.err = pump(p.client, p.paces[down].reader(p.target), make([]byte, downBuffer))
}

// pump is a direction: what src has is written to dst before the next read. It returns why that ended.
func pump(dst io.Writer, src io.Reader, buf []byte) error {
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return &writeError{err}
			}
		}
		if err != nil {
			return err
		}
	}
}

// report tells the owner that a direction ended.
func (p *pair) report(e *end) {
	if r := recover(); r != nil {
		p.log.Error("bug: a relay panicked", "panic", r, "stack", string(debug.Stack()))
	}
	p.ends <- *e
}

// release forgets the pair and frees what it holds, after a panic of the owner too.
func (p *pair) release() {
	if r := recover(); r != nil {
		p.log.Error("bug: a pair's owner panicked", "panic", r, "stack", string(debug.Stack()))
		p.abandon()
		p.await(up)
		p.await(down)
	}
	p.client.Release()
	p.session.End()
	p.leave()
	b := p.bridge
	b.mu.Lock()
	delete(b.pairs, p)
	b.mu.Unlock()
	b.running.Done()
}

// abandon closes both connections at once, whatever is under way on them.
func (p *pair) abandon() {
	p.unpace()
	p.a.Close()
	if p.target != nil {
		p.target.Close()
	}
}

// unpace lets both directions get on as fast as they can: no end waits for the bandwidth limit.
func (p *pair) unpace() {
	p.paces[up].release()
	p.paces[down].release()
}

func (p *pair) summary(c cause, took time.Duration) []any {
	s := []any{"cause", c.name, "close", int(c.code), "up_bytes", p.client.Received(), "down_bytes", p.client.Sent(),
		"seconds", took.Round(time.Millisecond).Seconds()}
	if n := p.client.Replaced(); n > 0 {
		s = append(s, "replaced_bytes", n)
	}
	return s
}
