//go:build linux

package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Lines that the tutorial's page shows.
const (
	shownOpen = "opened, sent: 发送数据"
	shownEnd  = `closed: 1001 "server shutting down", clean`
)

// tutorialEcho also shows that there is one message and no more: the bridge's end comes behind all of them.
func tutorialEcho(v *visit) {
	bridge := v.startBridge()
	p := v.openTutorial(bridge)
	echoed := "text message: 发送数据"
	p.wantShown(shownOpen, echoed)
	v.stop(bridge)
	p.wantShown(shownOpen, echoed, shownEnd)
	p.wantConsole()
}

func tutorialRefused(v *visit) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		v.Fatal(err)
	}
	defer target.Close()
	bridge := v.startBridge("--target", target.Addr().String())
	p := v.openTutorial(bridge)
	p.wantShown("error", `closed: 1006 "", not clean`)
	p.wantConsole("Unexpected response code: 403", "can’t establish a connection to the server")
	bridge.stderr.await(v.T, `msg=refused status=403 .*--allow-origin null.* path=/echo .*origin=null`)

	_, response := handshake(v.T, bridge.addr, "/echo", "Origin: null")
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "--allow-origin null") {
		v.Errorf("the refusal is %s %q, want 403 and --allow-origin null in it", response.Status, body)
	}

	own := connect(v.T, target.Addr().String())
	first, err := target.Accept()
	if err != nil {
		v.Fatal(err)
	}
	first.Close()
	if first.RemoteAddr().String() != own.LocalAddr().String() {
		v.Errorf("the target was dialled for those who were refused, want no connection but the test's own")
	}
}

func tutorialAllowed(v *visit) {
	var target rememberingEcho
	bridge := v.startBridge("--target", serveTarget(v.T, target.echo), "--allow-origin", "null")
	p := v.openTutorial(bridge)
	echoed := "binary message, 12 bytes: 发送数据"
	p.wantShown(shownOpen, echoed)
	v.stop(bridge)
	p.wantShown(shownOpen, echoed, shownEnd)
	p.wantConsole()
	if got := target.received(); got != "发送数据" {
		v.Errorf("the target got %q, want %q and nothing else", got, "发送数据")
	}
}

// rememberingEcho is a TCP echo that remembers what it got.
type rememberingEcho struct {
	mu  sync.Mutex // guards got
	got bytes.Buffer
}

func (e *rememberingEcho) echo(conn net.Conn) {
	defer conn.Close()
	io.Copy(conn, io.TeeReader(conn, e))
}

func (e *rememberingEcho) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.Write(b)
}

func (e *rememberingEcho) received() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.String()
}
