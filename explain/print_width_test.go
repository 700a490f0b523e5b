package explain

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	const text = "A 客户端 sends 一个很长的句子，没有空格。 averyveryverylongwordwithoutanyspace end"
	for width := 2; width < 60; width++ {
		lines := wrap(text, width)
		for _, line := range lines {
			if columns(line) > width {
				t.Errorf("width %d: %q has %d columns", width, line, columns(line))
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := squeeze(strings.Join(lines, "")); got != squeeze(text) {
			t.Errorf("width %d: got %q", width, got)
		}
	}
}

func TestPreview(t *testing.T) {
	for _, test := range []struct {
		data string
		left int64
		most int
		want string
	}{
		{"Hello", 0, 20, `"Hello"`},
		{"Hello", 0, 8, `"Hello"`},
		{"Hello, world", 0, 10, `"Hello, "…`},
		{"Hello", 7, 20, `"Hello"…`},
		{"发送数据", 0, 20, `"发送数据"`},
		{"发送数据", 0, 9, `"发送数"…`},
		{"\xe5\x8f", 0, 20, `"\xe5\x8f"`},
		{"a\r\n\t\"\\", 0, 40, `"a\r\n\t\"\\"`},
		{"\x00\x01\x02\xff\xfe", 0, 40, "00 01 02 ff fe"},
		{"\x00\x01\x02\xff\xfe", 0, 12, "00 01 02…"},
		{"\x1b[31mred", 0, 40, `"\x1b[31mred"`},
		{"\u202eabc", 0, 40, `"\u{202e}abc"`},
	} {
		if got := preview(test.data, test.left, test.most); got != test.want {
			t.Errorf("%q, %d left, %d columns: got %s, want %s", test.data, test.left, test.most, got, test.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		data := make([]byte, r.IntN(80))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		most := 8 + r.IntN(60)
		if got := preview(string(data), 0, most); columns(got) > most {
			t.Fatalf("%q in %d columns: got %s (%d)", data, most, got, columns(got))
		}
	}
}
