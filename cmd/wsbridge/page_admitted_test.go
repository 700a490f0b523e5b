//go:build linux

package main

import (
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// The page where visitors must say who they are, and what it says of those who were not let in.
var admittedClaims = []pageClaim{
	{"user and password: the page, its API, its WebSocket and its experiments have them", passwordPage},
	{"why: refused with 401, 429 and 503, in both languages", whyNotAdmitted},
	{"why: refused for the handshake rate", whyTooFast},
}

func passwordPage(v *pageVisit) {
	hash, _ := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	bridge := v.startBridge("--auth-basic-file", newFile(v.T, "htpasswd", "ali:"+string(hash)+"\n"))
	for _, path := range []string{"/", "/page/main.js", "/api/bridge"} {
		response, err := http.Get(bridge.url(path))
		if err != nil {
			v.Fatal(err)
		}
		response.Body.Close()
		if asks := response.Header.Get("WWW-Authenticate"); response.StatusCode != 401 || !strings.HasPrefix(asks, "Basic ") {
			v.Errorf("GET %s without a password: %s, WWW-Authenticate %q, want 401 and Basic", path, response.Status, asks)
		}
	}
	p := v.openAddress("http://ali:open%20sesame@"+bridge.addr+"/?lang=en", desktop)
	p.say([]byte("发送数据"), nil)
	bridge.stderr.await(v.T, `msg="pair begin" .* user=ali`)
	installed(v.T, "curl", "curl")
	line := p.handshakeLines()[1]
	if answered := p.shell(strings.Replace(line, "-u NAME", "-u 'ali:open sesame'", 1)); !strings.Contains(line, " -u NAME ") || !strings.Contains(answered, " 101 ") {
		v.Errorf("%s, with name and password, gives %q, want 101", line, answered) // as it is curl asks, at the terminal
	}
	handshakeProof(p)
	maskImages(p)
	v.part("three-sends", func(v *pageVisit) {
		var got struct{ TCP echoes }
		p.in(v).perform("three-sends", "{variant: 'line', times: '3'}", &got)
	})
	if heard := bridge.stderr.String(); strings.Contains(heard, "sesame") {
		v.Errorf("the log has the password")
	}
}

// refusals are routes of which each lets nobody in, for a reason of its own.
const refusals = `
routes:
  - path: /token
    target: lab:echo
    auth-token: a-secret-that-nobody-here-knows
  - path: /address
    target: lab:echo
    max-conns-per-ip: 1
  - path: /full
    target: lab:echo
    max-conns: 1
`

func whyNotAdmitted(v *pageVisit) {
	bridge := v.startBridge("--config", newFile(v.T, "wsbridge.yaml", refusals))
	open(v.T, bridge.addr, "/address")
	open(v.T, bridge.addr, "/full")
	p := v.openPage(bridge, "?lang=en", desktop)
	p.wantRefused(401, "refused with 401 Unauthorized", "被拒绝：401 Unauthorized", `["binary", "bearer.TOKEN"]`)
	p.again("/address")
	p.wantRefused(429, "refused with 429 Too Many Requests", "被拒绝：429 Too Many Requests", "--max-conns-per-ip")
	p.again("/full")
	p.wantRefused(503, "refused with 503 Service Unavailable", "被拒绝：503 Service Unavailable", "--max-conns")
	p.picture("refused")
}

func whyTooFast(v *pageVisit) {
	p := v.openPage(v.startBridge("--handshake-rate", "1/m"), "?lang=en", desktop)
	p.do("wsbridge.live().close(1000, 'seen')")
	p.wantWhy("the client closed with 1000", 1000, "seen", true)
	p.again("")
	p.wantRefused(429, "refused with 429 Too Many Requests", "被拒绝：429 Too Many Requests", "--handshake-rate")
}

// wantRefused waits for a refusal, whose cause must be told with these words of the bridge in both languages.
func (p *shownPage) wantRefused(status int, en, zh, words string) {
	p.v.Helper()
	p.allowFailedHandshake(status)
	p.wantWhy(en, 1006, "", false)
	for _, told := range []struct{ lang, heading string }{{"zh", zh}, {"en", en}} {
		p.choose(told.lang, "light")
		p.await(told.heading, fmt.Sprintf("document.querySelector('#why .ending h3')?.textContent === %q", told.heading))
		if cause := valueOf[string](p, "document.querySelector('#why .ending .cause').textContent"); !strings.Contains(cause, words) {
			p.v.Errorf("%s: the cause is %q, want %s in it", told.lang, cause, words)
		}
	}
}
