//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
)

// What the page shows is what others saw: a wiretap, the target, another viewer.
var wireClaims = []pageClaim{
	{"each frame, the handshake and the Close codes are those a wiretap saw", framesAreTheWire},
	{"another viewer of the session gets the same events", sameEvents},
	{"target mode: nothing is sent until it is told; the target's calls cannot be seen", targetMode},
	{"redis: PING through the page", redisThroughPage},
	{"kernel: the equations on the page hold when nothing moves", kernelEquations},
	{"two tabs see their own session only", twoTabs},
	{"--explain=false: page, API and practice servers are 404", explainOff},
	{"the export is retold by wsbridge explain", exportIsRetold},
}

func framesAreTheWire(v *pageVisit) {
	w := tap(v.T, v.startBridge(), nil)
	p := v.openAt(w.addr, "?lang=en", desktop)
	all := p.say([]byte("发送数据"), nil)
	p.do(`probe.say("text\u0000", "text")`)
	all = p.say(all, []byte("text\x00"))
	for _, n := range []int{0, 1, 125, 126, 70_000} { // each length that a header writes its own way
		all = p.sayBytes(all, n)
	}
	p.do(`wsbridge.live().close(4001, "bye")`)
	closed := valueOf[struct {
		Code     int
		Reason   string
		WasClean bool
	}](p, "wsbridge.live().closed")
	if closed.Code != 4001 || closed.Reason != "bye" || !closed.WasClean {
		v.Errorf("onclose %+v, want 4001 bye, clean", closed)
	}
	p.await("the end of the session", endOfSession)

	up, down := w.of(valueOf[string](p, "wsbridge.live().id"))
	for dir, wire := range map[string][]wireFrame{"in": wireFrames(up), "out": wireFrames(down)} {
		shown := valueOf[[]wireFrame](p, fmt.Sprintf(`wsbridge.store().events.filter((e) => e.layer === 'frame' && e.dir === %q && e.kind !== 'begin').map((e) => ({
			off: e.off, head: [...atob(e.head)].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(''),
			opcode: e.opcode ?? 0, size: e.size ?? 0, data: e.data ?? '', code: e.code === 1005 ? 0 : e.code, reason: e.reason }))`, dir))
		for i, f := range wire {
			if i >= len(shown) {
				continue
			}
			kept := len(shown[i].Data)
			if f.Data = f.Data[:min(kept, len(f.Data))]; kept == 0 {
				f.Data, shown[i].Data = nil, nil
			}
			if kept < min(f.Size, 4<<10) || !reflect.DeepEqual(f, shown[i]) {
				v.Errorf("%s: frame %d is\n%+v on the page\n%+v on the wire", dir, i+1, shown[i], f)
			}
		}
		if len(wire) != len(shown) || len(wire) < 2 || wire[len(wire)-1].Code != 4001 {
			v.Errorf("%s: %d frames on the page, %d on the wire, want as many, and Close 4001 at the end", dir, len(shown), len(wire))
		}
		v.Logf("%s: %d frames, the last is Close %d %q", dir, len(wire), wire[len(wire)-1].Code, wire[len(wire)-1].Reason)
	}
	p.wantAccept(headerOf(up, "Sec-WebSocket-Key"), headerOf(down, "Sec-WebSocket-Accept"))
}

const endOfSession = "wsbridge.store().events.some((e) => e.layer === 'pair' && e.kind === 'end')"

// wantAccept opens the handshake in the X-ray, which must derive the Accept that was sent.
func (p *shownPage) wantAccept(key, accept string) {
	p.v.Helper()
	p.do("wsbridge.store().inspect(wsbridge.store().events.find((e) => e.layer === 'http' && e.kind === 'response'))")
	p.await("the handshake in the X-ray", "document.querySelector('#xray .xray-check')")
	shown := valueOf[string](p, "document.querySelector('#xray dl.accept').textContent")
	if accept == "" || strings.Count(shown, accept) != 2 || !strings.Contains(shown, key) || !valueOf[bool](p, "document.querySelector('#xray .xray-check').classList.contains('yes')") {
		p.v.Errorf("the X-ray shows %q, want key %s, and accept %s derived and sent", shown, key, accept)
	}
	p.v.Logf("key %s, Accept %s: derived by the page, and on the wire", key, accept)
}

