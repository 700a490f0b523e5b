package bridge

import (
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"wsbridge/tcp"
)

// TestWriteToTargetFails has the row of its own: a target that has closed and refuses what comes after. A unix socket
// does that without the race between FIN and RST.
func TestWriteToTargetFails(t *testing.T) {
	t.Run("unwatched", func(t *testing.T) { writeToTargetFails(t, false) })
	t.Run("watched", func(t *testing.T) { writeToTargetFails(t, true) })
}

func writeToTargetFails(t *testing.T, watched bool) {
	path := filepath.Join(t.TempDir(), "s")
	ln := listen(t, "unix", path)
	o := slowLimits()
	var w *watcher
	if watched {
		w = watchAll(t, &o)
	}
	r := newRigTo(t, o, tcp.Target{Network: "unix", Address: path}, ln)
	c := r.dial("/")
	target := r.accept()
	// The client does not read, so that the bridge does not get to the target's FIN before the client's bytes are refused.
	written := make(chan struct{})
	go writeAll(target, random(16<<20), written)
	if _, err := c.br.Peek(1); err != nil {
		t.Fatal(err)
	}
	target.(*net.UnixConn).CloseRead()
	c.send(text, "refused")
	r.log.wait(t, "pair begin")
	payload, code, reason := c.rest()
	<-written
	if code != 1011 || reason != "target write failed" || payload != random(16 << 20)[:len(payload)] {
		t.Errorf("client got %d bytes and Close %d %q, want a prefix and 1011 %q", len(payload), code, reason, "target write failed")
	}
	r.wantCause("target write failed")
	if watched {
		w.wantCause(t, "target write failed")
	}
}

// TestTargetCannotBeDialled is the table's last row, in both ways.
func TestTargetCannotBeDialled(t *testing.T) {
	closed := listen(t, "tcp", "127.0.0.1:0")
	closed.Close()
	mute := listen(t, "tcp", "127.0.0.1:0")
	refused := tcp.Target{Network: "tcp", Address: closed.Addr().String()}
	missing := tcp.Target{Network: "unix", Address: filepath.Join(t.TempDir(), "missing")}
	slow, err := tcp.ParseTarget("tls://" + mute.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		claim  string
		target tcp.Target
		reason string
		status int
	}{
		{"refused", refused, "target refused the connection", 502},
		{"not found", missing, "target not found", 502},
		{"timed out", slow, "target timed out", 504},
	} {
		o := slowLimits()
		o.DialTimeout = 200 * time.Millisecond
		t.Run(row.claim+": Close 1014", func(t *testing.T) {
			r := newRigTo(t, o, row.target, nil)
			c := r.dial("/")
			c.wantRest("", 1014, row.reason)
			r.log.wait(t, "dial failed")
		})
		t.Run(row.claim+": HTTP status", func(t *testing.T) {
			o.DialFailureHTTP = true
			r := newRigTo(t, o, row.target, nil)
			c := r.rawDial()
			c.write(handshake(r.addr, "/"))
			body, _ := io.ReadAll(c)
			wantRefusal(t, string(body), row.status, row.reason)
		})
	}
}
