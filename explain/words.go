package explain

import (
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Lang is a language that events are explained in.
type Lang string

// The languages.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// Words explain one event. Title labels it, Text says in at most two sentences which bytes, what they are called and why
// they are there, Note is a remark of half a line, and RFC is where it is written; Note and RFC may be empty.
type Words struct {
	Title string `json:"title"`
	Text  string `json:"text"`
	Note  string `json:"note,omitempty"`
	RFC   string `json:"rfc,omitempty"`
}

// The tables: key (see Key) → words with places to fill. A place is
//
//	{field}          the value of the event's JSON field, {http.line} of a field in a field
//	{field|one|many} the word before or behind the second bar, as the field is 1 or not
//
// How a value looks depends on the field alone; see fieldText. page/static/words.js does the same to the same tables.
//
//go:embed words/*.json
var wordFiles embed.FS

var wordTables = map[Lang]map[string]Words{English: readTable(English), Chinese: readTable(Chinese)}

func readTable(lang Lang) map[string]Words {
	var table map[string]Words
	if err := json.Unmarshal(Table(lang), &table); err != nil {
		panic(fmt.Sprintf("words of %s: %v", lang, err))
	}
	return table
}

// Table is the JSON of a language's words; of any other language, English.
func Table(lang Lang) []byte {
	if lang != Chinese {
		lang = English
	}
	b, err := wordFiles.ReadFile("words/" + string(lang) + ".json")
	if err != nil {
		panic(err) // embedded
	}
	return b
}

// Explain says in lang (any other: English) what e is.
func Explain(e Event, lang Lang) Words {
	return explainAs(Key(&e), lang, func(name string) any { return e.field(name) })
}

// explainAs fills the words of key with the fields that an event has.
func explainAs(key string, lang Lang, field func(name string) any) Words {
	table, ok := wordTables[lang]
	if !ok {
		table = wordTables[English]
	}
	w, ok := table[key]
	if !ok {
		w = table["unknown"]
	}
	return Words{fill(w.Title, field), fill(w.Text, field), fill(w.Note, field), w.RFC}
}

var place = regexp.MustCompile(`\{([A-Za-z_.]+)(?:\|([^|}]*)\|([^|}]*))?\}`)

func fill(words string, field func(name string) any) string {
	if !strings.Contains(words, "{") {
		return words
	}
	return place.ReplaceAllStringFunc(words, func(found string) string {
		m := place.FindStringSubmatch(found)
		name, value := m[1], field(m[1])
		switch {
		case !strings.Contains(found, "|"):
			return fieldText(name, value)
		case value == int64(1):
			return m[2]
		}
		return m[3]
	})
}

// fieldText is a value as words show it: codes as they are, other numbers with their digits in groups, bytes in hex,
// an error in brackets, text cut to 200 characters, and "–" for nil and for a field in a field that is not there.
func fieldText(name string, value any) string {
	switch v := value.(type) {
	case int64:
		if name == "code" || name == "status" {
			return strconv.FormatInt(v, 10)
		}
		return Digits(v)
	case []byte:
		return Hex(v)
	case string:
		switch {
		case v == "" && strings.Contains(name, "."):
			return "–"
		case v != "" && name == "error":
			return " (" + cut(v, 200) + ")"
		}
		return cut(v, 200)
	}
	return "–"
}

// Digits is n with its digits in groups of three, apart by a space that does not break.
func Digits(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// Hex is b as pairs of digits: "81 85".
func Hex(b []byte) string {
	pairs := make([]string, len(b))
	for i := range b {
		pairs[i] = hex.EncodeToString(b[i : i+1])
	}
	return strings.Join(pairs, " ")
}

// cut keeps the first most characters of s.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
