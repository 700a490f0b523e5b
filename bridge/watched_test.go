package bridge

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wsbridge/explain"
	"wsbridge/tcp"
)

// practiceRig is a watched rig whose target is one that the session sees too.
func practiceRig(t testing.TB, o Options) (*rig, *watcher) {
	t.Helper()
	w := watchAll(t, &o)
	ln := listen(t, "tcp", "127.0.0.1:0")
	return newRigTo(t, o, tcp.Target{Network: "tcp", Address: ln.Addr().String()}, w.hub.TargetListener(ln)), w
}

// capture keeps what the client receives as it comes.
func capture(c *client) *bytes.Buffer {
	var got bytes.Buffer
	c.br = bufio.NewReader(io.TeeReader(c.Conn, &got))
	return &got
}

// Conservation: every row of the ruler is the same bytes, and what the client and the target saw themselves.
func TestEveryRowIsTheSameBytes(t *testing.T) {
	r, w := practiceRig(t, slowLimits())
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { conserveRows(t, r, w, seed) })
	}
}

func conserveRows(t *testing.T, r *rig, w *watcher, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	// All of it, ten times over, fits into what a session keeps, so that nothing depends on a viewer's speed.
	up, down := random(rng.IntN(20_000)), random(20_000 + rng.IntN(20_000))[20_000:]
	wire, frames := randomFrames(rng, up)
	c := r.rawDial()
	received := capture(c)
	request := handshake(r.addr, "/")
	c.write(request)
	c.status()
	head := received.Len() - c.br.Buffered()
	target := r.accept()

	go sendChopped(c.Conn, wire, rand.New(rand.NewPCG(seed, 1)))
	go sendChopped(target, down, rand.New(rand.NewPCG(seed, 2)))
	gotUp := make([]byte, len(up))
	if _, err := io.ReadFull(target, gotUp); err != nil {
		t.Fatal(err)
	}
	gotDown, seen := readFrames(t, c, len(down))
	ending := masked(true, closes, "\x03\xe8bye")
	c.write(ending)
	io.Copy(io.Discard, target)
	target.Close()
	rest, code, reason := c.rest()
	c.Close()
	events := w.events(t)

	rows := []struct {
		name, got, want string
	}{
		{"the target's bytes", string(gotUp), up},
		{"payload of A in frames", joined(find(events, explain.A, explain.In, explain.Frame, explain.Text, explain.Binary, explain.Continuation)), up},
		{"A in messages", joined(find(events, explain.A, explain.In, explain.Message)), up},
		{"B out writes", joined(find(events, explain.B, explain.Out, explain.Write)), up},
		{"recv", joined(find(events, explain.B, explain.Out, explain.Recv, explain.RecvCall)), up},
		{"A in reads", joined(find(events, explain.A, explain.In, explain.Read)), request + wire + ending},
		{"the client's bytes", gotDown + rest, down},
		{"send", joined(find(events, explain.B, explain.In, explain.Send, explain.SendCall)), down},
		{"B in reads", joined(find(events, explain.B, explain.In, explain.Read)), down},
		{"payload of A out frames", joined(find(events, explain.A, explain.Out, explain.Frame, explain.Text, explain.Binary, explain.Continuation)), down},
		{"A out messages", joined(find(events, explain.A, explain.Out, explain.Message)), down},
		{"A out writes", joined(find(events, explain.A, explain.Out, explain.Write)), received.String()},
	}
	for _, row := range rows {
		if sha256.Sum256([]byte(row.got)) != sha256.Sum256([]byte(row.want)) {
			t.Errorf("%s: %d bytes, want %d (equal up to %d)", row.name, len(row.got), len(row.want), equalUpTo(row.got, row.want))
		}
	}
	wantFrames(t, "up", find(events, explain.A, explain.In, explain.Frame), append(frames, frame{true, closes, []byte("\x03\xe8bye")}))
	wantFrames(t, "down", find(events, explain.A, explain.Out, explain.Frame), append(seen, frame{true, closes, []byte("\x03\xe8bye")}))
	if code != 1000 || reason != "bye" {
		t.Errorf("the client got Close %d %q", code, reason)
	}
	checkAxis(t, find(events, explain.A, explain.In, explain.Frame), int64(len(request)))
	checkAxis(t, find(events, explain.A, explain.Out, explain.Frame), int64(head))
	checkTotals(t, w.last().Totals(), len(request)+len(wire)+len(ending), received.Len(), len(up), len(down))
}

