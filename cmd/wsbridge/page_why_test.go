//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// The page says why a connection closed, also when the browser only says 1006.
var whyClaims = []pageClaim{
	{"why: reset, FIN, close(4001), refused", whyTargets},
	{"why: shutdown", whyShutdown},
	{"why: refused Origin and a path without target, although the browser says 1006", whyRefused},
}

// wantWhy waits for the end of the page's connection and for the page's account of it.
func (p *shownPage) wantWhy(cause string, code int, reason string, clean bool) {
	p.v.Helper()
	got := valueOf[struct {
		Code     int
		Reason   string
		WasClean bool
	}](p, "wsbridge.live().closed")
	if got.Code != code || got.Reason != reason || got.WasClean != clean {
		p.v.Errorf("onclose %+v, want %d %q %v", got, code, reason, clean)
	}
	heading := "document.querySelector('#why .ending h3')?.textContent"
	p.await("the cause: "+cause, heading+fmt.Sprintf(" === %q", cause))
	told := valueOf[string](p, "document.querySelector('#why .ending .got').textContent")
	if want := fmt.Sprintf("onclose({code: %d, reason: %q, wasClean: %v})", code, reason, clean); !strings.Contains(told, want) {
		p.v.Errorf("the page says %q, want %q", told, want)
	}
	p.v.Logf("%d %q: %s", code, reason, valueOf[string](p, "document.querySelector('#why .ending .cause').textContent"))
	if heard := valueOf[string](p, "document.querySelector('#console .status').textContent"); !strings.Contains(heard, cause) {
		p.await("the cause in the console too", fmt.Sprintf("document.querySelector('#console .status').textContent.includes(%q)", cause))
	}
}

// again connects once more, by the page's own button or, when it is not empty, to path, and waits until that has
// succeeded or failed. A click that did nothing is logged and made again, as a visitor would.
func (p *shownPage) again(path string) {
	p.v.Helper()
	before := valueOf[string](p, "wsbridge.live().id")
	p.await("a button to connect with", "!document.querySelector('#console .top button').disabled")
	for clicks := 0; ; clicks++ {
		p.do(fmt.Sprintf(`(() => {
			const box = document.querySelector('#console .top');
			const select = box.querySelector('select');
			if (%[1]q) { select.add(new Option(%[1]q, %[1]q, true, true)); select.dispatchEvent(new Event('change')); } else box.querySelector('button').click();
		})()`, path))
		connected := fmt.Sprintf("wsbridge.live().id !== %q && wsbridge.live().ws?.readyState > 0", before)
		for deadline := time.Now().Add(patience / 2); time.Now().Before(deadline); {
			if valueOf[bool](p, connected) {
				return
			}
			pause(p.v.T, p.v.ctx, "wait for another session", func() string { return p.state(nil) })
		}
		p.v.Logf("click %d did nothing: %s", clicks+1, valueOf[string](p, "document.querySelector('#console .top button').outerHTML"))
	}
}

func whyTargets(v *pageVisit) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		v.Fatal(err)
	}
	serveOn(v.T, ln, func(conn net.Conn) {
		defer conn.Close()
		said := make([]byte, 1)
		conn.Read(said)
		switch said[0] {
		case 'R':
			conn.(*net.TCPConn).SetLinger(0) // RST instead of FIN
		case 'E':
			io.Copy(conn, conn)
		}
	})
	p := v.openPage(v.startBridge("--target", ln.Addr().String()), "?lang=en", desktop)
	p.do(`probe.say("R")`)
	p.wantWhy("the target reset connection B", 1014, "target connection lost", true)
	p.again("")
	p.do(`probe.say("F")`)
	p.wantWhy("the target closed", 1000, "target closed", true)
	p.again("")
	p.do(`probe.say("EE")`)
	p.await("the echo", "wsbridge.live().got.pos === 1")
	p.do("wsbridge.live().close(4001, 'bye')")
	p.wantWhy("the client closed with 4001", 4001, "bye", true)
	ln.Close()
	p.again("")
	p.wantWhy("the target refused the connection", 1014, "target refused the connection", true)
	if older := valueOf[int](p, "document.querySelectorAll('#why .older .ending').length"); older != 3 {
		v.Errorf("%d earlier endings, want 3", older)
	}
}

func whyShutdown(v *pageVisit) {
	bridge := v.startBridge()
	p := v.openPage(bridge, "?lang=en", desktop)
	p.say([]byte("发送数据"), nil)
	p.bridgeStops()
	v.stop(bridge)
	p.wantWhy("wsbridge is shutting down", 1001, "server shutting down", true)
}

func whyRefused(v *pageVisit) {
	foreign := func(request []byte) []byte {
		if !bytes.HasPrefix(request, []byte("GET /here?session=")) { // elsewhere the Origin would be refused first too
			return request
		}
		return bytes.Replace(request, []byte("Origin: http://localhost"), []byte("Origin: http://elsewhere"), 1)
	}
	target := serveTarget(v.T, silent)
	w := tap(v.T, v.startBridge("--target", "/here="+target), foreign)
	p := v.openAt(w.addr, "?lang=en", desktop)
	p.wantRefused(403, "refused with 403 Forbidden", "被拒绝：403 Forbidden", "--allow-origin http://elsewhere")
	p.again("/nowhere")
	p.wantRefused(404, "refused with 404 Not Found", "被拒绝：404 Not Found", "nothing is served at this path")
}

// allowFailedHandshake lets the browser complain, in its own words, of a WebSocket that was refused.
func (p *shownPage) allowFailedHandshake(status int) {
	if p.v.engine == "Firefox" {
		p.allow("can’t establish a connection to the server at " + strings.Replace(p.origin, "http", "ws", 1))
		return
	}
	if status == http.StatusUnauthorized {
		p.allow("HTTP Authentication failed; no valid credentials available")
		return
	}
	p.allow(fmt.Sprintf("Unexpected response code: %d", status))
}
