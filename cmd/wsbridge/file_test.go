package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestBadFile: what is wrong with a configuration file is told with its place, and how it would be right.
func TestBadFile(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		claim, text string
		what, hint  string // FILE stands for the file's name
	}{
		{"an unknown key", "target: localhost:7\nlisten-on: :1\n", "FILE:2:1: unknown key listen-on", "did you mean listen"},
		{"an unknown key of a route", "routes:\n  - path: /a\n    targt: localhost:7\n", "FILE:3:5: unknown key targt", "did you mean target?"},
		{"a key with the wrong line", "ping_interval: 5s\n", "FILE:1:1: unknown key ping_interval", "did you mean ping-interval?"},
		{"a key of the bridge in a route", "routes:\n- target: lab:echo\n  listen: :1\n", "FILE:3:3: listen is not of one route but of the whole bridge", "top of the file"},
		{"a list where one value goes", "messages: [text, binary]\n", "FILE:1:11: messages takes one value, not a list", "messages: binary"},
		{"keys where a value goes", "target:\n  host: localhost\n", "FILE:2:3: target takes a value here, not more keys or lists", "as in: target: "},
		{"a list in a list", "allow-origin: [[null]]\n", "FILE:1:16: allow-origin takes a value here", ""},
		{"no value", "target:\n", "FILE:1:8: target has no value", "remove the line"},
		{"a value of the wrong type", "ping-interval: 5\n", "FILE:1:16: ping-interval: 5: a duration has a unit", "try ping-interval: 5s"},
		{"a word of none that there are", "messages: txt\n", "FILE:1:11: messages: txt: not one of binary, text, mirror", "try messages: text"},
		{"neither true nor false", "explain: yes please\n", "FILE:1:10: explain: 'yes please': neither true nor false", "try explain: true"},
		{"the second value of a list", "allow-origin:\n  - https://a.example\n  - b.example\n", "FILE:3:5: allow-origin: b.example: not scheme://host[:port], null or *", "https://www.example.org"},
		{"a key that stands twice", "explain: true\nexplain: false\n", "FILE:2:1: explain stands here twice", ""},
		{"not YAML", "target: localhost:7\n\tmessages: text\n", "FILE:", "indent with spaces"},
		{"a list at the top", "- target: localhost:7\n", "FILE:1:1: the file must be lines of key: value", ""},
		{"two documents", "explain: true\n---\nexplain: true\n", "FILE: more than one YAML document", "---"},
		{"routes that are no list", "routes: {path: /a}\n", "FILE:1:9: routes must be a list", ""},
		{"a route that is a word", "routes: [localhost:7]\n", "FILE:1:10: a route must be lines of key: value", ""},
		{"a route without target", "routes:\n  - path: /a\n", "FILE:2:5: a route has one target, or tokens", ""},
		{"a route with two", "routes:\n  - target: [lab:echo, lab:line]\n", "FILE:2:5: a route has one target, or tokens", ""},
		{"a target of a route with a path", "routes:\n  - target: /a=lab:echo\n", "FILE:2:13: target: /a=lab:echo: the path of a route is a key of its own", "path: /a"},
		{"a path without /", "routes:\n  - {path: irc, target: lab:echo}\n", "FILE:2:12: a path begins with /", "path: /irc"},
		{"a path of the practice servers", "routes:\n  - {path: /lab/x, target: lab:echo}\n", "FILE:2:12: path: /lab/x: paths below /lab/ are the practice servers'", ""},
		{"a path that two routes have", "routes:\n  - {path: /a, target: lab:echo}\n  - {path: /a, target: lab:line}\n", "FILE:3:5: a second target for path /a", ""},
		{"a path that a target has", "target: /a=lab:echo\nroutes:\n  - {path: /a, target: lab:line}\n", "FILE:3:5: a second target for path /a", ""},
		{"a name that two routes have", "routes:\n  - {path: /a, name: x, target: lab:echo}\n  - {path: /b, name: x, target: lab:line}\n", "FILE:3:5: a second route named x", ""},
		{"a host with a port", "routes:\n  - {host: 'a.example:80', target: lab:echo}\n", "FILE:2:12: host: a.example:80: not a host name without port", ""},
		{"public that is neither", "routes:\n  - {public: perhaps, target: lab:echo}\n", "FILE:2:14: public is neither true nor false", "public: true"},
		{"a secret is not told", "auth-token: hunter2\n", "FILE:1:13: auth-token: SECRET: line 1: the token is shorter than 16 characters", ""},
		{"a file that is not there", "auth-token-file: nowhere\n", "FILE:1:18: auth-token-file: DIR/nowhere: no such file or directory", "ls -l"},
		{"a cookie and any origin", "auth-token: good-token-0123456789\nauth-cookie: c\nallow-origin: '*'\n", "let any page in the world act", "--allow-origin https://www.example.org"},
		{"a wrong value of a route", "routes:\n  - target: lab:echo\n    bandwidth: fast\n", "FILE:3:16: bandwidth: fast: not a number of bytes a second", "bandwidth: 500KiB/s"},
		{"a number that is none", "max-conns: many\n", "FILE:1:12: max-conns: many: not a number", "max-conns: 100"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			t.Parallel()
			file := newFile(t, "wsbridge.yaml", row.text)
			code, stdout, stderr := runToEnd(t, nil, "check", file)
			dir := strings.TrimSuffix(file, "/wsbridge.yaml")
			want := strings.NewReplacer("FILE", file, "DIR", dir).Replace(row.what)
			what, hint, _ := strings.Cut(stderr, "\nwsbridge: hint: ")
			if code != 2 || stdout != "" || !strings.Contains(what, want) || !strings.Contains(hint, row.hint) || strings.Contains(stderr, "hunter2") {
				t.Errorf("exit code %d, stdout %q\ngot  %swant %s\nhint %s", code, stdout, stderr, want, row.hint)
			}
			if begins, _, _ := runToEnd(t, nil, "--config", file, "--listen", "127.0.0.1:0"); begins != 2 {
				t.Errorf("--config: exit code %d, want 2", begins)
			}
		})
	}
}