// randomFrames is data as frames with pings between, and what they are.
func randomFrames(rng *rand.Rand, data string) (wire string, frames []frame) {
	put := func(fin bool, opcode byte, payload string) {
		wire += masked(fin, opcode, payload)
		frames = append(frames, frame{fin, opcode, []byte(payload)})
	}
	for opcode := byte(binary); data != "" || opcode == 0; {
		n := min(len(data), rng.IntN(1500))
		fin := rng.IntN(3) > 0 || data == ""
		put(fin, opcode, data[:n])
		if data, opcode = data[n:], 0; fin {
			opcode = binary
		}
		if rng.IntN(4) == 0 {
			put(true, ping, "p")
		}
	}
	return wire, frames
}

func sendChopped(conn net.Conn, data string, rng *rand.Rand) {
	for data != "" {
		n := min(len(data), 1+rng.IntN(3000))
		if _, err := io.WriteString(conn, data[:n]); err != nil {
			return
		}
		data = data[n:]
	}
}

// readFrames reads until size bytes of payload have come.
func readFrames(t *testing.T, c *client, size int) (payload string, frames []frame) {
	t.Helper()
	for len(payload) < size {
		f, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if frames = append(frames, f); f.opcode < closes {
			payload += string(f.payload)
		}
	}
	return payload, frames
}

// wantFrames compares the frames that were told with those that were sent or seen. Pongs come in between as they like.
func wantFrames(t *testing.T, which string, events []explain.Event, want []frame) {
	t.Helper()
	var got, wanted strings.Builder
	for _, e := range events {
		if e.Kind != explain.BeginFrame && e.Kind != explain.Pong {
			fmt.Fprintf(&got, "%v %d %d %x\n", e.Final, e.Opcode, len(e.Data), sha256.Sum256(e.Data))
		}
	}
	for _, f := range want {
		if f.opcode != pong {
			fmt.Fprintf(&wanted, "%v %d %d %x\n", f.fin, f.opcode, len(f.payload), sha256.Sum256(f.payload))
		}
	}
	if got.String() != wanted.String() {
		t.Errorf("frames %s:\n%swant\n%s", which, got.String(), wanted.String())
	}
}

// checkAxis fails unless frames lie one behind the other from off on, and their payload from 0.
func checkAxis(t *testing.T, frames []explain.Event, off int64) {
	t.Helper()
	pos := int64(0)
	for _, e := range frames {
		if e.Kind == explain.BeginFrame {
			continue
		}
		if e.Off != off || e.Opcode < 8 && e.Pos != pos {
			t.Errorf("frame %d at %d, payload at %d; want %d and %d", e.N, e.Off, e.Pos, off, pos)
		}
		if off += e.Len; e.Opcode < 8 {
			pos += e.Size
		}
	}
}

func checkTotals(t *testing.T, got explain.Totals, aIn, aOut, up, down int) {
	t.Helper()
	for _, c := range []struct {
		name      string
		got, want int64
	}{
		{"A in", got.A.In.Bytes, int64(aIn)}, {"A out", got.A.Out.Bytes, int64(aOut)},
		{"A in payload", got.A.In.Payload, int64(up)}, {"A out payload", got.A.Out.Payload, int64(down)},
		{"B out", got.B.Out.Bytes, int64(up)}, {"B in", got.B.In.Bytes, int64(down)},
	} {
		if c.got != c.want {
			t.Errorf("totals of %s: %d bytes, want %d", c.name, c.got, c.want)
		}
	}
}

