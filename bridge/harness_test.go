package bridge

import (
	"bufio"
	"bytes"
	"context"
	enc "encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"wsbridge/tcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. Nothing asserts it.
const patience = 20 * time.Second

// rig is a bridge behind a real HTTP server, and a target that the test plays itself.
type rig struct {
	*Bridge
	t      testing.TB
	addr   string
	target net.Listener
	log    *logBuffer
	server *http.Server
}

// newRig serves o with one more route: "/" leads to the rig's target.
func newRig(t testing.TB, o Options) *rig {
	t.Helper()
	target := listen(t, "tcp", "127.0.0.1:0")
	return newRigTo(t, o, tcp.Target{Network: "tcp", Address: target.Addr().String()}, target)
}

func newRigTo(t testing.TB, o Options, to tcp.Target, target net.Listener) *rig {
	t.Helper()
	r := &rig{t: t, target: target, log: &logBuffer{}}
	o.Routes = append(o.Routes, Route{Path: "/", Target: to}, Route{Path: "/echo", Echo: true, AnyOrigin: true})
	o.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.Bridge = New(o)
	ln := listen(t, "tcp", "127.0.0.1:0")
	r.addr = ln.Addr().String()
	r.server = &http.Server{Handler: r.Bridge, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), 0)}
	served := make(chan struct{})
	go serve(r.server, ln, served)
	t.Cleanup(func() {
		r.server.Close()
		<-served
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		r.Shutdown(ctx)
		if t.Failed() {
			t.Logf("log of the bridge:\n%.4000s", r.log)
		}
	})
	return r
}

func serve(s *http.Server, ln net.Listener, done chan<- struct{}) {
	defer close(done)
	s.Serve(ln)
}

