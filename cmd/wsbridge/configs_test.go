package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const envFile = "../../configs/wsbridge.env"

// TestEnvFile: it names each variable once, with its standard value, and says why one would change it.
func TestEnvFile(t *testing.T) {
	content, err := os.ReadFile(envFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	got := map[string]string{}
	for i, line := range lines {
		m := regexp.MustCompile(`^#?(WSBRIDGE_[A-Z_]+)=(.*)$`).FindStringSubmatch(line)
		switch {
		case m == nil && line != "" && !strings.HasPrefix(line, "# "):
			t.Errorf("line %d is neither a comment nor a variable: %s", i+1, line)
		case m == nil:
		case !strings.HasPrefix(line, "#"):
			t.Errorf("line %d changes a default: %s", i+1, line)
		case !strings.HasPrefix(lines[i-1], "# "):
			t.Errorf("line %d: nothing says what %s is for", i+1, m[1])
		default:
			if _, twice := got[m[1]]; twice {
				t.Errorf("line %d: %s stands there twice", i+1, m[1])
			}
			got[m[1]] = m[2]
		}
	}
	for _, s := range newConfig().settings {
		want := s.standard
		if s.value == "" && want == "" {
			want = "false"
		}
		if value, ok := got[s.variable()]; !ok || value != want {
			t.Errorf("%s: got %q (there: %t), want %q", s.variable(), value, ok, want)
		}
		delete(got, s.variable())
	}
	for name := range got {
		t.Errorf("nothing reads %s", name)
	}
}

// TestEnvFileIsUsable starts the program with all its lines switched on.
func TestEnvFileIsUsable(t *testing.T) {
	content, err := os.ReadFile(envFile)
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for line := range strings.SplitSeq(string(content), "\n") {
		if strings.HasPrefix(line, "#WSBRIDGE_") && !strings.HasPrefix(line, "#WSBRIDGE_LISTEN") {
			env = append(env, line[1:])
		}
	}
	p := start(t, env)
	if got, want := firstAnswer(t, p, "/echo"), `text "?"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if log := p.stderr.String(); strings.Contains(log, "WARN") {
		t.Errorf("it warns:\n%s", log)
	}
}
