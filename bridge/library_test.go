package bridge

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"wsbridge/tcp"
)

// The tests here are the facts about github.com/coder/websocket that would hurt a bridge which used it plainly; each
// fails without the care taken in ws and tcp.

// Conn.Close blocks for ever on a peer that stalls inside a frame, and CloseNow cannot free it.
func TestStallInsideFrameHoldsNothing(t *testing.T) {
	for claim, begun := range map[string]string{
		"in the header":          "\x82",
		"in the payload":         masked(true, binary, "payload")[:8],
		"in a control frame":     masked(true, ping, "payload")[:8],
		"behind a first message": masked(true, text, "whole") + "\x81\xfe\x01",
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			o := slowLimits()
			o.DrainTimeout = 100 * time.Millisecond
			r := newRig(t, o)
			c, target := r.connect()
			c.write(begun)
			target.(*net.TCPConn).CloseWrite()
			c.wantRest("", 1000, "target closed")
			io.Copy(io.Discard, target)
			r.wantCause("target closed")
		})
	}
}

// Reading fills the whole buffer of a frame before it returns.
func TestSlowFrameIsForwardedAsItComes(t *testing.T) {
	r := newRig(t, slowLimits())
	c, target := r.connect()
	data := random(1 << 20)
	frame := masked(true, binary, data)
	c.write(frame[:14+5])
	wantRead(t, target, data[:5])
	c.write(frame[14+5 : 14+6])
	wantRead(t, target, data[5:6])
	written := make(chan struct{})
	go writeAll(c.Conn, frame[14+6:], written)
	wantRead(t, target, data[6:])
	<-written
}

// A message of any size costs a buffer.
func TestHugeMessageIsStreamed(t *testing.T) {
	size := 256 << 20
	if testing.Short() {
		size = 16 << 20
	}
	r := newRig(t, slowLimits())
	c, target := r.connect()
	before := heap()
	sent := make(chan struct{})
	go sendZeros(c, size, sent)
	got, err := io.CopyN(io.Discard, target, int64(size))
	if err != nil {
		t.Fatalf("target got %d of %d bytes: %v", got, size, err)
	}
	<-sent
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("heap grew by %d bytes for a message of %d, want a buffer's worth", grown, size)
	}
}

func sendZeros(c *client, size int, done chan<- struct{}) {
	defer close(done)
	c.SetDeadline(time.Now().Add(5 * patience))
	header := masked(true, binary, "")
	header = header[:1] + "\xff" + string([]byte{0, 0, 0, 0, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}) + "\x00\x00\x00\x00"
	io.WriteString(c.Conn, header)
	for block := make([]byte, 1<<20); size > 0; size -= len(block) {
		c.Conn.Write(block)
	}
}

// A ping from a client that is not reading kills the connection after 5 s, because its pong has that long.
func TestPingFromClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 6 s: longer than the library's limit for a pong")
	}
	r := newRig(t, slowLimits())
	c, target := r.connect()
	data := random(16 << 20) // more than the kernel takes
	written := make(chan struct{})
	go writeAll(target, data, written)
	c.br.Peek(1)
	c.send(ping, "are you there")
	c.send(text, "up")
	wantRead(t, target, "up")
	time.Sleep(6 * time.Second)
	c.send(text, "still up")
	wantRead(t, target, "still up")
	got, pongs := readUntil(t, c, len(data))
	<-written
	if got != data || strings.Join(pongs, "|") != "are you there" {
		t.Errorf("client got %d bytes (right: %v) and pongs %q, want %d and one", len(got), got == data, pongs, len(data))
	}
	c.sendClose(1000, "")
	wantFIN(t, target, "")
}

// readUntil reads frames until n payload bytes and a pong have come.
func readUntil(t *testing.T, c *client, n int) (payload string, pongs []string) {
	t.Helper()
	var all bytes.Buffer
	for all.Len() < n || len(pongs) == 0 {
		f, err := c.next()
		if err != nil {
			t.Fatalf("after %d bytes: %v", all.Len(), err)
		}
		if f.opcode == pong {
			pongs = append(pongs, string(f.payload))
		} else {
			all.Write(f.payload)
		}
	}
	return all.String(), pongs
}

// Ping fails behind a slow write. A client that takes data slowly is alive, whatever its pongs do.
func TestSlowReaderIsNotTakenForDead(t *testing.T) {
	t.Parallel()
	o := slowLimits()
	o.PingInterval, o.PingTimeout = 100*time.Millisecond, 100*time.Millisecond
	r := newRig(t, o)
	data := random(12 << 20) // more than the kernel takes
	c, target := r.connect()
	written := make(chan struct{})
	go writeAll(target, data, written)
	time.Sleep(time.Second) // 10 ping timeouts without a byte from the client
	var all bytes.Buffer
	for all.Len() < len(data) {
		f, err := c.next()
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", all.Len(), len(data), err)
		}
		switch f.opcode {
		case ping:
			c.send(pong, string(f.payload))
		case binary:
			all.Write(f.payload)
		}
	}
	<-written
	if all.String() != data {
		t.Error("the client got other bytes than the target sent")
	}
	c.sendClose(1000, "")
}

