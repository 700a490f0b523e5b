package explain

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// guid is what a server appends to the key (RFC 6455 section 1.3).
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// DeriveAccept is the Sec-WebSocket-Accept that answers key: base64(SHA-1(key + GUID)), RFC 6455 section 4.2.2.
func DeriveAccept(key string) string {
	sum := sha1.Sum([]byte(key + guid))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Attach lets s have everything that came and will come on the connection, from the bytes of this request on.
func (t *Tap) Attach(s *Session, path string) { t.attach(s, path, false) }

// Join lets s have this request and its answer, but not the next request on the connection. For experiments that
// compare WebSocket with plain HTTP.
func (s *Session) Join(t *Tap) {
	if t != nil && s != nil {
		t.attach(s, "", true)
	}
}

func (t *Tap) attach(s *Session, path string, plain bool) {
	if t == nil || s == nil {
		return
	}
	l := t.line.Load()
	if l == nil || l.session.Load() != nil {
		return
	}
	h := &l.in
	h.mu.Lock()
	defer h.mu.Unlock()
	began := t.accepted
	if plain && len(h.early) > 0 {
		began = h.early[0].at
	}
	s.begin(began, Event{Path: path})
	l.plain = plain
	l.session.Store(s)
	if !plain {
		s.recordAt(t.accepted, Event{Stream: A, Layer: Socket, Kind: Accept, Dir: In, Local: t.LocalAddr().String(), Remote: t.RemoteAddr().String()})
	}
	l.tellEarly(s, plain)
	if !plain {
		s.follow(t)
	}
}

// tellEarly tells what the HTTP server had read before the request was understood, with what is secret blotted out.
func (l *line) tellEarly(s *Session, plain bool) {
	h := &l.in
	var all []byte
	for _, r := range h.early {
		all = append(all, r.data...)
	}
	end := len(all)
	if i := bytes.Index(all, []byte("\r\n\r\n")); i >= 0 {
		end = i + 4
	}
	blotOut(all[:end])
	start, at := h.off.Load(), 0
	last := time.Now()
	for _, r := range h.early {
		l.tellRead(s, r.at, all[at:at+len(r.data)], "http")
		at += len(r.data)
		last = r.at
	}
	request := parseHTTP(all[:end])
	l.key = request.Key
	l.out.from = l.out.off.Load()
	s.recordAt(last, Event{Stream: A, Dir: In, Layer: HTTPText, Kind: Request, Off: start, Len: int64(end), HTTP: &request})
	h.early, h.size, h.phase = nil, 0, inBetween
	h.held = append(h.held, all[end:]...)
	if plain {
		h.phase, l.out.phase = inBytes, inBytes
	}
}

// lookAtAnswer tells of the response when it is complete. l.out.mu is held.
func (l *line) lookAtAnswer(s *Session) {
	h := &l.out
	i := bytes.Index(h.held, []byte("\r\n\r\n"))
	if i < 0 {
		if len(h.held) > maxEarly {
			h.phase, h.held = inBytes, nil
		}
		return
	}
	head, rest := h.held[:i+4], h.held[i+4:]
	blotOut(head)
	response := parseHTTP(head)
	response.Key = l.key
	if response.Status == 101 {
		response.Derived = DeriveAccept(l.key)
	} else {
		response.Body = string(rest[:min(len(rest), maxRefusal)])
	}
	s.Record(Event{Stream: A, Dir: Out, Layer: HTTPText, Kind: Response, Off: h.from, Len: int64(len(head)), HTTP: &response})
	if response.Status != 101 {
		h.phase, h.held = inBytes, nil
		return
	}
	l.in.mu.Lock()
	l.beginFrames(s, &l.in, In, l.in.held, l.in.off.Load()-int64(len(l.in.held)))
	l.in.mu.Unlock()
	l.beginFrames(s, h, Out, rest, h.from+int64(len(head)))
}

// secrets are headers whose values nobody should see who looks over a shoulder.
var secrets = []string{"cookie", "set-cookie", "authorization", "proxy-authorization"}

// blotOut replaces the values of secret headers by asterisks, byte for byte, so that nothing moves.
func blotOut(head []byte) {
	secret := false
	for at := 0; at < len(head); {
		end := len(head)
		if i := bytes.IndexByte(head[at:], '\n'); i >= 0 {
			end = at + i
		}
		line := head[at:end]
		from := 0
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' { // else it goes on with the line before
			name, _, _ := bytes.Cut(line, []byte(":"))
			secret = isSecret(string(bytes.TrimSpace(name)))
			from = min(len(name)+1, len(line))
		}
		for i := from; secret && i < len(line); i++ {
			if c := line[i]; c != '\r' && (c != ' ' || i != from) {
				line[i] = '*'
			}
		}
		at = end + 1
	}
}

func isSecret(name string) bool {
	for _, s := range secrets {
		if strings.EqualFold(name, s) {
			return true
		}
	}
	return false
}

// parseHTTP splits the head of a request or response, which somebody else has checked, into its lines.
func parseHTTP(head []byte) HTTP {
	lines := strings.Split(strings.TrimRight(string(head), "\r\n"), "\n")
	h := HTTP{Line: strings.TrimSuffix(lines[0], "\r")}
	if strings.HasPrefix(h.Line, "HTTP/") {
		if fields := strings.Fields(h.Line); len(fields) > 1 {
			h.Status, _ = strconv.Atoi(fields[1])
		}
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
		value = strings.TrimSpace(value)
		h.Headers = append(h.Headers, [2]string{name, value})
		switch {
		case strings.EqualFold(name, "Sec-WebSocket-Key"):
			h.Key = value
		case strings.EqualFold(name, "Sec-WebSocket-Accept"):
			h.Accept = value
		}
	}
	return h
}