// In each round trip everything has one possible order, and is told in it.
func TestEventsAreInOrder(t *testing.T) {
	r, w := practiceRig(t, slowLimits())
	c := r.dial("/")
	target := r.accept()
	const rounds = 100
	for range rounds {
		c.send(text, "ping")
		wantRead(t, target, "ping")
		io.WriteString(target, "pong")
		if f, err := c.next(); err != nil || string(f.payload) != "pong" {
			t.Fatalf("got %q, %v", f.payload, err)
		}
	}
	c.sendClose(1000, "")
	io.Copy(io.Discard, target)
	target.Close()
	leave(c)
	var got []string
	upgraded := false
	for _, e := range w.events(t) {
		switch {
		case e.Kind == explain.Upgraded:
			upgraded = true
		case !upgraded, e.Layer == explain.Kernel, e.Layer == explain.Frame && e.Kind == explain.BeginFrame:
		case len(got) < 10*rounds:
			got = append(got, fmt.Sprintf("%s %s %s", e.Stream, e.Dir, e.Layer))
		}
	}
	round := []string{"A in read", "A in frame", "A in message", "B out write", "B out recv", "B in send", "B in read", "A out write", "A out frame", "A out message"}
	for i, e := range got {
		if e != round[i%10] {
			t.Fatalf("round %d: %v, want %v", i/10, got[i/10*10:i/10*10+10], round)
		}
	}
	if len(got) != 10*rounds {
		t.Errorf("%d events, want %d", len(got), 10*rounds)
	}
}

// However much comes while a viewer looks now and then: the relay loses nothing, and what was not shown is counted.
func TestWatchedFloodLosesNothing(t *testing.T) {
	r, w := practiceRig(t, slowLimits())
	c := r.dial("/")
	target := r.accept()
	const frames, size = 20_000, 64
	payload := random(size)
	sent, echoed := make(chan struct{}), make(chan struct{})
	go echo(target, echoed)
	defer target.Close()
	go writeAll(c.Conn, strings.Repeat(masked(true, binary, payload), frames), sent)
	v := w.last().View()
	defer v.Close()
	watched := make(chan []explain.Event, 1)
	go watchSlowly(v, watched)
	got := 0
	for got < frames*size {
		f, err := c.next()
		if err != nil {
			t.Fatalf("after %d bytes: %v", got, err)
		}
		for i, b := range f.payload {
			if b != payload[(got+i)%size] {
				t.Fatalf("byte %d is wrong", got+i)
			}
		}
		got += len(f.payload)
	}
	<-sent
	c.sendClose(1000, "")
	leave(c)
	<-echoed
	events := <-watched
	checkEvents(t, events)
	if last := events[len(events)-1]; last.Kind != explain.End || last.Totals.A.In.Frames != frames+1 || last.Totals.B.In.Bytes != frames*size {
		t.Errorf("the last event is %s", list(events[len(events)-1:]))
	}
}

