package ws

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const start, host = "GET / HTTP/1.1\r\n", "Host: localhost\r\n"
	const upgrade, version = "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Sec-WebSocket-Version: 13\r\n"
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	tests := []struct {
		claim, request string
		status         int
		header         string // that the answer must carry, "Name: value"
	}{
		{"a complete handshake", start + host + upgrade + version + key, 101, "Upgrade: websocket"},
		{"the answer to the key of RFC 6455 section 1.3", start + host + upgrade + version + key, 101, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"names and tokens in any case", start + host + "UPGRADE: WebSocket\r\nconnection: upgrade\r\n" + version + key, 101, ""},
		{"Connection is a list", start + host + "Upgrade: websocket\r\nConnection: keep-alive ,  Upgrade\r\n" + version + key, 101, ""},
		{"Connection is several lines", start + host + "Upgrade: websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n" + version + key, 101, ""},
		{"Upgrade is a list", start + host + "Upgrade: h2c,websocket\r\nConnection: Upgrade\r\n" + version + key, 101, ""},
		{"space around the key", start + host + upgrade + version + "Sec-WebSocket-Key:   dGhlIHNhbXBsZSBub25jZQ== \r\n", 101, ""},
		{"an empty body announced", start + host + upgrade + version + key + "Content-Length: 0\r\n", 101, ""},
		{"extensions are not agreed to", start + host + upgrade + version + key + "Sec-WebSocket-Extensions: permessage-deflate\r\n", 101, "Sec-WebSocket-Extensions: "},

		{"plain HTTP", start + host, 426, "Upgrade: websocket"},
		{"plain HTTP with a body", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n", 426, "Upgrade: websocket"},
		{"no Connection: Upgrade", start + host + "Upgrade: websocket\r\n" + version + key, 426, "Upgrade: websocket"},
		{"no Upgrade: websocket", start + host + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + version + key, 426, "Upgrade: websocket"},
		{"a token that only contains upgrade", start + host + "Upgrade: websocket\r\nConnection: upgrade-insecure\r\n" + version + key, 426, "Upgrade: websocket"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n" + host + upgrade + version + key, 426, "Upgrade: websocket"},
		{"POST", "POST / HTTP/1.1\r\n" + host + upgrade + version + key, 405, "Allow: GET"},
		{"HEAD", "HEAD / HTTP/1.1\r\n" + host + upgrade + version + key, 405, "Allow: GET"},
		{"a body", start + host + upgrade + version + key + "Content-Length: 3\r\n", 400, ""},
		{"a chunked body", start + host + upgrade + version + key + "Transfer-Encoding: chunked\r\n", 400, ""},
		{"no version", start + host + upgrade + key, 426, "Sec-WebSocket-Version: 13"},
		{"an old version", start + host + upgrade + "Sec-WebSocket-Version: 8\r\n" + key, 426, "Sec-WebSocket-Version: 13"},
		{"no key", start + host + upgrade + version, 400, ""},
		{"an empty key", start + host + upgrade + version + "Sec-WebSocket-Key:\r\n", 400, ""},
		{"two keys", start + host + upgrade + version + key + key, 400, ""},
		{"a key of 15 bytes", start + host + upgrade + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n", 400, ""},
		{"a key that is not base64", start + host + upgrade + version + "Sec-WebSocket-Key: the sample nonce\r\n", 400, ""},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			addr, accepted := serve(t, Options{}, newSocket)
			cl := dial(t, addr)
			cl.send(tt.request + "\r\n")
			resp := cl.response()
			if resp.StatusCode != tt.status {
				t.Errorf("got %s, want %d", resp.Status, tt.status)
			}
			if name, want, ok := strings.Cut(tt.header, ": "); ok && resp.Header.Get(name) != want {
				t.Errorf("got %s: %q, want %q", name, resp.Header.Get(name), want)
			}
			if resp.StatusCode == http.StatusSwitchingProtocols {
				(<-accepted).stream.(socket).Close()
				return
			}
			cl.CloseWrite()
			if text, _ := io.ReadAll(resp.Body); strings.Count(string(text), "\n") != 1 && !strings.HasPrefix(tt.request, "HEAD") {
				t.Errorf("the refusal says %q, want one line", text)
			}
		})
	}
}

func TestSubprotocol(t *testing.T) {
	tests := []struct{ claim, offered, selected string }{
		{"binary alone", "Sec-WebSocket-Protocol: binary\r\n", "binary"},
		{"binary in a list with spaces", "Sec-WebSocket-Protocol:  chat ,  binary \r\n", "binary"},
		{"binary before another", "Sec-WebSocket-Protocol: binary,base64\r\n", "binary"},
		{"binary on a second line", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: binary\r\n", "binary"},
		{"nothing", "", ""},
		{"another", "Sec-WebSocket-Protocol: chat\r\n", ""},
		{"several others", "Sec-WebSocket-Protocol: base64, chat\r\n", ""},
		{"one that only contains binary", "Sec-WebSocket-Protocol: xbinary, binary.v2\r\n", ""},
		{"an empty list", "Sec-WebSocket-Protocol: ,\r\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			addr, accepted := serve(t, Options{}, newSocket)
			cl := dial(t, addr)
			cl.send(handshake(tt.offered))
			resp := cl.response()
			if resp.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %s, want 101", resp.Status)
			}
			(<-accepted).stream.(socket).Close()
			got, sent := resp.Header["Sec-Websocket-Protocol"]
			if sent != (tt.selected != "") || sent && (len(got) != 1 || got[0] != tt.selected) {
				t.Errorf("selected %q, want %q", got, tt.selected)
			}
		})
	}
}

func TestFramesInTheSegmentOfTheHandshake(t *testing.T) {
	large := strings.Repeat("0123456789", 10_000)
	tests := []struct{ claim, frames, want string }{
		{"one", frame(fin|opBinary, "early"), "early"},
		{"several, and one cut", frame(fin|opText, "ear") + frame(fin|opPing, "p") + frame(fin|opBinary, "ly")[:7], "earl"},
		{"more than the server's buffers hold", frame(fin|opBinary, large), large},
		{"one byte of a header", "\x82", ""},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			addr, accepted := serve(t, Options{}, newSocket)
			cl := dial(t, addr)
			c := cl.open(tt.frames, accepted)
			cl.CloseWrite()
			if got, err := readAll(c, 4096); got != tt.want {
				t.Errorf("got %.50q (%v), want %.50q", got, err, tt.want)
			}
		})
	}
}

// What the library writes on its own judgement must not reach the client: a frame of its own inside one of ours.
func TestOnlyOurFramesReachTheClient(t *testing.T) {
	c, cl := connect(t, Options{})
	cl.send(frame(fin|0x70|opBinary, "x"))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("Read took a frame with reserved bits")
	}
	c.Release()
	closeWrite(c)
	cl.receiveEnd()
}
