//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// The page over TLS. What it shows is the plaintext, and it says so; what the kernel counts is not.
var secureClaims = []pageClaim{
	{"over TLS: wss, the frames as plaintext, and no equation of what the kernel counts on A", secureBytes},
	{"over TLS: the shell lines work", secureLines},
	{"over TLS: experiments come to their verdicts", secureExperiments},
}

// openSecure opens the page of a bridge with a certificate of its own.
func (v *pageVisit) openSecure() *shownPage {
	v.Helper()
	cert := newCertificate(v.T)
	bridge := v.startBridge("--tls-cert", cert.certFile, "--tls-key", cert.keyFile)
	return v.openAddress("https://"+bridge.addr+"/?lang=en", desktop)
}

// saysTLS are words of the page, by the element that must have them.
var saysTLS = map[string]map[string]string{
	"en": {"#path": "all inside TLS", "#kernel .kernel-sums": "Connection A has TLS", "#ruler": "under TLS the kernel counts encrypted bytes",
		"#xray": "Connection A has TLS", "#console .sizes": "inside TLS", "#experiments": "theirs are plain TCP"},
	"zh": {"#path": "全在 TLS 里", "#kernel .kernel-sums": "连接 A 使用 TLS", "#ruler": "使用 TLS 时内核数的是加密后的字节",
		"#xray": "连接 A 使用 TLS", "#console .sizes": "TLS 之内", "#experiments": "纯 TCP"},
}

func secureBytes(v *pageVisit) {
	p := v.openSecure()
	p.say([]byte("发送数据"), nil)
	if url := valueOf[string](p, "wsbridge.live().ws.url"); !strings.HasPrefix(url, "wss://"+p.host+"/") {
		v.Errorf("the WebSocket is %s, want wss://%s", url, p.host)
	}
	for lang, says := range saysTLS {
		p.wantLook(lang, "light")
		for where, words := range says {
			p.await(words, fmt.Sprintf("document.querySelector(%q)?.textContent.includes(%q)", where, words))
		}
	}
	for _, sum := range valueOf[[]struct{ Name string }](p, "probe.sums()") {
		if strings.HasPrefix(sum.Name, "A") {
			v.Errorf("the kernel's part has an equation %q", sum.Name)
		}
	}
	shown := valueOf[[2]string](p, `['wire', 'plain'].map((line) => [...document.querySelectorAll('#xray .byte.' + line)].map((b) => b.textContent).join(' '))`)
	key := valueOf[string](p, `[...document.querySelectorAll('#xray .xray-hex')].at(-1).textContent`)
	if want := "e5 8f 91 e9 80 81 e6 95 b0 e6 8d ae"; shown[1] != want || unmask(shown[0], key) != want {
		v.Errorf("the X-ray shows %q with the key %q, and the payload %q, want %s", shown[0], key, shown[1], want)
	}
}

// secureLines runs what the X-ray says one can do oneself.
func secureLines(v *pageVisit) {
	curl := installed(v.T, "curl", "curl")
	p := v.openSecure()
	var got []string
	for _, line := range p.handshakeLines() {
		got = append(got, p.shell(line))
	}
	accept := valueOf[string](p, "wsbridge.store().events.find((e) => e.layer === 'http' && e.kind === 'response').http.accept")
	if len(got) != 2 || strings.TrimSpace(got[0]) != accept || !strings.Contains(got[1], " 101 ") || !strings.Contains(got[1], accept) {
		v.Errorf("with %s the lines give %q, want the Accept %s, and a handshake with it", curl, got, accept)
	}
}

// handshakeLines are the shell lines that the X-ray has for the opening handshake.
func (p *shownPage) handshakeLines() []string {
	p.v.Helper()
	p.do("wsbridge.store().inspect(wsbridge.store().events.find((e) => e.layer === 'http' && e.kind === 'request'))")
	p.await("two lines", "document.querySelectorAll('#xray .byhand code').length === 2")
	return valueOf[[]string](p, "[...document.querySelectorAll('#xray .byhand code')].map((code) => code.textContent)")
}

// shell runs a line and returns what it printed. It may fail: curl ends a WebSocket by its own time limit.
func (p *shownPage) shell(line string) string {
	out, err := exec.CommandContext(p.v.ctx, "sh", "-c", line).Output()
	p.v.Logf("%s\n%s%v", line, out, err)
	return string(out)
}

func secureExperiments(v *pageVisit) {
	p := v.openSecure()
	v.part("three-sends", func(v *pageVisit) {
		var got struct{ TCP, WS echoes }
		p.in(v).perform("three-sends", "{variant: 'quick', times: '5'}", &got)
		if got.WS.Messages["3"] != 5 || got.WS.Intact != 5 || got.TCP.Intact != 5 {
			v.Errorf("of 5 rounds: %+v", got)
		}
	})
	for _, part := range experimentParts {
		switch part.id {
		case "handshake", "mask", "close-vs-fin":
			v.part(part.id, func(v *pageVisit) { part.check(p.in(v)) })
		}
	}
}
