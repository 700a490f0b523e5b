//go:build linux

package main

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// visit is what a claim is checked with: a browser that runs, bridges to start and pages to open.
type visit struct {
	*testing.T
	ctx     context.Context
	binary  string
	browser browser
	pages   *pageServer
}

func newVisit(t *testing.T, ctx context.Context, binary string, b browser, s *pageServer) *visit {
	v := &visit{t, ctx, binary, b, s}
	t.Cleanup(v.explain)
	return v
}

// explain adds what the browser printed to a failure; the bridge's log is added by its own end.
func (v *visit) explain() {
	if v.Failed() {
		v.Logf("the browser's last words:\n%s", v.browser.lastWords())
	}
}

// lastWords is the end of what the browser printed, without its search for a desktop.
func (b browser) lastWords() string {
	lines := slices.DeleteFunc(strings.Split(b.printed(), "\n"), func(line string) bool {
		return strings.Contains(line, "ERROR:dbus/")
	})
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// buildProgram builds wsbridge, with the race detector if the test has it: then a race ends it with exit code 66.
func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wsbridge")
	args := []string{"build", "-o", path}
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if out, err := exec.CommandContext(t.Context(), "go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// startBridge starts wsbridge on a port of the system's choice.
func (v *visit) startBridge(args ...string) *program {
	v.Helper()
	p := launch(v.T, []string{"GORACE=atexit_sleep_ms=0"}, v.binary, append([]string{"--listen", "localhost:0"}, args...)...)
	p.addr = "localhost:" + p.stderr.await(v.T, `msg=listening address=\S+:(\d+)`)[1]
	return p
}

// stop ends a bridge by SIGTERM, with the exit code 0.
func (v *visit) stop(bridge *program) {
	v.Helper()
	bridge.signal(syscall.SIGTERM)
	if code := bridge.exit(patience); code != 0 {
		v.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// openPage is a page in a browser.
type openPage struct {
	v       *visit
	reports <-chan pageReport
	console func() []string
}

// open opens page.html of the test's HTTP server, to run a script that connects to path of b.
func (v *visit) open(script string, b *program, path string, params ...string) *openPage {
	v.Helper()
	query := url.Values{"run": {script}, "url": {"ws://" + b.addr + path}}
	for i := 0; i < len(params); i += 2 {
		query.Set(params[i], params[i+1])
	}
	id, reports := v.pages.expect()
	return &openPage{v, reports, v.browser.show(v, v.pages.address(id, "page.html?"+query.Encode()))}
}

// openTutorial opens the tutorial's page from disk. What differs from the page in testdata is the port, and a last
// line that reports what is shown.
func (v *visit) openTutorial(b *program) *openPage {
	v.Helper()
	html, err := os.ReadFile("testdata/browser/tutorial.html")
	if err != nil {
		v.Fatal(err)
	}
	if n := strings.Count(string(html), "localhost:9998"); n != 1 {
		v.Fatalf("tutorial.html has localhost:9998 %d times, want it once", n)
	}
	id, reports := v.pages.expect()
	script := `<script type="module" src="` + v.pages.address(id, "shown.js") + `"></script>`
	copied := strings.NewReplacer("localhost:9998", b.addr, "</body>", script+"</body>").Replace(string(html))
	path := filepath.Join(v.TempDir(), "tutorial.html")
	if err := os.WriteFile(path, []byte(copied), 0o644); err != nil {
		v.Fatal(err)
	}
	return &openPage{v, reports, v.browser.show(v, "file://"+path)}
}

// await waits for the page's next report, which must be of event, and decodes it.
func (p *openPage) await(event string, value any) {
	p.v.Helper()
	select {
	case r := <-p.reports:
		if r.Event != event {
			p.v.Fatalf("the page reports %s %s, want %s", r.Event, r.Value, event)
		}
		if err := json.Unmarshal(r.Value, value); err != nil {
			p.v.Fatalf("the page reports %s %s: %v", r.Event, r.Value, err)
		}
	case <-p.v.ctx.Done():
		p.v.Fatalf("no report of %q from the page: %v", event, p.v.ctx.Err())
	}
}

// wantShown waits until the page shows just these lines.
func (p *openPage) wantShown(lines ...string) {
	p.v.Helper()
	want := strings.Join(lines, "\n") + "\n"
	for got := ""; got != want; {
		p.await("shown", &got)
		if !strings.HasPrefix(want, got) {
			p.v.Fatalf("the page shows\n%s\nwant\n%s", got, want)
		}
	}
}

// wantConsole fails unless the browser complains of one thing in one of these ways, or of nothing if there are none.
func (p *openPage) wantConsole(oneOf ...string) {
	p.v.Helper()
	got := p.console()
	said := func(way string) bool { return strings.Contains(got[0], way) }
	if len(got) != min(len(oneOf), 1) || len(got) == 1 && !slices.ContainsFunc(oneOf, said) {
		p.v.Errorf("the console has %q, want one of %q", got, oneOf)
	}
}
