package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// output is a writer that may be looked at while others write.
type output struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// told is what a story tells about events, on a terminal with so many columns.
func told(events []Event, width int, o PrinterOptions) string {
	o.Width = func() int { return width }
	story, text := newStory(o), ""
	for _, e := range events {
		text += story.tell(&fact{Event: e, At: float64(e.T)})
	}
	return text
}

func TestStoriesAsTheyWere(t *testing.T) {
	for _, lang := range languages {
		for _, form := range []Form{AsText, AsBytes} {
			for _, width := range []int{80, 120} {
				name := fmt.Sprintf("%s.%s.%d.txt", form, lang, width)
				got := told(examples(), width, PrinterOptions{Form: form, Lang: lang})
				golden(t, filepath.Join("testdata", "print", name), got)
			}
		}
	}
}

func TestLinesFitTheTerminal(t *testing.T) {
	for _, width := range []int{72, 80, 100, 120, 200} {
		for _, o := range []PrinterOptions{{}, {Form: AsBytes}, {Form: AsBytes, Lang: Chinese}, {Payload: AllPayload}} {
			for line := range strings.Lines(told(examples(), width, o)) {
				if n := columns(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%+v: %d columns of %d: %s", o, n, width, line)
				}
			}
		}
	}
}

// TestNothingCommandsTheTerminal prints events full of what a terminal obeys, in every field that a peer can fill.
func TestNothingCommandsTheTerminal(t *testing.T) {
	const evil = "\x1b[2J\x1b]0;title\x07\r\n\x00\u009b31m\u202e\u2066\u2028\x7f\xff"
	events := examples()
	for i := range events {
		e := &events[i]
		e.Session, e.Path, e.Target, e.Why, e.Reason, e.Error, e.Local, e.Remote, e.By = evil, evil, evil, evil, evil, evil, evil, evil, evil
		e.Data = []byte(evil)
		e.Began = evil
		e.HTTP = &HTTP{Line: evil, Headers: [][2]string{{evil, evil}}, Body: evil, Key: evil, Accept: evil, Derived: evil}
		if e.TCP != nil {
			e.TCP.State = evil
		}
	}
	events = append(events, Event{Layer: evil, Kind: evil, Stream: evil, Dir: evil})
	for _, form := range []Form{AsText, AsBytes} {
		for _, payload := range []Payload{AllPayload, HeadPayload, NoPayload} {
			checkHarmless(t, told(events, 100, PrinterOptions{Form: form, Payload: payload}))
		}
	}
	for _, e := range events {
		checkHarmless(t, string(appendJSON(nil, e, AllPayload)))
	}
}

// commands are what terminals obey, or what turns the direction of writing.
var commands = regexp.MustCompile(`[^\n\P{C}]|[\x{2028}\x{2029}]`)

func checkHarmless(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%q is no UTF-8", text)
	}
	if found := commands.FindString(text); found != "" {
		t.Errorf("%q reaches the terminal", found)
	}
}

// TestNoPayload looks for bytes of payload in everything that is printed when none shall be.
func TestNoPayload(t *testing.T) {
	const secret = "correct horse"
	var events []Event
	for _, e := range examples() {
		if e.Layer == HTTPText || e.Layer == Frame && e.Opcode&8 != 0 || e.Layer == Pair {
			continue // no payload of a data frame
		}
		e.Data = []byte(secret)
		events = append(events, e)
	}
	for _, e := range events {
		line := string(appendJSON(nil, e, NoPayload))
		var back Event
		if err := json.Unmarshal([]byte(line), &back); err != nil {
			t.Fatal(err)
		}
		if len(back.Data) > 0 || back.Omitted != e.Omitted+int64(len(secret)) {
			t.Errorf("JSON has %d bytes, omitted %d: %s", len(back.Data), back.Omitted, line)
		}
	}
	for _, form := range []Form{AsText, AsBytes} {
		text := told(events, 200, PrinterOptions{Form: form, Payload: NoPayload})
		for _, part := range []string{"correct", "horse", "63 6f 72"} {
			if strings.Contains(text, part) {
				t.Errorf("as %s: %q is printed:\n%s", form, part, text)
			}
		}
		if !strings.Contains(text, "81 85") {
			t.Errorf("as %s: the frames' headers are not printed:\n%s", form, text)
		}
	}
}

func TestPayloadIsCutToItsHead(t *testing.T) {
	e := Event{Layer: Read, Kind: ReadCall, Stream: B, Dir: In, Len: 1000, Data: bytes.Repeat([]byte("x"), 100), Omitted: 900}
	for payload, want := range map[Payload][2]int64{AllPayload: {100, 900}, HeadPayload: {64, 936}, "": {64, 936}, NoPayload: {0, 1000}} {
		got := payload.limited(e)
		if int64(len(got.Data)) != want[0] || got.Omitted != want[1] {
			t.Errorf("%s: got %d bytes, %d omitted, want %v", payload, len(got.Data), got.Omitted, want)
		}
	}
}

