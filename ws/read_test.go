package ws

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// legalFrames are frames in every legal form, and the payload that each carries.
func legalFrames() (frames, payloads []string) {
	add := func(first byte, payload string) {
		frames = append(frames, frame(first, payload))
		if first&0x8 != 0 {
			payload = ""
		}
		payloads = append(payloads, payload)
	}
	add(fin|opBinary, "one")
	add(fin|opText, "z\u00fcrich \u20ac \U0001F642")
	add(fin|opBinary, "") // empty message
	add(fin|opPong, "nobody asked")
	add(opBinary, "in fr")
	add(fin|opPing, "between")
	add(opContinuation, "")
	add(opContinuation, "agme")
	add(fin|opPing, "")
	add(fin|opContinuation, "nts")
	add(opText, "") // empty first fragment
	add(opContinuation, "\xe2")
	add(fin|opPong, "")
	add(opContinuation, "")
	add(opContinuation, "\x82")
	add(fin|opContinuation, "\xac")
	add(opText, "empty last")
	add(fin|opContinuation, "")
	add(opBinary, "")
	add(opContinuation, "")
	add(fin|opContinuation, "") // empty in three fragments
	add(fin|opBinary, strings.Repeat("a", 126))
	add(fin|opText, strings.Repeat("b", 70_000))
	add(opBinary, strings.Repeat("c", readBuffer))
	add(fin|opPing, strings.Repeat("p", maxControlPayload))
	add(fin|opContinuation, strings.Repeat("d", 3))
	add(fin|opBinary, "\x00\xff")
	return frames, payloads
}

func TestReadGivesTheSamePayloadForAnySplit(t *testing.T) {
	frames, payloads := legalFrames()
	wire := strings.Join(frames, "") + frame(fin|opClose, closePayload(4321, "done"))
	want := strings.Join(payloads, "")
	check := func(claim string, all func(*Conn) (string, error), reads ...string) {
		t.Run(claim, func(t *testing.T) {
			c := play(t, Options{}, &script{reads: slices.Clone(reads)})
			defer c.Release()
			got, err := all(c)
			if got != want {
				t.Errorf("got %d bytes, %.99q, want %d", len(got), got, len(want))
			}
			if closed := c.PeerClose(); err != io.EOF || closed == nil || closed.Code != 4321 || closed.Reason != "done" {
				t.Errorf("ended with %v and %v, want EOF and Close 4321", err, closed)
			}
			if c.Received() != int64(len(want)) {
				t.Errorf("Received() = %d, want %d", c.Received(), len(want))
			}
		})
	}
	into := func(size int) func(*Conn) (string, error) {
		return func(c *Conn) (string, error) { return readAll(c, size) }
	}
	check("all at once", into(1<<20), wire)
	check("byte by byte", into(1<<20), strings.Split(wire, "")...)
	check("into one byte", into(1), wire)
	check("byte by byte into one byte", into(1), strings.Split(wire, "")...)
	check("frame by frame", into(4096), append(frames, wire[len(strings.Join(frames, "")):])...)
	check("in place, all at once", nextAll, wire)
	check("in place, byte by byte", nextAll, strings.Split(wire, "")...)
	for seed := range uint64(50) {
		r := seeded(seed)
		reads := chop(r, wire, 1+r.IntN(200))
		check(fmt.Sprint("random split ", seed), into(1+r.IntN(5000)), reads...)
		check(fmt.Sprint("in place, random split ", seed), nextAll, reads...)
	}
}

