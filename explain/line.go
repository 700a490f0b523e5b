package explain

import (
	"bytes"
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

	early []earlyRead // what was read before the session was known
	size  int         // bytes in early

	phase   phase
	held    []byte   // HTTP text that is not complete, or frames that came before the answer
	from    int64    // where held begins
	decoder *decoder // when phase is inFrames
	fed     int64    // out: offset up to which bytes have been looked into
}

type earlyRead struct {
	at   time.Time
	data []byte
}

type phase int

const (
	inHTTP    phase = iota // the request, or its answer
	inBetween              // behind the request, before the answer
	inFrames
	inBytes // nothing to look into
)

const (
	maxEarly    = 64 << 10 // bytes; more than the HTTP server takes for a request
	maxEarlyLab = 4 << 10
	maxRefusal  = 1 << 10 // bytes of the body of a refusal
)

// didRead tells of a read() that returned.
func (l *line) didRead(t *Tap, p []byte, err error) {
	h := &l.in
	h.mu.Lock()
	defer h.mu.Unlock()
	s := l.session.Load()
	if s != nil && l.plain && l.out.called() {
		l.next(t).in.keepEarly(t, p) // another request on a connection that was only joined
		return
	}
	if s == nil {
		h.keepEarly(t, p)
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

// next is a line for the next request.
func (l *line) next(t *Tap) *line {
	n := &line{stream: l.stream}
	n.in.off.Store(l.in.off.Load())
	n.out.off.Store(l.out.off.Load())
	t.line.Store(n)
	return n
}

// called reports whether anything was written.
func (h *half) called() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls > 0
}

func (h *half) keepEarly(t *Tap, p []byte) {
	most := maxEarly
	if t.practice {
		most = maxEarlyLab
	}
	if h.size += len(p); h.size > most {
		t.Ignore()
		return
	}
	if len(p) > 0 {
		h.early = append(h.early, earlyRead{time.Now(), bytes.Clone(p)})
	}
}

func (l *line) tellRead(s *Session, now time.Time, p []byte, by string) {
	h := &l.in
	h.calls++
	e := Event{Stream: l.stream, Dir: In, Layer: Read, Kind: ReadCall, Off: h.off.Load(), Len: int64(len(p)), Data: p, N: h.calls, By: by}
	s.recordAt(now, l.asSeen(e))
	h.off.Add(int64(len(p)))
}

func (l *line) tellReadEnd(s *Session, now time.Time, err error) {
	h := &l.in
	if h.ended || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
		return
	}
	h.ended = true
	e := Event{Stream: l.stream, Dir: In, Layer: Socket, Kind: EOF, Off: h.off.Load()}
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
		e.Layer, e.Kind = Send, SendCall
	case e.Kind == EOF:
		e.Layer = Recv
	case e.Dir == Out:
		e.Layer = Recv
	default:
		e.Layer = Send
	}
	return e
}

// willWrite tells of a write() before it happens, or the answer to what is written could be told first.
func (l *line) willWrite(parts ...[]byte) {
	s := l.session.Load()
	if s == nil {
		l.answered(parts)
		return
	}
	h := &l.out
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	e := Event{Stream: l.stream, Dir: Out, Layer: Write, Kind: WriteCall, Off: h.off.Load(), N: h.calls}
	for _, p := range parts {
		e.Len += int64(len(p))
	}
	e.Data, e.Omitted = gather(parts, s.kept, e.Len)
	s.Record(l.asSeen(e))
	at := e.Off
	for _, p := range parts {
		if skip := h.fed - at; skip < int64(len(p)) {
			l.look(s, h, Out, p[max(skip, 0):])
		}
		at += int64(len(p))
	}
	h.fed = max(h.fed, at)
	h.waits()
}

// answered forgets a request that was answered without anybody having asked to watch.
func (l *line) answered(parts [][]byte) {
	l.in.mu.Lock()
	for _, r := range l.in.early {
		l.in.off.Add(int64(len(r.data)))
	}
	l.in.early, l.in.size = nil, 0
	l.in.mu.Unlock()
	for _, p := range parts {
		l.out.off.Add(int64(len(p)))
	}
	l.out.mu.Lock()
	l.out.fed = l.out.off.Load()
	l.out.mu.Unlock()
}

// gather is the first most bytes of parts as one slice.
func gather(parts [][]byte, most int, size int64) (data []byte, omitted int64) {
	if len(parts) == 1 {
		data = parts[0][:min(len(parts[0]), most)]
		return data, size - int64(len(data))
	}
	data = make([]byte, 0, min(size, int64(most)))
	for _, p := range parts {
		data = append(data, p[:min(len(p), most-len(data))]...)
	}
	return data, size - int64(len(data))
}

// didWrite corrects willWrite where less was taken than given.
func (l *line) didWrite(t *Tap, size, n int, err error) {
	s := l.session.Load()
	if s == nil {
		return
	}
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
	l.sampler.take(t, l, false)
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
