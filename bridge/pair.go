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

// pair is a client's connection (A) and the target's (B): two pumps, one per direction, and from the first cause to
// end on their owner, run.
type pair struct {
	bridge  *Bridge
	route   *Route
	log     *slog.Logger
	terms   *Terms
	session *explain.Session // nil: nobody watches
	began   time.Time
	place   place    // of the limits
	paces   [2]*pace // by direction: the bandwidth that it may take
	client  *ws.Conn
	a       *tcp.Conn // below client
	target  *tcp.Conn // nil: the built-in echo answers, or the target could not be dialled

	watch watch
	ends  chan end // room for both, so that a pump never waits to say that it ended
	over  [2]bool  // by direction; this and err are only the owner's
	err   [2]error // why each direction ended
}

// echoed is the most bytes in one frame of the built-in echo: a message longer than that is answered in fragments.
const echoed = 32 << 10

// begin starts the pumps. It returns at once.
func (p *pair) begin(dialErr error) {
	p.began = time.Now()
	p.over = [2]bool{dialErr != nil, p.target == nil}
	p.watch.over = dialErr != nil // its owner is there
	p.client.WhenBroken(p.writingFailed)
	if dialErr == nil {
		p.log.Info("pair begin")
	}
	stopping := p.enlist()
	if dialErr != nil {
		go p.giveUp(dialErr)
		return
	}
	p.watchOver()
	go p.up()
	if p.target != nil {
		go p.down()
	}
	if stopping {
		go p.settle(shutDown)
	}
}

// enlist makes the pair one that Shutdown ends, and reports whether that has begun.
func (p *pair) enlist() (stopping bool) {
	b := p.bridge
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pairs[p] = struct{}{}
	return b.stopping
}

// settle makes the caller the pair's owner if c is the first cause to end it.
func (p *pair) settle(c cause) {
	if p.watch.isFirst() {
		p.run(c)
	}
}

// run is the pair's owner: it acts on the first cause and returns when both connections are closed.
func (p *pair) run(c cause) {
	defer p.release()
	for len(p.ends) > 0 {
		p.note(<-p.ends)
	}
	c = p.end(c)
	p.log.Info("pair end", p.summary(c, time.Since(p.began))...)
}

// giveUp is the owner of a pair without a target.
func (p *pair) giveUp(dialErr error) {
	defer p.release()
	why := dialReason(dialErr)
	p.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.DialFailed, Why: why, Code: int(ws.BadGateway), Reason: why, Error: systemWords(dialErr)})
	c := p.end(notDialled(why))
	p.log.Warn("dial failed", "error", dialErr, "close", int(c.code))
}

func (p *pair) up() {
	e := end{up, errPanicked}
	defer p.report(&e)
	if p.target == nil {
		e.err = p.client.Echo(echoed, p.paces[up].holder())
		return
	}
	e.err = pump(p.target, p.paces[up].source(p.client))
}

func (p *pair) down() {
	e := end{down, errPanicked}
	defer p.report(&e)
	e.err = pump(p.client, p.paces[down].source(p.target))
}

// source is the reading side of a pump. Next blocks until there are bytes or nothing more will come. The bytes are
// valid until the next call: who has them in a buffer needs it only from when they have come until they are written.
type source interface {
	io.Reader
	Next() ([]byte, error)
}

// pump is a direction: what src has is written to dst before the next read. It returns why that ended.
func pump(dst io.Writer, src source) error {
	for {
		p, err := src.Next()
		if err != nil {
			return err
		}
		if _, err := dst.Write(p); err != nil {
			return &writeError{err}
		}
	}
}

// report tells the owner that a direction ended, or becomes the owner.
func (p *pair) report(e *end) {
	if r := recover(); r != nil {
		p.logBug(r)
	}
	p.ends <- *e
	p.settle(p.causeOf(*e))
}

// survive ends the pair after a bug of ours in a timer's function, and no other pair.
func (p *pair) survive() {
	if r := recover(); r != nil {
		p.logBug(r)
		p.settle(internalError)
	}
}

func (p *pair) logBug(r any) {
	p.log.Error("bug: a relay panicked", "panic", r, "stack", string(debug.Stack()))
}

// release forgets the pair and frees what it holds, after a panic of the owner too.
func (p *pair) release() {
	if r := recover(); r != nil {
		p.log.Error("bug: a pair's owner panicked", "panic", r, "stack", string(debug.Stack()))
		p.abandon()
		p.await(up)
		p.await(down)
		p.finish(internalError) // frees buffers
	}
	p.client.Release()
	p.session.End()
	p.place.leave()
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
