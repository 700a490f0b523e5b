package explain

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

const testKey = "\x37\xfa\x21\x3d"

// decode is what a decoder tells about pieces, with bytes of their own. It is cut at the end if cut is set.
func decode(fromClient bool, limit int, cut bool, pieces ...string) (events []Event) {
	d := &decoder{fromClient: fromClient, limit: limit, emit: func(e Event) {
		e.Head, e.Key, e.Data = []byte(string(e.Head)), []byte(string(e.Key)), []byte(string(e.Data))
		events = append(events, e)
	}}
	for _, p := range pieces {
		d.feed([]byte(p))
		d.waits()
	}
	if cut {
		d.cut()
	}
	return events
}

// brief is a frame or message in the words of the tables below.
func brief(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		if e.Layer == Message {
			fmt.Fprintf(&b, "message %d %s %q of %d [%d+%d) at %d", e.N, e.Kind, e.Data, e.Frames, e.Off, e.Len, e.Pos)
		} else {
			fmt.Fprintf(&b, "%d %s %q [%d+%d)", e.N, e.Kind, e.Data, e.Off, e.Len)
			if e.Opcode&8 == 0 && e.Kind != Cut {
				fmt.Fprintf(&b, " of %d at %d", e.Message, e.Pos)
			}
		}
		if e.Omitted != 0 {
			fmt.Fprintf(&b, " -%d", e.Omitted)
		}
		if e.Code != 0 {
			fmt.Fprintf(&b, " code %d %q", e.Code, e.Reason)
		}
		if e.Violation != "" {
			b.WriteString(" !" + e.Violation)
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestDecoder(t *testing.T) {
	c := func(first byte, payload string) string { return wireFrame(first, payload, testKey) }
	for _, test := range []struct{ claim, wire, want string }{
		{"a text frame is a message", c(0x81, "Hi"),
			`1 text "Hi" [0+8) of 1 at 0; message 1 text "Hi" of 1 [0+8) at 0`},
		{"a binary frame is a message", c(0x82, "Hi"),
			`1 binary "Hi" [0+8) of 1 at 0; message 1 binary "Hi" of 1 [0+8) at 0`},
		{"an empty message", c(0x81, "") + c(0x82, ""),
			`1 text "" [0+6) of 1 at 0; message 1 text "" of 1 [0+6) at 0; 2 binary "" [6+6) of 2 at 0; message 2 binary "" of 1 [6+6) at 0`},
		{"fragments, with control frames between", c(0x01, "ab") + c(0x89, "?") + c(0x00, "") + c(0x8A, "!") + c(0x80, "c"),
			`1 text "ab" [0+8) of 1 at 0; 2 ping "?" [8+7); 3 continuation "" [15+6) of 1 at 2; 4 pong "!" [21+7); 5 continuation "c" [28+7) of 1 at 2; message 1 text "abc" of 3 [0+35) at 0`},
		{"the next message begins where the payload before ended", c(0x82, "abc") + c(0x81, "d"),
			`1 binary "abc" [0+9) of 1 at 0; message 1 binary "abc" of 1 [0+9) at 0; 2 text "d" [9+7) of 2 at 3; message 2 text "d" of 1 [9+7) at 3`},
		{"a Close frame without code", c(0x88, ""), `1 close "" [0+6) code 1005 ""`},
		{"a Close frame with code and reason", c(0x88, closing(1000, "bye")), `1 close "\x03\xe8bye" [0+11) code 1000 "bye"`},
		{"a Close frame with a code of its own", c(0x88, closing(4999, "")), `1 close "\x13\x87" [0+8) code 4999 ""`},
		{"a Close frame of one byte", c(0x88, "x"), `1 close "x" [0+7) code 1005 "" !` + OneByteClose},
		{"the connection ends inside a header", c(0x81, "a") + "\x81\x82\x01", `1 text "a" [0+7) of 1 at 0; message 1 text "a" of 1 [0+7) at 0; 2 cut "" [7+3)`},
		{"the connection ends inside a payload", c(0x81, "abc")[:8], `1 begin "" [0+9) of 1 at 0; 1 cut "ab" [0+8)`},
		{"the connection ends before a payload", c(0x81, "abc")[:6], `1 begin "" [0+9) of 1 at 0; 1 cut "" [0+6)`},
		{"the connection ends between frames", c(0x01, "a"), `1 text "a" [0+7) of 1 at 0`},

		{"reserved bits", c(0xF1, "a"), `1 text "a" [0+7) of 1 at 0 !` + ReservedBits + `; message 1 text "a" of 1 [0+7) at 0`},
		{"not masked", "\x81\x01a", `1 text "a" [0+3) of 1 at 0 !` + NotMasked + `; message 1 text "a" of 1 [0+3) at 0`},
		{"an unknown data opcode", c(0x83, "a"), `1 unknown "a" [0+7) of 1 at 0 !` + UnknownOpcode + `; message 1 binary "a" of 1 [0+7) at 0`},
		{"an unknown control opcode", c(0x8B, "a"), `1 unknown "a" [0+7) !` + UnknownOpcode},
		{"a fragmented control frame", c(0x09, "a"), `1 ping "a" [0+7) !` + FragmentedControl},
		{"a long control frame", "\x89\xFE\x00\x7E" + testKey + strings.Repeat("\x37\xfa\x21\x3d", 31) + "\x37\xfa",
			`1 ping "` + strings.Repeat(`\x00`, 126) + `" [0+134) !` + LongControl},
		{"a continuation of no message", c(0x80, "a"), `1 continuation "a" [0+7) of 1 at 0 !` + StrayContinuation + `; message 1 binary "a" of 1 [0+7) at 0`},
		{"a message inside a message", c(0x01, "a") + c(0x82, "b"),
			`1 text "a" [0+7) of 1 at 0; 2 binary "b" [7+7) of 2 at 1 !` + MessageInMessage + `; message 2 binary "b" of 1 [7+7) at 1`},
		{"a length in two bytes that fits into seven bits", "\x82\xFE\x00\x01" + testKey + "\x37",
			`1 binary "\x00" [0+9) of 1 at 0 !` + LengthNotMinimal + `; message 1 binary "\x00" of 1 [0+9) at 0`},
		{"a length in eight bytes that fits into two", "\x82\xFF\x00\x00\x00\x00\x00\x00\x00\x00" + testKey,
			`1 binary "" [0+14) of 1 at 0 !` + LengthNotMinimal + `; message 1 binary "" of 1 [0+14) at 0`},
		{"a control frame's length too", "\x89\xFE\x00\x01" + testKey + "\x37", `1 ping "\x00" [0+9) !` + LengthNotMinimal},
		{"a length over 63 bits ends it", "\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00" + testKey + "more",
			`1 binary "" [0+14) of 1 at 0 !` + LengthTooBig},
	} {
		if got := brief(decode(true, 1000, true, test.wire)); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.claim, got, test.want)
		}
	}
}

