//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"strings"
)

// offered is what a page saw of a WebSocket for which it offered subprotocols, and perhaps had a cookie.
type offered struct {
	Opened   bool
	Protocol string
	Echoed   string
	Closed   pageClosed
}

const secret = "5a2c7d1e90b4f3a86655"

// offer opens a page that connects to path of b with these subprotocols, and this cookie if it is not empty.
func (v *visit) offer(b *program, path, protocols, cookie string) (*openPage, offered) {
	v.Helper()
	p := v.open("offer", b, path, "protocols", protocols, "cookie", cookie)
	var got offered
	p.await("result", &got)
	return p, got
}

func (v *visit) wantOffered(got, want offered) {
	v.Helper()
	if got != want {
		v.Errorf("the page saw %+v, want %+v", got, want)
	}
}

// What browsers complain of when a handshake is answered with 401, and with 403.
var (
	complain401 = []string{"HTTP Authentication failed", "can’t establish a connection to the server"}
	complain403 = []string{"Unexpected response code: 403", "can’t establish a connection to the server"}
)

var (
	admitted = offered{true, "binary", "发送数据\r\n", pageClosed{1000, "", true, 0}}
	kept     = offered{Closed: pageClosed{1006, "", false, 1}}
)

// tokenOffered has the token where JavaScript can put one. Where no subprotocol is selected of those offered, engines
// differ: RFC 6455 section 4.1 lets a client go on, and the standard for browsers does not.
func tokenOffered(v *visit) {
	routes := "allow-origin: [" + v.pages.origin + "]\nroutes:\n  - path: /echo\n    target: lab:echo\n    auth-token: " + secret + "\n"
	bridge := v.startBridge("--config", newFile(v.T, "wsbridge.yaml", routes))
	p, got := v.offer(bridge, "/echo", `["binary", "bearer.`+secret+`"]`, "")
	v.wantOffered(got, admitted)
	p.wantConsole()

	p, got = v.offer(bridge, "/echo", `["bearer.`+secret+`"]`, "")
	if strings.Contains(v.Name(), "/Firefox/") {
		v.wantOffered(got, offered{true, "", admitted.Echoed, admitted.Closed})
		p.wantConsole()
	} else {
		v.wantOffered(got, kept)
		p.wantConsole("Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received")
	}

	id := v.newSession(bridge)
	p, got = v.offer(bridge, "/echo?session="+id, `["binary", "bearer.wrong"]`, "")
	v.wantOffered(got, kept)
	p.wantConsole(complain401...)
	v.wantFate(bridge, id, 401)
	if strings.Contains(bridge.stderr.String(), secret) {
		v.Errorf("the log has the token")
	}
}

// newSession makes a session on the bridge, as its own page does.
func (v *visit) newSession(bridge *program) (id string) {
	v.Helper()
	response, err := http.Post(bridge.url("/api/sessions"), "application/json", strings.NewReader("{}"))
	if err != nil {
		v.Fatal(err)
	}
	defer response.Body.Close()
	var session struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&session); err != nil || session.ID == "" {
		v.Fatalf("POST /api/sessions: %s, %+v, %v", response.Status, session, err)
	}
	return session.ID
}

// wantFate asks the bridge how the session ended, which must be by a refusal.
func (v *visit) wantFate(bridge *program, id string, status int) {
	v.Helper()
	response, err := http.Get(bridge.url("/api/sessions/" + id))
	if err != nil {
		v.Fatal(err)
	}
	defer response.Body.Close()
	var session struct {
		Fate struct {
			Kind   string
			Status int
			Why    string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&session); err != nil {
		v.Fatal(err)
	}
	if f := session.Fate; f.Kind != "refused" || f.Status != status || f.Why == "" {
		v.Errorf("GET /api/sessions/ID has the fate %+v, want refused with %d and why", f, status)
	}
}

// tokenInCookie has a cookie, which a browser sends to every port of the host: it must be the Origin that counts.
func tokenInCookie(v *visit) {
	const cookie = "wsbridge_token"
	own := v.startBridge("--auth-token", secret, "--auth-cookie", cookie, "--allow-origin", v.pages.origin)
	p, got := v.offer(own, "/lab/echo", `["binary"]`, cookie+"="+secret)
	v.wantOffered(got, admitted)
	p.wantConsole()

	p, got = v.offer(own, "/lab/echo", `["binary"]`, cookie+"=wrong")
	v.wantOffered(got, kept)
	p.wantConsole(complain401...)

	stranger := v.startBridge("--auth-token", secret, "--auth-cookie", cookie)
	p, got = v.offer(stranger, "/lab/echo", `["binary"]`, cookie+"="+secret)
	v.wantOffered(got, kept)
	p.wantConsole(complain403...)
	stranger.stderr.await(v.T, `msg=refused status=403 .*--allow-origin `+v.pages.origin)
	p, got = v.offer(stranger, "/lab/echo", `["binary", "bearer.`+secret+`"]`, "") // any page may use it that has the token itself
	v.wantOffered(got, admitted)
	p.wantConsole()
}
