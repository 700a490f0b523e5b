package ws

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Options says how a Conn behaves. The zero value works.
type Options struct {
	Messages   Messages // type of the messages sent; "": Binary
	MaxMessage int64    // bytes in a message from the client; 0: no limit
}

// libraryBuffer is the size of the library's own two buffers, in bytes: the least that bufio has. What it reads is
// lent to it, and it writes nothing.
const libraryBuffer = 16

// HandshakeError is why a request is no opening handshake, with the HTTP status that says so. Header has what
// the answer must carry.
type HandshakeError struct {
	Status int
	Text   string
	Header http.Header
}

func (e *HandshakeError) Error() string { return e.Text }

// Check reports what is wrong with the form of an opening handshake (RFC 6455 section 4.2.1); nil if nothing is.
func Check(r *http.Request) *HandshakeError {
	upgrade := http.Header{"Upgrade": {"websocket"}}
	scheme := "ws://"
	if r.TLS != nil {
		scheme = "wss://"
	}
	switch {
	case !IsUpgrade(r):
		return &HandshakeError{http.StatusUpgradeRequired,
			fmt.Sprintf("this is a WebSocket address; open it from JavaScript: new WebSocket(%q)", scheme+r.Host+r.URL.Path), upgrade}
	case !r.ProtoAtLeast(1, 1):
		return &HandshakeError{http.StatusUpgradeRequired, "an opening handshake needs HTTP/1.1", upgrade}
	case r.Method != http.MethodGet:
		return &HandshakeError{http.StatusMethodNotAllowed, "an opening handshake is a GET", http.Header{"Allow": {"GET"}}}
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return &HandshakeError{http.StatusBadRequest, "an opening handshake has no body", nil}
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		upgrade.Set("Sec-WebSocket-Version", "13")
		return &HandshakeError{http.StatusUpgradeRequired, "only Sec-WebSocket-Version 13 is spoken here (RFC 6455)", upgrade}
	case !validKey(r.Header.Values("Sec-WebSocket-Key")):
		return &HandshakeError{http.StatusBadRequest, "an opening handshake has one Sec-WebSocket-Key of 16 bytes in base64", nil}
	}
	return nil
}

// IsUpgrade reports whether r asks to speak WebSocket.
func IsUpgrade(r *http.Request) bool {
	return hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], "websocket")
}

func hasToken(values []string, token string) bool {
	for _, value := range values {
		for t := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

func validKey(keys []string) bool {
	if len(keys) != 1 {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[0]))
	return err == nil && len(key) == 16
}

// Accept answers an opening handshake that passed Check with 101 and takes the connection over from the HTTP server;
// w and r are done with. stream is given the connection and returns what carries all that follows. Subprotocol
// "binary" is selected when offered, no other. Origin is not looked at: that is for the caller, before.
func Accept(w http.ResponseWriter, r *http.Request, o Options, stream func(net.Conn) Stream) (*Conn, error) {
	c := &Conn{options: o}
	lib, err := websocket.Accept(&handover{w, c, stream}, r, &websocket.AcceptOptions{
		Subprotocols:       []string{"binary"},
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, fmt.Errorf("accept: %w", err)
	}
	lib.SetReadLimit(-1) // messages are streamed; Options.MaxMessage is checked at the frame header
	c.lib = lib
	c.lastData.Store(time.Now().UnixNano())
	return c, nil
}

// handover is the ResponseWriter the library gets: what it hijacks is c's wire.
type handover struct {
	http.ResponseWriter
	c      *Conn
	stream func(net.Conn) Stream
}

// Hijack keeps the bytes that the HTTP server has read behind the request: a client may send its first frames without
// waiting for the 101.
func (h *handover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	ahead, _ := brw.Reader.Peek(brw.Reader.Buffered())
	h.c.stream = h.stream(conn)
	h.c.wire = wire{Conn: conn, in: append([]byte(nil), ahead...)}
	w := &h.c.wire
	return w, bufio.NewReadWriter(bufio.NewReaderSize(w, libraryBuffer), bufio.NewWriterSize(w, libraryBuffer)), nil
}
