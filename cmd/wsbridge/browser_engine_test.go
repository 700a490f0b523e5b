//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// startChromium starts one Chromium; every page gets a tab.
func startChromium(t *testing.T, path string, _ *pageServer) browser {
	home, out := t.TempDir(), new(output)
	var cmd *exec.Cmd
	allocator, free := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
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
			endGroup(t, cmd.Process.Pid)
		}
		closeRoot()
		free()
	})
	late := time.AfterFunc(browserPatience, closeRoot)
	defer late.Stop()
	if err := chromedp.Do(root); err != nil {
		t.Fatalf("start %s: %v\n%s", path, err, browser{output: out}.lastWords())
	}
	return browser{out, func(v *visit, url string) func() []string { return showInTab(v, root, url) }}
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

// startFirefox starts one Firefox with director.html, which opens the pages. It has no console to ask: what a page
// does not report, an exception for example, is not known here.
func startFirefox(t *testing.T, path string, s *pageServer) browser {
	home, out := t.TempDir(), new(output)
	profile := filepath.Join(home, "profile")
	prefs, err := os.ReadFile("testdata/browser/firefox-user.js")
	if err == nil {
		err = os.Mkdir(profile, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(profile, "user.js"), prefs, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	director, err := filepath.Abs("testdata/browser/director.html")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-remote", "--profile", profile, "file://"+director+"?"+s.origin)
	cmd.Env = append(browserEnv(home), "MOZ_CRASHREPORTER_DISABLE=1")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay, cmd.SysProcAttr = out, out, patience, ownGroup()
	runGroup(t, cmd)
	b := browser{output: out}
	ctx, cancel := context.WithTimeout(t.Context(), browserPatience)
	defer cancel()
	if err := s.direct(ctx, ""); err != nil {
		t.Fatalf("start %s: %v\n%s", path, err, b.lastWords())
	}
	b.show = func(v *visit, url string) func() []string { return showByDirector(v, s, url) }
	return b
}

func showByDirector(v *visit, s *pageServer, url string) (console func() []string) {
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
	return func() []string { return nil }
}
