package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"runtime"

	"wsbridge/bridge"
	"wsbridge/explain"
	"wsbridge/explain/page"
	"wsbridge/tcp/lab"
)

// watching is what lets people see what happens: sessions, and the page. The zero value watches nothing and costs nothing.
type watching struct {
	hub   *explain.Hub
	page  *page.Page
	trace *explain.Printer // nil: no --trace
}

// startWatching makes what --explain and --trace ask for.
func startWatching(c *config, trace *explain.Printer) watching {
	if !c.explain && trace == nil {
		return watching{}
	}
	return watching{hub: explain.NewHub(explain.HubOptions{}), trace: trace}
}

// openPage makes the page of a bridge that listens on ln. dial leads to the bridge's own HTTP server.
func (w *watching) openPage(c *config, b *bridge.Bridge, dial func(context.Context) (net.Conn, error), ln net.Listener, log *slog.Logger) {
	if !c.explain {
		return
	}
	at := reachableAt(c.listen[0], ln.Addr())
	o := page.Options{
		Hub: w.hub, Log: log, Version: version(), Kernel: runtime.GOOS == "linux", Lab: lab.Names(),
		Practice: len(c.targets) == 0, Path: labPath + "echo", Target: "lab:echo",
		Dial: dial, Client: b.Client,
		Host: func() string { return at },
	}
	if !o.Practice {
		o.Path, o.Target = c.targets[0].path, c.targets[0].String()
	}
	w.page = page.New(o)
}

// listener lets the connections that are accepted on ln be watched.
func (w *watching) listener(ln net.Listener) net.Listener {
	if w.hub == nil {
		return ln
	}
	return tappedListener{ln}
}

type tappedListener struct{ net.Listener }

func (ln tappedListener) Accept() (net.Conn, error) {
	conn, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return explain.TapClient(conn), nil
}

// practiceListener lets the calls of practice servers be seen.
func (w *watching) practiceListener() func(net.Listener) net.Listener {
	if w.hub == nil {
		return nil
	}
	return w.hub.TargetListener
}

// session is the session that r is for, or that watches r.
func (w *watching) session(r *http.Request) *explain.Session {
	if w.hub == nil {
		return nil
	}
	s, err := w.hub.Claim(r.URL.Query().Get("session"))
	switch {
	case w.trace == nil && err != nil:
		return nil // a target's own clients may have a session= that means something to them
	case w.trace == nil:
		return s
	case err != nil:
		s = w.hub.Trace()
	default:
		w.hub.Number(s)
	}
	if s != nil {
		w.trace.Watch(s)
	}
	return s
}

// stopPage ends the feeds, when nothing more will come on them.
func (w *watching) stopPage() {
	if w.page != nil {
		w.page.Close()
	}
}

// close ends what is watched. It waits for what runs for it.
func (w *watching) close() {
	if w.hub != nil {
		w.hub.Close()
	}
	if w.trace != nil {
		w.trace.Close()
	}
}
