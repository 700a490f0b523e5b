package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// startLimit is how long a program may take until it listens.
const startLimit = 20 * time.Second

// process is a program that listens on a port of the system's choice.
type process struct {
	cmd   *exec.Cmd
	addr  string
	words tail
	stdin *os.File // its other end: helpers live as long as it is open
	ended chan struct{}
}

// start runs a program in a process group of its own and returns when it listens.
func start(ctx context.Context, path string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, path, args...), ended: make(chan struct{})}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p.stdin = w
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = r, &p.words, &p.words
	p.cmd.Env = environment(os.Environ())
	p.cmd.SysProcAttr = ownGroup()
	p.cmd.Cancel = func() error { return killGroup(p.cmd.Process.Pid) }
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	go p.wait()
	if p.addr, err = p.awaitAddress(); err != nil {
		p.end()
		return nil, fmt.Errorf("%s: %w%s", path, err, p.words.quoted())
	}
	return p, nil
}

// environment leaves out what would make relays other than their users have them.
func environment(environ []string) []string {
	var kept []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "WSBRIDGE_"):
		case name == "GOGC", name == "GODEBUG", name == "GOMEMLIMIT", name == "GOMAXPROCS":
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}

func (p *process) wait() {
	p.cmd.Wait()
	close(p.ended)
}

func (p *process) awaitAddress() (string, error) {
	for limit := time.Now().Add(startLimit); time.Now().Before(limit); {
		addr, err := listeningAddress(p.cmd.Process.Pid)
		if addr != "" || err != nil {
			return addr, err
		}
		select {
		case <-p.ended:
			return "", fmt.Errorf("ended at once: %v", p.cmd.ProcessState)
		case <-time.After(2 * time.Millisecond):
		}
	}
	return "", fmt.Errorf("does not listen after %v", startLimit)
}

// end kills the program and what it started, and waits for it.
func (p *process) end() {
	killGroup(p.cmd.Process.Pid)
	p.stdin.Close()
	<-p.ended
}

// tail keeps the last words of a program.
type tail struct {
	mu   sync.Mutex // guards text
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-2048):]
	return len(p), nil
}

// quoted is for the end of an error.
func (t *tail) quoted() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return "; its last words:\n" + string(t.text)
}

// startTarget starts this program as the target (target.go).
func startTarget(ctx context.Context) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, self, targetCommand)
}
