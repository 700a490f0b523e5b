package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

func TestWriteHeaderForms(t *testing.T) {
	tests := []struct {
		length int
		header string
	}{
		{1, "\x82\x01"},
		{125, "\x82\x7d"},
		{126, "\x82\x7e\x00\x7e"},
		{127, "\x82\x7e\x00\x7f"},
		{65535, "\x82\x7e\xff\xff"},
		{65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
		{1 << 20, "\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x00"},
	}
	addr, accepted := serve(t, Options{}, newSocket)
	raw := dial(t, addr)
	toRaw := raw.open("", accepted)
	lib, _, err := websocket.Dial(context.Background(), "ws://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lib.CloseNow()
	lib.SetReadLimit(-1)
	toLib := <-accepted
	defer toLib.Release()
	defer toLib.stream.(socket).Close()
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.length, " bytes"), func(t *testing.T) {
			payload := strings.Repeat("0123456789", 1<<20)[:tt.length]
			for _, c := range []*Conn{toRaw, toLib} {
				sent := c.Sent()
				wrote := make(chan error, 1)
				go writeFrame(c, payload, wrote)
				if c == toRaw {
					raw.receive(tt.header + payload)
				} else if kind, got, err := lib.Read(context.Background()); err != nil || kind != websocket.MessageBinary || string(got) != payload {
					t.Errorf("the library read a %v message of %d bytes, %v, want %d", kind, len(got), err, tt.length)
				}
				if err := <-wrote; err != nil || c.Sent()-sent != int64(tt.length) {
					t.Errorf("echoFrame: %v, Sent() grew by %d, want %d", err, c.Sent()-sent, tt.length)
				}
			}
		})
	}
}

func writeFrame(c *Conn, payload string, done chan<- error) {
	done <- c.echoFrame(true, opBinary, []byte(payload))
}

// binaries are the messages in which Write sends a payload.
func binaries(payload string) string {
	var b strings.Builder
	for len(payload) > maxMessage {
		b.WriteString(serverFrame(fin|opBinary, payload[:maxMessage]))
		payload = payload[maxMessage:]
	}
	b.WriteString(serverFrame(fin|opBinary, payload))
	return b.String()
}

// A client that uses the library reads what is written, however long, without being told of a limit.
func TestNoMessageIsTooLongForTheLibrary(t *testing.T) {
	r := seeded(1)
	var text strings.Builder
	for text.Len() < together*maxMessage {
		text.WriteString(someBytes(r, false))
	}
	for _, messages := range []Messages{Binary, Text, Mirror} {
		for _, size := range []int{maxMessage - 1, maxMessage, maxMessage + 1, 2*maxMessage + 2, 5 * maxMessage, together * maxMessage, 2*together*maxMessage + 99} {
			t.Run(fmt.Sprintf("%s of %d bytes", messages, size), func(t *testing.T) {
				addr, accepted := serve(t, Options{Messages: messages}, newSocket)
				lib, _, err := websocket.Dial(context.Background(), "ws://"+addr, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer lib.CloseNow()
				c := <-accepted
				defer c.Release()
				defer c.stream.(socket).Close()
				lib.Write(context.Background(), websocket.MessageText, []byte("t"))
				c.Read(make([]byte, 1))
				payload := strings.Repeat(text.String(), 3)[:size]
				wrote := make(chan error, 1)
				go writeAndClose(c, payload, wrote)
				var got strings.Builder
				for {
					_, part, err := lib.Read(context.Background())
					if err != nil {
						if websocket.CloseStatus(err) != 1000 {
							t.Error(err)
						}
						break
					}
					got.Write(part)
				}
				want := payload
				if messages == Text {
					want, _ = inText(payload)
				}
				if got.String() != want {
					t.Errorf("got %d bytes, want %d", got.Len(), len(want))
				}
				if err := <-wrote; err != nil || c.Sent() != int64(size) {
					t.Errorf("Write: %v, Sent() = %d, want %d", err, c.Sent(), size)
				}
			})
		}
	}
}

func writeAndClose(c *Conn, data string, done chan<- error) {
	_, err := io.WriteString(c, data)
	c.WriteClose(NormalClosure, "")
	done <- err
}

func TestWriteOfNothingSendsNothing(t *testing.T) {
	for _, messages := range []Messages{"", Binary, Text, Mirror} {
		c, cl := connect(t, Options{Messages: messages})
		if n, err := c.Write(nil); n != 0 || err != nil {
			t.Errorf("%q: Write: %d, %v, want 0 and no error", messages, n, err)
		}
		c.WriteClose(1000, "")
		cl.receive("\x88\x02\x03\xe8")
	}
}

func TestWriteClose(t *testing.T) {
	long := strings.Repeat("r", 123)
	tests := []struct {
		claim  string
		code   StatusCode
		reason string
		want   string // payload of the Close frame
	}{
		{"code and reason", 1001, "going away", "\x03\xe9going away"},
		{"no reason", 4999, "", "\x13\x87"},
		{"1005 has no code", 1005, "", ""},
		{"1005 has no reason", 1005, "none", ""},
		{"the longest reason", 1000, long, "\x03\xe8" + long},
		{"a longer reason is cut", 1000, long + "x", "\x03\xe8" + long},
		{"a far longer reason is cut", 1000, strings.Repeat(long, 99), "\x03\xe8" + long},
		{"a reason is not cut inside a character", 1000, long[1:] + "\u20ac", "\x03\xe8" + long[1:]},
		{"nor inside a longer one", 1000, long[3:] + "\U0001F642", "\x03\xe8" + long[3:]},
		{"a character that fits stays", 1000, long[4:] + "\U0001F642x", "\x03\xe8" + long[4:] + "\U0001F642"},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			c, cl := connect(t, Options{})
			if err := c.WriteClose(tt.code, tt.reason); err != nil {
				t.Errorf("WriteClose: %v", err)
			}
			if err := c.WriteClose(1011, "second"); err != nil {
				t.Errorf("second WriteClose: %v", err)
			}
			if n, err := c.Write([]byte("late")); n != 0 || err != ErrCloseSent {
				t.Errorf("Write after WriteClose: %d, %v, want 0, %v", n, err, ErrCloseSent)
			}
			closeWrite(c)
			first, got, err := readFrame(cl.in)
			if first != fin|opClose || got != tt.want || err != nil {
				t.Errorf("got frame % x, %q, %v, want Close with %q", first, got, err, tt.want)
			}
			if len(got) > 2 && !utf8.ValidString(got[2:]) {
				t.Errorf("reason %q is not UTF-8 (RFC 6455 section 5.5.1)", got[2:])
			}
			cl.receiveEnd()
		})
	}
}

