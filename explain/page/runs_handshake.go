package page

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"wsbridge/explain"
)

// handshakePath is of a practice server that only its own origin may use and that says nothing by itself.
const handshakePath = "/lab/discard"

// answerWait is how long a client waits for what should come at once.
const answerWait = 2 * time.Second

// opening is a handshake as the raw client writes it. The zero values are not those of a good one; see goodOpening.
type opening struct {
	method, version, host string
	headers               []string // "Name: value", in order
	body                  string
}

func goodOpening(host, key string) opening {
	return opening{"GET", "HTTP/1.1", host, []string{"Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key, "Origin: http://" + host}, ""}
}

// set replaces the headers of that name by one each of values; none removes them.
func (o *opening) set(name string, values ...string) {
	var headers []string
	for _, h := range o.headers {
		if !strings.HasPrefix(h, name+":") {
			headers = append(headers, h)
			continue
		}
		for _, value := range values {
			headers = append(headers, name+": "+value)
		}
		values = nil
	}
	o.headers = headers
}

func (o *opening) text(path string) string {
	lines := append([]string{o.method + " " + path + " " + o.version, "Host: " + o.host}, o.headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + o.body
}

// variant is a handshake with one thing wrong.
type variant struct {
	name  string
	spoil func(*opening)
}

var variants = []variant{
	{"correct", func(*opening) {}},
	{"version-8", func(o *opening) { o.set("Sec-WebSocket-Version", "8") }},
	{"no-key", func(o *opening) { o.set("Sec-WebSocket-Key") }},
	{"key-of-15-bytes", func(o *opening) { o.set("Sec-WebSocket-Key", newKey(15)) }},
	{"two-keys", func(o *opening) { o.set("Sec-WebSocket-Key", newKey(16), newKey(16)) }},
	{"post", func(o *opening) { o.method = "POST" }},
	{"http-1.0", func(o *opening) { o.version = "HTTP/1.0" }},
	{"no-upgrade", func(o *opening) { o.set("Upgrade") }},
	{"foreign-origin", func(o *opening) { o.set("Origin", "http://evil.example") }},
	{"foreign-host", func(o *opening) { o.host = "evil.example" }},
	{"body", func(o *opening) { o.headers, o.body = append(o.headers, "Content-Length: 5"), "hello" }},
}

// handshakeEvidence is what one variant was and what came of it.
type handshakeEvidence struct {
	Variant  string `json:"variant"`
	Session  string `json:"session"`
	Request  string `json:"request"`           // as sent, body and all
	Response string `json:"response"`          // the head, as received
	Status   int    `json:"status"`            // 0: no answer
	Body     string `json:"body"`              // of a refusal
	Key      string `json:"key,omitempty"`     // the only one sent
	Accept   string `json:"accept,omitempty"`  // as received
	Derived  string `json:"derived,omitempty"` // base64(SHA-1(key + GUID)), computed by this client
	Closed   bool   `json:"closed"`            // the bridge ended the connection behind the answer
	Frames   bool   `json:"frames"`            // it answered a Close frame with one: WebSocket is spoken
}

// runHandshakes tries all variants, one after the other. The body may bring the key: {"key": "…"}.
func runHandshakes(ctx context.Context, x *run, body []byte) (any, error) {
	key, err := readKey(body)
	if err != nil {
		return nil, errBody{err}
	}
	var all []handshakeEvidence
	for _, v := range variants {
		e, err := x.tryHandshake(ctx, v, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		all = append(all, e)
	}
	return map[string]any{"key": key, "path": handshakePath, "variants": all}, nil
}

// readKey is the visitor's own Sec-WebSocket-Key, or a new one.
func readKey(body []byte) (string, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return newKey(16), nil
	}
	var in struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return "", fmt.Errorf("the body is no JSON object with a key: %v", err)
	}
	if in.Key == "" {
		return newKey(16), nil
	}
	if raw, err := base64.StdEncoding.DecodeString(in.Key); err != nil || len(raw) != 16 || strings.ContainsAny(in.Key, "\r\n") {
		return "", errors.New("the key is not 16 bytes in base64, such as " + newKey(16))
	}
	return in.Key, nil
}

func (x *run) tryHandshake(ctx context.Context, v variant, key string) (e handshakeEvidence, err error) {
	s, address, err := x.session(handshakePath, explain.Wishes{})
	if err != nil {
		return e, err
	}
	defer forget(s)
	c, err := x.dial(ctx)
	if err != nil {
		return e, err
	}
	defer c.Close()
	o := goodOpening(x.host, key)
	v.spoil(&o)
	e = handshakeEvidence{Variant: v.name, Session: s.ID(), Request: o.text(address)}
	if keys := o.keys(); len(keys) == 1 {
		e.Key, e.Derived = keys[0], explain.DeriveAccept(keys[0])
	}
	if err := c.send(e.Request); err != nil {
		return e, err
	}
	return e, e.read(c)
}

func (o *opening) keys() (keys []string) {
	for _, h := range o.headers {
		if key, ok := strings.CutPrefix(h, "Sec-WebSocket-Key: "); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// read takes the answer, and then looks whether the connection ended or speaks WebSocket.
func (e *handshakeEvidence) read(c *rawClient) (err error) {
	c.conn.SetReadDeadline(time.Now().Add(answerWait))
	if e.Response, err = c.head(); err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	e.Status, e.Accept = statusOf(e.Response), header(e.Response, "Sec-WebSocket-Accept")
	if e.Status == 101 {
		e.Frames, err = c.closeCleanly()
		return err
	}
	body, err := io.ReadAll(io.LimitReader(c.br, mostRefusal))
	e.Body = string(body)
	e.Closed = err == nil || endOf(err) == endReset
	return nil
}

// closeCleanly does the closing handshake (RFC 6455 section 7.1.2) and reports whether it was answered.
func (c *rawClient) closeCleanly() (answered bool, err error) {
	if _, err := c.conn.Write(wireFrame(finBit|opClose, "\x03\xE8", newMask())); err != nil { // 1000
		return false, err
	}
	for {
		f, err := c.frame()
		if err != nil {
			return false, fmt.Errorf("the answer to a Close frame: %w", err)
		}
		if f.opcode == opClose {
			c.awaitEnd(answerWait)
			return true, nil
		}
	}
}