func watchSlowly(v *explain.Viewer, watched chan<- []explain.Event) {
	var events []explain.Event
	for {
		some, more := v.Next(context.Background(), 400)
		if events = append(events, some...); !more {
			watched <- events
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// The words of a connection over TLS are those inside, and it says so.
func TestWatchedTLSTarget(t *testing.T) {
	site := httptest.NewTLSServer(nil) // for its certificate
	defer site.Close()
	roots := x509.NewCertPool()
	roots.AddCert(site.Certificate())
	ln := tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: site.TLS.Certificates})
	o := slowLimits()
	w := watchAll(t, &o)
	r := newRigTo(t, o, tcp.Target{Network: "tcp", Address: ln.Addr().String(), TLS: &tls.Config{RootCAs: roots}}, nil)
	echoed := make(chan struct{})
	go echoOnce(ln, echoed)
	c := r.dial("/")
	c.send(text, "in the clear")
	if f, err := c.next(); err != nil || string(f.payload) != "in the clear" {
		t.Fatalf("got %q, %v", f.payload, err)
	}
	c.sendClose(1000, "")
	leave(c)
	<-echoed
	events := w.events(t)
	if connect := find(events, explain.B, explain.Out, explain.Socket, explain.Connect); len(connect) != 1 || !connect[0].TLS {
		t.Errorf("got %s, want a connection that says tls", list(connect))
	}
	for _, layer := range []explain.Layer{explain.Write, explain.Read} {
		dir := map[explain.Layer]explain.Dir{explain.Write: explain.Out, explain.Read: explain.In}[layer]
		if got := joined(find(events, explain.B, dir, layer)); got != "in the clear" {
			t.Errorf("%s: %q, want the plaintext", layer, got)
		}
	}
	w.wantCause(t, "client closed")
}

func echoOnce(ln net.Listener, done chan<- struct{}) {
	defer close(done)
	conn, err := ln.Accept()
	if err == nil {
		io.Copy(conn, conn)
		conn.Close()
	}
}

// Those who are refused, and those for whom there is no target, learn it from the session.
func TestWatchedWithoutPair(t *testing.T) {
	closed := listen(t, "tcp", "127.0.0.1:0")
	closed.Close()
	refused := tcp.Target{Network: "tcp", Address: closed.Addr().String()}
	missing := tcp.Target{Network: "unix", Address: filepath.Join(t.TempDir(), "missing")}
	for _, row := range []struct {
		claim   string
		http    bool
		target  tcp.Target
		request string // behind the path
		kind    explain.Kind
		status  int
		code    int
		why     string
	}{
		{"refused by the target: Close 1014", false, refused, "", explain.DialFailed, 0, 1014, "target refused the connection"},
		{"refused by the target: 502", true, refused, "", explain.DialFailed, 502, 0, "target refused the connection"},
		{"not found: Close 1014", false, missing, "", explain.DialFailed, 0, 1014, "target not found"},
		{"a foreign origin: 403", false, refused, "Origin: http://evil.example", explain.Refused, 403, 0, "evil.example"},
		{"no handshake: 400", false, refused, "Sec-WebSocket-Key: a second one", explain.Refused, 400, 0, "Sec-WebSocket-Key"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			o := slowLimits()
			o.DialFailureHTTP = row.http
			w := watchAll(t, &o)
			r := newRigTo(t, o, row.target, nil)
			c := r.rawDial()
			if row.request == "" {
				row.request = "X-Nothing: more"
			}
			c.write(handshake(r.addr, "/", row.request))
			if status := c.status(); row.status != 0 && status != row.status {
				t.Errorf("status %d, want %d", status, row.status)
			}
			if row.code != 0 {
				c.wantRest("", row.code, row.why)
			}
			c.Close()
			events := w.events(t)
			fate := w.last().Fate()
			if fate == nil || fate.Kind != row.kind || !strings.Contains(fate.Why, row.why) || fate.Code != row.code || row.status != 0 && fate.Status != row.status {
				t.Fatalf("fate %+v, want %s %q", fate, row.kind, row.why)
			}
			if row.code != 0 {
				wantCloseFrame(t, events, fate)
			}
			dials, failed := find(events, "", "", explain.Pair, explain.Dial), find(events, explain.B, "", explain.Socket, explain.ConnectFailed)
			if want := row.kind == explain.DialFailed; (len(dials) == 1) != want || (len(failed) == 1) != want {
				t.Errorf("%d dials, %d failed:\n%s", len(dials), len(failed), list(events))
			}
			if len(failed) == 1 && (failed[0].Error == "" || strings.Contains(failed[0].Error, "127.0.0.1")) {
				t.Errorf("the system's words: %q", failed[0].Error)
			}
			answered := find(events, explain.A, explain.Out, explain.HTTPText, explain.Response)
			if len(answered) != 1 || row.status != 0 && (answered[0].HTTP.Status != row.status || !strings.Contains(answered[0].HTTP.Body, row.why)) {
				t.Errorf("answer %s", list(answered))
			}
		})
	}
}

