package ws

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestViolations(t *testing.T) {
	type row struct {
		claim, legal, bad string
		code              StatusCode
		max               int64
	}
	const top = "\x80\x00\x00\x00\x00\x00\x00\x01"
	long := strings.Repeat("x", 126)
	tests := []row{
		{"RSV1", "", frame(fin|0x40|opBinary, "x"), 1002, 0},
		{"RSV2", "", frame(fin|0x20|opText, "x"), 1002, 0},
		{"RSV3 on a ping", "", frame(fin|0x10|opPing, "x"), 1002, 0},
		{"RSV1 on a continuation", frame(opBinary, "a"), frame(fin|0x40, "x"), 1002, 0},
		{"not masked", "", serverFrame(fin|opBinary, "x"), 1002, 0},
		{"not masked and empty", "", serverFrame(fin|opText, ""), 1002, 0},
		{"ping not masked", "", serverFrame(fin|opPing, ""), 1002, 0},
		{"Close not masked", "", serverFrame(fin|opClose, closePayload(1000, "")), 1002, 0},
		{"ping fragmented", "", frame(opPing, "x"), 1002, 0},
		{"Close fragmented", "", frame(opClose, ""), 1002, 0},
		{"ping over 125 bytes", "", frame(fin|opPing, long), 1002, 0},
		{"pong over 125 bytes, payload not sent", "", frameHeader(fin|opPong, 0x80, 126) + key, 1002, 0},
		{"Close over 125 bytes", "", frame(fin|opClose, closePayload(1000, long[:124])), 1002, 0},
		{"ping of 2^63 bytes", "", "\x89\xff" + top + key, 1002, 0},
		{"message of 2^63 bytes", "", "\x82\xff" + top + key, 1002, 0},
		{"continuation of 2^63 bytes", frame(opText, "a"), "\x80\xff" + top + key, 1002, 0},
		{"continuation of nothing", "", frame(fin, "x"), 1002, 0},
		{"continuation of nothing, not final", "", frame(0, ""), 1002, 0},
		{"continuation of a finished message", frame(opText, "a") + frame(fin, "b"), frame(fin, "x"), 1002, 0},
		{"continuation of an empty message", frame(fin|opText, ""), frame(fin, "x"), 1002, 0},
		{"text inside text", frame(opText, "a"), frame(fin|opText, "x"), 1002, 0},
		{"binary inside text", frame(opText, "a"), frame(fin|opBinary, "x"), 1002, 0},
		{"empty message inside a message", frame(opBinary, "a"), frame(fin|opBinary, ""), 1002, 0},
		{"text inside an empty first fragment", frame(opText, ""), frame(fin|opText, "x"), 1002, 0},
		{"text behind a ping inside text", frame(opText, "a") + frame(fin|opPing, ""), frame(opText, "x"), 1002, 0},
		{"Close of 1 byte", "", frame(fin|opClose, "\x03"), 1002, 0},
		{"Close reason not UTF-8", "", frame(fin|opClose, closePayload(1000, "\xe2\x82")), 1007, 0},
		{"Close reason with a surrogate", "", frame(fin|opClose, closePayload(1000, "a\xed\xa0\x80")), 1007, 0},

		{"over the limit", "", frame(fin|opBinary, "12345"), 1009, 4},
		{"the second message over the limit", frame(fin|opText, "1234"), frame(fin|opText, "12345"), 1009, 4},
		{"over the limit across fragments", frame(opBinary, "12") + frame(0, "34"), frame(fin, "5"), 1009, 4},
		{"over the limit across fragments, payload not sent", frame(opBinary, "12"), frameHeader(0, 0x80, 3) + key, 1009, 4},
		{"over the limit, payload not sent", "", frameHeader(fin|opBinary, 0x80, 5) + key, 1009, 4},
		{"far over the limit, payload not sent", "", frameHeader(fin|opBinary, 0x80, 1<<63-1) + key, 1009, 4},
		{"fragments that add up to more than an int64", frame(opBinary, "1"), frameHeader(0, 0x80, 1<<63-1) + key, 1009, 1<<63 - 1},
	}
	for _, opcode := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		tests = append(tests, row{fmt.Sprint("opcode ", opcode), "", frame(fin|opcode, ""), 1002, 0})
		tests = append(tests, row{fmt.Sprintf("opcode %d inside a message", opcode), frame(opBinary, "a"), frame(fin|opcode, "x"), 1002, 0})
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535} {
		tests = append(tests, row{fmt.Sprint("Close with code ", code), "", frame(fin|opClose, closePayload(code, "x")), 1002, 0})
	}
	for _, tt := range tests {
		for how, together := range map[string]bool{"in one segment": true, "in two": false} {
			t.Run(tt.claim+" "+how, func(t *testing.T) {
				c, cl := connect(t, Options{MaxMessage: tt.max})
				legal := frame(fin|opBinary, "ok") + tt.legal
				if tt.legal == "" && tt.max == 0 {
					legal += frame(opText, "in ") + frame(fin|opPing, "") + frame(fin, "two")
				}
				want := payloadOf(t, legal)
				if together {
					cl.send(legal + tt.bad)
				} else {
					cl.send(legal)
					got := make([]byte, len(want))
					for n := 0; n < len(got); {
						m, err := c.Read(got[n:])
						if n += m; err != nil {
							t.Fatalf("got %q, %v, want %q", got[:n], err, want)
						}
					}
					if string(got) != want {
						t.Fatalf("got %q, want %q", got, want)
					}
					want = ""
					cl.send(tt.bad)
				}
				got, err := readAll(c, 4096)
				if v := (*Violation)(nil); got != want || !errors.As(err, &v) || v.Code != tt.code {
					t.Errorf("got %q, %v, want %q, violation %d", got, err, want, tt.code)
				}
				if n, again := c.Read(make([]byte, 1)); n != 0 || again != err {
					t.Errorf("the next Read: %d, %v, want 0, %v", n, again, err)
				}
			})
		}
	}
}

