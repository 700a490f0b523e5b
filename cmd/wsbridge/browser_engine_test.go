//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// startChromium starts one Chromium; every page gets a tab.
func startChromium(t *testing.T, program string, _ *pageServer) browser {
	home, out := t.TempDir(), new(output)
	var cmd *exec.Cmd
	allocator, free := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.NoSandbox, // root has none
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(filepath.Join(home, "profile")),
		chromedp.NoInheritEnv, chromedp.Env(browserEnv(home)...),
		chromedp.CombinedOutput(out),
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) { cmd, c.SysProcAttr = c, ownGroup() }),
	)...)
	root, closeRoot := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if cmd != nil && cmd.Process != nil {
			endGroup(t, cmd.Process.Pid, home)
		}
		closeRoot()
		free()
	})
	late := time.AfterFunc(browserPatience, closeRoot)
	defer late.Stop()
	if err := chromedp.Do(root); err != nil {
		t.Fatalf("start %s: %v\n%s", program, err, browser{printed: out.String}.lastWords())
	}
	return browser{out.String, func(v *visit, url string) func() []string { return showInTab(v, root, url) }}
}

func showInTab(v *visit, root context.Context, url string) (console func() []string) {
	v.Helper()
	deadline, _ := v.ctx.Deadline()
	bounded, cancel := context.WithDeadline(root, deadline)
	tab, closeTab := chromedp.NewContext(bounded)
	v.Cleanup(func() { closeTab(); cancel() })
	messages := chromedp.Console(tab)
	if err := chromedp.Do(tab, chromedp.Navigate(url)); err != nil {
		v.Fatalf("open %s: %v", url, err)
	}
	return func() (got []string) {
		const mark = "the claim ends here"
		if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf("console.log(%q)", mark))); err != nil {
			v.Fatalf("console: %v", err)
		}
		for m, err := range messages {
			if err != nil {
				v.Fatalf("console: %v", err)
			}
			if m.Text == mark {
				break
			}
			got = append(got, m.String())
		}
		return got
	}
}

// startFirefox starts one Firefox with director.html, which opens the pages. It prints its console into a file, so
// that nothing of what it has printed is still on its way when it is read.
func startFirefox(t *testing.T, program string, s *pageServer) browser {
	home := t.TempDir()
	if err := os.CopyFS(filepath.Join(home, "profile"), os.DirFS("testdata/browser/firefox")); err != nil {
		t.Fatal(err)
	}
	director, err := filepath.Abs("testdata/browser/director.html")
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(home, "printed"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(program, "--headless", "--no-remote", "--profile", filepath.Join(home, "profile"), "file://"+director+"?"+s.origin)
	cmd.Env = append(browserEnv(home), "MOZ_LOG=PageMessages:2") // 2: warnings and errors
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, ownGroup()
	runGroup(t, cmd, home)
	b := browser{printed: func() string {
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Errorf("what Firefox printed: %v", err)
		}
		return string(text)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), browserPatience)
	defer cancel()
	if err := s.direct(ctx, ""); err != nil {
		t.Fatalf("start %s: %v\n%s", program, err, b.lastWords())
	}
	b.show = func(v *visit, url string) func() []string { return showByDirector(v, b, s, url) }
	return b
}

func showByDirector(v *visit, b browser, s *pageServer, url string) (console func() []string) {
	v.Helper()
	if err := s.direct(v.ctx, url); err != nil {
		v.Fatalf("open %s: %v", url, err)
	}
	v.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.direct(ctx, ""); err != nil {
			v.Errorf("close %s: %v", url, err)
		}
	})
	page, _, _ := strings.Cut(url, "?")
	from := `{file: "` + page[:strings.LastIndexByte(page, '/')+1] // the page's scripts stand beside it
	return func() (got []string) {
		for line := range strings.Lines(b.printed()) {
			if strings.Contains(line, "/PageMessages ") && strings.Contains(line, from) {
				got = append(got, line)
			}
		}
		return got
	}
}