// net/http may have read the first frames together with the request.
func TestFramesSentWithTheHandshake(t *testing.T) {
	r := newRig(t, slowLimits())
	c := r.rawDial()
	c.write(handshake(r.addr, "/") + masked(true, text, "eager ") + masked(true, text, "client"))
	target := r.accept()
	wantRead(t, target, "eager client")
	if got := c.status(); got != 101 {
		t.Errorf("got status %d, want 101", got)
	}
}

// A second Close frame makes browsers report an error and 1006.
func TestOneCloseFrameWhenBothSidesClose(t *testing.T) {
	for i := range 50 {
		r := newRig(t, slowLimits())
		c, target := r.connect()
		io.WriteString(target, "x")
		go target.(*net.TCPConn).CloseWrite()
		c.sendClose(1000, "")
		payload, code, _ := c.rest() // rest complains about a frame behind a Close frame
		if code != 1000 || payload != "x" && payload != "" {
			t.Fatalf("round %d: got %q and Close %d, want 1000", i, payload, code)
		}
	}
}

// What a client sent before it closed reaches a target that reads slowly and talks while it does: closing the
// socket under a full send queue would lose the queue at the target's next byte.
func TestUploadToSlowTalkingTarget(t *testing.T) {
	t.Parallel()
	r := newRig(t, slowLimits())
	c, target := r.connect()
	data := random(3 << 20)
	c.send(binary, data)
	c.sendClose(1000, "")
	c.wantRest("", 1000, "")
	c.Close()
	var got bytes.Buffer
	block := make([]byte, 64<<10)
	for begun := time.Now(); ; {
		if time.Since(begun) < 3*linger { // longer than the bridge would wait for a silent target
			time.Sleep(20 * time.Millisecond)
			io.WriteString(target, "progress")
		}
		n, err := target.Read(block)
		got.Write(block[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("target lost the rest after %d of %d bytes: %v", got.Len(), len(data), err)
		}
	}
	if got.String() != data {
		t.Errorf("target got %d bytes, want %d", got.Len(), len(data))
	}
}

// Three sends to the built-in echo are three messages, always; large ones and empty ones too.
func TestBuiltInEcho(t *testing.T) {
	r := newRig(t, slowLimits())
	for i := range 60 {
		c := r.dial("/echo", "Origin: null")
		sent := []string{"A", "BB", "CCC", "", "发送数据", strings.Repeat("x", 100_000+i)}
		for _, s := range sent {
			c.send(text, s)
		}
		for _, want := range sent {
			if got := message(t, c); got != want {
				t.Fatalf("round %d: got message %.20q, want %.20q", i, got, want)
			}
		}
		c.sendClose(4000, "done")
		c.wantRest("", 4000, "done")
		c.Close()
	}
}

// message is the next message, from as many fragments as it takes.
func message(t *testing.T, c *client) string {
	t.Helper()
	var all bytes.Buffer
	for first := true; ; first = false {
		f, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if want := byte(text); first && f.opcode != want || !first && f.opcode != 0 {
			t.Fatalf("got opcode %d (first fragment: %v)", f.opcode, first)
		}
		all.Write(f.payload)
		if f.fin {
			return all.String()
		}
	}
}

// A panic of ours ends its pair and is told to the owner.
func TestPanicInPumpIsReported(t *testing.T) {
	r := newRig(t, slowLimits())
	p := &pair{bridge: r.Bridge, log: r.Bridge.log, ends: make(chan end, 2)}
	p.watch.over = true // there is an owner
	p.down()            // without a client or a target
	if e := <-p.ends; p.causeOf(e) != internalError {
		t.Errorf("got %v, want an internal error", e)
	}
	r.log.wait(t, "bug: a relay panicked")
}

// A panic of ours in what a timer calls ends its pair as the close table says, and no other pair.
func TestPanicInATimerEndsThePair(t *testing.T) {
	r := newRig(t, slowLimits())
	c, _ := r.connect()
	r.mu.Lock()
	for p := range r.pairs {
		time.AfterFunc(0, func() {
			defer p.survive()
			panic("for a test")
		})
	}
	r.mu.Unlock()
	c.wantClose("", 1011, "internal error")
	r.wantCause("internal error")
	r.log.wait(t, "bug: a relay panicked")
}

// A wrapper that embeds *net.TCPConn has its ReadFrom and WriteTo, and io.Copy goes around the wrapper.
func TestWrapperHidesShortcuts(t *testing.T) {
	var conn any = tcp.NewConn(nil, 0)
	if _, has := conn.(io.ReaderFrom); has {
		t.Error("tcp.Conn has ReadFrom")
	}
	if _, has := conn.(io.WriterTo); has {
		t.Error("tcp.Conn has WriteTo")
	}
}
