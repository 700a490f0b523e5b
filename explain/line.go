package explain

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// line is what a tap tells to: one connection of a session. As long as session is nil nobody has said yet what the
// connection is for.
type line struct {
	session  atomic.Pointer[Session]
	stream   Stream
	practice bool   // the practice server's end of connection B
	plain    bool   // HTTP requests and answers only: no frames follow
	tls      bool   // what is read and written is plaintext, the wire has TLS records
	key      string // of the request
	in, out  half   // what the tap's owner reads and writes
	closed   atomic.Bool
	sampler  sampler
}

// half is one direction of a connection.
type half struct {
	mu    sync.Mutex   // guards what follows; a session's is taken inside it
	off   atomic.Int64 // of the next byte; changes only with mu held
	calls int64
	ended bool // an EOF or an error has been told

	finSent bool // out: a FIN has been told

	early []earlyCall // in: what was done before the session was known
	size  int         // bytes in early

	phase   phase
	held    []byte   // HTTP text that is not complete, or frames that came before the answer
	from    int64    // where held begins
	decoder *decoder // when phase is inFrames
	fed     int64    // out: offset up to which bytes have been given to write() and looked into
	scratch []byte   // out: the parts of a write() as one
}

type phase int

const (
	inHTTP    phase = iota // the request, or its answer
	inBetween              // behind the request, before the answer
	inFrames
	inBytes // nothing to look into
)

const maxRefusal = 1 << 10 // bytes of the body of a refusal that are kept

// didRead tells of a read() that returned.
func (l *line) didRead(t *Tap, p []byte, err error) {
	h := &l.in
	h.mu.Lock()
	defer h.mu.Unlock()
	s := l.session.Load()
	if s != nil && l.plain && l.out.called() {
		l.next(t).keepEarly(t, p, false) // another request on a connection that was only joined
		return
	}
	if s == nil {
		l.keepEarly(t, p, false)
		return
	}
	now := time.Now()
	if len(p) > 0 {
		l.tellRead(s, now, p, "")
		l.look(s, h, In, p)
		h.waits()
		l.sampler.take(t, l, false)
	}
	if err != nil {
		l.tellReadEnd(s, now, err)
	}
}

// next is a line for the next request. An answer counts from the moment it is given to write(), because the client
// may have it, and ask again, before write() returns.
func (l *line) next(t *Tap) *line {
	n := &line{stream: l.stream, tls: l.tls}
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	n.in.off.Store(l.in.off.Load())
	n.out.off.Store(l.out.fed)
	n.out.fed = l.out.fed
	t.line.Store(n)
	return n
}

// called reports whether anything was written.
func (h *half) called() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls > 0
}

func (l *line) tellRead(s *Session, now time.Time, p []byte, by string) {
	h := &l.in
	h.calls++
	e := Event{Stream: l.stream, Dir: In, Layer: Read, Kind: ReadCall, Off: h.off.Load(), Len: int64(len(p)), Data: p, N: h.calls, By: by, TLS: l.tls}
	s.recordAt(now, l.asSeen(e))
	h.off.Add(int64(len(p)))
}

func (l *line) tellReadEnd(s *Session, now time.Time, err error) {
	h := &l.in
	if h.ended || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
		return
	}
	h.ended = true
	e := Event{Stream: l.stream, Dir: In, Layer: Socket, Kind: EOF, Off: h.off.Load(), TLS: l.tls}
	if !errors.Is(err, io.EOF) {
		e.Kind, e.Error = Failed, reason(err)
	}
	s.recordAt(now, l.asSeen(e))
}

// asSeen turns an event of the practice server's own end round: what it reads is what the bridge sent.
func (l *line) asSeen(e Event) Event {
	if !l.practice {
		return e
	}
	if e.Dir == In {
		e.Dir = Out
	} else {
		e.Dir = In
	}
	switch {
	case e.Layer == Read:
		e.Layer, e.Kind = Recv, RecvCall
	case e.Layer == Write:
		e.Layer = Send
		if e.Kind == WriteCall {
			e.Kind = SendCall
		}
	case e.Kind == EOF:
		e.Layer = Recv
	case e.Dir == Out:
		e.Layer = Recv
	default:
		e.Layer = Send
	}
	return e
}

