package bridge

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"wsbridge/ws"
)

// TestCloseTable is the package comment's table: what ends, what the client sees, what the target sees.
func TestCloseTable(t *testing.T) {
	secure := newIdentity(t)
	for _, row := range []struct {
		claim   string
		options func(*Options)
		run     func(*rig, *client, net.Conn)
		cause   string
	}{
		{"client closes 1000: echoed, target drained and FIN", nil, clientCloses(1000, "bye"), "client closed"},
		{"client closes 1001: echoed", nil, clientCloses(1001, ""), "client closed"},
		{"client closes 3000: echoed", nil, clientCloses(3000, ""), "client closed"},
		{"client closes 4999: echoed", nil, clientCloses(4999, "app"), "client closed"},
		{"client closes without a code: no code back", nil, clientCloses(1005, ""), "client closed"},
		{"what the target sends within the linger is dropped", nil, targetAnswersFIN, "client closed"},
		{"client's TCP ends without Close", nil, clientEnds(""), "client connection lost"},
		{"client's TCP ends inside a frame: a correct prefix", nil, clientEnds("prefix"), "client connection lost"},
		{"client's TCP ends while the target sends: its last words arrive", nil, clientQuitsUnderFlood, "client connection lost"},
		{"target sends FIN: drain, 1000, the client's data goes on", nil, targetEnds, "target closed"},
		{"target sends FIN and the client never answers: FIN at the drain timeout",
			func(o *Options) { o.DrainTimeout = 50 * time.Millisecond }, targetEndsClientMute, "target closed"},
		{"target resets: 1014", nil, targetResets, "target connection lost"},
		{"target resets with bytes on the way: they arrive first", nil, targetSpeaksAndResets, "target connection lost"},
		{"target resets under a flood from the client: still 1014", nil, targetResetsUnderFlood, "target connection lost"},
		{"protocol error: 1002", nil, clientViolates("\x81\x01a", 1002, "frame not masked"), "frame not masked"},
		{"bad UTF-8: 1007", nil, clientViolates(masked(true, text, "abc\xff"), 1007, "text is not UTF-8"), "text is not UTF-8"},
		{"message over the limit: 1009", nil, clientViolates(masked(true, binary, strings.Repeat("x", 1025)), 1009, "message over the limit"), "message over the limit"},
		{"no sign of life after a ping: TCP ends",
			func(o *Options) { o.PingInterval, o.PingTimeout = 20*time.Millisecond, 50*time.Millisecond }, clientSilentRow, "no sign of life from the client"},
		{"client takes no byte: TCP ends",
			func(o *Options) { o.WriteTimeout = 100 * time.Millisecond }, clientTakesNothing, "client took no byte"},
		{"client takes no pong: TCP ends, without pings of ours too",
			func(o *Options) { o.WriteTimeout, o.PingInterval = 100*time.Millisecond, 0 }, clientTakesNoPong, "client took no byte"},
		{"target takes no byte: TCP ends",
			func(o *Options) { o.WriteTimeout = 100 * time.Millisecond }, targetTakesNothing, "target took no byte"},
		{"idle limit: drain, 1001", func(o *Options) { o.IdleTimeout = 100 * time.Millisecond }, limitEnds("idle limit"), "idle limit"},
		{"session limit: drain, 1001", func(o *Options) { o.MaxSession = 100 * time.Millisecond }, limitEnds("session limit"), "session limit"},
		{"shutdown: drain, 1001", nil, shutdownEnds, "shutdown"},
	} {
		run := func(t *testing.T, watched bool, over *identity) {
			t.Parallel()
			o := slowLimits()
			var w *watcher
			if watched {
				w = watchAll(t, &o)
			}
			if row.options != nil {
				row.options(&o)
			}
			r := newRigOverTo(t, o, over)
			r.rules.Load().Routes[0].WS = ws.Options{MaxMessage: 1 << 20}
			if strings.Contains(row.claim, "1009") {
				r.rules.Load().Routes[0].WS.MaxMessage = 1024
			}
			c, target := r.connect()
			row.run(r, c, target)
			r.wantCause(row.cause)
			if watched {
				w.wantCause(t, row.cause)
			}
		}
		t.Run(row.claim, func(t *testing.T) { run(t, false, nil) })
		if !strings.Contains(row.claim, "no pong") { // whose hundreds of thousands of pongs take long enough once
			t.Run(row.claim+"; watched", func(t *testing.T) { run(t, true, nil) })
			t.Run(row.claim+"; over TLS", func(t *testing.T) { run(t, false, secure) })
		}
	}
}

