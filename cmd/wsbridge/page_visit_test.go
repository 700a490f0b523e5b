//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pageVisit is what a claim about the page is checked with.
type pageVisit struct {
	*visit
	engine string
	driven *drivenBrowser
}

// shownPage is wsbridge's page in a browser.
type shownPage struct {
	v       *pageVisit
	tab     drivenTab
	notes   *notes
	host    string   // the bridge's, as the browser names it
	origin  string   // http or https, and host
	allowed []string // what the console may say once each
	noise   string   // what it may say any number of times
}

// part checks a part of a claim. Its pages are closed when it is over.
func (v *pageVisit) part(name string, check func(*pageVisit)) {
	v.Run(name, func(t *testing.T) {
		part, of := *v, *v.visit
		of.T = t
		part.visit = &of
		check(&part)
	})
}

// desktop is a window that shows everything side by side.
var desktop = look{width: 1440, height: 900}

// openPage opens a bridge's page.
func (v *pageVisit) openPage(bridge *program, query string, l look) *shownPage {
	v.Helper()
	return v.openAt(bridge.addr, query, l)
}

// openAt opens the page of the bridge at host.
func (v *pageVisit) openAt(host, query string, l look) *shownPage {
	v.Helper()
	return v.openAddress("http://"+host+"/"+query, l)
}

// openAddress opens a bridge's page and waits until it is ready. When the test is over, the page must have broken no
// content security policy, have asked no other host, and have left the console empty but for what it was allowed.
func (v *pageVisit) openAddress(address string, l look) *shownPage {
	v.Helper()
	u, err := url.Parse(address)
	if err != nil {
		v.Fatal(err)
	}
	p := &shownPage{v: v, notes: new(notes), host: u.Host, origin: u.Scheme + "://" + u.Host}
	if p.tab, err = v.driven.open(v.ctx, l, p.notes); err != nil {
		v.Fatalf("open a tab: %v", err)
	}
	v.Cleanup(p.finish)
	if err := p.tab.navigate(v.ctx, address); err != nil {
		v.Fatalf("open the page: %v", err)
	}
	p.await("the page's own script", "Boolean(globalThis.wsbridge)")
	p.do("wsbridge.ready.then(() => {})")
	return p
}

// in is the page for a part of the claim.
func (p *shownPage) in(v *pageVisit) *shownPage {
	part := *p
	part.v = v
	return &part
}

// do evaluates an expression for what it does.
func (p *shownPage) do(expression string) {
	p.v.Helper()
	if err := evaluateJSON(p.v.ctx, p.tab, expression, nil); err != nil {
		p.v.Fatalf("%s: %v", firstLine(expression), err)
	}
}

// valueOf is the value of an expression in the page.
func valueOf[T any](p *shownPage, expression string) (value T) {
	p.v.Helper()
	if err := evaluateJSON(p.v.ctx, p.tab, expression, &value); err != nil {
		p.v.Fatalf("%s: %v", firstLine(expression), err)
	}
	return value
}

// await waits until an expression is true in the page.
func (p *shownPage) await(what, expression string) {
	p.v.Helper()
	var err error
	for got := false; !got; {
		if err = evaluateJSON(p.v.ctx, p.tab, "Boolean(await ("+expression+"))", &got); got {
			return
		}
		pause(p.v.T, p.v.ctx, "wait for "+what+": "+expression, func() string { return p.state(err) })
	}
}

// state is what a failure should tell of the page.
func (p *shownPage) state(err error) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var last any
	errStore := evaluateJSON(ctx, p.tab, `wsbridge.store().events.slice(-15).map((e) => [e.src, e.stream, e.dir, e.layer, e.kind, e.n, e.len, e.why].filter(Boolean).join(' '))`, &last)
	console, requests := p.notes.all()
	return fmt.Sprintf("last events %v %v\nconsole %q\nlast requests %q", last, errors.Join(err, errStore), console, requests[max(0, len(requests)-8):])
}

