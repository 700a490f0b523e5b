package lab

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	testLimit  = 16
	overLength = "(too long)" // stands for a line over testLimit; no text of a test
)

// readLines is all lines of in, and what was sent back as refusals.
func readLines(t testing.TB, in io.Reader) (lines []string, refusals []byte) {
	var out bytes.Buffer
	l := newLineReader(in, &out, testLimit)
	for {
		text, err := l.next()
		switch {
		case errors.Is(err, errLineTooLong):
			lines = append(lines, overLength)
		case err == io.EOF:
			return lines, out.Bytes()
		case err != nil:
			t.Fatal(err)
		default:
			lines = append(lines, string(text))
		}
		if held := cap(l.text); held > 16*testLimit {
			t.Fatalf("%d bytes are held for a line of at most %d", held, testLimit)
		}
	}
}

func TestLineReader(t *testing.T) {
	tests := []struct {
		claim, in string
		want      []string
	}{
		{"a line of the limit", strings.Repeat("x", 16) + "\r\n", []string{strings.Repeat("x", 16)}},
		{"a CR belongs to the length when it is text", strings.Repeat("x", 16) + "\r\r\na\n", []string{overLength, "a"}},
		{"CR NUL ends a line that is too long", strings.Repeat("x", 17) + "\r\x00a\n", []string{overLength, "a"}},
		{"CR NUL right behind too long a CR", strings.Repeat("x", 16) + "\r\r\x00a\n", []string{overLength, "a"}},
		{"NUL alone is text", "a\x00b\n", []string{"a\x00b"}},
		{"a command between CR and LF", "a\r\xff\xf1\nb\n", []string{"a", "b"}},
		{"a command inside a character", "\xe5\xff\xf1\x8f\x91\n", []string{"发"}},
		{"a CR and the data byte 255", "a\r\xff\xff\n", []string{"a\r\xff"}},
		{"an option that looks like a line end", "a\xff\xfd\nb\n", []string{"ab"}},
		{"an option that looks like IAC", "a\xff\xfd\xffb\n", []string{"ab"}},
		{"a subnegotiation with all that could mislead", "a\xff\xfa\x18\x00x\r\n\xff\xff\xf0\xf0\xff\xf0b\n", []string{"ab"}},
		{"an unfinished subnegotiation", "a\n\xff\xfa\x18quit\n", []string{"a"}},
		{"an unfinished command", "a\xff", []string{"a"}},
		{"an unfinished option", "a\xff\xfb", []string{"a"}},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			got, _ := readLines(t, strings.NewReader(tt.in))
			if !slices.Equal(got, tt.want) {
				t.Errorf("lines of %q are %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestLineReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	for _, begun := range []string{"", "a", "a\r", "\xff", "\xff\xfd", "\xff\xfa", "\xff\xfa\xff", strings.Repeat("x", 100)} {
		in := io.MultiReader(strings.NewReader(begun), &brokenReader{broken})
		l := newLineReader(in, io.Discard, testLimit)
		_, err := l.next()
		if errors.Is(err, errLineTooLong) {
			_, err = l.next()
		}
		if err != broken {
			t.Errorf("%.10q and then an error gives %v, want the error and no line", begun, err)
		}
	}
}

type brokenReader struct{ err error }

func (r *brokenReader) Read([]byte) (int, error) { return 0, r.err }

// A segmentedReader returns its bytes in segments of the given sizes, then one by one.
type segmentedReader struct{ data, sizes []byte }

func (r *segmentedReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	size := 1
	if len(r.sizes) > 0 {
		size, r.sizes = max(1, int(r.sizes[0])), r.sizes[1:]
	}
	n := copy(p[:min(size, len(p))], r.data)
	r.data = r.data[n:]
	return n, nil
}

var (
	telnetCommand = regexp.MustCompile(`(?s)\xff(\xff|\xfa([^\xff]|\xff[^\xf0])*(\xff\xf0|\xff?$)|[\xfb-\xfe](.|$)|.|$)`)
	lineEnd       = regexp.MustCompile(`\r\n|\n|\r\x00|\r$`)
)

// linesAtOnce says what the lines of in are by looking at all of it, the way the RFCs would draw it.
func linesAtOnce(in []byte) (lines []string) {
	runes := make([]rune, len(in)) // one for each byte, as regexps are about runes
	for i, b := range in {
		runes[i] = rune(b)
	}
	text := telnetCommand.ReplaceAllStringFunc(string(runes), func(command string) string {
		if command == "\u00ff\u00ff" {
			return "\u00ff"
		}
		return ""
	})
	for _, line := range lineEnd.Split(text, -1) {
		var bytes []byte
		for _, r := range line {
			bytes = append(bytes, byte(r))
		}
		lines = append(lines, string(bytes))
	}
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	for i, line := range lines {
		if len(line) > testLimit {
			lines[i] = overLength
		}
	}
	return lines
}

// FuzzLineReader: any split of the same bytes gives the same lines and the same refusals, and the lines are
// those that a look at all bytes at once gives.
func FuzzLineReader(f *testing.F) {
	for _, seed := range []string{
		"hello\r\nquit\n", "a\rb\r\x00c\r", "\xff\xfd\x03\xff\xfb\x18hi\r\n", "\xff\xfa\x18\xff\xff\x00\xff\xf0x\n",
		"a\xff\xffb\n", "发送数据\r\n", strings.Repeat("x", 16) + "\r\n", strings.Repeat("x", 16) + "\r\r\x00a\n\xff",
	} {
		f.Add([]byte(seed), []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, in, sizes []byte) {
		whole, refusals := readLines(t, bytes.NewReader(in))
		split, splitRefusals := readLines(t, &segmentedReader{in, sizes})
		if !slices.Equal(split, whole) || !bytes.Equal(splitRefusals, refusals) {
			t.Errorf("split, the lines of %q are %q, want %q", in, split, whole)
		}
		if want := linesAtOnce(in); !slices.Equal(whole, want) {
			t.Errorf("the lines of %q are %q, want %q", in, whole, want)
		}
	})
}