func clientCloses(code int, reason string) func(*rig, *client, net.Conn) {
	return func(r *rig, c *client, target net.Conn) {
		data := random(100_000)
		c.send(binary, data)
		if code == 1005 {
			c.send(closes, "")
		} else {
			c.sendClose(code, reason)
		}
		c.wantRest("", code, reason)
		wantFIN(r.t, target, data)
	}
}

func targetAnswersFIN(r *rig, c *client, target net.Conn) {
	c.send(text, "QUIT")
	c.sendClose(1000, "")
	wantFIN(r.t, target, "QUIT")
	if _, err := io.WriteString(target, "too late"); err != nil {
		r.t.Errorf("target's write after its peer's FIN: %v; want it taken and dropped", err)
	}
	target.Close()
	c.wantRest("", 1000, "")
}

func clientEnds(prefix string) func(*rig, *client, net.Conn) {
	return func(r *rig, c *client, target net.Conn) {
		data := random(70_000)
		c.send(binary, data)
		if prefix != "" {
			frame := masked(true, binary, prefix+random(200_000))
			c.write(frame[:14+len(prefix)])
		}
		c.Close()
		wantFIN(r.t, target, data+prefix)
	}
}

// clientQuitsUnderFlood: the bridge is writing to the client when the client is gone, and learns of it there. What
// the client sent before is still in the kernel.
func clientQuitsUnderFlood(r *rig, c *client, target net.Conn) {
	flooding := make(chan struct{})
	go flood(target, flooding)
	if _, err := c.next(); err != nil {
		r.t.Fatal(err)
	}
	c.send(text, "last words")
	c.Close() // with bytes unread: a RST follows
	wantFIN(r.t, target, "last words")
	target.Close()
	<-flooding
}

// What floods send; shared, so that a test can count a pair's memory.
var (
	zeros     = make([]byte, 64<<10)
	zeroFrame = []byte(masked(true, binary, string(zeros)))
)

func flood(conn net.Conn, done chan<- struct{}) {
	defer close(done)
	for {
		if _, err := conn.Write(zeros); err != nil {
			return
		}
	}
}

func targetEnds(r *rig, c *client, target net.Conn) {
	data := random(300_000)
	io.WriteString(target, data)
	target.(*net.TCPConn).CloseWrite()
	c.wantClose(data, 1000, "target closed")
	more := random(200_000)
	c.send(binary, more)
	c.sendClose(1000, "")
	wantFIN(r.t, target, more)
	c.wantRest("", 1006, "") // no second Close frame
}

func targetEndsClientMute(r *rig, c *client, target net.Conn) {
	c.send(text, "before")
	wantRead(r.t, target, "before")
	target.(*net.TCPConn).CloseWrite()
	c.wantRest("", 1000, "target closed")
	wantFIN(r.t, target, "")
}

func targetResets(r *rig, c *client, target net.Conn) {
	reset(target)
	c.wantRest("", 1014, "target connection lost")
}

func targetSpeaksAndResets(r *rig, c *client, target net.Conn) {
	io.WriteString(target, "half an answer")
	f, err := c.next()
	if err != nil || string(f.payload) != "half an answer" {
		r.t.Fatalf("got %q, %v", f.payload, err)
	}
	reset(target)
	c.wantRest("", 1014, "target connection lost")
}