func TestReadDoesNotWaitForMore(t *testing.T) {
	tests := []struct{ claim, wire, want string }{
		{"the first bytes of a large frame", frameHeader(fin|opBinary, 0x80, 1<<20) + key + masked("abc"), "abc"},
		{"the first byte of a frame", frame(fin|opText, "hello")[:7], "h"},
		{"a fragment", frame(opText, "first"), "first"},
		{"a message before a header that is cut", frame(fin|opText, "whole") + "\x82\xfe\x01", "whole"},
		{"a message before a ping that is cut", frame(fin|opText, "whole") + frame(fin|opPing, "ping")[:8], "whole"},
		{"a message before a frame without payload yet", frame(fin|opText, "whole") + frameHeader(fin|opBinary, 0x80, 5) + key, "whole"},
		{"a fragment before one without payload yet", frame(opText, "first") + frameHeader(fin, 0x80, 5) + key, "first"},
		{"several messages together", strings.Repeat(frame(fin|opText, "small")+frame(fin|opBinary, ""), 20), strings.Repeat("small", 20)},
		{"fragments, messages and a ping together", frame(opText, "a") + frame(fin|opPing, "p") + frame(fin, "b") + frame(fin|opBinary, "c"), "abc"},
		{"messages before a Close frame", frame(fin|opText, "a") + frame(fin|opBinary, "b") + frame(fin|opClose, ""), "ab"},
		{"messages before a violation", frame(fin|opText, "a") + frame(fin|opBinary, "b") + "\x83\x80" + key, "ab"},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			c, cl := connect(t, Options{})
			cl.send(tt.wire) // one segment, and the connection stays open
			buf := make([]byte, 4096)
			if n, err := c.Read(buf); string(buf[:n]) != tt.want || err != nil {
				t.Errorf("Read: %.99q, %v, want %.99q", buf[:n], err, tt.want)
			}
			if errors.Is(c.readErr, os.ErrDeadlineExceeded) {
				t.Errorf("Read waited behind %.99q", tt.want)
			}
		})
	}
}

// Wherever the connection ends: what Read returned is the client's bytes, unmasked, up to there.
func TestReadWhenTheConnectionEndsAnywhere(t *testing.T) {
	frames := []string{frame(fin|opText, "text"), frame(opBinary, "frag"), frame(fin|opPing, ""), frame(fin, "ments"), frame(fin|opBinary, strings.Repeat("x", 200))}
	payloads := []string{"text", "frag", "", "ments", strings.Repeat("x", 200)}
	wire, before := strings.Join(frames, ""), ""
	for i, f := range frames {
		for cut := range len(f) {
			sent := strings.Join(frames[:i], "") + f[:cut]
			want := before + payloads[i][:max(0, cut-(len(f)-len(payloads[i])))]
			for claim, reads := range map[string][]string{"at once": {sent}, "byte by byte": strings.Split(sent, "")} {
				c := play(t, Options{}, &script{reads: reads})
				got, err := nextAll(c)
				if got != want || err != io.ErrUnexpectedEOF || c.PeerClose() != nil {
					t.Errorf("end after %d of %d bytes, %s: got %q, %v, %v, want %q, unexpected EOF", len(sent), len(wire), claim, got, err, c.PeerClose(), want)
				}
				c.Release()
			}
		}
		before += payloads[i]
	}
}