func sameEvents(v *pageVisit) {
	bridge := v.startBridge()
	p := v.openPage(bridge, "?lang=en", desktop)
	watched := make(chan []map[string]any, 1) // so that watch need not wait for the test
	go watch(bridge.url("/api/sessions/"+valueOf[string](p, "wsbridge.live().id")+"/events"), watched)
	all := p.say([]byte("发送数据"), nil)
	for _, n := range []int{1, 1000, 10_000} {
		all = p.sayBytes(all, n)
	}
	p.do("wsbridge.live().close(1000, 'seen')")
	p.await("the end of the session", endOfSession)
	var events []map[string]any
	select {
	case events = <-watched:
	case <-v.ctx.Done():
		v.Fatalf("the feed did not end: %v", v.ctx.Err())
	}
	shown := valueOf[[]map[string]any](p, "wsbridge.store().events.filter((e) => !e.src).sort((a, b) => a.seq - b.seq)")
	if len(shown) != len(events) || len(events) < 40 {
		v.Errorf("%d events on the page, %d in the other feed", len(shown), len(events))
	}
	for i := range min(len(shown), len(events)) {
		if !reflect.DeepEqual(shown[i], events[i]) {
			v.Fatalf("event %d is\n%v on the page\n%v in the other feed", i+1, shown[i], events[i])
		}
	}
	v.Logf("%d events, equal field by field", len(events))
}

// watch reads a session's feed to its end.
func watch(url string, got chan<- []map[string]any) {
	var all []map[string]any
	defer func() { got <- all }()
	client := http.Client{Timeout: browserPatience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return
	}
	defer response.Body.Close()
	lines, event := bufio.NewReader(response.Body), ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case name == "event":
			event = value
		case name == "data" && event == "":
			var batch []map[string]any
			json.Unmarshal([]byte(value), &batch)
			all = append(all, batch...)
		case name == "":
			event = ""
		}
	}
}

func targetMode(v *pageVisit) {
	got := make(chan []byte, 1) // so that the target need not wait for the test
	target := serveTarget(v.T, func(conn net.Conn) {
		defer conn.Close()
		first := make([]byte, 100)
		n, _ := conn.Read(first)
		conn.Write([]byte("from the target"))
		rest, _ := io.ReadAll(conn)
		got <- append(first[:n], rest...)
	})
	p := v.openPage(v.startBridge("--target", target), "?lang=en", desktop)
	p.await("an open connection", "wsbridge.live().ws.readyState === 1")
	if facts := valueOf[[]string](p, "wsbridge.store().events.filter((e) => e.src === 'js').map((e) => e.kind)"); !reflect.DeepEqual(facts, []string{"new", "open"}) {
		v.Errorf("before anybody typed, JavaScript did %q, want new and open", facts)
	}
	p.do(`probe.say("told to")`)
	p.await("the target's answer", "wsbridge.live().got.pos === 15")
	rows := valueOf[[]rulerRow](p, "probe.ruler('up')")
	if recv := rows[len(rows)-1]; recv.ID != "recv" || recv.Known || recv.Note != "ruler.note.other-process" {
		v.Errorf("the row of the target's recv() is %+v, want it not visible, and why", recv)
	}
	p.await("the ruler to say that it is another process", "document.querySelector('#ruler .row-recv')?.textContent.includes('another process')")
	p.do("wsbridge.live().close(1000)")
	select {
	case all := <-got:
		if string(all) != "told to" {
			v.Errorf("the target got %q, want %q and nothing else", all, "told to")
		}
	case <-v.ctx.Done():
		v.Errorf("the target got no FIN: %v", v.ctx.Err())
	}
}

func redisThroughPage(v *pageVisit) {
	p := v.openPage(v.startBridge("--target", "unix:"+v.startRedis()), "?lang=en", desktop)
	p.await("an open connection", "wsbridge.live().ws.readyState === 1")
	p.do(`probe.say("PING", "text", "CRLF")`)
	p.await("+PONG", `[...document.querySelectorAll("#console .entry.in")].some((e) => e.textContent.includes("+PONG"))`)
}

// kernelSum is an equation on the page: both sides, and whether the page says that it holds.
type kernelSum struct {
	Name        string
	Left, Right []int64
	Holds       bool
}

func kernelEquations(v *pageVisit) {
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	all := p.sayBytes(p.say([]byte("发送数据"), nil), 64<<10)
	p.do("document.querySelector('#kernel > details').open = true")
	p.await("three equations that hold, of all bytes", fmt.Sprintf("probe.sums().length === 3 && probe.sums().every((s) => s.holds && s.right.some((n) => n >= %d))", len(all)))
	sums := valueOf[[]kernelSum](p, "probe.sums()")
	total := func(terms []int64) (n int64) {
		for _, term := range terms {
			n += term
		}
		return n
	}
	for _, sum := range sums {
		if !sum.Holds || total(sum.Left) != total(sum.Right) || total(sum.Right) < int64(len(all)) {
			v.Errorf("%+v, want both sides equal and at least %d", sum, len(all))
		}
		v.Logf("%s: %v = %v", sum.Name, sum.Left, sum.Right)
	}
}

