package main

import (
	"os"
	"path/filepath"
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

const yamlFile = "../../configs/wsbridge.yaml"

// TestYAMLFile: it names each key at the top once, with its standard value, or with an example where there is none.
func TestYAMLFile(t *testing.T) {
	content, err := os.ReadFile(yamlFile)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(##?)([a-z-]+):(.*)$`).FindAllStringSubmatch(string(content), -1) {
		if _, twice := got[m[2]]; twice {
			t.Errorf("%s stands there twice", m[2])
		}
		if got[m[2]] = strings.TrimSpace(m[3]); m[1] == "##" {
			got[m[2]] = "example"
		}
	}
	for _, s := range newConfig().settings {
		want := s.standard
		switch {
		case s.name == "config":
			continue
		case want == "" && s.value == "":
			want = "false"
		case want == "":
			want = "example"
		}
		if value, ok := got[s.name]; !ok || value != want {
			t.Errorf("%s: got %q (there: %t), want %q", s.name, value, ok, want)
		}
		delete(got, s.name)
	}
	if delete(got, "routes"); len(got) > 0 {
		t.Errorf("nothing reads %v", got)
	}
}

// TestYAMLFileIsUsable checks the file with its standard values, and with its examples too.
func TestYAMLFileIsUsable(t *testing.T) {
	content, err := os.ReadFile(yamlFile)
	if err != nil {
		t.Fatal(err)
	}
	standard := regexp.MustCompile(`(?m)^#([a-z])`).ReplaceAllString(string(content), "$1")
	if code, _, stderr := runToEnd(t, nil, "check", newFile(t, "wsbridge.yaml", standard)); code != 0 {
		t.Errorf("standard values: %s", stderr)
	}

	// The files that the examples name.
	dir, cert := t.TempDir(), newCertificate(t)
	examples := regexp.MustCompile(`(?m)^##`).ReplaceAllString(standard, "")
	examples = strings.NewReplacer("/etc/wsbridge/machines", "machines", "/etc/letsencrypt/live/bridge.example.org/", "",
		"\nauth-jwt-key: a-secret", "\n#auth-jwt-key: a-secret", // instead of the file
		"\ntarget: localhost:7\n", "\n", "\nsend-proxy: v1", "").Replace(examples)
	key, public := string(readFile(t, cert.keyFile)), string(readFile(t, cert.certFile))
	for name, text := range map[string]string{
		"machines": "one: localhost:5901\n", "jwks.json": public, "tokens": goodToken + "\n", "clients.pem": public, "ca.pem": public,
		"htpasswd":   "ali:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC\n",
		"client.pem": public, "client.key": key, "fullchain.pem": public, "privkey.pem": key, "wsbridge.yaml": examples,
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	code, stdout, stderr := runToEnd(t, nil, "check", filepath.Join(dir, "wsbridge.yaml"))
	if code != 0 || !strings.Contains(stdout, "route   db.example.org/  →  tls://db.internal:6380") {
		t.Errorf("examples: exit code %d\n%s%s", code, stdout, stderr)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
