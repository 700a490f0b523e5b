//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// driveFirefox starts one Firefox, driven by WebDriver BiDi, which it speaks by itself.
func driveFirefox(t *testing.T, program string) *drivenBrowser {
	home := t.TempDir()
	profile := filepath.Join(home, "profile")
	if err := os.CopyFS(profile, os.DirFS("testdata/browser/firefox")); err != nil {
		t.Fatal(err)
	}
	b := startDriven(t, program, home, regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`), "/session",
		"--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank")
	ctx, cancel := context.WithTimeout(t.Context(), browserPatience)
	defer cancel()
	trusting := params{"alwaysMatch": params{"acceptInsecureCerts": true}} // a test's certificate vouches for itself
	if err := errors.Join(
		b.remote.call(ctx, "", "session.new", params{"capabilities": trusting}, nil),
		b.remote.call(ctx, "", "session.subscribe", params{"events": []string{"log.entryAdded", "network.beforeRequestSent"}}, nil),
	); err != nil {
		t.Fatal(err)
	}
	script := preload(t)
	b.open = func(ctx context.Context, l look, n *notes) (drivenTab, error) {
		return openFirefox(ctx, b.remote, script, l, n)
	}
	return b
}

// firefoxTab is a window of Firefox: only what is seen is drawn, and a tab behind another is not.
type firefoxTab struct {
	r       *remote
	context string
}

func openFirefox(ctx context.Context, r *remote, preload string, l look, n *notes) (drivenTab, error) {
	var made struct{ Context string }
	if err := r.call(ctx, "", "browsingContext.create", params{"type": "window"}, &made); err != nil {
		return nil, err
	}
	tab := &firefoxTab{r, made.Context}
	r.watch(func(m remoteMessage) { noteFirefox(m, tab.context, n) })
	here, before := []string{tab.context}, preload
	if l.dark {
		// Nobody can tell Firefox that the system is dark; this is what the page's own button keeps.
		before = "() => { try { localStorage.setItem('wsbridge.theme', 'dark'); } catch {} (" + preload + ")(); }"
	}
	err := errors.Join(
		r.call(ctx, "", "script.addPreloadScript", params{"functionDeclaration": before, "contexts": here}, nil),
		tab.resize(ctx, l.width, l.height))
	if l.language != "" {
		err = errors.Join(err, r.call(ctx, "", "emulation.setLocaleOverride", params{"locale": l.language, "contexts": here}, nil))
	}
	return tab, err
}

func noteFirefox(m remoteMessage, context string, n *notes) {
	var p struct {
		Type    string
		Context string
		Request struct{ URL string }
		Source  struct{ Context string }
	}
	json.Unmarshal(m.Params, &p)
	switch {
	case m.Method == "network.beforeRequestSent" && p.Context == context:
		n.asked(p.Request.URL)
	case m.Method == "log.entryAdded" && p.Source.Context == context && p.Type == "console": // errors are printed too
		n.said("console " + string(m.Params))
	}
}

func (tab *firefoxTab) navigate(ctx context.Context, url string) error {
	return tab.r.call(ctx, "", "browsingContext.navigate", params{"context": tab.context, "url": url, "wait": "none"}, nil)
}

func (tab *firefoxTab) evaluate(ctx context.Context, expression string) (string, error) {
	var got struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	p := params{"expression": expression, "awaitPromise": true, "userActivation": true, "target": params{"context": tab.context}}
	if err := tab.r.call(ctx, "", "script.evaluate", p, &got); err != nil {
		return "", err
	}
	if got.Type == "exception" {
		return "", errors.New(got.ExceptionDetails.Text)
	}
	return got.Result.Value, nil
}

// firefoxKeys are the keys that have no character, as WebDriver writes them.
var firefoxKeys = map[string]string{"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Shift": "\ue008",
	"ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015"}

func (tab *firefoxTab) press(ctx context.Context, key string) error {
	name, shifted := strings.CutPrefix(key, "Shift+")
	if written, ok := firefoxKeys[name]; ok {
		name = written
	}
	actions := []params{{"type": "keyDown", "value": name}, {"type": "keyUp", "value": name}}
	if shifted {
		shift := firefoxKeys["Shift"]
		actions = []params{{"type": "keyDown", "value": shift}, actions[0], actions[1], {"type": "keyUp", "value": shift}}
	}
	return tab.r.call(ctx, "", "input.performActions", params{"context": tab.context,
		"actions": []params{{"type": "key", "id": "keyboard", "actions": actions}}}, nil)
}

func (tab *firefoxTab) resize(ctx context.Context, width, height int) error {
	return tab.r.call(ctx, "", "browsingContext.setViewport", params{"context": tab.context,
		"viewport": params{"width": width, "height": height}, "devicePixelRatio": 1}, nil)
}

func (tab *firefoxTab) screenshot(ctx context.Context) ([]byte, error) {
	var shot struct{ Data string }
	if err := tab.r.call(ctx, "", "browsingContext.captureScreenshot", params{"context": tab.context, "origin": "document"}, &shot); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(shot.Data)
}

func (tab *firefoxTab) close(ctx context.Context) error {
	return tab.r.call(ctx, "", "browsingContext.close", params{"context": tab.context}, nil)
}
