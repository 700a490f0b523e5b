package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what should come at once.
const patience = 15 * time.Second

// quickExit keeps the race detector from waiting for a second at the end of each program.
const quickExit = "GORACE=atexit_sleep_ms=10"

// program is a running wsbridge.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout output
	stderr output
	addr   string   // of the first listener
	addrs  []string // of all
	ended  chan struct{}
}

var listening = regexp.MustCompile(`"?listening"?,? ?"?address"?[=:]"?([0-9.:\[\]]+)`)

// start runs wsbridge with args, and nothing but env in its environment, on a port of the system's choice unless
// either says where to listen. When the test is over the program must end with 0 at SIGTERM, if it has not ended.
func start(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	if !strings.Contains(strings.Join(slices.Concat(env, args), " "), "listen") && !strings.Contains(strings.Join(env, " "), "WSBRIDGE_LISTEN") {
		args = append([]string{"--listen", "127.0.0.1:0"}, args...)
	}
	p := launch(t, env, "wsbridge", args...)
	p.stderr.await(t, `route"?,? ?"?path`) // logged behind the addresses
	for _, m := range listening.FindAllStringSubmatch(p.stderr.String(), -1) {
		p.addrs = append(p.addrs, m[1])
	}
	if len(p.addrs) == 0 {
		t.Fatalf("no address in %s", p.stderr.String())
	}
	p.addr = p.addrs[0]
	return p
}

func launch(t *testing.T, env []string, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), quickExit}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.wait()
	t.Cleanup(p.finish)
	return p
}

func (p *program) wait() {
	p.cmd.Wait()
	close(p.ended)
}

func (p *program) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Errorf("signal %v: %v", sig, err)
	}
}

// exit waits for the end of the program and returns its exit code; it fails the test after limit.
func (p *program) exit(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		p.cmd.Process.Kill()
		<-p.ended
		p.t.Fatalf("still running after %v; log:\n%s", limit, p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *program) finish() {
	select {
	case <-p.ended:
	default:
		p.signal(syscall.SIGTERM)
		if code := p.exit(patience); code != 0 {
			p.t.Errorf("exit code %d at SIGTERM, want 0", code)
		}
	}
	if p.t.Failed() {
		p.t.Logf("log of the program:\n%s", p.stderr.String())
	}
}

// output collects what a program prints.
type output struct {
	mu      sync.Mutex // guards what follows
	text    []byte
	changed chan struct{} // closed by the next Write, if anybody waits for it
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

func (o *output) next() (text string, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return string(o.text), o.changed
}

// await blocks until pattern matches what was printed, and returns the match.
func (o *output) await(t *testing.T, pattern string) []string {
	t.Helper()
	return o.awaitIn(t, 0, pattern)
}

// awaitBehind is await for what was printed behind the first bytes.
func (o *output) awaitBehind(t *testing.T, bytes int, pattern string) string {
	t.Helper()
	return o.awaitIn(t, bytes, pattern)[0]
}

func (o *output) awaitIn(t *testing.T, from int, pattern string) []string {
	t.Helper()
	re, timeout := regexp.MustCompile(pattern), time.After(patience)
	for {
		text, changed := o.next()
		if m := re.FindStringSubmatch(text[from:]); m != nil {
			return m
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("no %q in what was printed:\n%s", pattern, text)
		}
	}
}

// runToEnd runs wsbridge until it ends by itself.
func runToEnd(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := launch(t, env, "wsbridge", args...)
	code = p.exit(patience)
	return code, p.stdout.String(), p.stderr.String()
}

func (p *program) url(path string) string { return fmt.Sprintf("http://%s%s", p.addr, path) }