// Whoever writes at the same time: whole frames, in each writer's order, one Close frame, and nothing behind it.
func TestConcurrentWritesNeverMix(t *testing.T) {
	for seed := range uint64(20) {
		c, cl := connect(t, Options{})
		done := make(chan result, 1)
		go readInto(c, done)
		var writers sync.WaitGroup
		for i := range 4 {
			writers.Add(1)
			go writeMessages(t, c, seeded(seed*10+uint64(i)), byte('a'+i), &writers)
		}
		closed := make(chan struct{})
		go closeAfterPings(c, closed)
		cl.send(strings.Repeat(frame(fin|opPing, "ping"), 30))

		seen := map[byte]int{}
		for {
			first, payload, err := readFrame(cl.in)
			if err != nil {
				t.Fatal(err)
			}
			if first == fin|opClose {
				break
			}
			if first != fin|opBinary {
				if first != fin|opPing && first != fin|opPong || payload != "" && payload != "ping" {
					t.Fatalf("frame % x, %.50q", first, payload)
				}
				continue
			}
			who, size := payload[0], 0
			fmt.Sscanf(payload[1:], "%d ", &size)
			if n := seen[who]; payload != message(who, n, size) {
				t.Fatalf("message %d of %c: got %.50q", n, who, payload)
			}
			seen[who]++
		}
		<-closed
		writers.Wait()
		cl.CloseWrite()
		<-done
		c.Release()
		closeWrite(c)
		cl.receiveEnd()
	}
}

// message is the n-th message of a writer, about as long as size says.
func message(who byte, n, size int) string {
	return fmt.Sprintf("%c%d %d ", who, size, n) + strings.Repeat(string(who), size)
}

// writeMessages writes until the Close frame has been sent.
func writeMessages(t *testing.T, c *Conn, r *rand.Rand, who byte, writers *sync.WaitGroup) {
	defer writers.Done()
	for n := 0; ; n++ {
		_, err := io.WriteString(c, message(who, n, r.IntN(20_000)))
		if err == nil {
			continue
		}
		if err != ErrCloseSent {
			t.Errorf("Write: %v, want %v", err, ErrCloseSent)
		}
		return
	}
}

// closeAfterPings sends a few pings and then, from two goroutines, Close.
func closeAfterPings(c *Conn, done chan<- struct{}) {
	for range 50 {
		c.Ping()
	}
	second := make(chan error)
	go closeInto(c, second)
	c.WriteClose(1000, "")
	<-second
	close(done)
}

func closeInto(c *Conn, done chan<- error) { done <- c.WriteClose(1001, "") }

// failing is a Stream whose second write takes only part of what it is given, and which then works again.
type failing struct {
	script
	writes int
}

var errOnce = errors.New("cut short")

func (s *failing) WriteBuffers(v *net.Buffers) error {
	if s.writes++; s.writes == 2 {
		s.Write([]byte("part"))
		return errOnce
	}
	return s.script.WriteBuffers(v)
}

func TestNothingIsWrittenAfterAWriteError(t *testing.T) {
	s := &failing{}
	c := play(t, Options{}, s)
	if _, err := c.Write([]byte("first")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n, err := c.Write([]byte("next")); n != 0 || err != errOnce {
			t.Errorf("Write: %d, %v, want 0, %v", n, err, errOnce)
		}
	}
	broken := make(chan struct{}, 1)
	c.WhenBroken(func() { broken <- struct{}{} })
	c.Ping()
	select {
	case <-broken:
	case <-time.After(patience):
		t.Error("nobody said that the ping could not be written")
	}
	if err := c.WriteClose(1000, ""); err != errOnce {
		t.Errorf("WriteClose: %v, want %v", err, errOnce)
	}
	if err := c.WriteErr(); err != errOnce {
		t.Errorf("WriteErr() = %v, want %v", err, errOnce)
	}
	c.Release()
	if got, want := s.sent(), serverFrame(fin|opBinary, "first")+"part"; got != want {
		t.Errorf("written %q, want %q", got, want)
	}
	if c.Sent() != int64(len("first")) {
		t.Errorf("Sent() = %d, want %d", c.Sent(), len("first"))
	}
}
