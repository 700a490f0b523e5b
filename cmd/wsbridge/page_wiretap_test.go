//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// wiretap stands between a browser and a bridge and keeps what both said, as nobody of them sees it.
type wiretap struct {
	addr   string // localhost:port
	bridge string
	change func(request []byte) []byte // of what a client says first; nil: nothing

	mu    sync.Mutex // guards lines
	lines []*tappedLine
}

// tappedLine is a connection: what the browser said and what the bridge said.
type tappedLine struct {
	mu       sync.Mutex // guards what follows
	up, down []byte
}

func tap(t *testing.T, bridge *program, change func([]byte) []byte) *wiretap {
	w := &wiretap{bridge: bridge.addr, change: change}
	_, port, _ := net.SplitHostPort(serveTarget(t, w.relay))
	w.addr = "localhost:" + port
	return w
}

func (w *wiretap) relay(client net.Conn) {
	defer client.Close()
	bridge, err := net.Dial("tcp", w.bridge)
	if err != nil {
		return
	}
	defer bridge.Close()
	line := new(tappedLine)
	w.mu.Lock()
	w.lines = append(w.lines, line)
	w.mu.Unlock()
	var both sync.WaitGroup
	both.Add(2)
	go line.copy(&both, &line.up, bridge, client, w.change)
	go line.copy(&both, &line.down, client, bridge, nil)
	both.Wait()
}

// copy passes on and keeps what from says, and its FIN.
func (l *tappedLine) copy(both *sync.WaitGroup, kept *[]byte, to, from net.Conn, change func([]byte) []byte) {
	defer both.Done()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		said := buffer[:n]
		if n > 0 && change != nil {
			said, change = change(said), nil
		}
		l.mu.Lock()
		*kept = append(*kept, said...)
		l.mu.Unlock()
		if _, failed := to.Write(said); failed != nil || err != nil && err != io.EOF {
			to.Close()
			from.Close()
			return
		}
		if err != nil {
			to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// of is what was said on the connection of a session's WebSocket.
func (w *wiretap) of(session string) (up, down []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.lines {
		line.mu.Lock()
		up, down := slices.Clone(line.up), slices.Clone(line.down)
		line.mu.Unlock()
		if first, _, _ := bytes.Cut(up, []byte("\r\n")); bytes.Contains(first, []byte("session="+session)) {
			return up, down
		}
	}
	return nil, nil
}

// wireFrame is a frame as it was on the wire (RFC 6455 section 5.2).
type wireFrame struct {
	Off    int
	Head   string // hex
	Opcode byte
	Size   int
	Data   []byte // the payload without mask; the page keeps the first of it only
	Code   int    // of a Close frame
	Reason string
}

// wireFrames reads the frames behind the head of an HTTP message.
func wireFrames(said []byte) (frames []wireFrame) {
	at := bytes.Index(said, []byte("\r\n\r\n")) + 4
	for at+2 <= len(said) {
		b := said[at:]
		head, size := 2, uint64(b[1]&0x7F)
		switch size {
		case 126:
			head, size = 4, uint64(binary.BigEndian.Uint16(b[2:]))
		case 127:
			head, size = 10, binary.BigEndian.Uint64(b[2:])
		}
		var key [4]byte
		if b[1]&0x80 != 0 {
			head += copy(key[:], b[head:])
		}
		data := slices.Clone(b[head : head+int(size)])
		for i := range data {
			data[i] ^= key[i%4]
		}
		f := wireFrame{Off: at, Head: hex.EncodeToString(b[:head]), Opcode: b[0] & 0x0F, Size: int(size), Data: data}
		if f.Opcode == closed && size >= 2 {
			f.Code, f.Reason = int(binary.BigEndian.Uint16(data)), string(data[2:])
		}
		frames = append(frames, f)
		at += head + int(size)
	}
	return frames
}

// headerOf is the value of a header in the HTTP message that begins a connection.
func headerOf(said []byte, name string) string {
	for line := range strings.SplitSeq(string(said), "\r\n") {
		if got, value, ok := strings.Cut(line, ": "); ok && http.CanonicalHeaderKey(got) == http.CanonicalHeaderKey(name) {
			return value
		}
	}
	return ""
}
