package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wsbridge/tcp/lab"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	unixTarget := "unix:" + filepath.Join(t.TempDir(), "nobody.sock")
	tests := []struct {
		name    string
		targets []string
		path    string
		want    string // the first answer to text "?", or the status that refuses
	}{
		{"without target, /echo is a WebSocket echo", nil, "/echo", `text "?"`},
		{"without target, other paths reach the practice echo", nil, "/anything", `binary "?"`},
		{"a lone target serves every path", []string{"lab:line"}, "/anything", "wsbridge line service"},
		{"with a target, /echo is that target", []string{"lab:line"}, "/echo", "wsbridge line service"},
		{"with a path, only that path", []string{"/a=lab:echo"}, "/b", "404"},
		{"with a path, only exactly that path", []string{"/a=lab:echo"}, "/a/", "404"},
		{"with paths, /echo is not built in", []string{"/a=lab:echo"}, "/echo", "404"},
		{"a path that ends in /", []string{"/a/=lab:echo"}, "/a/b/c", `binary "?"`},
		{"a path beside a lone target", []string{"lab:line", "/a=lab:echo"}, "/a", `binary "?"`},
		{"a lone target beside a path", []string{"/a=lab:line", "lab:echo"}, "/b", `binary "?"`},
		{"a path with an escape", []string{"/a%20b=lab:echo"}, "/a%20b", `binary "?"`},
		{"a path that is not ASCII", []string{"/聊天=lab:echo"}, "/%E8%81%8A%E5%A4%A9", `binary "?"`},
		{"practice servers beside a target", []string{unixTarget}, "/lab/line", "wsbridge line service"},
		{"the practice echo beside a target", []string{unixTarget}, "/lab/echo", `binary "?"`},
		{"the WebSocket echo beside a target", []string{unixTarget}, "/lab/ws-echo", `text "?"`},
		{"a practice server with FIN", nil, "/lab/half-close", `binary "I got 1 bytes`},
		{"a practice server that refuses", nil, "/lab/refuse", `Close 1014 "target refused the connection"`},
		{"a target that refuses", []string{"lab:refuse"}, "/", `Close 1014 "target refused the connection"`},
		{"what is not in the lab is not a target's", []string{"lab:echo"}, "/lab/nothing", "404"},
		{"the lab itself is not a target's", []string{"lab:echo"}, "/lab/", "404"},
		{"a handshake to /healthz reaches the target", []string{"lab:echo"}, "/healthz", `binary "?"`},
		{"a unix socket that is not there", []string{unixTarget}, "/", `Close 1014 "target not found"`},
		{"lab:7 is port 7 of host lab", []string{"lab:7"}, "/", `Close 1014`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var args []string
			for _, target := range test.targets {
				args = append(args, "--target", target)
			}
			p := start(t, nil, args...)
			c, response := handshake(t, p.addr, test.path)
			got := response.Status
			if response.StatusCode == http.StatusSwitchingProtocols {
				c.send(text, []byte("?"))
				got = c.next()
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAnswersToPlainHTTP(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	tests := []struct{ method, path, want string }{
		{"GET", "/healthz", "200 ok\n"},
		{"HEAD", "/healthz", "200 "},
		{"POST", "/healthz", "426 "},
		{"GET", "/", "200 <!doctype html>"},
		{"GET", "/x", "426 wsbridge: this is a WebSocket address; open it from JavaScript: new WebSocket(\"ws://" + p.addr + "/x\")\n"},
		{"GET", "/lab/echo", "426 wsbridge: this is a WebSocket address"},
		{"GET", "/lab/foo", "404 wsbridge: no such practice server; there are /lab/" + strings.Join(lab.Names(), ", /lab/") + ", /lab/ws-echo\n"},
		{"GET", "/%6cab/foo", "404 wsbridge: no such practice server"},
	}
	for _, test := range tests {
		r, _ := http.NewRequest(test.method, p.url(test.path), nil)
		r.Close = true
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if got := response.Status[:4] + string(body); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %s: got %q, want %q", test.method, test.path, got, test.want)
		}
		if response.StatusCode >= 400 && !response.Close {
			t.Errorf("%s %s: refused without Connection: close", test.method, test.path)
		}
	}
}

func TestOriginsOfPracticeServers(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	for path, want := range map[string]string{
		"/echo": "101", "/lab/ws-echo": "101", "/lab/echo": "101", "/lab/line": "403", "/lab/chargen": "403", "/": "403",
	} {
		if got := status(t, p, path, "Origin: null"); got != want {
			t.Errorf("a page from disk at %s: got %s, want %s", path, got, want)
		}
	}
	if got := status(t, p, "/lab/line", "Origin: http://"+p.addr); got != "101" {
		t.Errorf("the bridge's own origin at /lab/line: got %s, want 101", got)
	}
}

// TestHeaderLimit: 16 KiB of request are taken and no byte more.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	for size, want := range map[int]string{maxHeader: "101", maxHeader + 1: "431", 1 << 20: "431"} {
		if got := requestOfSize(t, p.addr, size); got != want {
			t.Errorf("a request of %d bytes: got %s, want %s", size, got, want)
		}
	}
}

// requestOfSize opens a WebSocket with a request of size bytes and returns the status.
func requestOfSize(t *testing.T, addr string, size int) string {
	t.Helper()
	request := []byte("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nX: ")
	request = append(request, bytes.Repeat([]byte("x"), size-len(request)-len("\r\n\r\n"))...)
	conn := connect(t, addr)
	go conn.Write(append(request, "\r\n\r\n"...)) // the answer may come before the end
	answer := make([]byte, len("HTTP/1.1 101"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatalf("a request of %d bytes: %v", size, err)
	}
	return string(answer[len("HTTP/1.1 "):])
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	addr, _ := serveTLS(t, silent)
	p := start(t, []string{"WSBRIDGE_TARGETS=localhost:7", "WSBRIDGE_COLOUR=green"},
		"--allow-origin", "*", "--target", "tls://"+addr, "--target-insecure")
	log := p.stderr.String()
	for _, want := range []string{
		`level=WARN msg="nothing reads this environment variable" name=WSBRIDGE_TARGETS nearest=WSBRIDGE_TARGET`,
		`level=WARN msg="nothing reads this environment variable" name=WSBRIDGE_COLOUR nearest=""`,
		`level=WARN msg="--allow-origin '*': any page that a browser here opens can reach the targets"`,
		`level=WARN msg="--target-insecure: whoever answers for a tls:// target is believed"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no line %s in\n%s", want, log)
		}
	}
}

func TestQuietStart(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "wsbridge", "--listen", "127.0.0.1:0", "--log-level", "warn")
	p.stdout.await(t, "ws://127.0.0.1:[0-9]+/echo ") // practice says what to try, whatever the log does
	if log := p.stderr.String(); log != "" {
		t.Errorf("got log %q, want none", log)
	}
	p = start(t, nil, "--target", "lab:echo")
	if out := p.stdout.String(); out != "" {
		t.Errorf("with a target: got %q on stdout, want nothing", out)
	}
}

// TestLogWithoutReader: when whoever read the log is gone, sessions go on.
func TestLogWithoutReader(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("wsbridge", "--listen", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	r.Close()
	m := listening.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("first line %q, error %v", line, err)
	}
	for range 2 {
		c := open(t, m[1], "/") // logs a line
		c.send(text, []byte("?"))
		if got, want := c.next(), `binary "?"`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		c.conn.Close()
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit code 0", err)
	}
}
