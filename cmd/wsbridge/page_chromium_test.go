//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// driveChromium starts one Chromium, driven by the Chrome DevTools Protocol.
func driveChromium(t *testing.T, program string) *drivenBrowser {
	home := t.TempDir()
	b := startDriven(t, program, home, regexp.MustCompile(`DevTools listening on (ws://\S+)`), "",
		"--headless", "--no-sandbox", // root has none
		"--ignore-certificate-errors", // a test's certificate vouches for itself
		"--remote-debugging-port=0", "--user-data-dir="+filepath.Join(home, "profile"),
		"--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--no-first-run", "about:blank")
	script := preload(t)
	b.open = func(ctx context.Context, l look, n *notes) (drivenTab, error) {
		return openChromium(ctx, b.remote, script, l, n)
	}
	return b
}

// chromiumTab is a window of Chromium: only what is seen is drawn, and a tab behind another is not.
type chromiumTab struct {
	r       *remote
	target  string
	session string
}

func openChromium(ctx context.Context, r *remote, preload string, l look, n *notes) (drivenTab, error) {
	var made struct{ TargetID string }
	if err := r.call(ctx, "", "Target.createTarget", params{"url": "about:blank", "newWindow": true}, &made); err != nil {
		return nil, err
	}
	var attached struct{ SessionID string }
	if err := r.call(ctx, "", "Target.attachToTarget", params{"targetId": made.TargetID, "flatten": true}, &attached); err != nil {
		return nil, err
	}
	tab := &chromiumTab{r, made.TargetID, attached.SessionID}
	r.watch(func(m remoteMessage) {
		if m.Session == tab.session {
			noteChromium(m, n)
		}
	})
	scheme, language := "light", l.language
	if l.dark {
		scheme = "dark"
	}
	if language == "" {
		language = "en-US"
	}
	var version struct{ UserAgent string }
	return tab, errors.Join(
		tab.call(ctx, "Page.enable", nil), tab.call(ctx, "Runtime.enable", nil), tab.call(ctx, "Log.enable", nil), tab.call(ctx, "Network.enable", nil),
		tab.call(ctx, "Page.addScriptToEvaluateOnNewDocument", params{"source": "(" + preload + ")()"}),
		tab.call(ctx, "Emulation.setEmulatedMedia", params{"features": []params{{"name": "prefers-color-scheme", "value": scheme}}}),
		r.call(ctx, "", "Browser.getVersion", nil, &version),
		tab.call(ctx, "Emulation.setUserAgentOverride", params{"userAgent": version.UserAgent, "acceptLanguage": language}),
		tab.resize(ctx, l.width, l.height))
}

func noteChromium(m remoteMessage, n *notes) {
	var p struct {
		Type             string // Runtime.consoleAPICalled
		Args             []struct{ Value, Description any }
		ExceptionDetails json.RawMessage // Runtime.exceptionThrown
		Entry            json.RawMessage // Log.entryAdded
		Request          struct{ URL string }
		URL              string // Network.webSocketCreated
	}
	json.Unmarshal(m.Params, &p)
	switch m.Method {
	case "Runtime.consoleAPICalled":
		args, _ := json.Marshal(p.Args)
		n.said("console." + p.Type + " " + string(args))
	case "Runtime.exceptionThrown":
		n.said("exception " + string(p.ExceptionDetails))
	case "Log.entryAdded":
		n.said("browser " + string(p.Entry))
	case "Network.requestWillBeSent":
		n.asked(p.Request.URL)
	case "Network.webSocketCreated":
		n.asked(p.URL)
	}
}

func (tab *chromiumTab) call(ctx context.Context, method string, p params) error {
	return tab.r.call(ctx, tab.session, method, p, nil)
}

func (tab *chromiumTab) navigate(ctx context.Context, url string) error {
	var loaded struct{ ErrorText string }
	if err := tab.r.call(ctx, tab.session, "Page.navigate", params{"url": url}, &loaded); err != nil {
		return err
	}
	if loaded.ErrorText != "" {
		return errors.New(loaded.ErrorText)
	}
	return nil
}

func (tab *chromiumTab) evaluate(ctx context.Context, expression string) (string, error) {
	var got struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p := params{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true}
	if err := tab.r.call(ctx, tab.session, "Runtime.evaluate", p, &got); err != nil {
		return "", err
	}
	if e := got.ExceptionDetails; e != nil {
		return "", errors.New(e.Text + " " + e.Exception.Description)
	}
	text, _ := got.Result.Value.(string)
	return text, nil
}

// chromiumCodes are the keys that have no text.
var chromiumCodes = map[string]int{"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, " ": 32}

func (tab *chromiumTab) press(ctx context.Context, key string) error {
	name, shifted := strings.CutPrefix(key, "Shift+")
	p := params{"type": "keyDown", "key": name, "code": name, "windowsVirtualKeyCode": chromiumCodes[name]}
	switch {
	case shifted:
		p["modifiers"] = 8
	case name == "Enter":
		p["text"] = "\r"
	case len(name) == 1:
		p["text"] = name
	}
	if err := tab.call(ctx, "Input.dispatchKeyEvent", p); err != nil {
		return err
	}
	p["type"] = "keyUp"
	delete(p, "text")
	return tab.call(ctx, "Input.dispatchKeyEvent", p)
}

func (tab *chromiumTab) resize(ctx context.Context, width, height int) error {
	return tab.call(ctx, "Emulation.setDeviceMetricsOverride", params{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
}

func (tab *chromiumTab) screenshot(ctx context.Context) ([]byte, error) {
	var shot struct{ Data string }
	err := tab.r.call(ctx, tab.session, "Page.captureScreenshot", params{"captureBeyondViewport": true}, &shot)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(shot.Data)
}

func (tab *chromiumTab) close(ctx context.Context) error {
	return tab.r.call(ctx, "", "Target.closeTarget", params{"targetId": tab.target}, nil)
}
