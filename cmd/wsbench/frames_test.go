package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
)

func fromServer(first byte, payload string) string {
	switch n := len(payload); {
	case n < 126:
		return string([]byte{first, byte(n)}) + payload
	case n < 1<<16:
		return string([]byte{first, 126, byte(n >> 8), byte(n)}) + payload
	default:
		return string([]byte{first, 127, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + payload
	}
}

// take feeds stream in pieces of at most size bytes and returns what it carried.
func take(stream string, size int) (data string, controls []string, err error) {
	var f frames
	var b strings.Builder
	defer func() { data = b.String() }()
	for len(stream) > 0 {
		p := []byte(stream[:min(size, len(stream))])
		stream = stream[len(p):]
		for len(p) > 0 {
			rest, d, control, err := f.next(p)
			if err != nil {
				return "", controls, err
			}
			b.Write(d)
			if control != 0 {
				controls = append(controls, string(control)+string(f.control))
			}
			p = rest
		}
	}
	return "", controls, nil
}

func TestFramesHoweverCut(t *testing.T) {
	medium, large := strings.Repeat("m", 300), strings.Repeat("l", 1<<16)
	stream := fromServer(finBit|opBinary, "a") + fromServer(opBinary, medium) + fromServer(finBit|opPing, "") + fromServer(0, "") +
		fromServer(finBit|opPing, "p") + fromServer(finBit, large) + fromServer(finBit|opBinary, "") + fromServer(finBit|opClose, "\x03\xe8")
	for _, size := range []int{1, 2, 3, 7, 301, len(stream)} {
		data, controls, err := take(stream, size)
		if want := "a" + medium + large; data != want || err != nil {
			t.Errorf("pieces of %d: got %d bytes, %v, want %d", size, len(data), err, len(want))
		}
		if got, want := strings.Join(controls, "|"), "\x09|\x09p|\x08\x03\xe8"; got != want {
			t.Errorf("pieces of %d: control frames %q, want %q", size, got, want)
		}
	}
}

func TestFramesThatAServerMustNotSend(t *testing.T) {
	for _, tt := range []struct{ claim, stream string }{
		{"masked", "\x82\x81abcdx"},
		{"a reserved bit", "\xc2\x01x"},
		{"text", fromServer(finBit|1, "x")},
		{"an unknown opcode", fromServer(finBit|3, "x")},
		{"a continuation of nothing", fromServer(finBit, "x")},
		{"a message inside a message", fromServer(opBinary, "x") + fromServer(finBit|opBinary, "x")},
		{"a ping in fragments", fromServer(opPing, "x")},
		{"a long ping", fromServer(finBit|opPing, strings.Repeat("x", 126))},
		{"a length with the highest bit", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"},
	} {
		if _, _, err := take(tt.stream, 1); err == nil {
			t.Errorf("%s: got no error", tt.claim)
		}
	}
}

func TestLoad(t *testing.T) {
	for _, size := range []int{64, 1 << 10, 64 << 10, period} {
		l := newLoad(size, true)
		if len(l.wire) != l.step*(period/size) {
			t.Fatalf("messages of %d: %d bytes for a period, want %d times %d", size, len(l.wire), l.step, period/size)
		}
		var stream []byte
		for i := range int64(period / size) {
			m := append([]byte{}, l.messages(i, 1)...)
			payload := m[l.step-size:]
			if key := m[l.step-size-4 : l.step-size]; !bytes.Equal(key, maskingKey[:]) || m[0] != finBit|opBinary {
				t.Fatalf("messages of %d: message %d begins % x", size, i, m[:l.step-size])
			}
			for j := range payload {
				payload[j] ^= maskingKey[j%4]
			}
			stream = append(stream, payload...)
		}
		if !bytes.Equal(stream, pattern()) {
			t.Errorf("messages of %d do not carry the stream", size)
		}
		if got := newLoad(size, false).messages(1, 1); !bytes.Equal(got, pattern()[size%period:][:size]) && size < period {
			t.Errorf("without frames, the second message of %d is not the stream's", size)
		}
	}
}

// An idle client may be asked whether it lives, and its answer must not land inside a frame.
func TestPingsAreAnsweredBetweenFrames(t *testing.T) {
	for _, inside := range []bool{false, true} {
		near, far := net.Pipe()
		c := &client{conn: near, ws: true, inside: inside}
		fed := make(chan error, 1)
		go feedAndClose(c, fromServer(finBit|opPing, "there?"), fed)
		got, _ := io.ReadAll(far)
		want := string(appendFrame(nil, opPong, []byte("there?")))
		if inside {
			want = ""
		}
		if err := <-fed; string(got) != want || err != nil {
			t.Errorf("inside a frame %v: answered % x, %v, want % x", inside, got, err, want)
		}
	}
}

func feedAndClose(c *client, p string, done chan<- error) {
	done <- c.feed([]byte(p))
	c.conn.Close()
}
