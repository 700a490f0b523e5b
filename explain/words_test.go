package explain

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write the golden files")

var languages = []Lang{English, Chinese}

func TestEveryKeyIsUsedAndThere(t *testing.T) {
	used := map[string]bool{"unknown": true}
	for _, e := range examples() {
		used[Key(&e)] = true
	}
	for _, lang := range languages {
		for key := range wordTables[lang] {
			if !used[key] {
				t.Errorf("%s: no event leads to %s", lang, key)
			}
		}
		for key := range used {
			if _, ok := wordTables[lang][key]; !ok && key != "unheard.of" {
				t.Errorf("%s: no words for %s", lang, key)
			}
		}
	}
}

func TestLanguagesSayTheSame(t *testing.T) {
	for key, en := range wordTables[English] {
		zh := wordTables[Chinese][key]
		for part, pair := range map[string][2]string{
			"title": {en.Title, zh.Title}, "text": {en.Text, zh.Text}, "note": {en.Note, zh.Note},
		} {
			if got, want := fields(pair[1]), fields(pair[0]); !slices.Equal(got, want) {
				t.Errorf("%s, %s: Chinese has the fields %v, English %v", key, part, got, want)
			}
			if (pair[0] == "") != (pair[1] == "") {
				t.Errorf("%s, %s: only one language has it", key, part)
			}
		}
		section := regexp.MustCompile(`^(RFC \d+) section ([\d.]+)$`)
		if want := section.ReplaceAllString(en.RFC, "$1 第 $2 节"); zh.RFC != want || en.RFC != "" && !section.MatchString(en.RFC) {
			t.Errorf("%s: English has %q, Chinese %q", key, en.RFC, zh.RFC)
		}
	}
}

// fields are the fields that words show. Those that only choose between one and many are no matter: Chinese does not.
func fields(words string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`\{([A-Za-z_.]+)\}`).FindAllStringSubmatch(words, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestStyle: at most two sentences, a title that fits beside an arrow, a note that fits behind it.
func TestStyle(t *testing.T) {
	for _, lang := range languages {
		for _, e := range examples() {
			w := Explain(e, lang)
			if n := strings.Count(strings.TrimRight(w.Text, ".。")+" ", ". ") + strings.Count(strings.TrimSuffix(w.Text, "。"), "。") + 1; n > 2 {
				t.Errorf("%s %s: %d sentences: %s", lang, Key(&e), n, w.Text)
			}
			if columns(w.Title) > 76 && e.Layer != Kernel {
				t.Errorf("%s %s: title of %d columns", lang, Key(&e), columns(w.Title))
			}
			if columns(w.Note) > noteColumns && e.Kind != End {
				t.Errorf("%s %s: note of %d columns", lang, Key(&e), columns(w.Note))
			}
			if !strings.HasSuffix(w.Text, ".") && !strings.HasSuffix(w.Text, "。") {
				t.Errorf("%s %s: the text does not end: %s", lang, Key(&e), w.Text)
			}
		}
	}
}

// TestChinesePunctuation: between Chinese characters stand Chinese commas.
func TestChinesePunctuation(t *testing.T) {
	for key, w := range wordTables[Chinese] {
		for _, text := range []string{w.Title, w.Text, w.Note} {
			for i, r := range text {
				before := []rune(text[:i])
				if strings.ContainsRune(",;:?", r) && len(before) > 0 && unicode.Is(unicode.Han, before[len(before)-1]) {
					t.Errorf("%s: %q in %s", key, r, text)
				}
			}
		}
	}
}

func TestWordsAsTheyWere(t *testing.T) {
	for _, lang := range languages {
		var b strings.Builder
		for _, e := range examples() {
			w := Explain(e, lang)
			fmt.Fprintf(&b, "%s\n  %s\n  %s\n", Key(&e), w.Title, w.Text)
			for _, more := range []string{w.Note, w.RFC} {
				if more != "" {
					fmt.Fprintf(&b, "  (%s)\n", more)
				}
			}
		}
		golden(t, filepath.Join("testdata", "words", string(lang)+".txt"), b.String())
	}
}

// golden compares got with a file, which go test -update writes.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) || gotLines[i] != wantLines[i] {
			t.Fatalf("%s, line %d:\ngot  %s\nwant %s\n(go test ./explain -update writes it)", file, i+1, lineAt(gotLines, i), lineAt(wantLines, i))
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// fillCase is an event as the live feed has it, and what words become. The browser tests give the same cases to
// words.js.
type fillCase struct {
	Words Words           `json:"words"`
	Event json.RawMessage `json:"event"`
	Want  Words           `json:"want"`
}

// TestFill checks the cases that words.js is checked with, too.
func TestFill(t *testing.T) {
	var cases []fillCase
	text, err := os.ReadFile("testdata/words/fill.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		var f fact
		if err := json.Unmarshal(c.Event, &f); err != nil {
			t.Fatalf("case %d: %v", i+1, err)
		}
		got := Words{fill(c.Words.Title, f.field), fill(c.Words.Text, f.field), fill(c.Words.Note, f.field), c.Words.RFC}
		if got != c.Want {
			t.Errorf("case %d:\ngot  %q\nwant %q", i+1, got, c.Want)
		}
	}
}

// TestFieldsAreTheJSON: what words can show of an event is what its JSON has, which is all that words.js knows.
func TestFieldsAreTheJSON(t *testing.T) {
	names := map[string]bool{}
	for _, w := range wordTables[English] {
		for _, m := range place.FindAllStringSubmatch(w.Title+w.Text+w.Note, -1) {
			names[m[1]] = true
		}
	}
	for _, e := range examples() {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		f := fact{}
		var fields map[string]any
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		for name := range names {
			if got, want := fieldText(name, f.field(name)), jsonText(name, fields); got != want {
				t.Errorf("%s, field %s: got %q, its JSON says %q", Key(&e), name, got, want)
			}
		}
	}
}

// jsonText is fieldText from JSON, by the rules of words.js.
func jsonText(name string, in map[string]any) string {
	var value any = in
	for part := range strings.SplitSeq(name, ".") {
		group, _ := value.(map[string]any)
		value = group[part]
	}
	texts := []string{"layer", "kind", "local", "remote", "error", "reason", "path", "target", "why"}
	switch v := value.(type) {
	case float64:
		return fieldText(name, int64(v))
	case string:
		if name == "head" || name == "key" {
			b, _ := json.Marshal(v)
			var raw []byte
			json.Unmarshal(b, &raw)
			return fieldText(name, raw)
		}
		return fieldText(name, v)
	}
	switch {
	case strings.Contains(name, "."):
		return "–"
	case name == "head" || name == "key" || slices.Contains(texts, name):
		return ""
	}
	return "0"
}

func TestDigits(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", 1048576: "1 048 576", -1: "-1", -123456: "-123 456"} {
		if got := strings.ReplaceAll(Digits(n), "\u202f", " "); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