// An operator's target is never treated otherwise because somebody watches.
func TestWishesAreForPractice(t *testing.T) {
	w := &watcher{hub: explain.NewHub(explain.HubOptions{}), wishes: explain.Wishes{HoldFIN: 1, Ping: 2, PongTimeout: 3, Idle: 4}}
	defer w.hub.Close()
	s := w.watch(nil)
	defer s.End()
	for _, route := range []*Route{{}, {Practice: true}, {Echo: true}} {
		p := &pair{route: route, session: s}
		want := explain.Wishes{}
		if route.Practice {
			want = w.wishes
		}
		if got := p.wishes(); got != want {
			t.Errorf("route %+v: wishes %+v, want %+v", route, got, want)
		}
	}
	if got := (&pair{route: &Route{Practice: true}}).wishes(); got != (explain.Wishes{}) {
		t.Errorf("nobody watches: wishes %+v", got)
	}
}

// leave reads to the end and ends the client's side too, so that the bridge need not wait for it.
func leave(c *client) {
	c.t.Helper()
	c.rest()
	c.Close()
}

// echoAndClose is a target with manners: it answers FIN with FIN.
func echoAndClose(target net.Conn) {
	defer target.Close()
	io.Copy(target, target)
}

func wishfulRig(t *testing.T, wishes explain.Wishes) (*rig, *watcher) {
	r, w := practiceRig(t, slowLimits())
	w.wishes = wishes
	r.rules.Load().Routes[0].Practice = true
	return r, w
}

func TestWishes(t *testing.T) {
	t.Run("hold FIN back", func(t *testing.T) {
		const hold = 60 * time.Millisecond
		r, w := wishfulRig(t, explain.Wishes{HoldFIN: hold})
		c, target := r.connect()
		go echoAndClose(target)
		c.sendClose(1000, "")
		leave(c)
		events := w.events(t)
		closed, fin := find(events, explain.A, explain.Out, explain.Frame, explain.CloseFrame), find(events, explain.A, explain.Out, explain.Socket, explain.Shutdown)
		if len(closed) != 1 || len(fin) != 1 || fin[0].T-closed[0].T < hold.Microseconds() {
			t.Errorf("Close frame and FIN:\n%s, want %v between them", list(append(closed, fin...)), hold)
		}
	})
	t.Run("ping", func(t *testing.T) {
		r, w := wishfulRig(t, explain.Wishes{Ping: 5 * time.Millisecond, PongTimeout: patience})
		c, target := r.connect()
		go echoAndClose(target)
		if f, err := c.next(); err != nil || f.opcode != ping {
			t.Errorf("got opcode %d, %v; want a ping", f.opcode, err)
		}
		c.sendClose(1000, "")
		leave(c)
		w.wantCause(t, "client closed")
	})
	t.Run("pong timeout", func(t *testing.T) {
		r, w := wishfulRig(t, explain.Wishes{Ping: 5 * time.Millisecond, PongTimeout: 20 * time.Millisecond})
		c, target := r.connect()
		go echoAndClose(target)
		leave(c)
		w.wantCause(t, "no sign of life from the client")
	})
	t.Run("idle", func(t *testing.T) {
		r, w := wishfulRig(t, explain.Wishes{Idle: 20 * time.Millisecond})
		c, target := r.connect()
		go echoAndClose(target)
		c.wantClose("", 1001, "idle limit")
		c.sendClose(1001, "")
		leave(c)
		w.wantCause(t, "idle limit")
	})
}
