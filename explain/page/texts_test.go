package page

import (
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// texts are the tables below text/, by part ("" is the shell's) and language.
func texts(t *testing.T) map[string]map[string]map[string]string {
	t.Helper()
	all := make(map[string]map[string]map[string]string)
	for at, f := range staticFiles() {
		name, ok := strings.CutPrefix(at, "/page/text/")
		if !ok {
			continue
		}
		var table map[string]string
		if err := json.Unmarshal(f.body, &table); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		name = strings.TrimSuffix(name, ".json")
		part, lang := strings.TrimSuffix(strings.TrimSuffix(name, path.Ext(name)), "."), strings.TrimPrefix(path.Ext(name), ".")
		if lang == "" {
			part, lang = "", name
		}
		if all[part] == nil {
			all[part] = make(map[string]map[string]string)
		}
		all[part][lang] = table
	}
	if len(all) == 0 {
		t.Fatal("no texts")
	}
	return all
}

func TestTextsAreTheSameInBothLanguages(t *testing.T) {
	for part, tables := range texts(t) {
		en, zh := tables["en"], tables["zh"]
		if len(tables) != 2 || en == nil || zh == nil {
			t.Errorf("text/%s: languages %v, want en and zh", part, slices.Sorted(maps.Keys(tables)))
			continue
		}
		for key, text := range en {
			other, ok := zh[key]
			switch {
			case !ok:
				t.Errorf("text/%s: %q is not in zh", part, key)
			case strings.TrimSpace(text) == "" || strings.TrimSpace(other) == "":
				t.Errorf("text/%s: %q is empty", part, key)
			case !slices.Equal(places(text), places(other)):
				t.Errorf("text/%s: %q takes %v in en, %v in zh", part, key, places(text), places(other))
			}
		}
		for key := range zh {
			if _, ok := en[key]; !ok {
				t.Errorf("text/%s: %q is not in en", part, key)
			}
		}
	}
}

var place = regexp.MustCompile(`\{(\w+)(?:\|[^{}]*)?\}`)

// places are the names of a text's {param} and {param|one|many}, each once.
func places(text string) []string {
	names := make(map[string]bool)
	for _, found := range place.FindAllStringSubmatch(text, -1) {
		names[found[1]] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// The page puts all tables into one.
func TestNoTwoPartsHaveTheSameTextKey(t *testing.T) {
	owner := make(map[string]string)
	for part, tables := range texts(t) {
		for key := range tables["en"] {
			if other, ok := owner[key]; ok {
				t.Errorf("%q is in text/%s and in text/%s", key, part, other)
			}
			owner[key] = part
		}
	}
}

var textKey = regexp.MustCompile(`\bt\('([^'$]+)'`)

func TestTextsThatModulesNameExist(t *testing.T) {
	known := make(map[string]bool)
	for _, tables := range texts(t) {
		for key := range tables["en"] {
			known[key] = true
		}
	}
	for at, f := range staticFiles() {
		if path.Ext(at) != ".js" {
			continue
		}
		for _, found := range textKey.FindAllStringSubmatch(string(f.body), -1) {
			if !known[found[1]] {
				t.Errorf("%s: t('%s') has no text", at, found[1])
			}
		}
	}
}
