package ws

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// inText is what Text makes of s, decoded in one piece.
func inText(s string) (text string, replaced int64) {
	var b strings.Builder
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			replaced++
		}
		b.WriteRune(r)
		s = s[size:]
	}
	return b.String(), replaced
}

// typed is frames as one string: t"text" b"binary" and so on.
func typed(firsts []byte, payloads []string) string {
	var b strings.Builder
	for i, first := range firsts {
		name, ok := map[byte]string{fin | opText: "t", fin | opBinary: "b", fin | opClose: "close"}[first]
		if !ok {
			name = fmt.Sprintf("%#x", first)
		}
		fmt.Fprintf(&b, "%s%q ", name, payloads[i])
	}
	return strings.TrimSuffix(b.String(), " ")
}

func TestMessages(t *testing.T) {
	tests := []struct {
		claim    string
		messages Messages
		steps    string // separated by |; "<t" and "<b" is a message of the client, else a Write
		want     string
	}{
		{"binary: bytes as they are", Binary, "a|\xff\xe2|\x82\xac", `b"a" b"\xff\xe2" b"\x82\xac"`},
		{"the zero value is binary", "", "a|<t|\xe2\x82\xac", `b"a" b"€"`},
		{"binary, whatever the client sends", Binary, "<t|a", `b"a"`},

		{"text: text", Text, "a|zürich €", `t"a" t"zürich €"`},
		{"text, whatever the client sends", Text, "<b|a", `t"a"`},
		{"text: a character waits for its rest", Text, "a\xe2|\x82|\xacb", `t"a" t"€b"`},
		{"text: nothing is sent while only a beginning is there", Text, "\xf0|\x9f|\x99|\x82", `t"🙂"`},
		{"text: one beginning behind another", Text, "\xe2\x82|\xac\xe2|\x82\xac", `t"€" t"€"`},
		{"text: a byte that is no UTF-8", Text, "a\xffb", `t"a` + "\uFFFD" + `b"`},
		{"text: one U+FFFD for each byte", Text, "\xf5\x80\x80\x80", `t"` + "\uFFFD\uFFFD\uFFFD\uFFFD" + `"`},
		{"text: overlong, surrogate", Text, "\xc0\x80\xed\xa0\x80", `t"` + strings.Repeat("\uFFFD", 5) + `"`},
		{"text: a beginning that goes on wrong", Text, "\xe2\x82|b", `t"` + "\uFFFD\uFFFD" + `b"`},
		{"text: a beginning behind which a character begins", Text, "\xe2|\xe2\x82\xac", `t"` + "\uFFFD" + `€"`},
		{"text: the same, cut again", Text, "\xe2|\xf0\x9f|\x99\x82", `t"` + "\uFFFD" + `" t"🙂"`},
		{"text: the same, byte by byte", Text, "\xf0|\x90|\xe2|\x82|\xac", `t"` + "\uFFFD\uFFFD" + `" t"€"`},
		{"text: a real U+FFFD stays", Text, "\xef\xbf|\xbd", `t"` + "\uFFFD" + `"`},
		{"text: a character never finished goes out before Close", Text, "a\xf0\x9f\x99", `t"a" t"` + "\uFFFD\uFFFD\uFFFD" + `"`},

		{"mirror: binary before the first message", Mirror, "a|\xe2", `b"a" b"\xe2"`},
		{"mirror: text after text", Mirror, "<t|a|€", `t"a" t"€"`},
		{"mirror: binary after binary", Mirror, "<b|a", `b"a"`},
		{"mirror: the last one counts", Mirror, "a|<t|b|<b|c|<b|<t|d", `b"a" t"b" b"c" t"d"`},
		{"mirror: binary for what is not UTF-8", Mirror, "<t|a\xffb|c", `b"a\xffb" t"c"`},
		{"mirror: a character waits for its rest", Mirror, "<t|a\xe2|\x82|\xacb", `t"a" t"€b"`},
		{"mirror: a beginning that goes on wrong", Mirror, "<t|a\xe2|b", `t"a" b"\xe2b"`},
		{"mirror: not UTF-8 and a beginning behind it", Mirror, "<t|\xff\xe2|\x82\xac", `b"\xff\xe2" b"\x82\xac"`},
		{"mirror: a beginning, then binary", Mirror, "<t|a\xe2|<b|\x82\xac", `t"a" b"€"`},
		{"mirror: a character never finished goes out before Close", Mirror, "<t|a\xf0\x9f", `t"a" b"\xf0\x9f"`},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // no time passes: mirrorWait is over in other tests
				s := &script{}
				c := play(t, Options{Messages: tt.messages}, s)
				var raw string
				for step := range strings.SplitSeq(tt.steps, "|") {
					if tellType(c, s, step) {
						continue
					}
					if n, err := c.Write([]byte(step)); n != len(step) || err != nil {
						t.Errorf("Write(%q): %d, %v", step, n, err)
					}
					raw += step
				}
				c.WriteClose(1005, "")
				c.Release()
				if got, want := typed(framesOf(t, s)), tt.want+` close""`; got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				_, replaced := inText(raw)
				if tt.messages != Text {
					replaced = 0
				}
				if c.Replaced() != replaced || c.Sent() != int64(len(raw)) {
					t.Errorf("Replaced() = %d, Sent() = %d, want %d, %d", c.Replaced(), c.Sent(), replaced, len(raw))
				}
			})
		})
	}
}

