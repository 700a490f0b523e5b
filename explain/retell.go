package explain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine is the longest line that Retell reads, in bytes: an event has at most 64 KiB of data, a fact of the page's
// up to 1 MiB, both in base64.
const maxLine = 16 << 20

// LineError is a line that is no event.
type LineError struct {
	Line int // the first is 1
	Why  string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d is not an event: %s", e.Line, e.Why) }

// Retell prints the JSON Lines of r, which --trace=json printed or the page exported, as text. Fields it does not
// know are ignored, and so are empty lines. Errors are *LineError and those of r and w.
func Retell(w io.Writer, r io.Reader, o PrinterOptions) error {
	story, lines := newStory(o), bufio.NewReaderSize(r, 64<<10)
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if err == errTooLong {
			return &LineError{n, "it is longer than 16 MiB"}
		}
		if err != nil && err != io.EOF {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			f, why := readFact(line)
			if why != "" {
				return &LineError{n, why}
			}
			if _, err := io.WriteString(w, story.tell(f)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

var errTooLong = errors.New("line too long")

// readLine returns a line, with io.EOF behind the last.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxLine {
			return nil, errTooLong
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// readFact reads one event, or says why it is none.
func readFact(line []byte) (f *fact, why string) {
	f = &fact{}
	var wrongType *json.UnmarshalTypeError
	switch err := json.Unmarshal(line, f); {
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return nil, "it is no JSON object"
	case errors.As(err, &wrongType):
		name := wrongType.Field[strings.LastIndexByte(wrongType.Field, '.')+1:]
		return nil, fmt.Sprintf("%s cannot be a %s", name, wrongType.Value)
	case err != nil:
		return nil, err.Error()
	case f.Layer == "" || f.Kind == "":
		return nil, "it has no layer and kind"
	}
	return f, ""
}