func (p *shownPage) press(keys ...string) {
	p.v.Helper()
	for _, key := range keys {
		if err := p.tab.press(p.v.ctx, key); err != nil {
			p.v.Fatalf("press %s: %v", key, err)
		}
	}
}

func (p *shownPage) resize(width, height int) {
	p.v.Helper()
	if err := p.tab.resize(p.v.ctx, width, height); err != nil {
		p.v.Fatal(err)
	}
	p.await(fmt.Sprintf("%d pixels", width), fmt.Sprintf("innerWidth === %d", width))
}

// picture keeps a screenshot, if WSBRIDGE_PICTURES names a directory for them.
func (p *shownPage) picture(name string) {
	p.v.Helper()
	dir := os.Getenv("WSBRIDGE_PICTURES")
	if dir == "" {
		return
	}
	png, err := p.tab.screenshot(p.v.ctx)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, p.v.engine+"-"+name+".png"), png, 0o644)
	}
	if err != nil {
		p.v.Errorf("screenshot: %v", err)
	}
}

// allow lets the browser's console say one thing more, once, that contains these words.
func (p *shownPage) allow(words string) { p.allowed = append(p.allowed, words) }

// bridgeStops lets the browser complain that the bridge is not there any more, as often as the page looks for it.
func (p *shownPage) bridgeStops() { p.noise = "net::ERR_" }

// finish checks what must hold for every page, and closes it.
func (p *shownPage) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var violations []string
	if err := evaluateJSON(ctx, p.tab, "probe.violations", &violations); err != nil {
		p.v.Errorf("the page does not answer: %v", err)
	}
	if len(violations) > 0 {
		p.v.Errorf("violations of the content security policy: %q", violations)
	}
	console, requests := p.told(ctx)
	for _, asked := range requests {
		u, err := url.Parse(asked)
		if err != nil || u.Host != p.host && !slices.Contains([]string{"data", "blob", "about"}, u.Scheme) {
			p.v.Errorf("the page asked %s, want nobody but %s", asked, p.host)
		}
	}
	p.checkConsole(console)
	if err := p.tab.close(ctx); err != nil {
		p.v.Errorf("close the page: %v", err)
	}
}

// told is all that was said and asked so far.
func (p *shownPage) told(ctx context.Context) (console, requests []string) {
	const mark = "the claim ends here"
	if err := evaluateJSON(ctx, p.tab, "console.info("+"'"+mark+"')", nil); err != nil {
		p.v.Errorf("console: %v", err)
		return nil, nil
	}
	isMark := func(line string) bool { return strings.Contains(line, mark) }
	for {
		console, requests = p.notes.all()
		if slices.ContainsFunc(console, isMark) {
			break
		}
		pause(p.v.T, ctx, "wait for the console", func() string { return "" })
	}
	scheme, _, _ := strings.Cut(p.origin, "//")
	from := regexp.MustCompile(`\{file: "` + scheme + `//([^/@]*@)?` + regexp.QuoteMeta(p.host) + `/`) // Firefox prints what it complains of itself
	for line := range strings.Lines(p.v.driven.printed()) {
		if strings.Contains(line, "/PageMessages ") && from.MatchString(line) {
			console = append(console, line)
		}
	}
	return slices.DeleteFunc(console, isMark), requests
}

func (p *shownPage) checkConsole(console []string) {
	allowed := slices.Clone(p.allowed)
	for _, line := range console {
		i := slices.IndexFunc(allowed, func(words string) bool { return strings.Contains(line, words) })
		if i < 0 && p.noise != "" && strings.Contains(line, p.noise) {
			continue
		}
		if i < 0 {
			p.v.Errorf("the console says %s", line)
			continue
		}
		allowed = slices.Delete(allowed, i, i+1)
	}
	if len(allowed) > 0 {
		p.v.Errorf("the console does not say %q", allowed)
	}
}
