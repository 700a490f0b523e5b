package lab

import (
	"io"
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	const longest = 65536
	tests := []struct {
		claim, sent, want string
	}{
		{"a line comes back", "hello\r\n", "hello\r\n"},
		{"LF alone ends a line", "hello\n", "hello\r\n"},
		{"CR NUL ends a line (RFC 1123)", "hello\r\x00", "hello\r\n"},
		{"an empty line is a line", "\r\n\n", "\r\n\r\n"},
		{"several lines in one segment", "a\r\nb\nc\r\n", "a\r\nb\r\nc\r\n"},
		{"the last line needs no end", "a\r\nb", "a\r\nb\r\n"},
		{"the last line may end in the middle of its end", "b\r", "b\r\n"},
		{"nothing sent, nothing answered", "", ""},
		{"a CR inside a line is text", "a\rb\r\r\n", "a\rb\r\r\n"},
		{"UTF-8", "发送数据 ÿ 🙂\r\n", "发送数据 ÿ 🙂\r\n"},
		{"bytes that are not UTF-8", "\x80\xfe\x00\x01\r\n", "\x80\xfe\x00\x01\r\n"},

		{"help", "help\r\n", help},
		{"help ended with LF", "help\n", help},
		{"help without end", "help", help},
		{"quit", "quit\r\n", goodbye},
		{"nothing is answered after quit", "a\nquit\nb\n", "a\r\n" + goodbye},
		{"a line that contains quit is text", "quit?\r\n quit\r\nQUIT\r\n", "quit?\r\n quit\r\nQUIT\r\n"},

		{"the longest line", strings.Repeat("x", longest) + "\r\n", strings.Repeat("x", longest) + "\r\n"},
		{"a longer line", strings.Repeat("x", longest+1) + "\r\nb\r\n", tooLong + "b\r\n"},
		{"a far longer line", strings.Repeat("x", 8<<20) + "\nb\n", tooLong + "b\r\n"},
		{"a longer line without end", strings.Repeat("x", 2*longest), tooLong},
		{"two longer lines", strings.Repeat(strings.Repeat("x", 2*longest)+"\n", 2), tooLong + tooLong},

		{"options are refused", "\xff\xfd\x03\xff\xfb\x18a\r\n", "\xff\xfc\x03\xff\xfe\x18a\r\n"},
		{"don't and won't need no answer", "\xff\xfe\x03\xff\xfc\x18a\r\n", "a\r\n"},
		{"byte 255 is doubled both ways", "a\xff\xffb\r\n", "a\xff\xffb\r\n"},
		{"what Ctrl-C sends", "a\xff\xf4\xff\xfd\x06b\r\n", "\xff\xfc\x06ab\r\n"},
		{"only commands is no line", "\xff\xf1\xff\xfe\x03", ""},
	}
	s := start(t, "line")
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s.Addr())
			receive(t, conn, greeting)
			send(t, conn, tt.sent)
			closeWrite(t, conn)
			receive(t, conn, tt.want)
			receiveEnd(t, conn)
		})
	}
}

func TestLineAnswersWhileTheNextLineIsIncomplete(t *testing.T) {
	conn := dial(t, start(t, "line").Addr())
	receive(t, conn, greeting)
	send(t, conn, "one\r\ntw")
	receive(t, conn, "one\r\n")
	send(t, conn, "o\r")
	send(t, conn, "\n")
	receive(t, conn, "two\r\n")
}

func TestLineComplainsAboutALongLineBeforeItEnds(t *testing.T) {
	conn := dial(t, start(t, "line").Addr())
	receive(t, conn, greeting)
	send(t, conn, strings.Repeat("x", maxLine+1))
	receive(t, conn, tooLong)
	send(t, conn, "still that line\r\nhelp\r\n")
	receive(t, conn, help)
}

func TestQuitEndsWithFINAlthoughTheClientGoesOn(t *testing.T) {
	s := start(t, "line")
	for range 100 {
		conn := dial(t, s.Addr())
		send(t, conn, "quit\r\n"+strings.Repeat("more\r\n", 10_000))
		got, err := io.ReadAll(conn)
		if want := greeting + goodbye; err != nil || string(got) != want {
			t.Fatalf("received %q (%v), want %q, then FIN", got, err, want)
		}
		conn.Close()
	}
}
