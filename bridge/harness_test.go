package bridge

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"wsbridge/explain"
	"wsbridge/tcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test. Nothing asserts it.
const patience = time.Minute

// rig is a bridge behind a real HTTP server, and a target that the test plays itself.
type rig struct {
	*Bridge
	t      testing.TB
	addr   string
	target net.Listener
	log    *logBuffer

	secure *identity // nil: plain TCP

	clientDialer net.Dialer

	sendBuffer atomic.Int32 // bytes, of the sockets accepted from clients; 0: the operating system's
	server     *http.Server
}

// newRig serves o with one more route: "/" leads to the rig's target.
func newRig(t testing.TB, o Options) *rig {
	t.Helper()
	return newRigOverTo(t, o, nil)
}

func newRigTo(t testing.TB, o Options, to tcp.Target, target net.Listener) *rig {
	t.Helper()
	return newRigOver(t, o, to, target, nil)
}

// newRigOver speaks TLS with its clients when it has an identity.
func newRigOver(t testing.TB, o Options, to tcp.Target, target net.Listener, secure *identity) *rig {
	t.Helper()
	r := &rig{t: t, target: target, log: &logBuffer{}, secure: secure}
	o.Routes = append(o.Routes, Route{Path: "/", Target: to}, Route{Path: "/echo", Echo: true, AnyOrigin: true})
	o.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.Bridge = New(o)
	ln := listen(t, "tcp", "127.0.0.1:0")
	r.addr = ln.Addr().String()
	ln = sizedListener{ln, &r.sendBuffer}
	if secure != nil {
		ln = tcp.SecureListener(ln, secure.certificates, patience)
	}
	if o.Watch != nil {
		ln = tappedListener{ln}
	}
	r.server = &http.Server{Handler: r.Bridge, ConnContext: explain.WithTap, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), 0)}
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

// sizedListener accepts connections with send buffers of the given size.
type sizedListener struct {
	net.Listener
	sendBuffer *atomic.Int32
}

func (ln sizedListener) Accept() (net.Conn, error) {
	conn, err := ln.Listener.Accept()
	if size := ln.sendBuffer.Load(); err == nil && size > 0 {
		conn.(*net.TCPConn).SetWriteBuffer(int(size))
	}
	return conn, err
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
	conn, err := r.clientDialer.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	r.t.Cleanup(func() { conn.Close() })
	if r.secure != nil {
		conn = tls.Client(conn, &tls.Config{RootCAs: r.secure.pool, ServerName: "localhost"})
	}
	return &client{Conn: conn, t: r.t, br: bufio.NewReader(conn)}
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
	return Options{HandshakeTimeout: patience, Terms: Terms{WriteTimeout: patience, DrainTimeout: patience, PingInterval: patience,
		PingTimeout: patience, DialTimeout: patience}}
}
