package explain

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func asJSON(events []Event, p Payload) []byte {
	var text []byte
	for _, e := range events {
		text = append(appendJSON(text, e, p), '\n') // an empty line is no matter
	}
	return text
}

// TestRetellSaysWhatTheTraceSaid: from JSON comes the text that --trace would have printed.
func TestRetellSaysWhatTheTraceSaid(t *testing.T) {
	for _, o := range []PrinterOptions{{}, {Form: AsBytes}, {Lang: Chinese}, {Payload: AllPayload}, {Payload: NoPayload}} {
		want := told(examples(), 100, o)
		o.Width = func() int { return 100 }
		var got bytes.Buffer
		if err := Retell(&got, bytes.NewReader(asJSON(examples(), o.Payload)), o); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("%+v:\ngot\n%s\nwant\n%s", o, got.String(), want)
		}
	}
}

// TestRetellOfThePage: what the page exports has JavaScript's facts among the events.
func TestRetellOfThePage(t *testing.T) {
	file, err := os.Open("testdata/print/page.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var got bytes.Buffer
	if err := Retell(&got, file, PrinterOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "print", "page.txt"), got.String())
}

func TestRetellNamesTheLine(t *testing.T) {
	const good = `{"seq":1,"t":5,"layer":"pair","kind":"upgraded"}` + "\n"
	for text, want := range map[string]string{
		"hello\n":                      "line 1 is not an event: invalid character 'h' looking for beginning of value",
		good + good + "{}\n":           "line 3 is not an event: it has no layer and kind",
		good + "[1]\n":                 "line 2 is not an event: it is no JSON object",
		good + "\n" + `{"layer":1}`:    "line 3 is not an event: layer cannot be a number",
		good + `{"layer":"a","kind":`:  "line 2 is not an event: unexpected end of JSON input",
		good + `{"t":"x"}`:             "line 2 is not an event: t cannot be a string",
		good + "\x1b[2J\n":             `line 2 is not an event: invalid character '\x1b' looking for beginning of value`,
		strings.Repeat(" ", maxLine+1): "line 1 is not an event: it is longer than 16 MiB",
	} {
		err := Retell(new(bytes.Buffer), strings.NewReader(text), PrinterOptions{})
		var line *LineError
		if !errors.As(err, &line) || err.Error() != want {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{"", "\n\n", good, strings.TrimSpace(good), `{"layer":"x","kind":"y","unheard":[{}],"t":1.5}`} {
		if err := Retell(new(bytes.Buffer), strings.NewReader(text), PrinterOptions{}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRetellOfALongLine(t *testing.T) {
	e := Event{Layer: Frame, Kind: Binary, Stream: A, Dir: In, Data: make([]byte, 1<<20), Size: 1 << 20}
	var got bytes.Buffer
	if err := Retell(&got, bytes.NewReader(asJSON([]Event{e}, AllPayload)), PrinterOptions{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.String(), "1\u202f048\u202f576 bytes") && !strings.Contains(got.String(), "1 048 576 bytes") {
		t.Errorf("got %s", got.String())
	}
}

// FuzzRetell: whatever a file has, there is no panic, and nothing that a terminal obeys is printed.
func FuzzRetell(f *testing.F) {
	for i, e := range examples() {
		f.Add(asJSON([]Event{e}, AllPayload), byte(i))
	}
	f.Add([]byte(`{"layer":"frame","kind":"text","masked":true,"head":"gQ==","key":"AA==","data":"AAEC","len":-5,"off":-9223372036854775808,"t":1e300}`), byte(3))
	f.Add([]byte("{\"layer\":\"js\",\"kind\":\"send\",\"src\":\"js\",\"t\":1.5,\"data\":\"G1sySg==\",\"path\":\"\\u001b\"}\nx"), byte(2))
	f.Fuzz(func(t *testing.T, file []byte, how byte) {
		o := PrinterOptions{Form: []Form{AsText, AsBytes}[how&1], Lang: []Lang{English, Chinese}[how>>1&1],
			Payload: []Payload{AllPayload, HeadPayload, NoPayload, "odd"}[how>>2&3], Width: func() int { return int(how) }}
		var got bytes.Buffer
		err := Retell(&got, bytes.NewReader(file), o)
		checkHarmless(t, got.String())
		if err != nil {
			checkHarmless(t, err.Error())
		}
	})
}
