package tcp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func writeTable(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantTarget(t *testing.T, table *Table, name, want string) {
	t.Helper()
	target, ok := table.Lookup(name)
	if got := target.String(); ok != (want != "") || got != want {
		t.Errorf("%q: got %q (%t), want %q", name, got, ok, want)
	}
}

func TestTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	writeTable(t, file, "# machines\r\n\r\n one:  127.0.0.1:5901 \ntwo: unix:/run/vnc.sock\nthree: tls://db:6380\n")
	table, err := LoadTable(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"one": "127.0.0.1:5901", "two": "unix:/run/vnc.sock", "three": "tls://db:6380",
		"": "", "One": "", "127.0.0.1:5901": "", "127.0.0.1:22": "", "one:": "", "# machines": "",
	} {
		wantTarget(t, table, name, want)
	}
}

func TestTableIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	var failed []string
	writeTable(t, filepath.Join(dir, "a"), "one: a:1\n")
	table, err := LoadTable(dir, nil, func(err error) { failed = append(failed, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		claim, file, text string
		one, two          string
		failed            string
	}{
		{"a changed file of the same size", "a", "one: b:1\n", "b:1", "", ""},
		{"another file", "b", "two: c:2\n", "b:1", "c:2", ""},
		{"a file beside", "b~", "two: x:2\n", "b:1", "c:2", ""},
		{"a broken file changes nothing", "b", "two: c\n", "b:1", "c:2", `b:1: target "c": "c" is not host:port`},
		{"a name twice changes nothing", "b", "one: d:4\n", "b:1", "c:2", "stands in the table already"},
		{"repaired", "b", "two: e:5\n", "b:1", "e:5", ""},
	} {
		writeTable(t, filepath.Join(dir, step.file), step.text)
		failed = nil
		wantTarget(t, table, "one", step.one)
		wantTarget(t, table, "two", step.two)
		if got := strings.Join(failed, "|"); len(failed) > 1 || !strings.Contains(got, step.failed) || (got == "") != (step.failed == "") {
			t.Errorf("%s: told %q, want once %q", step.claim, got, step.failed)
		}
	}
	os.Remove(filepath.Join(dir, "b"))
	wantTarget(t, table, "two", "")
	os.RemoveAll(dir)
	wantTarget(t, table, "one", "b:1")
}

// TestTableIsNotReadForNothing: what has not changed for a while is not opened again.
func TestTableIsNotReadForNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	writeTable(t, file, "one: a:1\n")
	old := time.Now().Add(-time.Hour)
	os.Chtimes(file, old, old)
	table, err := LoadTable(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	writeTable(t, file, "one: b:1\n")
	os.Chtimes(file, old, old)
	wantTarget(t, table, "one", "a:1")
}

func TestTableErrors(t *testing.T) {
	for text, want := range map[string]string{
		"one 127.0.0.1:1":    ":1: not name: host:port",
		"\none:127.0.0.1:1":  ":2: not name: host:port",
		": a:1":              ":1: not name: host:port",
		"one: ftp://a:1":     `:1: target "ftp://a:1": unknown scheme "ftp"`,
		"one: a:1\none: b:1": ":2: this name stands in the table already",
		"one: a:70000":       "port",
	} {
		file := filepath.Join(t.TempDir(), "tokens")
		writeTable(t, file, text)
		if _, err := LoadTable(file, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := LoadTable(filepath.Join(t.TempDir(), "nowhere"), nil, nil); !os.IsNotExist(err) {
		t.Errorf("got %v, want that there is none", err)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("one: a:1\n#\n\ntwo: unix:/x\n")
	f.Fuzz(func(t *testing.T, text string) {
		targets := map[string]Target{}
		if err := parseTable("f", []byte(text), targets); err == nil {
			for name, target := range targets {
				if name == "" || target.Address == "" {
					t.Errorf("%q: %q", name, target)
				}
			}
		}
	})
}