func TestColours(t *testing.T) {
	plain := told(examples(), 100, PrinterOptions{})
	if strings.Contains(plain, "\x1b") {
		t.Error("colours without being asked")
	}
	coloured := told(examples(), 100, PrinterOptions{Color: true})
	if got := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(coloured, ""); got != plain {
		t.Error("with colours it says something else")
	}
}

// traced is a session whose begin is recorded.
func traced(t *testing.T, h *Hub, path string) *Session {
	t.Helper()
	s := h.Trace()
	s.begin(time.Now(), Event{Path: path})
	return s
}

func TestPrinterTellsASessionToItsEnd(t *testing.T) {
	for _, form := range []Form{AsText, AsJSON} {
		h := testHub(t, HubOptions{})
		out := new(output)
		p := NewPrinter(out, PrinterOptions{Form: form})
		s := traced(t, h, "/echo")
		p.Watch(s)
		s.Record(Event{Stream: B, Dir: Out, Layer: Write, Kind: WriteCall, Len: 5, Data: []byte("Hello")})
		s.End()
		p.running.Wait() // without Close: the session's end is enough
		want := map[Form]string{AsText: "(?s)^── session 1 ── /echo .*write\\(\\) 5 bytes  B\\[0…5\\)  \"Hello\".*session over",
			AsJSON: `(?s)^{"session":"1","seq":1,.*"kind":"begin".*"say":"pair.begin"}\n.*"say":"write.b"}\n.*"say":"pair.end"}\n$`}[form]
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("as %s: got\n%s\nwant %s", form, out, want)
		}
		p.Close()
	}
}

// TestCloseSaysWhatIsKnown: events that were recorded before Close are printed.
func TestCloseSaysWhatIsKnown(t *testing.T) {
	h, out := testHub(t, HubOptions{}), new(output)
	p := NewPrinter(out, PrinterOptions{Form: AsJSON})
	s := traced(t, h, "/")
	p.Watch(s)
	for range 1000 {
		s.Record(Event{Layer: Message, Kind: Text})
	}
	p.Close()
	if got := strings.Count(out.String(), "\n"); got != 1001 {
		t.Errorf("got %d lines, want 1001", got)
	}
}

func TestSessionsAtTheSameTimeHaveNumbers(t *testing.T) {
	at := func(session string, kind Kind, layer Layer) Event {
		return Event{Session: session, Layer: layer, Kind: kind, Stream: A, Dir: In, Path: "/" + session}
	}
	text := told([]Event{
		at("1", Begin, Pair), at("1", Accept, Socket),
		at("2", Begin, Pair), at("2", Accept, Socket), at("1", EOF, Socket), at("2", EOF, Socket), at("2", End, Pair),
		at("1", Closed, Socket), at("1", End, Pair),
	}, 100, PrinterOptions{})
	var got []string
	for line := range strings.Lines(text) {
		if m := regexp.MustCompile(`^(── session \d|#\d|) *[^ ]*ms +A ← +\w+ +(\S+)|^(── session \d)`).FindStringSubmatch(line); m != nil {
			got = append(got, m[1]+m[2]+m[3])
		}
	}
	want := []string{"── session 1", "accept()", "── session 2", "#2accept()", "#1read()", "#2read()", "#2session",
		"── session 1", "close()", "session"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q\n%s", got, want, text)
	}
}

func TestFloodIsCutAndSaidSo(t *testing.T) {
	h, out := testHub(t, HubOptions{}), new(output)
	s := traced(t, h, "/")
	for range 5000 {
		s.Record(Event{Stream: B, Dir: Out, Layer: Write, Kind: WriteCall, Len: 1})
	}
	s.End()
	p := NewPrinter(out, PrinterOptions{})
	p.Watch(s)
	p.running.Wait()
	p.Close()
	text := strings.ReplaceAll(out.String(), "\u202f", " ")
	missing, shown := 0, strings.Count(text, "write()")
	for _, m := range regexp.MustCompile(`… ([\d ]+) more events?`).FindAllStringSubmatch(text, -1) {
		var n int
		fmt.Sscan(strings.ReplaceAll(m[1], " ", ""), &n)
		missing += n
	}
	if missing == 0 || missing+shown != 5000 || shown > mostAtOnce {
		t.Errorf("%d events shown, %d said to be missing, want 5000 together:\n%s", shown, missing, text)
	}
}

// stuck fails after some writes.
type stuck struct{ left int }

func (s *stuck) Write(p []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestFullDiskIsSaidOnce(t *testing.T) {
	h := testHub(t, HubOptions{})
	said := 0
	p := NewPrinter(&stuck{left: 1}, PrinterOptions{Form: AsJSON, Failed: func(error) { said++ }})
	for range 3 {
		s := traced(t, h, "/")
		p.Watch(s)
		for range 10 {
			s.Record(Event{Layer: Message, Kind: Text})
		}
		s.End()
		p.running.Wait()
	}
	p.Close()
	if said != 1 {
		t.Errorf("said %d times, want once", said)
	}
}