func TestEndOfTheConnection(t *testing.T) {
	half := frame(fin|opBinary, "half a frame")[:12]
	tests := []struct {
		claim, wire string
		reset       bool
		payload     string
		err         error
		closed      *CloseError
	}{
		{"FIN inside a masked frame", half, false, "half a", io.ErrUnexpectedEOF, nil},
		{"FIN between frames", frame(fin|opText, "a"), false, "a", io.ErrUnexpectedEOF, nil},
		{"FIN between fragments", frame(opText, "a"), false, "a", io.ErrUnexpectedEOF, nil},
		{"FIN at once", "", false, "", io.ErrUnexpectedEOF, nil},
		{"FIN inside a Close frame", frame(fin|opClose, closePayload(1000, "bye"))[:9], false, "", io.ErrUnexpectedEOF, nil},
		{"Close with a code", frame(fin|opClose, closePayload(1001, "")), false, "", io.EOF, &CloseError{1001, ""}},
		{"Close with a code and a reason", frame(fin|opClose, closePayload(4000, "\u20ac")), false, "", io.EOF, &CloseError{4000, "\u20ac"}},
		{"Close without a code", frame(fin|opClose, ""), false, "", io.EOF, &CloseError{1005, ""}},
		{"Close with the longest reason", frame(fin|opClose, closePayload(1000, strings.Repeat("r", 123))), false, "", io.EOF, &CloseError{1000, strings.Repeat("r", 123)}},
		{"Close between fragments", frame(opText, "a\xe2") + frame(fin|opClose, ""), false, "a\xe2", io.EOF, &CloseError{1005, ""}},
		{"nothing is read behind Close", frame(fin|opClose, "") + frame(fin|opText, "late"), false, "", io.EOF, &CloseError{1005, ""}},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			c, cl := connect(t, Options{})
			cl.send(tt.wire)
			cl.CloseWrite()
			got, err := readAll(c, 4096)
			if got != tt.payload || err != tt.err {
				t.Errorf("got %q, %v, want %q, %v", got, err, tt.payload, tt.err)
			}
			if n, again := c.Read(make([]byte, 1)); n != 0 || again != tt.err {
				t.Errorf("the next Read: %d, %v, want 0, %v", n, again, tt.err)
			}
			if closed := c.PeerClose(); (closed == nil) != (tt.closed == nil) || closed != nil && *closed != *tt.closed {
				t.Errorf("PeerClose() = %v, want %v", closed, tt.closed)
			}
		})
	}
}

func TestOtherErrorsAreTheStreams(t *testing.T) {
	c, cl := connect(t, Options{})
	cl.send(frame(fin|opBinary, "half a frame")[:12])
	buf := make([]byte, 100)
	if n, err := c.Read(buf); string(buf[:n]) != "half a" || err != nil {
		t.Fatalf("Read: %q, %v, want the half that came", buf[:n], err)
	}
	cl.SetLinger(0)
	cl.Close() // RST
	if n, err := c.Read(buf); n != 0 || err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Read after a RST: %d, %v, want the stream's error", n, err)
	}
}

func TestAMessageOfAnySizeCostsABuffer(t *testing.T) {
	size := 256 << 20
	if testing.Short() {
		size = 64 << 20
	}
	chunk := strings.Repeat("0123456789abcdef", 4096)
	tests := []struct {
		claim           string
		size, frameSize int
	}{
		{"in one frame", size, size},
		{"in fragments of 64 KiB", 32 << 20, len(chunk)},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			c, cl := connect(t, Options{})
			sent := make(chan error, 1)
			go sendLarge(cl, tt.size, tt.frameSize, chunk, sent)
			buf := make([]byte, 16<<10)
			if _, err := io.ReadFull(c, buf[:1]); err != nil { // all that is allocated once has been
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for at := 1; at < tt.size; {
				n, err := c.Read(buf)
				off := at % len(chunk)
				head := min(n, len(chunk)-off)
				if err != nil || string(buf[:head]) != chunk[off:off+head] || string(buf[head:n]) != chunk[:n-head] {
					t.Fatalf("after %d bytes: %d bytes, %v, or not the right ones", at, n, err)
				}
				at += n
			}
			runtime.ReadMemStats(&after)
			if got, most := after.TotalAlloc-before.TotalAlloc, uint64(256<<10); got > most {
				t.Errorf("%d bytes allocated for a message of %d, want at most %d", got, tt.size, most)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}

// sendLarge sends one message made of repetitions of chunk.
func sendLarge(cl *client, size, frameSize int, chunk string, sent chan<- error) {
	maskedChunk, first := []byte(masked(chunk)), byte(opBinary)
	for at := 0; at < size; at += len(chunk) {
		if at%frameSize == 0 {
			if at+frameSize == size {
				first |= fin
			}
			io.WriteString(cl, frameHeader(first, 0x80, uint64(frameSize))+key) // an error stays
			first = opContinuation
		}
		if _, err := cl.Write(maskedChunk); err != nil {
			sent <- err
			return
		}
	}
	sent <- nil
}