func TestDecoderOfServerFrames(t *testing.T) {
	got := brief(decode(false, 1000, true, wireFrame(0x81, "Hi", "")+wireFrame(0x82, "x", testKey)))
	want := `1 text "Hi" [0+4) of 1 at 0; message 1 text "Hi" of 1 [0+4) at 0; ` +
		`2 binary "x" [4+7) of 2 at 2 !` + MaskedByServer + `; message 2 binary "x" of 1 [4+7) at 2`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDecoderReadsTheWholeHeader(t *testing.T) {
	got := decode(true, 10, false, wireFrame(0x31, "x", testKey))[0]
	if got.Final || got.Reserved != 3 || got.Opcode != 1 || !got.Masked || string(got.Key) != testKey || string(got.Head) != "\x31\x81"+testKey {
		t.Errorf("got %+v, want FIN bit 0, RSV 3, opcode 1, masked with % x", got, testKey)
	}
	got = decode(false, 10, false, wireFrame(0x8A, "x", ""))[0]
	if !got.Final || got.Reserved != 0 || got.Opcode != 10 || got.Masked || len(got.Key) != 0 || string(got.Head) != "\x8a\x01" {
		t.Errorf("got %+v, want FIN bit 1, RSV 0, opcode 10, not masked", got)
	}
}

func TestDecoderLengths(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		for _, key := range []string{"", testKey} {
			wire := wireFrame(0x82, random(n), key)
			got := decode(key != "", 1<<20, true, wire)
			if len(got) != 2 || got[0].Violation != "" || got[0].Size != int64(n) || got[0].Len != int64(len(wire)) || string(got[0].Data) != random(n) ||
				string(got[1].Data) != random(n) || got[1].Len != int64(len(wire)) {
				t.Errorf("%d bytes with key %q: got %.300s", n, key, list(got))
			}
		}
	}
}