// TestRoutesOfAFile: a route has what it says, and else what stands at the top.
func TestRoutesOfAFile(t *testing.T) {
	t.Parallel()
	a, b := serveTarget(t, greets("A")), serveTarget(t, greets("B"))
	tokens := newFile(t, "tokens", goodToken+"\n")
	file := newFile(t, "wsbridge.yaml", fmt.Sprintf(`
# what holds for all
allow-origin: [https://a.example]
messages: text
auth-token-file: %s
routes:
  - path: /a
    target: %s
  - path: /b/
    target: &b %s
    allow-origin: []
    messages: binary
    public: true
    max-conns: 1
  - path: /a
    host: b.example
    target: *b
    auth-token: another-token-0123456789
`, tokens, a, b))
	p := start(t, nil, "--config", file)
	bearer := "Authorization: Bearer " + goodToken
	for _, row := range []struct{ claim, path, header, want string }{
		{"what stands at the top holds", "/a", "Origin: https://a.example", "401"},
		{"for its tokens, too", "/a", bearer + "|Origin: https://a.example", "101"},
		{"and its origins", "/a", bearer + "|Origin: https://b.example", "403"},
		{"a route may have no origins", "/b/c", "Origin: https://a.example", "403"},
		{"and be public", "/b/c", "", "101"},
		{"and take so many", "/b/d", "", "503"},
		{"a host has its own route", "/a", "Host: b.example|" + bearer, "401"},
		{"with its own tokens", "/a", "Host: b.example|Authorization: Bearer another-token-0123456789", "101"},
		{"a host that no route has is none of the bridge's", "/a", "Host: c.example|" + bearer, "403"},
		{"a path that no route has", "/c", bearer, "404"},
		{"is told to nobody else", "/c", "", "401"},
	} {
		var headers []string
		if row.header != "" {
			headers = strings.Split(row.header, "|")
		}
		if got := status(t, p, row.path, headers...); got != row.want {
			t.Errorf("%s: got %s, want %s", row.claim, got, row.want)
		}
	}
	c := open(t, p.addr, "/a", bearer)
	if got, want := c.next(), `text "A"`; got != want {
		t.Errorf("messages of the top: got %s, want %s", got, want)
	}
}

// TestNoRouteStandsInFrontOfTheLab: the page's experiments reach practice servers by whatever name the page was opened,
// and never a target.
func TestNoRouteStandsInFrontOfTheLab(t *testing.T) {
	t.Parallel()
	file := newFile(t, "wsbridge.yaml", "routes: [{host: b.example, target: '"+serveTarget(t, greets("target"))+"'}]\n")
	p := start(t, nil, "--config", file)
	c := open(t, p.addr, "/lab/echo", "Host: b.example")
	c.send(text, []byte("?"))
	if got, want := c.next(), `binary "?"`; got != want {
		t.Errorf("/lab/echo: got %s, want %s", got, want)
	}
	if got, want := statuses("/lab/nothing|Host: b.example", "/other|Host: b.example")(t, p), "404 101"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p = start(t, nil, "--config", file, "--explain=false")
	if got, want := statuses("/lab/echo|Host: b.example")(t, p), "404"; got != want {
		t.Errorf("--explain=false: got %s, want %s", got, want)
	}
}

// TestFlagsComeBeforeTheFile, and the environment between them.
func TestFlagsComeBeforeTheFile(t *testing.T) {
	t.Parallel()
	file := newFile(t, "wsbridge.yaml", "target: "+closedPort(t)+"\nmessages: mirror\nmax-conns: 1\n")
	p := start(t, []string{"WSBRIDGE_MESSAGES=binary", "WSBRIDGE_MAX_CONNS=2"}, "--config", file, "--target", "lab:echo", "--messages", "text")
	if got, want := firstAnswer(t, p, "/"), `text "?"`; got != want {
		t.Errorf("the flag: got %s, want %s", got, want)
	}
	if got, want := statuses("/", "/", "/")(t, p), "101 503 503"; got != want {
		t.Errorf("the variable: got %s, want %s", got, want)
	}
}

func FuzzConfigFile(f *testing.F) {
	for _, text := range []string{"target: localhost:7\n", "routes: [{path: /a, target: lab:echo, max-conns: 1}]", "a: &a [*a]", "? [x]\n: y", "routes: &r\n  - *r", "---\n...\n---"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := newConfig().parseFile("f.yaml", []byte(text))
		if p, ok := err.(*problem); err != nil && (!ok || !strings.HasPrefix(p.what, "f.yaml:") || strings.ContainsAny(p.what, "\n\x1b\x00")) {
			t.Errorf("%q: %q", text, err)
		}
	})
}
