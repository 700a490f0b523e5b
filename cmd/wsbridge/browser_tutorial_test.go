//go:build linux

package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	opened      = "opened, sent: 发送数据"
	closed1001  = `closed: 1001 "server shutting down", clean`
	allowFlag   = "--allow-origin null"
	tutorialURL = "/echo"
)

// tutorialEcho also shows that there is one message and no more: the bridge's end comes behind all of them.
func tutorialEcho(v *visit) {
	bridge := v.startBridge()
	p := v.openTutorial(bridge)
	echoed := "text message: 发送数据"
	p.wantShown(opened, echoed)
	v.stop(bridge)
	p.wantShown(opened, echoed, closed1001)
	p.wantConsole()
}

func tutorialRefused(v *visit) {
	var dialled atomic.Int32
	target := serveTarget(v.T, func(net.Conn) { dialled.Add(1) })
	bridge := v.startBridge("--target", target)
	p := v.openTutorial(bridge)
	p.wantShown("error", `closed: 1006 "", not clean`)
	p.wantConsole("Unexpected response code: 403")
	bridge.stderr.await(v.T, `msg=refused status=403 .*--allow-origin null.* path=/echo .*origin=null`)

	_, response := handshake(v.T, bridge.addr, tutorialURL, "Origin: null")
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusForbidden || !strings.Contains(string(body), allowFlag) {
		v.Errorf("the refusal is %s %q, want 403 and %q in it", response.Status, body, allowFlag)
	}
	if n := dialled.Load(); n != 0 {
		v.Errorf("the target was dialled %d times for those who were refused, want 0", n)
	}
}

func tutorialAllowed(v *visit) {
	var target tee
	bridge := v.startBridge("--target", serveTarget(v.T, target.echo), "--allow-origin", "null")
	p := v.openTutorial(bridge)
	echoed := "binary message, 12 bytes: 发送数据"
	p.wantShown(opened, echoed)
	v.stop(bridge)
	p.wantShown(opened, echoed, closed1001)
	p.wantConsole()
	if got := target.received(); got != "发送数据" {
		v.Errorf("the target got %q, want %q and nothing else", got, "发送数据")
	}
}

// tee is a TCP echo that remembers what it got.
type tee struct {
	mu  sync.Mutex // guards got
	got bytes.Buffer
}

func (e *tee) echo(conn net.Conn) {
	defer conn.Close()
	io.Copy(conn, io.TeeReader(conn, e))
}

func (e *tee) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.Write(b)
}

func (e *tee) received() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.String()
}
