package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
)

// printedHead is how many bytes of an event's data HeadPayload shows.
const printedHead = 64

// limited is e with as much of its Data as may be printed.
func (p Payload) limited(e Event) Event {
	most := len(e.Data)
	switch {
	case e.Layer == HTTPText || e.Layer == Frame && (e.Kind == CloseFrame || e.Kind == Ping || e.Kind == Pong):
	case p == NoPayload:
		most = 0
	case p != AllPayload:
		most = min(most, printedHead)
	}
	if over := len(e.Data) - most; over > 0 {
		e.Data, e.Omitted = e.Data[:most:most], e.Omitted+int64(over)
	}
	return e
}

// appendJSON appends e as a line. What would command a terminal is escaped.
func appendJSON(line []byte, e Event, p Payload) []byte {
	e = p.limited(e)
	e.Say = Key(&e)
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(&e); err != nil {
		panic(err) // an Event always can be encoded
	}
	if isPlain(b.Bytes()) {
		return append(line, b.Bytes()...)
	}
	for _, r := range b.String() {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			line = append(line, string(r)...)
		case r <= 0xFFFF:
			line = fmt.Appendf(line, `\u%04x`, r)
		default:
			line = fmt.Appendf(line, `\u%04x\u%04x`, 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF)
		}
	}
	return line
}

// isPlain reports whether text has only printable ASCII characters and line ends.
func isPlain(text []byte) bool {
	for _, c := range text {
		if (c < ' ' || c > '~') && c != '\n' {
			return false
		}
	}
	return true
}