func listen(t testing.TB, network, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// accept is the target's next connection.
func (r *rig) accept() net.Conn {
	r.t.Helper()
	if d, ok := r.target.(interface{ SetDeadline(time.Time) error }); ok {
		d.SetDeadline(time.Now().Add(patience))
	}
	conn, err := r.target.Accept()
	if err != nil {
		r.t.Fatalf("the bridge did not dial: %v", err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	r.t.Cleanup(func() { conn.Close() })
	return conn
}

// connect opens a pair and returns both of its far ends.
func (r *rig) connect() (*client, net.Conn) {
	r.t.Helper()
	c := r.dial("/")
	return c, r.accept()
}

func (r *rig) dial(path string, headers ...string) *client {
	r.t.Helper()
	c := r.rawDial()
	c.write(handshake(r.addr, path, headers...))
	if got := c.status(); got != http.StatusSwitchingProtocols {
		r.t.Fatalf("handshake: got status %d, want 101", got)
	}
	return c
}

func (r *rig) rawDial() *client {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	r.t.Cleanup(func() { conn.Close() })
	return &client{TCPConn: conn.(*net.TCPConn), t: r.t, br: bufio.NewReader(conn)}
}

func handshake(host, path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

// end waits for the pair's last log line and returns it.
func (r *rig) end() string {
	r.t.Helper()
	return r.log.wait(r.t, "pair end")
}

func (r *rig) wantCause(want string) {
	r.t.Helper()
	if line := r.end(); !strings.Contains(strings.ReplaceAll(line, `"`, ""), "cause="+want+" ") {
		r.t.Errorf("got %s, want cause=%q", line, want)
	}
	if n := strings.Count(r.log.String(), "pair end"); n != 1 {
		r.t.Errorf("got %d end lines, want 1", n)
	}
}

// client is a raw WebSocket client that can send anything.
type client struct {
	*net.TCPConn
	t  testing.TB
	br *bufio.Reader
}

type frame struct {
	fin     bool
	opcode  byte
	payload []byte
}

const (
	text   = 1
	binary = 2
	closes = 8
	ping   = 9
	pong   = 10
)

func (c *client) write(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.TCPConn, s); err != nil {
		c.t.Fatalf("client write: %v", err)
	}
}

func (c *client) send(opcode byte, payload string) {
	c.t.Helper()
	c.write(masked(true, opcode, payload))
}

func (c *client) sendClose(code int, reason string) {
	c.t.Helper()
	c.send(closes, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// masked is a frame as a client sends it.
func masked(fin bool, opcode byte, payload string) string {
	key := []byte{0x37, 0xfa, 0x21, 0x3d}
	b := []byte{opcode, 0x80}
	if fin {
		b[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b[1] |= byte(n)
	case n <= 0xFFFF:
		b[1] |= 126
		b = enc.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] |= 127
		b = enc.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, key...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return string(b)
}

// status reads the answer to the handshake; its header and body stay unread only on 101.
func (c *client) status() int {
	c.t.Helper()
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		c.t.Fatalf("reading the answer: %v", err)
	}
	return resp.StatusCode
}

// next is the next frame; an error when TCP ends.
func (c *client) next() (frame, error) {
	var h [2]byte
	if _, err := io.ReadFull(c.br, h[:]); err != nil {
		return frame{}, err
	}
	n := int(h[1])
	var extended [8]byte
	switch n {
	case 126:
		io.ReadFull(c.br, extended[:2])
		n = int(enc.BigEndian.Uint16(extended[:]))
	case 127:
		io.ReadFull(c.br, extended[:])
		n = int(enc.BigEndian.Uint64(extended[:]))
	}
	payload := make([]byte, n)
	_, err := io.ReadFull(c.br, payload)
	return frame{h[0]&0x80 != 0, h[0] & 0x0F, payload}, err
}

// rest reads everything up to the end of TCP: the payload of the data frames and what the Close frame said.
// Code is 1005 for a Close frame without one and 1006 for none at all, as a browser puts it.
func (c *client) rest() (payload string, code int, reason string) {
	c.t.Helper()
	var all bytes.Buffer
	code = 1006
	for {
		f, err := c.next()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				c.t.Errorf("reading frames: %v", err)
			}
			return all.String(), code, reason
		}
		if code != 1006 {
			c.t.Errorf("got a frame with opcode %d after the Close frame", f.opcode)
		}
		switch f.opcode {
		case closes:
			code = 1005
			if len(f.payload) >= 2 {
				code, reason = int(enc.BigEndian.Uint16(f.payload)), string(f.payload[2:])
			}
		case text, binary, 0:
			all.Write(f.payload)
		}
	}
}

// wantRest checks all that the client still gets.
func (c *client) wantRest(payload string, code int, reason string) {
	c.t.Helper()
	gotPayload, gotCode, gotReason := c.rest()
	if gotPayload != payload {
		c.t.Errorf("client got %d bytes %.40q, want %d bytes %.40q", len(gotPayload), gotPayload, len(payload), payload)
	}
	if gotCode != code || gotReason != reason {
		c.t.Errorf("client got Close %d %q, want %d %q", gotCode, gotReason, code, reason)
	}
}

// wantFIN checks all that the target still gets, and that FIN follows it rather than a RST.
func wantFIN(t testing.TB, target net.Conn, want string) {
	t.Helper()
	got, err := io.ReadAll(target)
	if string(got) != want || err != nil {
		t.Errorf("target got %d bytes %.40q and error %v, want %d bytes %.40q and FIN", len(got), got, err, len(want), want)
	}
}

func wantRead(t testing.TB, target net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(target, got); err != nil || string(got) != want {
		t.Fatalf("target got %.40q, %v; want %.40q", got, err, want)
	}
}

func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// logBuffer is where the rig's bridge logs.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logBuffer) wait(t testing.TB, want string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for line := range strings.Lines(l.String()) {
			if strings.Contains(line, want) {
				return line
			}
		}
	}
	t.Fatalf("no line with %q in the log", want)
	return ""
}

// random is n bytes that are the same in every run.
func random(n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return string(b)
}

func slowLimits() Options {
	return Options{WriteTimeout: patience, DrainTimeout: patience, PingInterval: patience, PingTimeout: patience,
		DialTimeout: patience, HandshakeTimeout: patience}
}