func twoTabs(v *pageVisit) {
	bridge := v.startBridge()
	one, other := v.openPage(bridge, "?lang=en", desktop), v.openPage(bridge, "?lang=en", desktop)
	one.do(`probe.say("said in the first")`)
	other.do(`probe.say("said in the second")`)
	for _, tab := range []struct {
		p          *shownPage
		own, other string
	}{{one, "said in the first", "said in the second"}, {other, "said in the second", "said in the first"}} {
		tab.p.await("the echo", fmt.Sprintf("wsbridge.live().got.pos === %d", 12+len(tab.own)))
		tab.p.await("its read", "wsbridge.store().totals.a.in.payload === wsbridge.live().got.pos")
		seen := valueOf[string](tab.p, "wsbridge.store().events.filter((e) => e.data).map((e) => String.fromCharCode(...wsbridge.store().bytesOf(e))).join('\\n') + document.body.textContent")
		if !strings.Contains(seen, tab.own) || strings.Contains(seen, tab.other) {
			v.Errorf("a tab sees %q, want %q and not %q", seen, tab.own, tab.other)
		}
		if remotes := valueOf[[]string](tab.p, "[...new Set(wsbridge.store().events.filter((e) => e.kind === 'accept').map((e) => e.remote))]"); len(remotes) != 1 {
			v.Errorf("a tab sees the connections of %q, want one", remotes)
		}
	}
	if valueOf[string](one, "wsbridge.live().id") == valueOf[string](other, "wsbridge.live().id") {
		v.Errorf("both tabs have one session")
	}
}

func explainOff(v *pageVisit) {
	target := serveTarget(v.T, silent)
	bridge := v.startBridge("--explain=false", "--target", "/only="+target)
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, path := range []string{"/", "/page/main.js", "/page/text/en.json", "/api/bridge", "/api/words/en", "/api/clock", "/api/sessions/AAAA", "/api/runs/mask", "/lab/echo"} {
		response, err := client.Get(bridge.url(path))
		if err != nil {
			v.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			v.Errorf("GET %s: %s, want 404", path, response.Status)
		}
	}
	for _, path := range []string{"/echo", "/lab/echo", "/lab/ws-echo"} {
		if _, response := handshake(v.T, bridge.addr, path); response.StatusCode != http.StatusNotFound {
			v.Errorf("WebSocket to %s: %s, want 404", path, response.Status)
		}
	}
	p := &shownPage{v: v, notes: new(notes), host: bridge.addr}
	var err error
	if p.tab, err = v.driven.open(v.ctx, desktop, p.notes); err != nil {
		v.Fatal(err)
	}
	v.Cleanup(func() { p.tab.close(v.ctx) })
	if err := p.tab.navigate(v.ctx, "http://"+bridge.addr+"/"); err != nil {
		v.Fatal(err)
	}
	p.await("the refusal", "document.readyState === 'complete' && location.host === '"+bridge.addr+"'")
	if got := valueOf[map[string]any](p, "({ status: performance.getEntriesByType('navigation')[0].responseStatus, scripts: document.scripts.length })"); got["status"] != 404.0 || got["scripts"] != 0.0 {
		v.Errorf("the browser got %v, want 404 and no script", got)
	}
}

func exportIsRetold(v *pageVisit) {
	p := v.openPage(v.startBridge(), "?lang=en", desktop)
	p.sayBytes(p.say([]byte("发送数据"), nil), 300)
	p.do("wsbridge.live().close(4002, 'kept')")
	p.await("the end of the session", endOfSession)
	// The file is what the page gives the browser to save.
	p.do(`(() => {
		const make = URL.createObjectURL;
		URL.createObjectURL = (blob) => { globalThis.saved = blob.text(); return make.call(URL, blob); };
		[...document.querySelectorAll("#tools button")].find((b) => b.textContent.includes("↓")).click();
	})()`)
	lines := valueOf[string](p, "globalThis.saved")
	path := v.TempDir() + "/session.jsonl"
	if err := os.WriteFile(path, []byte(lines), 0o644); err != nil {
		v.Fatal(err)
	}
	code, stdout, stderr := runToEnd(v.T, nil, "explain", path)
	for _, want := range []string{"session", "accept()", "101 Switching Protocols", "发送数据", "4002", "kept"} {
		if !strings.Contains(stdout, want) {
			v.Errorf("it is not retold that %q", want)
		}
	}
	if code != 0 || stderr != "" {
		v.Errorf("wsbridge explain: exit code %d, %s", code, stderr)
	}
	if v.Failed() {
		v.Logf("%d lines:\n%s\nretold:\n%s", strings.Count(lines, "\n"), firstLine(lines), stdout)
	}
	v.Logf("%d lines of %d bytes, retold in %d lines", strings.Count(lines, "\n"), len(lines), strings.Count(stdout, "\n"))
}
