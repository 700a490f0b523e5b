package explain

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wsbridge/tcp"
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
		s.begin(time.Now(), Event{Path: path}) // what it asked for is forgotten; what follows has a clock
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
	if !plain {
		s.recordAt(t.accepted, Event{Stream: A, Layer: Socket, Kind: Accept, Dir: In, Local: t.raw.LocalAddr().String(), Remote: t.raw.RemoteAddr().String(), TLS: l.tls})
		if h := tcp.ProxyHeaderOf(t.Conn); h != nil {
			s.tellProxied(h)
		}
	}
	l.tellEarly(s, plain)
	l.session.Store(s)
	if !plain {
		s.follow(t)
	}
}

// tellEarly tells what the HTTP server had read before the request was understood, with what is secret blotted out.
func (l *line) tellEarly(s *Session, plain bool) {
	h := &l.in
	var all []byte
	for _, c := range h.early {
		all = append(all, c.data...)
	}
	begin, end := headOf(all)
	if end < len(all) && all[end] >= 'A' && all[end] <= 'Z' {
		blotOut(all) // no frame begins so; it is another request
	}
	blotOut(all[:end])
	start, at := h.off.Load(), 0
	last := time.Now()
	for _, c := range h.early {
		l.tellRead(s, c.at, all[at:at+len(c.data)], "http")
		at += len(c.data)
		last = c.at
	}
	l.out.from = l.out.off.Load()
	if begin < end {
		request := parseHTTP(all[begin:end])
		l.key = request.Key
		s.recordAt(last, Event{Stream: A, Dir: In, Layer: HTTPText, Kind: Request, Off: start + int64(begin), Len: int64(end - begin), HTTP: &request})
	}
	h.early, h.size, h.phase = nil, 0, inBetween
	h.held = append(h.held, all[end:]...)
	if plain {
		h.phase = inBytes
	}
}

// headOf finds the head of a request as the HTTP server does: empty lines before it do not count (RFC 9112 section
// 2.2), and a line may end with LF alone. Where there is no end, all of b is the head.
func headOf(b []byte) (begin, end int) {
	begin = len(b) - len(bytes.TrimLeft(b, "\r\n"))
	for at := begin; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return begin, len(b)
		}
		at += i + 1
		switch rest := b[at:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			return begin, at + 1
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return begin, at + 2
		}
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
	if l.plain {
		h.phase, h.held = inBytes, nil
		return
	}
	head, rest := h.held[:i+4], h.held[i+4:]
	blotOut(head)
	response := parseHTTP(head)
	response.Key = l.key
	switch {
	case response.Status == 101 && l.key != "":
		response.Derived = DeriveAccept(l.key)
	case response.Status != 101:
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

// blotted is p, the next bytes of an answer, with what is secret in its head blotted out.
func (h *half) blotted(p []byte) []byte {
	all := append(bytes.Clone(h.held), p...)
	end := len(all)
	if i := bytes.Index(all, []byte("\r\n\r\n")); i >= 0 {
		end = i
	}
	blotOut(all[:end])
	return all[len(h.held):]
}

// secrets are headers whose values nobody should see who looks over a shoulder.
var secrets = []string{"cookie", "set-cookie", "authorization", "proxy-authorization"}

// blotOut replaces the values of secret headers by asterisks, and tokens in addresses and among the subprotocols, byte
// for byte, so that nothing moves.
func blotOut(head []byte) {
	name := ""
	for at := 0; at < len(head); {
		end := len(head)
		if i := bytes.IndexByte(head[at:], '\n'); i >= 0 {
			end = at + i
		}
		line := head[at:end]
		from := 0
		switch {
		case bytes.Contains(line, []byte(" HTTP/")): // of this request, or of another one behind it
			blotAddress(line)
		case !isContinued(line):
			before, _, _ := bytes.Cut(line, []byte(":"))
			name = string(bytes.TrimSpace(before))
			from = min(len(before)+1, len(line))
		}
		switch value := line[from:]; {
		case isSecret(name):
			blotValue(value)
		case strings.EqualFold(name, "Sec-WebSocket-Protocol"):
			blotBearer(value)
		case strings.EqualFold(name, "Referer"):
			blotAddress(value)
		}
		at = end + 1
	}
}

// blotValue leaves the space in front, and the CR behind.
func blotValue(value []byte) {
	for i, c := range value {
		if c != '\r' && (c != ' ' || i != 0) {
			value[i] = '*'
		}
	}
}

// blotBearer blots out the tokens that stand as subprotocols "bearer.TOKEN".
func blotBearer(value []byte) {
	const scheme = "bearer."
	for i := 0; i+len(scheme) <= len(value); i++ {
		if bytes.EqualFold(value[i:i+len(scheme)], []byte(scheme)) {
			for i += len(scheme); i < len(value) && !bytes.ContainsRune([]byte(", \t\r"), rune(value[i])); i++ {
				value[i] = '*'
			}
		}
	}
}

// blotAddress blots out what ?access_token= and ?token= have.
func blotAddress(line []byte) {
	at := bytes.IndexByte(line, '?')
	if at < 0 {
		return
	}
	for at++; at < len(line); at++ {
		end := at
		for end < len(line) && !bytes.ContainsRune([]byte("& #\r"), rune(line[end])) {
			end++
		}
		name, value, _ := bytes.Cut(line[at:end], []byte("="))
		if plain, err := url.QueryUnescape(string(name)); err == nil && (plain == "access_token" || plain == "token") {
			blotValue(value)
		}
		if at = end; end < len(line) && line[end] != '&' {
			return
		}
	}
}

// isContinued reports whether a line goes on with the header of the line before (RFC 9112 section 5.2).
func isContinued[T string | []byte](line T) bool {
	return len(line) > 0 && (line[0] == ' ' || line[0] == '\t')
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
		if n := len(h.Headers); isContinued(line) && n > 0 {
			h.Headers[n-1][1] += " " + strings.TrimSpace(line)
			continue
		}
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
