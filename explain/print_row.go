package explain

import (
	"fmt"
	"slices"
	"strings"
)

// layout is the columns of the terminal as they are now.
type layout struct {
	width  int
	prefix string // "#2 " while several sessions are live
	indent int    // where what happened begins
	note   int    // where notes begin; 0: below
}

const (
	timeColumns  = 9
	whoColumns   = 4
	layerColumns = 7
	noteColumns  = 38 // no note is longer, but the one with a session's totals
	leastText    = 32
	leastWidth   = 72
	usualWidth   = 100
)

func (s *story) layout(session string) layout {
	l := layout{width: usualWidth}
	if s.options.Width != nil {
		if w := s.options.Width(); w > 0 {
			l.width = max(w, leastWidth)
		}
	}
	if len(s.live) > 1 {
		l.prefix = "#" + session + " "
	}
	l.indent = len(l.prefix) + timeColumns + 1 + whoColumns + layerColumns
	if l.note = l.width - noteColumns; l.note < l.indent+leastText {
		l.note = 0
	}
	return l
}

// row is an event in columns: when, where, layer, what, and a note where its kind comes for the first time.
func (s *story) row(l layout, of *telling, f *fact) string {
	key := Key(&f.Event)
	words := explainAs(key, s.lang(), f.field)
	what := s.what(f, clean(words.Title))
	note := ""
	if !of.noted[key] {
		note, of.noted[key] = clean(words.Note), true
	}
	if what.more != "" {
		what.text += "  " + preview(what.more, what.left, l.width-l.indent-columns(what.text)-2)
	}
	start := l.prefix + pad(when(f), timeColumns) + " " + s.paint(f, pad(where(f), whoColumns)+pad(s.layer(f), layerColumns))
	out := s.columns(l, start, what.text, note)
	if explains(f) {
		out += s.paragraph(l, clean(words.Text))
	}
	if s.options.Form == AsBytes {
		out += s.bytes(l, f)
	}
	return out
}

// explains reports whether f answers "why did it close?", which takes whole sentences.
func explains(f *fact) bool {
	return f.Layer == Pair && (f.Kind == Cause || f.Kind == Refused || f.Kind == DialFailed)
}

// columns puts text and note beside start, and below each other where there is no room.
func (s *story) columns(l layout, start, text, note string) string {
	lines := wrap(text, l.width-l.indent)
	last := len(lines) - 1
	used := l.indent + columns(lines[last])
	switch {
	case note == "":
	case used+2 <= l.note && columns(note) <= noteColumns:
		lines[last] = pad(lines[last], l.note-l.indent) + s.grey(note)
	case l.note > 0 && columns(note) <= noteColumns:
		lines = append(lines, pad("", l.note-l.indent)+s.grey(note))
	default:
		for _, line := range wrap(note, l.width-l.indent-2) {
			lines = append(lines, "  "+s.grey(line))
		}
	}
	return start + strings.Join(lines, "\n"+strings.Repeat(" ", l.indent)) + "\n"
}

func (s *story) paragraph(l layout, text string) string {
	var b strings.Builder
	for _, line := range wrap(text, l.width-l.indent-2) {
		fmt.Fprintf(&b, "%*s%s\n", l.indent+2, "", s.grey(line))
	}
	return b.String()
}

// when is the time since the session began.
func when(f *fact) string {
	switch ms := f.At / 1000; {
	case ms < 1000:
		return fmt.Sprintf("%6.2fms ", ms)
	case ms < 10_000:
		return fmt.Sprintf("%6.1fms ", ms)
	}
	return fmt.Sprintf("%6.2fs  ", min(f.At/1e6, 1e9))
}

// where is the connection, with an arrow to the bridge or from it.
func where(f *fact) string {
	stream := string(f.Stream)
	if f.Stream != A && f.Stream != B {
		stream = " "
	}
	switch f.Dir {
	case In:
		return stream + " ← "
	case Out:
		return stream + " → "
	}
	return stream
}

// layer is the name of the layer for people: who does it.
func (s *story) layer(f *fact) string {
	switch {
	case f.By == "http":
		return "http"
	case f.Layer == Socket || f.Layer == Read || f.Layer == Write:
		return "tcp"
	case f.Layer == Recv || f.Layer == Send:
		return map[Lang]string{English: "target", Chinese: "目标"}[s.lang()]
	case f.Layer == Pair || f.Layer == Feed:
		return "bridge"
	}
	return clean(cut(string(f.Layer), layerColumns-2))
}

// heading is what happened, and the bytes to be shown behind it.
type heading struct {
	text string
	more string
	left int64 // bytes behind more that are not shown
}

// what is the title, with what people look for beside it: where bytes lie, how a frame begins, what they say.
func (s *story) what(f *fact, title string) heading {
	h := heading{text: title, more: string(f.Data), left: f.Omitted}
	for _, layer := range []string{"frame: ", "frame：", "message: ", "message：", "kernel: ", "内核："} {
		h.text = strings.TrimPrefix(h.text, layer)
	}
	switch f.Layer {
	case Read, Write:
		h.text += fmt.Sprintf("  %s[%d…%d)", clean(cut(string(f.Stream), 1)), f.Off, f.Off+f.Len)
		if f.Stream == A {
			h.more = "" // frames: their payload follows, without masks
		}
	case Frame:
		h.text = Hex(headWithoutKey(f)) + "  " + h.text
		if f.Kind == CloseFrame {
			h.more, h.left = f.Reason, 0
		}
	case Recv, Send, Message:
	default:
		if f.Src != "js" && f.Kind != Preface {
			h.more = ""
		}
	}
	if s.options.Payload == NoPayload && f.Kind != CloseFrame {
		h.more = ""
	}
	return h
}

func headWithoutKey(f *fact) []byte {
	if n := len(f.Head) - 4; f.Masked && n >= 2 {
		return f.Head[:n]
	}
	return f.Head
}

// The colours of the page: connection A, connection B, JavaScript, the bridge, and errors.
const (
	blue   = "\x1b[34m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	grey   = "\x1b[90m"
	red    = "\x1b[31m"
)

func (s *story) paint(f *fact, text string) string {
	bad := []Kind{Failed, ConnectFailed, Refused, DialFailed, Unknown, Cut}
	switch {
	case !s.options.Color:
		return text
	case f.Error != "" || f.Violation != "" || slices.Contains(bad, f.Kind):
		return red + text + "\x1b[0m"
	case f.Src == "js":
		return yellow + text + "\x1b[0m"
	case f.Layer == Pair || f.Layer == Feed:
		return grey + text + "\x1b[0m"
	case f.Stream == A:
		return blue + text + "\x1b[0m"
	case f.Stream == B:
		return green + text + "\x1b[0m"
	}
	return text
}

func (s *story) grey(text string) string {
	if !s.options.Color {
		return text
	}
	return grey + text + "\x1b[0m"
}
