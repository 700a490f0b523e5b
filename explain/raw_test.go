package explain

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const testNonce = "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455 section 1.3
const testAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// handshake is an opening handshake with more header lines.
func handshake(path string, more ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + testNonce + "\r\n" + strings.Join(append(more, ""), "\r\n") + "\r\n"
}

// rawConn is a client that sends whatever bytes it is told to.
type rawConn struct {
	*net.TCPConn
	t       testing.TB
	counted *counter
	br      *bufio.Reader
}

func dialRaw(t testing.TB, addr string) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	counted := &counter{Reader: conn}
	return &rawConn{conn.(*net.TCPConn), t, counted, bufio.NewReader(counted)}
}

func (c *rawConn) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.TCPConn, s); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// response reads an answer with its body, and returns it as it was.
func (c *rawConn) response() (resp *http.Response, body string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		c.t.Fatalf("reading the answer: %v", err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, ""
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("reading the answer: %v", err)
	}
	return resp, string(b)
}

func (c *rawConn) read(n int) string {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.br, b); err != nil {
		c.t.Fatalf("reading %d bytes: %v", n, err)
	}
	return string(b)
}
