//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// drivers are the browsers that can be told what to do, key by key.
var drivers = []struct {
	name, program, debianPackage string
	start                        func(t *testing.T, program string) *drivenBrowser
}{
	{"Chromium", "chromium", "chromium", driveChromium},
	{"Firefox", "firefox-esr", "firefox-esr", driveFirefox},
}

// drivenBrowser is an engine that runs.
type drivenBrowser struct {
	remote  *remote
	printed func() string // all of it, up to now
	open    func(ctx context.Context, l look, notes *notes) (drivenTab, error)
}

// look is how a tab is to show pages.
type look struct {
	width, height int
	dark          bool
	language      string // the visitor's, as browsers say it: zh-CN; empty: en-US
}

// drivenTab is a tab, empty at first.
type drivenTab interface {
	navigate(ctx context.Context, url string) error
	// evaluate runs an expression that is a promise of a string.
	evaluate(ctx context.Context, expression string) (string, error)
	// press presses and releases a key, named as KeyboardEvent.key has it. "Shift+Tab" is the only one with a modifier.
	press(ctx context.Context, key string) error
	resize(ctx context.Context, width, height int) error
	screenshot(ctx context.Context) (png []byte, err error)
	close(ctx context.Context) error
}

// notes is what a browser tells of a tab while it is open.
type notes struct {
	mu       sync.Mutex // guards what follows
	console  []string   // everything said there, by the page or by the browser
	requests []string   // URLs asked for
}

func (n *notes) said(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.console = append(n.console, text)
}

func (n *notes) asked(url string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests = append(n.requests, url)
}

func (n *notes) all() (console, requests []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.console), slices.Clone(n.requests)
}

// startDriven starts a browser that waits to be driven, and connects to path of the address that it prints.
func startDriven(t *testing.T, program, home string, address *regexp.Regexp, path string, args ...string) *drivenBrowser {
	t.Helper()
	out, err := os.Create(filepath.Join(home, "printed"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(program, args...)
	cmd.Env = append(browserEnv(home), "MOZ_LOG=PageMessages:2") // 2: warnings and errors
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, ownGroup()
	runGroup(t, cmd, home)
	b := &drivenBrowser{printed: func() string {
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Errorf("what %s printed: %v", program, err)
		}
		return string(text)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), browserPatience)
	defer cancel()
	for b.remote == nil {
		if m := address.FindStringSubmatch(b.printed()); m != nil {
			if b.remote, err = dialRemote(ctx, m[1]+path); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.remote.close)
		}
		pause(t, ctx, "start "+program, browser{printed: b.printed}.lastWords)
	}
	return b
}

// pause waits a moment before one looks again; it fails the test when ctx is over, with the words of why.
func pause(t *testing.T, ctx context.Context, what string, why func() string) {
	t.Helper()
	select {
	case <-time.After(20 * time.Millisecond):
	case <-ctx.Done():
		t.Fatalf("%s: %v\n%s", what, ctx.Err(), why())
	}
}

// preload is a function that runs in each page before its own scripts.
func preload(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("testdata/page/probe.js")
	if err != nil {
		t.Fatal(err)
	}
	return "() => {" + string(script) + "}"
}

// evaluateJSON gives the value of an expression; one that is a promise is waited for.
func evaluateJSON(ctx context.Context, tab drivenTab, expression string, value any) error {
	text, err := tab.evaluate(ctx, "(async () => JSON.stringify(await ("+expression+"\n)) ?? 'null')()")
	if err != nil {
		return err
	}
	if value == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("%s is %s: %w", firstLine(expression), text, err)
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
