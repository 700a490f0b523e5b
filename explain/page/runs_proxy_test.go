package page

import (
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// through is a connection through an idle proxy, and the server's end of it.
func through(t *testing.T, limit time.Duration) (p *idleProxy, client, server *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	onward := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
	}
	if p, err = startProxy(t.Context(), onward, limit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	conn, err := p.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{conn, accepted} {
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
	}
	return p, conn.(*net.TCPConn), accepted.(*net.TCPConn)
}

func say(t *testing.T, from, to net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(from, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(to, got); err != nil || string(got) != text {
		t.Fatalf("%q became %q (%v)", text, got, err)
	}
}

func TestProxyPassesBytesAndFINs(t *testing.T) {
	p, client, server := through(t, time.Hour)
	say(t, client, server, "up")
	say(t, server, client, "down")
	client.CloseWrite()
	if rest, err := io.ReadAll(server); err != nil || len(rest) > 0 {
		t.Errorf("behind the client's FIN: %q, %v", rest, err)
	}
	say(t, server, client, "still down")
	server.Close()
	if rest, err := io.ReadAll(client); err != nil || len(rest) > 0 {
		t.Errorf("behind the server's FIN: %q, %v", rest, err)
	}
	if n := p.idled.Load(); n != 0 {
		t.Errorf("%d ended for being idle, want 0", n)
	}
}

func TestProxyEndsWhatIsIdle(t *testing.T) {
	const limit = 400 * time.Millisecond
	p, client, server := through(t, limit)
	began := time.Now()
	for range 5 { // bytes in either direction keep it
		time.Sleep(limit / 8)
		say(t, server, client, "tick")
	}
	for _, end := range []net.Conn{client, server} {
		if rest, err := io.ReadAll(end); err != nil || len(rest) > 0 {
			t.Errorf("received %q (%v), want FIN", rest, err)
		}
	}
	if took := time.Since(began); took < 5*limit/8+limit {
		t.Errorf("it lived %v, want %v behind the last byte", took, limit)
	}
	p.Close()
	if n := p.idled.Load(); n != 1 {
		t.Errorf("%d ended for being idle, want 1", n)
	}
}

func TestProxyCloseEndsConnections(t *testing.T) {
	p, client, _ := through(t, time.Hour)
	p.Close()
	if _, err := io.ReadAll(client); err != nil {
		t.Errorf("the client: %v, want FIN", err)
	}
}
