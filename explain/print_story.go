package explain

import "strings"

// fact is an event, or a fact of JavaScript's from a file that the page exported.
type fact struct {
	Event
	At         float64 `json:"t"` // a page has fractions of microseconds
	Src        string  `json:"src"`
	Buffered   int64   `json:"buffered"`
	ReadyState int64   `json:"readyState"`
}

func (f *fact) field(name string) any {
	switch name {
	case "buffered":
		return f.Buffered
	case "readyState":
		return f.ReadyState
	}
	return f.Event.field(name)
}

// story tells events of any number of sessions, in the order in which it gets them.
type story struct {
	options PrinterOptions
	under   string // the session that the last header was for
	live    map[string]*telling
}

// telling is what has been told of one session.
type telling struct {
	begun   bool             // its first event has been told
	noted   map[string]bool  // keys whose note has been given
	samples map[string]*fact // the last of each socket
}

func newStory(o PrinterOptions) *story {
	if o.Payload == "" {
		o.Payload = HeadPayload
	}
	return &story{options: o, live: make(map[string]*telling)}
}

// tell is the lines for f; often one, and none for what says nothing new.
func (s *story) tell(f *fact) string {
	session := clean(cut(f.Session, 20))
	if session == "" {
		session = "1"
	}
	of, begin := s.live[session], f.Layer == Pair && f.Kind == Begin
	isNew := of == nil || begin && of.begun
	if isNew {
		of = &telling{noted: make(map[string]bool), samples: make(map[string]*fact)}
		s.live[session] = of
	}
	var b strings.Builder
	l := s.layout(session)
	if isNew || len(s.live) == 1 && s.under != session {
		b.WriteString(s.header(l, session, f))
		s.under = session
	}
	f.Event = s.options.Payload.limited(f.Event)
	if !begin || !isNew { // else the header has said it
		for _, f := range s.due(of, f) {
			b.WriteString(s.row(l, of, f))
		}
	}
	of.begun = of.begun || begin
	if f.Layer == Pair && f.Kind == End {
		delete(s.live, session)
	}
	return b.String()
}

// due is the events to be printed now. What the kernel says is printed once, at the end.
func (s *story) due(of *telling, f *fact) []*fact {
	switch {
	case f.Layer == Kernel:
		if f.TCP != nil && f.TCP.State != "CLOSED" {
			of.samples[string(f.Kind)+string(f.Stream)] = f
		}
		return nil
	case f.Layer == Message && f.Frames <= 1:
		return nil
	case f.Layer == Pair && f.Kind == End:
		var due []*fact
		for _, socket := range []string{"sampleA", "sampleB", "targetB"} {
			if sample := of.samples[socket]; sample != nil {
				due = append(due, sample)
			}
		}
		return append(due, f)
	}
	return []*fact{f}
}

// header is the rule above a session, or above more of it.
func (s *story) header(l layout, session string, f *fact) string {
	word := map[Lang]string{English: "session", Chinese: "会话"}[s.lang()]
	parts := []string{word + " " + session}
	if f.Layer == Pair && f.Kind == Begin {
		began, _, _ := strings.Cut(strings.Replace(f.Began, "T", " ", 1), ".")
		parts = append(parts, clean(cut(f.Path, 30)), clean(cut(began, 20))+" UTC")
	}
	rule := "──"
	for _, part := range parts {
		if part != "" {
			rule += " " + part + " ──"
		}
	}
	return rule + strings.Repeat("─", max(l.width-columns(rule), 0)) + "\n"
}

func (s *story) lang() Lang {
	if s.options.Lang == Chinese {
		return Chinese
	}
	return English
}