// payloadOf is what Read returns for legal frames that may end inside a message.
func payloadOf(t *testing.T, frames string) string {
	c := play(t, Options{}, &script{reads: []string{frames}})
	defer c.Release()
	payload, _ := readAll(c, 4096)
	return payload
}

func TestNoViolation(t *testing.T) {
	rows := map[string]struct {
		frames string
		max    int64
	}{
		"exactly the limit":                    {frame(fin|opBinary, "1234"), 4},
		"exactly the limit across fragments":   {frame(opBinary, "1") + frame(0, "2") + frame(0, "") + frame(fin, "34"), 4},
		"two messages of the limit":            {frame(fin|opText, "1234") + frame(fin|opText, "1234"), 4},
		"control frames do not count":          {frame(opText, "12") + frame(fin|opPing, "1234") + frame(fin, "34"), 4},
		"ping and pong of 125 bytes":           {frame(fin|opPing, strings.Repeat("x", 125)) + frame(fin|opPong, strings.Repeat("x", 125)), 0},
		"lengths in a longer form than needed": {"\x82\xfe\x00\x01" + key + masked("x") + "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x01" + key + masked("y"), 0},
	}
	for claim, tt := range rows {
		t.Run(claim, func(t *testing.T) {
			c, cl := connect(t, Options{MaxMessage: tt.max})
			cl.send(tt.frames + frame(fin|opClose, ""))
			if got, err := readAll(c, 4096); c.PeerClose() == nil {
				t.Errorf("got %q, %v, want no error before the Close frame", got, err)
			}
		})
	}
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		t.Run(fmt.Sprint("Close with code ", code), func(t *testing.T) {
			c, cl := connect(t, Options{})
			cl.send(frame(fin|opClose, closePayload(code, "")))
			if _, err := readAll(c, 1); c.PeerClose() == nil || c.PeerClose().Code != StatusCode(code) {
				t.Errorf("got %v, %v, want Close %d", err, c.PeerClose(), code)
			}
		})
	}
}
