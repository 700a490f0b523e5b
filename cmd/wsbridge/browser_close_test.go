//go:build linux

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"reflect"
)

// ending is what ending.js saw.
type ending struct {
	Closed pageClosed
	Bytes  int
	SHA256 string
}

// see opens a page that is allowed to wait for the end of a connection to target.
func (v *visit) see(target string, params ...string) (*program, *openPage) {
	v.Helper()
	bridge := v.startBridge("--target", target, "--allow-origin", v.pages.origin)
	p := v.open("ending", bridge, "/", params...)
	p.await("opened", new(any))
	return bridge, p
}

// wantEnding waits for the end, which must be clean and follow these bytes.
func (p *openPage) wantEnding(sent []byte, code int, reason string) {
	p.v.Helper()
	var got ending
	p.await("result", &got)
	p.wantConsole()
	p.v.wantClosed(got.Closed, code, reason)
	sum := sha256.Sum256(sent)
	if want := hex.EncodeToString(sum[:]); got.Bytes != len(sent) || got.SHA256 != want {
		p.v.Errorf("the page got %d bytes of SHA-256 %s before, want %d of %s", got.Bytes, got.SHA256, len(sent), want)
	}
}

func targetRefuses(v *visit) {
	// On the port of a connection that goes out nothing listens, and nothing else can.
	out := connect(v.T, serveTarget(v.T, silent))
	_, p := v.see(out.LocalAddr().String())
	p.wantEnding(nil, 1014, "target refused the connection")
}

func targetResets(v *visit) {
	target := serveTarget(v.T, func(conn net.Conn) {
		conn.Read(make([]byte, 1))
		conn.(*net.TCPConn).SetLinger(0) // RST instead of FIN
		conn.Close()
	})
	_, p := v.see(target, "say", "?")
	p.wantEnding(nil, 1014, "target connection lost")
}

func targetEnds(v *visit) {
	sent := make([]byte, megabyte)
	rand.Read(sent)
	target := serveTarget(v.T, func(conn net.Conn) {
		conn.Write(sent)
		conn.Close()
	})
	_, p := v.see(target)
	p.wantEnding(sent, 1000, "target closed")
}

func pageCloses(v *visit) {
	got := make(chan string, 1) // so that the target need not wait for the test
	target := serveTarget(v.T, func(conn net.Conn) {
		defer conn.Close()
		all, err := io.ReadAll(conn)
		if err != nil {
			all = append(all, err.Error()...)
		}
		got <- string(all)
	})
	_, p := v.see(target, "say", "before", "close", "4001", "why", "bye")
	p.wantEnding(nil, 4001, "bye")
	select {
	case all := <-got:
		if all != "before" {
			v.Errorf("the target got %q, want %q and FIN", all, "before")
		}
	case <-v.ctx.Done():
		v.Errorf("the target got no FIN: %v", v.ctx.Err())
	}
}

func bridgeStops(v *visit) {
	bridge, p := v.see("lab:discard")
	v.stop(bridge)
	p.wantEnding(nil, 1001, "server shutting down")
}

func subprotocols(v *visit) {
	bridge := v.startBridge("--target", "lab:echo", "--allow-origin", v.pages.origin)
	p := v.open("subprotocol", bridge, "/")
	type seen struct {
		Protocol, Extensions, Echoed string
		Closed                       pageClosed
	}
	row := func(protocol string) seen {
		return seen{protocol, "", "发送数据\r\n", pageClosed{1000, "", true, 0}}
	}
	var got []seen
	p.await("result", &got)
	p.wantConsole()
	if want := []seen{row(""), row("binary"), row("binary"), row("binary")}; !reflect.DeepEqual(got, want) {
		v.Errorf("with no subprotocol, one, two and two the other way round, the page saw\n%+v\nwant\n%+v", got, want)
	}
}
