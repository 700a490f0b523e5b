package explain

import (
	"context"
	"io"
	"sync"
	"time"
)

// Form is how a Printer tells events.
type Form string

// The forms.
const (
	AsText  Form = "text"  // a line for what happened
	AsBytes Form = "bytes" // and below it the bytes, labelled
	AsJSON  Form = "json"  // JSON Lines: every event, with session and say
)

// Payload is how much of what people sent is printed.
type Payload string

// How much.
const (
	AllPayload  Payload = "all"
	HeadPayload Payload = "head" // the first 64 bytes of each event
	NoPayload   Payload = "none" // nothing of data frames, and of what is read and written; frame headers and HTTP are
)

// PrinterOptions says how a Printer prints. The zero value works.
type PrinterOptions struct {
	Form    Form        // "": AsText
	Payload Payload     // "": HeadPayload
	Lang    Lang        // "": English
	Color   bool        // A blue, B green, JavaScript yellow, the bridge grey, errors red
	Width   func() int  // columns of the terminal at this moment; nil or 0: 100
	Failed  func(error) // called once, when nothing can be written any more
}

// Printer tells sessions as text or JSON Lines while they happen. It takes its time without slowing them: what it is
// too late for is counted and said. When w fails, Failed is called once and nothing is printed any more.
type Printer struct {
	options PrinterOptions
	ctx     context.Context // ended by Close
	cancel  context.CancelFunc
	running sync.WaitGroup // a follow for each session
	begin   sync.Mutex     // guards that none begins once Close has

	mu     sync.Mutex // guards what follows
	w      io.Writer
	story  *story
	failed bool
}

// A crowd of events is cut to mostAtOnce and followed by a pause, so that a flood can be read as text.
const (
	mostAtOnce = 200
	printPause = 100 * time.Millisecond
)

// NewPrinter returns a Printer. Close ends it.
func NewPrinter(w io.Writer, o PrinterOptions) *Printer {
	p := &Printer{options: o, w: w, story: newStory(o)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Watch begins to print s. It returns at once; the session's end ends the printing.
func (p *Printer) Watch(s *Session) {
	p.begin.Lock()
	defer p.begin.Unlock()
	if p.ctx.Err() == nil {
		p.running.Add(1)
		go p.follow(s.View())
	}
}

// Close prints what the sessions have recorded so far, and waits for that.
func (p *Printer) Close() {
	p.begin.Lock()
	p.cancel()
	p.begin.Unlock()
	p.running.Wait()
}

func (p *Printer) follow(v *Viewer) {
	defer p.running.Done()
	defer v.Close()
	most := mostAtOnce
	if p.options.Form == AsJSON {
		most = 0
	}
	for {
		events, more := v.Next(p.ctx, most)
		if !more || !p.print(events) {
			return
		}
		if most > 0 && len(events) >= most {
			p.rest()
		}
	}
}

func (p *Printer) rest() {
	select {
	case <-time.After(printPause):
	case <-p.ctx.Done():
	}
}

// print reports whether it makes sense to go on.
func (p *Printer) print(events []Event) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	var text []byte
	for i := range events {
		if p.options.Form == AsJSON {
			text = appendJSON(text, events[i], p.options.Payload)
		} else {
			text = append(text, p.story.tell(&fact{Event: events[i], At: float64(events[i].T)})...)
		}
	}
	if !p.failed {
		if _, err := p.w.Write(text); err != nil {
			p.failed = true
			if p.options.Failed != nil {
				p.options.Failed(err)
			}
		}
	}
	return !p.failed
}