// Of a payload no more than the limit is kept, and what is missing is counted.
func TestDecoderOmits(t *testing.T) {
	wire := wireFrame(0x02, "abcdef", testKey) + wireFrame(0x00, "", testKey) + wireFrame(0x80, "ghi", testKey)
	got := brief(decode(true, 4, true, wire))
	want := `1 binary "abcd" [0+12) of 1 at 0 -2; 2 continuation "" [12+6) of 1 at 6; 3 continuation "ghi" [18+9) of 1 at 6; message 1 binary "abcd" of 3 [0+27) at 0 -5`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = brief(decode(true, 4, true, wireFrame(0x02, "abc", testKey)+wireFrame(0x80, "def", testKey)))
	want = `1 binary "abc" [0+9) of 1 at 0; 2 continuation "def" [9+9) of 1 at 3; message 1 binary "abcd" of 2 [0+18) at 0 -2`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	cut := decode(true, 4, true, wireFrame(0x82, "abcdefgh", testKey)[:12])
	if got, want := brief(cut[1:]), `1 cut "abcd" [0+12) -2`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDecoderBegins(t *testing.T) {
	wire := wireFrame(0x81, "abc", testKey)
	for at := range len(wire) {
		events := decode(true, 10, false, wire[:at], wire[at:])
		begun := len(events) == 3 && events[0].Kind == BeginFrame
		if want := at >= 6; begun != want {
			t.Errorf("cut at %d: begin told %v, want %v: %s", at, begun, want, brief(events))
		}
		if begun && (events[0].Size != 3 || events[0].Len != int64(len(wire)) || events[0].Off != 0) {
			t.Errorf("cut at %d: %s, want all of the frame's interval", at, brief(events[:1]))
		}
	}
	if got := decode(true, 10, false, wire[:6], wire[6:7], wire[7:8], wire[8:]); len(got) != 3 {
		t.Errorf("the payload in three pieces: %s, want one begin", brief(got))
	}
}

// The longest frame there can be is waited for, and no number overflows.
func TestDecoderOfTheLongestFrame(t *testing.T) {
	events := decode(true, 10, true, "\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"+testKey+"abc")
	if len(events) != 2 || events[0].Kind != BeginFrame || events[0].Len != math.MaxInt64 || events[0].Size != math.MaxInt64 {
		t.Errorf("got %s, want begin with the longest length", brief(events))
	}
	if cut := events[len(events)-1]; cut.Kind != Cut || cut.Len != 17 || cut.Omitted != 0 || len(cut.Data) != 3 {
		t.Errorf("got %s, want a frame cut after 3 bytes of payload", brief(events))
	}
}

func TestDecoderStartsAtItsOffset(t *testing.T) {
	var got []Event
	d := &decoder{fromClient: true, limit: 10, off: 129, emit: func(e Event) { got = append(got, e) }}
	d.feed([]byte(wireFrame(0x81, "a", testKey)))
	if len(got) != 2 || got[0].Off != 129 || got[1].Off != 129 || got[1].Len != 7 {
		t.Errorf("got %s, want [129+7)", brief(got))
	}
}
