package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func fits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestTableRowsFit(t *testing.T) {
	one, many := 12345.0, 98765.0
	r := &results{Relays: []*relayKind{{Name: reference}, {Name: "wsbridge"}, {Name: "websockify"}}}
	for _, m := range measurements((&options{}).amounts(filesWanted)) {
		for _, row := range m.rows {
			r.Rows = append(r.Rows, &resultRow{Title: row.title, Samples: map[string][]*float64{
				reference: {&one, &one}, "wsbridge": {&many, &one}, "websockify": {&many, &one}}})
		}
	}
	var b strings.Builder
	r.table(&b, r.Relays[1:])
	fits(t, b.String())
}

func TestHelpFits(t *testing.T) { fits(t, helpText()) }

func TestMedian(t *testing.T) {
	v := func(values ...float64) (list []*float64) {
		for _, x := range values {
			list = append(list, &x)
		}
		return append(list, nil)
	}
	for _, tt := range []struct {
		values []*float64
		want   float64
	}{{v(3), 3}, {v(3, 1), 2}, {v(9, 1, 2), 2}, {v(4, 1, 3, 2), 2.5}} {
		if got := median(tt.values); *got != tt.want {
			t.Errorf("got %v, want %v", *got, tt.want)
		}
	}
	if got := median(v()); got != nil {
		t.Errorf("of nothing: got %v, want nil", *got)
	}
}

func TestEnvironmentChangesNoRelay(t *testing.T) {
	got := environment([]string{"PATH=/bin", "WSBRIDGE_LISTEN=:1", "GOGC=off", "GODEBUG=x=1", "HOME=/"})
	if want := "PATH=/bin HOME=/"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
