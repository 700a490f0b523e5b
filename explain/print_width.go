package explain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean is s without anything that would command a terminal: control characters, ESC among them, and characters that
// turn the direction of writing are escaped, and each space is a plain one.
func clean(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		default:
			b.WriteString(escape(r))
		}
		s = s[size:]
	}
	return b.String()
}

func escape(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if r < 0x80 {
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u{%x}`, r)
}

// wide has the characters that take two columns of a terminal (Unicode Standard Annex 11, W and F, roughly).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1}, {Lo: 0x2E80, Hi: 0x303E, Stride: 1}, {Lo: 0x3041, Hi: 0xA4CF, Stride: 1},
		{Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, {Lo: 0xF900, Hi: 0xFAFF, Stride: 1}, {Lo: 0xFE30, Hi: 0xFE6F, Stride: 1},
		{Lo: 0xFF00, Hi: 0xFF60, Stride: 1}, {Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1F300, Hi: 0x1F64F, Stride: 1}, {Lo: 0x1F680, Hi: 0x1F6FF, Stride: 1}, {Lo: 0x1F900, Hi: 0x1FAFF, Stride: 1},
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1},
	},
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// columns is how many columns of a terminal s takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// pad appends spaces until s takes n columns.
func pad(s string, n int) string { return s + strings.Repeat(" ", max(n-columns(s), 0)) }

// wrap breaks s into lines of at most width columns: at spaces, beside wide characters, and where nothing else helps,
// anywhere.
func wrap(s string, width int) []string {
	var lines []string
	for {
		at := breakAt(s, max(width, 2))
		if at == len(s) {
			return append(lines, s)
		}
		lines = append(lines, strings.TrimRight(s[:at], " "))
		s = strings.TrimLeft(s[at:], " ")
	}
}

// breakAt is the last place in s that is fit for a break within width columns; its end if all of it fits.
func breakAt(s string, width int) int {
	n, best, before := 0, 0, ' '
	for i, r := range s {
		canBreak := r == ' ' || (unicode.Is(wide, r) || unicode.Is(wide, before)) && !strings.ContainsRune("，。；：）、”", r) && before != '（' && before != '“'
		if canBreak && i > 0 {
			best = i
		}
		if n += runeWidth(r); n > width {
			if best == 0 {
				best = i
			}
			return best
		}
		before = r
	}
	return len(s)
}