func targetResetsUnderFlood(r *rig, c *client, target net.Conn) {
	flooding := make(chan struct{})
	go floodFrames(c, flooding)
	wantRead(r.t, target, string(make([]byte, 1000)))
	reset(target)
	c.wantRest("", 1014, "target connection lost")
	c.Close()
	<-flooding
}

func floodFrames(c *client, done chan<- struct{}) {
	defer close(done)
	for {
		if _, err := c.Conn.Write(zeroFrame); err != nil {
			return
		}
	}
}

func clientViolates(frame string, code int, reason string) func(*rig, *client, net.Conn) {
	return func(r *rig, c *client, target net.Conn) {
		c.write(masked(true, text, "good") + frame + masked(true, text, "never"))
		c.wantRest("", code, reason)
		wantFIN(r.t, target, "good")
	}
}

func clientSilentRow(r *rig, c *client, target net.Conn) {
	c.send(text, "hello")
	c.wantRest("", 1006, "")
	wantFIN(r.t, target, "hello")
}

func clientTakesNothing(r *rig, c *client, target net.Conn) {
	c.send(text, "hello")
	flooding := make(chan struct{})
	go flood(target, flooding)
	wantFIN(r.t, target, "hello")
	target.Close()
	<-flooding
}

// clientTakesNoPong closes the client's window with data before the pings. Pongs alone overflow its receive buffer, as
// small segments do, and then the kernel drops acknowledgements with them and its pings stop.
func clientTakesNoPong(r *rig, _ *client, _ net.Conn) {
	r.sendBuffer.Store(32 << 10)
	r.clientDialer.Control = receiveBuffer(8 << 10)
	c, target := r.connect()
	target.Write(zeros[:32<<10]) // more than fits there, less than fits there and in the bridge's socket
	c.send(text, "hello")
	pings := strings.Repeat(masked(true, ping, string(zeros[:125])), 1000)
	for {
		if _, err := io.WriteString(c.Conn, pings); err != nil {
			break
		}
	}
	wantFIN(r.t, target, "hello")
}

func targetTakesNothing(r *rig, c *client, target net.Conn) {
	flooding := make(chan struct{})
	go floodFrames(c, flooding)
	if _, code, _ := c.rest(); code != 1006 {
		r.t.Errorf("got Close %d, want TCP to end without one", code)
	}
	<-flooding
	// What the kernel had taken is delivered, whole frames' worth of zeros, and then FIN.
	got, err := io.ReadAll(target)
	if err != nil || strings.Trim(string(got), "\x00") != "" {
		r.t.Errorf("target got %d bytes and error %v, want zeros and FIN", len(got), err)
	}
}

func limitEnds(reason string) func(*rig, *client, net.Conn) {
	return func(r *rig, c *client, target net.Conn) {
		c.send(text, "up")
		wantRead(r.t, target, "up")
		c.wantClose("", 1001, reason)
		c.send(text, "more")
		c.sendClose(1001, "")
		wantFIN(r.t, target, "more")
		c.wantRest("", 1006, "")
	}
}

func shutdownEnds(r *rig, c *client, target net.Conn) {
	data := random(2 << 20) // more than the client's side takes before it is read
	written := make(chan struct{})
	go writeAll(target, data, written)
	if _, err := c.br.Peek(1); err != nil {
		r.t.Fatal(err)
	}
	done := make(chan error, 1)
	go shutdown(r.Bridge, done)
	<-r.stop.Done()
	<-written
	c.send(text, "more")
	c.wantClose(data, 1001, "server shutting down")
	c.sendClose(1001, "")
	wantFIN(r.t, target, "more")
	target.Close()
	if err := <-done; err != nil {
		r.t.Errorf("Shutdown: %v", err)
	}
}

func writeAll(conn net.Conn, data string, done chan<- struct{}) {
	defer close(done)
	io.WriteString(conn, data)
}

func shutdown(b *Bridge, done chan<- error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	done <- b.Shutdown(ctx)
}