// tellType lets the client send a message if step says so.
func tellType(c *Conn, s *script, step string) bool {
	first, ok := map[string]byte{"<t": fin | opText, "<b": fin | opBinary}[step]
	if ok {
		s.reads = append(s.reads, frame(first, "x"))
		c.Read(make([]byte, 10))
	}
	return ok
}

func TestMirrorWaitsOnlyShortly(t *testing.T) {
	c, cl := connect(t, Options{Messages: Mirror})
	cl.send(frame(fin|opText, "x"))
	c.Read(make([]byte, 1))
	c.Write([]byte("a\xe2"))
	cl.receive(serverFrame(fin|opText, "a") + serverFrame(fin|opBinary, "\xe2")) // and nothing follows

	synctest.Test(t, func(t *testing.T) {
		s := &script{}
		c := play(t, Options{Messages: Mirror}, s)
		want := ""
		expect := func(at, more string) {
			t.Helper()
			synctest.Wait()
			want += more
			if got := typed(framesOf(t, s)); got != strings.TrimPrefix(want, " ") {
				t.Fatalf("%s: got %s, want %s", at, got, want)
			}
		}
		tellType(c, s, "<t")
		c.Write([]byte("\xe2"))
		time.Sleep(mirrorWait - 1)
		expect("before it is over", "")
		time.Sleep(time.Nanosecond)
		expect("when it is over", ` b"\xe2"`)
		c.Write([]byte("\x82\xac\xf0"))
		expect("a rest that comes too late", ` b"\x82\xac\xf0"`)
		c.Write([]byte("\xe2"))
		time.Sleep(mirrorWait / 2)
		c.Write([]byte("\x82\xac\xf0"))
		expect("a rest that comes in time", ` t"€"`)
		time.Sleep(mirrorWait - 1)
		expect("the next beginning has its own wait", "")
		time.Sleep(time.Nanosecond)
		expect("and then it is over, too", ` b"\xf0"`)
		c.Release()
	})
}

func TestTextExpands(t *testing.T) {
	const size = 32 << 10
	s := &script{}
	c := play(t, Options{Messages: Text}, s)
	if n, err := c.Write([]byte(strings.Repeat("\xff", size))); n != size || err != nil {
		t.Errorf("Write: %d, %v, want %d", n, err, size)
	}
	c.Release()
	_, payloads := framesOf(t, s)
	if got, want := strings.Join(payloads, ""), strings.Repeat("\uFFFD", size); got != want {
		t.Errorf("got %d bytes, want %d of U+FFFD", len(got), len(want))
	}
	for _, p := range payloads {
		if len(p) > 32<<10 || !utf8.ValidString(p) {
			t.Errorf("a message of %d bytes, valid %v, want at most 32 KiB of UTF-8", len(p), utf8.ValidString(p))
		}
	}
	if c.Replaced() != size || c.Sent() != size {
		t.Errorf("Replaced() = %d, Sent() = %d, want %d", c.Replaced(), c.Sent(), size)
	}
}

// someBytes is text, with some garbage in it if dirty.
func someBytes(r *rand.Rand, dirty bool) string {
	var b strings.Builder
	for range r.IntN(60) {
		switch r.IntN(6) {
		case 0:
			if dirty {
				b.WriteByte(byte(r.UintN(256)))
			}
		case 1:
			if dirty {
				b.WriteString(notUTF8[r.IntN(len(notUTF8))])
			}
		default:
			b.WriteString([]string{"a", "\u00fc", "\u20ac", "\U0001F642"}[r.IntN(4)])
		}
	}
	return b.String()
}

// Whatever is written in whatever pieces, with any time between them and whatever the client sends: no byte is lost.
func TestMessagesConserveBytes(t *testing.T) {
	for seed := range uint64(500) {
		for _, messages := range []Messages{Binary, Text, Mirror} {
			synctest.Test(t, func(t *testing.T) {
				r := seeded(seed)
				data := someBytes(r, seed%4 != 0)
				s := &script{}
				c := play(t, Options{Messages: messages}, s)
				for _, piece := range chop(r, data, 1+r.IntN(9)) {
					tellType(c, s, []string{"<t", "<b", "", "", ""}[r.IntN(5)])
					c.Write([]byte(piece))
					time.Sleep([]time.Duration{0, mirrorWait / 2, mirrorWait, 2 * mirrorWait}[r.IntN(4)])
				}
				c.WriteClose(1005, "")
				c.Release()
				checkConserved(t, c, s, data)
			})
		}
	}
}

// checkConserved wants all of data in valid messages, and a Close frame.
func checkConserved(t *testing.T, c *Conn, s *script, data string) {
	t.Helper()
	firsts, payloads := framesOf(t, s)
	last := len(firsts) - 1
	want, replaced := data, int64(0)
	if c.options.Messages == Text {
		want, replaced = inText(data)
	}
	if got := strings.Join(payloads, ""); firsts[last] != fin|opClose || got != want || c.Replaced() != replaced {
		t.Errorf("%s of %q: got %s, %d replaced, want %q, %d, and Close", c.options.Messages, data, typed(firsts, payloads), c.Replaced(), want, replaced)
	}
	for i, first := range firsts[:last] {
		text := first == fin|opText
		if payloads[i] == "" || text && !utf8.ValidString(payloads[i]) || !text && first != fin|opBinary {
			t.Errorf("%s of %q: message %d of %s is empty, not UTF-8 or no message", c.options.Messages, data, i, typed(firsts, payloads))
		}
		if c.options.Messages == Text && !text || c.options.Messages == Binary && text {
			t.Errorf("%s of %q: got %s", c.options.Messages, data, typed(firsts, payloads))
		}
	}
}