// willWrite tells of a write() before it happens, or the answer to what is written could be told first. told is for
// didWrite.
func (l *line) willWrite(t *Tap, parts ...[]byte) (told bool) {
	s := l.session.Load()
	if s == nil {
		s = l.withoutSession(t, parts)
	}
	if s == nil {
		return false
	}
	h := &l.out
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	e := Event{Stream: l.stream, Dir: Out, Layer: Write, Kind: WriteCall, Off: h.off.Load(), N: h.calls, TLS: l.tls}
	for _, p := range parts {
		e.Len += int64(len(p))
	}
	e.Data = h.gather(parts, s.purse.limit(s.kept))
	if h.phase == inHTTP {
		e.Data = h.blotted(e.Data)
	}
	e.Omitted = e.Len - int64(len(e.Data))
	s.Record(l.asSeen(e))
	at := e.Off
	for _, p := range parts {
		if skip := h.fed - at; skip < int64(len(p)) {
			l.look(s, h, Out, p[max(skip, 0):])
		}
		at += int64(len(p))
	}
	h.fed = max(h.fed, at)
	return true
}

// gather is the first most bytes of parts as one slice, which is valid until the next call.
func (h *half) gather(parts [][]byte, most int) []byte {
	if len(parts) == 1 {
		return parts[0][:min(len(parts[0]), most)]
	}
	h.scratch = h.scratch[:0]
	for _, p := range parts {
		h.scratch = append(h.scratch, p[:min(len(p), most-len(h.scratch))]...)
	}
	return h.scratch
}

// didWrite corrects willWrite where less was taken than given.
func (l *line) didWrite(t *Tap, told bool, size, n int, err error) {
	if !told {
		return
	}
	s := l.session.Load()
	h := &l.out
	h.mu.Lock()
	defer h.mu.Unlock()
	if n < size {
		e := Event{Stream: l.stream, Dir: Out, Layer: Write, Kind: Short, Off: h.off.Load(), Len: int64(n), Omitted: int64(size - n)}
		if err != nil {
			e.Error = reason(err)
		}
		s.Record(l.asSeen(e))
	}
	h.off.Add(int64(n))
	if err != nil && !h.ended && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		h.ended = true
		s.Record(l.asSeen(Event{Stream: l.stream, Dir: Out, Layer: Socket, Kind: Failed, Off: h.off.Load(), Error: reason(err)}))
	}
	if err == nil { // else nothing holds up whoever must know it first: the other direction may see less of a reset
		l.sampler.take(t, l, false)
	}
}

// look finds HTTP text and frames in p. h.mu is held.
func (l *line) look(s *Session, h *half, dir Dir, p []byte) {
	switch h.phase {
	case inHTTP:
		h.held = append(h.held, p...)
		if dir == Out {
			l.lookAtAnswer(s)
		}
	case inBetween:
		if h.held = append(h.held, p...); len(h.held) > maxEarly {
			h.phase, h.held = inBytes, nil
		}
	case inFrames:
		h.decoder.limit = s.purse.limit(s.kept)
		h.decoder.feed(p)
	}
}

// beginFrames is the moment behind the opening handshake. h.mu is held.
func (l *line) beginFrames(s *Session, h *half, dir Dir, rest []byte, off int64) {
	if h.phase == inBytes {
		return
	}
	h.phase, h.held = inFrames, nil
	h.decoder = &decoder{fromClient: dir == In, limit: s.kept, off: off, emit: func(e Event) {
		e.Stream, e.Dir = l.stream, dir
		s.Record(e)
	}}
	h.decoder.feed(rest)
}

func (h *half) waits() {
	if h.decoder != nil {
		h.decoder.waits()
	}
}

// cut tells of a frame that will never be complete.
func (h *half) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.decoder != nil {
		h.decoder.cut()
	}
}

// tellFIN tells once, and not of a connection that is gone, that FIN is about to be sent.
func (l *line) tellFIN() {
	l.out.mu.Lock()
	first := !l.out.finSent && !l.out.ended && !l.closed.Load()
	l.out.finSent = true
	l.out.mu.Unlock()
	if first {
		l.tell(Event{Layer: Socket, Kind: Shutdown, Dir: Out, TLS: l.tls}, &l.out)
	}
}

// tell records an event at the place where h is.
func (l *line) tell(e Event, h *half) {
	if s := l.session.Load(); s != nil {
		e.Stream, e.Off = l.stream, h.off.Load()
		s.Record(l.asSeen(e))
	}
}

// reason is the operating system's words, without addresses.
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
