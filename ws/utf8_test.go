package ws

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

var notUTF8 = []string{
	"\x80", "\xbf", "\xff", "\xfe", "\xc0", "\xc1\xbf", "\xf5\x80\x80\x80", // no character begins with these
	"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", // overlong
	"\xed\xa0\x80", "\xed\xbf\xbf", // surrogates
	"\xf4\x90\x80\x80",                                                             // above U+10FFFF
	"\xe2\x28\xa1", "\xe2\x82\x28", "\xf0\x9f\x98\x28", "\xc3\x28", "\xf0\x9f\xe2", // cut by another
	"\xc3", "\xe2", "\xe2\x82", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", // unfinished at the end of the message
}

// Bad text is told as early as its first byte that no end could repair, and at the latest where the message ends;
// fragments before the offending one are returned.
func TestTextThatIsNotUTF8(t *testing.T) {
	for _, bad := range notUTF8 {
		for _, text := range []string{bad, "ok \u20ac" + bad} {
			for cut := range len(text) + 1 {
				parts := []string{text[:cut], "", text[cut:]}
				for pieces := range 4 {
					checkText(t, parts, pieces)
				}
			}
		}
	}
}

// checkText sends a good message and then parts as the fragments of one text message, with pings between, in one
// read, byte by byte, or the last fragment apart; with pieces 3 an empty final fragment is added.
func checkText(t *testing.T, parts []string, pieces int) {
	t.Helper()
	if pieces == 3 {
		parts = append(parts[:len(parts):len(parts)], "")
	}
	good := frame(fin|opText, "good") // a bad frame behind a good one takes nothing of it away
	wire, want, sofar, judged := good, "good", "", false
	for i, part := range parts {
		first := byte(opContinuation)
		if i == 0 {
			first = opText
		}
		if i == len(parts)-1 {
			first |= fin
		}
		wire += frame(first, part) + frame(fin|opPing, "p")
		sofar += part
		if judged = judged || !beginsUTF8(sofar) || i == len(parts)-1 && !utf8.ValidString(sofar); !judged {
			want += part
		}
	}
	reads := []string{wire}
	if pieces == 1 {
		reads = strings.Split(wire, "")
	}
	c := play(t, Options{}, &script{reads: reads})
	defer c.Release()
	got, err := readAll(c, 4096)
	v := (*Violation)(nil)
	if !errors.As(err, &v) || v.Code != 1007 {
		t.Errorf("%q: got %q, %v, want violation 1007", parts, got, err)
	}
	// Byte by byte the legal beginning of the offending frame has been returned before the rest came.
	if bound := strings.Join(parts, ""); got != want && (pieces != 1 || !strings.HasPrefix(got, want) || !strings.HasPrefix("good"+bound, got) || !beginsUTF8(got)) {
		t.Errorf("%q: got %q, want %q", parts, got, want)
	}
}

func TestTextThatIsUTF8(t *testing.T) {
	text := "a\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff"
	for cut := range len(text) + 1 {
		for cut2 := cut; cut2 <= len(text); cut2++ {
			wire := frame(opText, text[:cut]) + frame(0, text[cut:cut2]) + frame(fin|opPong, "\xff") + frame(fin, text[cut2:])
			c := play(t, Options{}, &script{reads: []string{wire}})
			if got, err := readAll(c, 3); got != text || err != io.ErrUnexpectedEOF {
				t.Errorf("fragments cut at %d and %d: got %q, %v, want %q", cut, cut2, got, err, text)
			}
			c.Release()
		}
	}
}

func TestBinaryNeedNotBeUTF8(t *testing.T) {
	for i, bad := range notUTF8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c, cl := connect(t, Options{})
			// Behind text and before it, so that nothing of one message's state is left for the next.
			cl.send(frame(fin|opText, "t") + frame(opBinary, bad) + frame(fin, bad) + frame(fin|opText, "t") + frame(fin|opClose, ""))
			if got, err := readAll(c, 4096); got != "t"+bad+bad+"t" || err != io.EOF {
				t.Errorf("got %q, %v, want %q", got, err, "t"+bad+bad+"t")
			}
		})
	}
}
