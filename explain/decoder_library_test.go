package explain

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// stream is a valid conversation of one side, ended by its Close frame.
type stream struct {
	wire     string
	messages []string // "text:…" or "binary:…"
	code     int
	reason   string
}

// randomStream is a stream with fragments and control frames between them. key "": as a server sends it.
func randomStream(r *rand.Rand, key string) (s stream) {
	put := func(first byte, payload string) { s.wire += wireFrame(first, payload, key) }
	for range r.IntN(6) {
		kind, opcode := "binary", byte(2)
		size := []int{0, 1, 7, 125, 126, 127, 1000, 65535, 65536, 70000}[r.IntN(10)]
		payload := random(size)
		if r.IntN(2) == 0 {
			kind, opcode = "text", 1
			payload = strings.Repeat("发a", size/4)
		}
		s.messages = append(s.messages, kind+":"+payload)
		pieces := append([]string{""}, chop(r, payload, 1+size/(1+r.IntN(4)))...)[r.IntN(2):]
		if len(pieces) == 0 {
			pieces = []string{""}
		}
		for i, p := range pieces {
			if i > 0 && r.IntN(2) == 0 {
				put([]byte{0x89, 0x8A}[r.IntN(2)], random(r.IntN(126)))
			}
			first := opcode
			if i == len(pieces)-1 {
				first |= 0x80
			}
			put(first, p)
			opcode = 0
		}
	}
	if s.code = []int{1000, 1001, 3000, 4999, 1005}[r.IntN(5)]; s.code == 1005 {
		put(0x88, "")
		return s
	}
	s.reason = []string{"", "bye", "再见"}[r.IntN(3)]
	put(0x88, closing(s.code, s.reason))
	return s
}

// The library that the bridge uses reads the same messages and the same Close frame.
func TestDecoderAgreesWithTheLibrary(t *testing.T) {
	for seed := range uint64(40) {
		r := seeded(seed)
		key := []string{"", testKey}[seed%2]
		s := randomStream(r, key)
		messages, closed := libraryReads(t, s.wire, key != "")
		var decoded []string
		var code websocket.CloseError
		for _, e := range decode(key != "", 1<<20, true, chop(r, s.wire, 1+r.IntN(5000))...) {
			switch {
			case e.Violation != "" || e.Kind == Cut:
				t.Errorf("seed %d: %s", seed, list([]Event{e}))
			case e.Layer == Message:
				decoded = append(decoded, string(e.Kind)+":"+string(e.Data))
			case e.Kind == CloseFrame:
				code = websocket.CloseError{Code: websocket.StatusCode(e.Code), Reason: e.Reason}
			}
		}
		if strings.Join(decoded, "|") != strings.Join(messages, "|") || len(decoded) != len(messages) {
			t.Errorf("seed %d: %d messages, the library reads %d, sent were %d", seed, len(decoded), len(messages), len(s.messages))
		}
		if code != closed {
			t.Errorf("seed %d: %v, the library reads %v", seed, code, closed)
		}
	}
}

// libraryReads is what the library makes of wire, which comes from a client or from a server.
func libraryReads(t *testing.T, wire string, fromClient bool) (messages []string, closed websocket.CloseError) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	served := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(served)
		if fromClient {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Errorf("accept: %v", err)
				return
			}
			messages, closed = readAll(t, ctx, c)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
			DeriveAccept(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n"+wire)
		io.Copy(io.Discard, conn)
	}))
	defer server.Close()
	if fromClient {
		conn := dialRaw(t, server.Listener.Addr().String())
		conn.send(handshake("/") + wire)
		io.Copy(io.Discard, conn)
	} else {
		c, _, err := websocket.Dial(ctx, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		messages, closed = readAll(t, ctx, c)
	}
	within(t, "the library's end", served)
	return messages, closed
}

func readAll(t *testing.T, ctx context.Context, c *websocket.Conn) (messages []string, closed websocket.CloseError) {
	defer c.CloseNow()
	c.SetReadLimit(-1)
	for {
		kind, data, err := c.Read(ctx)
		if err != nil {
			if !errors.As(err, &closed) {
				t.Errorf("the library: %v", err)
			}
			return messages, closed
		}
		name := "binary"
		if kind == websocket.MessageText {
			name = "text"
		}
		messages = append(messages, name+":"+string(data))
	}
}
