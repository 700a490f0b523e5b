package ws

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen; long, so that only a hang meets it.
const patience = 30 * time.Second

// readBuffer is how many bytes one read of a test's stream takes at most.
const readBuffer = 16 << 10

// reading has the bytes that the last NextBehind returned, and room for a tail in front of those of the next.
type reading [maxTail + readBuffer]byte

func (b *reading) next(from io.Reader, tail []byte) ([]byte, error) {
	start := maxTail - len(tail)
	copy(b[start:], tail)
	n, err := from.Read(b[maxTail:])
	if n == 0 {
		return nil, err
	}
	return b[start : maxTail+n], nil
}

// socket is a Stream over an accepted connection as it is.
type socket struct {
	net.Conn
	buf *reading
}

func (s socket) NextBehind(tail []byte) ([]byte, error) { return s.buf.next(s.Conn, tail) }

func (s socket) WriteBuffers(v *net.Buffers) error {
	_, err := v.WriteTo(s.Conn)
	return err
}

// closeWrite sends FIN behind what c wrote.
func closeWrite(c *Conn) { c.stream.(socket).Conn.(*net.TCPConn).CloseWrite() }

func newSocket(nc net.Conn) Stream { return socket{nc, new(reading)} }

// serve answers opening handshakes on a port of its own until the end of the test, and refuses what Check does.
func serve(t testing.TB, o Options, stream func(net.Conn) Stream) (addr string, accepted <-chan *Conn) {
	t.Helper()
	conns := make(chan *Conn, 1) // the test takes each before it opens the next
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refusal := Check(r); refusal != nil {
			maps.Copy(w.Header(), refusal.Header)
			w.Header().Set("Connection", "close") // or the server waits for a body that was announced
			http.Error(w, refusal.Text, refusal.Status)
			return
		}
		c, err := Accept(w, r, o, stream)
		if err != nil {
			t.Errorf("Accept: %v", err)
			return
		}
		c.stream.(socket).SetDeadline(time.Now().Add(patience))
		conns <- c
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), conns
}

// handshake is a complete opening handshake with more header lines, each ended with CRLF.
func handshake(more string) string {
	return "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + more + "\r\n"
}

// client is a client that sends whatever bytes it is told to.
type client struct {
	t testing.TB
	*net.TCPConn
	in *bufio.Reader
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return &client{t, nc.(*net.TCPConn), bufio.NewReader(nc)}
}

// connect is both ends of a WebSocket connection over TCP.
func connect(t testing.TB, o Options) (*Conn, *client) {
	t.Helper()
	addr, accepted := serve(t, o, newSocket)
	cl := dial(t, addr)
	return cl.open("", accepted), cl
}

// open sends an opening handshake with frames behind it in the same segment, and returns the server's end.
func (cl *client) open(frames string, accepted <-chan *Conn) *Conn {
	cl.t.Helper()
	cl.send(handshake("") + frames)
	if resp := cl.response(); resp.StatusCode != http.StatusSwitchingProtocols {
		cl.t.Fatalf("handshake: got %s, want 101", resp.Status)
	}
	c := <-accepted
	cl.t.Cleanup(func() {
		c.stream.(socket).Close()
		c.Release()
	})
	return c
}

func (cl *client) response() *http.Response {
	cl.t.Helper()
	resp, err := http.ReadResponse(cl.in, nil)
	if err != nil {
		cl.t.Fatalf("response: %v", err)
	}
	return resp
}

func (cl *client) send(data string) {
	cl.t.Helper()
	if _, err := io.WriteString(cl, data); err != nil {
		cl.t.Fatalf("client: send %d bytes: %v", len(data), err)
	}
}

// receive wants exactly the frames of want, as the server sends them.
func (cl *client) receive(want string) {
	cl.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(cl.in, got); string(got[:n]) != want {
		cl.t.Fatalf("client: received %.99q (%v), want %.99q", got[:n], err, want)
	}
}

// receiveEnd wants FIN and nothing before it.
func (cl *client) receiveEnd() {
	cl.t.Helper()
	if got, err := io.ReadAll(cl.in); len(got) > 0 || err != nil {
		cl.t.Fatalf("client: received %.99q (%v), want the end", got, err)
	}
}

// script is a Stream from memory: read by read what a client sends, and everything that is written to it.
type script struct {
	reads []string
	buf   reading
	pause time.Duration // before each read and each write; only for a synctest bubble

	mu      sync.Mutex // guards written
	written strings.Builder
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.reads) == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pause)
	n := copy(p, s.reads[0])
	if s.reads[0] = s.reads[0][n:]; s.reads[0] == "" {
		s.reads = s.reads[1:]
	}
	return n, nil
}

func (s *script) NextBehind(tail []byte) ([]byte, error) { return s.buf.next(s, tail) }

func (s *script) Write(p []byte) (int, error) {
	time.Sleep(s.pause)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.Write(p)
}

func (s *script) sent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.String()
}

func (s *script) WriteBuffers(v *net.Buffers) error {
	_, err := v.WriteTo(s)
	return err
}

// play accepts a connection whose stream is s. The caller releases it.
func play(t testing.TB, o Options, s Stream) *Conn {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(handshake(""))))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Accept(hijackable{httptest.NewRecorder()}, r, o, func(net.Conn) Stream { return s })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hijackable has no connection to give away: a script needs none.
type hijackable struct{ http.ResponseWriter }

func (hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, bufio.NewReadWriter(bufio.NewReader(strings.NewReader("")), bufio.NewWriter(nil)), nil
}

// readAll reads with a buffer of the given size until Read returns an error.
func readAll(c *Conn, size int) (string, error) {
	var all strings.Builder
	buf := make([]byte, size)
	for {
		n, err := c.Read(buf)
		all.Write(buf[:n])
		if err != nil {
			return all.String(), err
		}
	}
}

// nextAll calls Next until it returns an error.
func nextAll(c *Conn) (string, error) {
	var all strings.Builder
	for {
		p, err := c.Next()
		if err != nil {
			return all.String(), err
		}
		all.Write(p)
	}
}
