package ws

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// result is what readAll returned.
type result struct {
	payload string
	err     error
}

func readInto(c *Conn, done chan<- result) {
	payload, err := readAll(c, 4096)
	done <- result{payload, err}
}

func TestPingIsAnswered(t *testing.T) {
	longest := strings.Repeat("p", maxControlPayload)
	tests := []struct{ claim, frames, pong string }{
		{"with the same payload", frame(fin|opPing, "are you there?"), "are you there?"},
		{"with no payload", frame(fin|opPing, ""), ""},
		{"with 125 bytes", frame(fin|opPing, longest), longest},
		{"with bytes that are not UTF-8", frame(fin|opPing, "\xff\x00\xe2"), "\xff\x00\xe2"},
		{"between fragments", frame(opText, "a") + frame(fin|opPing, "between"), "between"},
		{"between fragments inside a character", frame(opText, "a\xe2") + frame(fin|opPing, "between"), "between"},
		{"behind a pong", frame(fin|opPong, "pong") + frame(fin|opPing, "ping"), "ping"},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			c, cl := connect(t, Options{})
			done := make(chan result, 1)
			go readInto(c, done)
			cl.send(tt.frames)
			cl.receive(serverFrame(fin|opPong, tt.pong))
			cl.CloseWrite()
			<-done
			closeWrite(c)
			cl.receiveEnd()
		})
	}
}

func TestPingThatTricklesIn(t *testing.T) {
	c, cl := connect(t, Options{})
	done := make(chan result, 1)
	go readInto(c, done)
	for b := range strings.SplitSeq(frame(opBinary, "a")+frame(fin|opPing, "slow")+frame(fin, "b"), "") {
		cl.send(b)
	}
	cl.receive(serverFrame(fin|opPong, "slow"))
	cl.CloseWrite()
	if got := <-done; got.payload != "ab" || got.err != io.ErrUnexpectedEOF {
		t.Errorf("got %q, %v, want %q", got.payload, got.err, "ab")
	}
}

// The library would give a control frame five seconds, to come and to be answered.
func TestControlFramesMayTakeMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		frames := frame(fin|opText, "a") + frame(fin|opPing, strings.Repeat("p", 125)) + frame(fin|opText, "b") + frame(fin|opClose, closePayload(1000, "slow"))
		s := &script{reads: strings.Split(frames, ""), pause: 3 * time.Second}
		c := play(t, Options{}, s)
		if got, err := readAll(c, 4096); got != "ab" || err != io.EOF {
			t.Errorf("got %q, %v, want %q, EOF", got, err, "ab")
		}
		c.Release()
		if got, want := s.sent(), serverFrame(fin|opPong, strings.Repeat("p", 125)); got != want {
			t.Errorf("answered %q, want %q", got, want)
		}
	})
}

// A client that does not read cannot be answered, and that must not keep its data from being read.
func TestPingsFromAClientThatDoesNotRead(t *testing.T) {
	const pings = 200
	c, cl := connect(t, Options{})
	cl.SetReadBuffer(64 << 10)
	large := strings.Repeat("0123456789abcdef", 1<<20)
	wrote := make(chan error, 1)
	go writeTo(c, large, wrote)

	want := ""
	for i := range pings {
		cl.send(frame(fin|opPing, fmt.Sprint("ping ", i)) + frame(fin|opBinary, fmt.Sprint("data ", i)))
		want += fmt.Sprint("data ", i)
		got := make([]byte, len(fmt.Sprint("data ", i)))
		if _, err := io.ReadFull(c, got); err != nil || string(got) != fmt.Sprint("data ", i) {
			t.Fatalf("message %d: got %q, %v", i, got, err)
		}
		c.Ping() // returns, too
	}
	select {
	case err := <-wrote:
		t.Fatalf("Write of %d bytes returned %v before the client read", len(large), err)
	default:
	}

	var data strings.Builder
	pinged := false
	for last := -1; last < pings-1 || data.Len() < len(large) || !pinged; {
		first, payload, err := readFrame(cl.in)
		if err != nil {
			t.Fatalf("after %d bytes of data and pong %d: %v", data.Len(), last, err)
		}
		switch first {
		case fin | opBinary:
			data.WriteString(payload)
		case fin | opPing:
			pinged = true
		case fin | opPong:
			var i int
			if _, err := fmt.Sscanf(payload, "ping %d", &i); err != nil || i <= last {
				t.Fatalf("pong %q after pong %d", payload, last)
			}
			last = i
		default:
			t.Fatalf("frame % x, %.50q", first, payload)
		}
	}
	if err := <-wrote; err != nil || data.String() != large {
		t.Errorf("Write: %v, and %d bytes came, want the %d of it", err, data.Len(), len(large))
	}
}

func writeTo(c *Conn, data string, done chan<- error) {
	_, err := io.WriteString(c, data)
	done <- err
}

func TestPing(t *testing.T) {
	c, cl := connect(t, Options{})
	c.Ping()
	cl.receive("\x89\x00")
	c.Ping()
	cl.receive("\x89\x00")
	c.WriteClose(1000, "")
	cl.receive("\x88\x02\x03\xe8")
	c.Ping()
	c.Release()
	closeWrite(c)
	cl.receiveEnd()
}

func TestNothingIsSentAfterRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{}
		c := play(t, Options{Messages: Mirror}, s)
		tellType(c, s, "<t")
		c.Write([]byte("\xe2"))
		c.Release()
		c.Ping()
		time.Sleep(2 * mirrorWait)
		synctest.Wait()
		if got := s.sent(); got != "" {
			t.Errorf("sent %q, want nothing", got)
		}
	})
}

func TestPingAfterCloseIsNotAnswered(t *testing.T) {
	c, cl := connect(t, Options{})
	c.WriteClose(1001, "")
	cl.send(frame(fin|opPing, "still there?") + frame(fin|opClose, ""))
	if _, err := readAll(c, 1); err != io.EOF {
		t.Errorf("got %v, want EOF", err)
	}
	c.Release()
	closeWrite(c)
	cl.receive("\x88\x02\x03\xe9")
	cl.receiveEnd()
}

func TestReleaseWaitsForAControlFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{pause: time.Minute}
		c := play(t, Options{}, s)
		c.Ping()
		synctest.Wait() // it is being written
		c.Release()
		if got, want := s.sent(), "\x89\x00"; got != want {
			t.Errorf("sent %q when Release returned, want %q", got, want)
		}
	})
}

// slowly is a Stream whose every write takes long, and which says that one has begun.
type slowly struct {
	script
	began chan struct{} // room for all
}

func (s *slowly) WriteBuffers(v *net.Buffers) error {
	s.began <- struct{}{}
	time.Sleep(slowWrite + time.Millisecond)
	return s.script.WriteBuffers(v)
}

// A ping for a client that is slow to take data goes behind a message or two, not behind all that Write was given.
func TestControlFramesDoNotWaitForAllOfALargeWrite(t *testing.T) {
	s := &slowly{began: make(chan struct{}, 3*together)}
	c := play(t, Options{}, s)
	wrote := make(chan error, 1)
	go writeTo(c, strings.Repeat("x", 2*together*maxMessage), wrote)
	<-s.began // with as many messages as one call takes
	<-s.began // with one
	c.Ping()
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	c.Release()
	firsts, _ := framesOf(t, &s.script)
	if at := slices.Index(firsts, fin|opPing); at < together || at > 2*together-4 {
		t.Errorf("the ping is frame %d of %d", at, len(firsts))
	}
}
