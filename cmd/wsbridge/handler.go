package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"

	"wsbridge/bridge"
	"wsbridge/explain"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// handler is what stands in front of the bridge: a health check, the page, and a word about practice servers that do
// not exist.
func (s *server) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, upgrade := r.URL.Path, ws.IsUpgrade(r)
		switch {
		case path == "/healthz" && !upgrade && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			io.WriteString(w, "ok\n")
		case upgrade, !isPage(path) && !strings.HasPrefix(path, labPath):
			s.bridge.ServeHTTP(w, r)
		case isPage(path) && s.watching.page == nil:
			notFound(w, "there is no page here: this bridge runs with --explain=false")
		case isPage(path):
			if s.bridge.Admit(w, r) {
				s.watching.page.ServeHTTP(w, r)
			}
		case s.bridge.Missing(r) != "":
			notFound(w, s.bridge.Missing(r))
		default:
			s.bridge.ServeHTTP(w, r)
		}
	})
}

// connContext lets requests know their connection: its tap, and whether it is the program's own.
func connContext(ctx context.Context, conn net.Conn) context.Context {
	if tcp.IsOwn(conn) {
		ctx = bridge.WithOwn(ctx)
	}
	return explain.WithTap(ctx, conn)
}

// isPage reports whether a path without upgrade is the page's.
func isPage(path string) bool {
	return path == "/" || strings.HasPrefix(path, "/page/") || strings.HasPrefix(path, "/api/")
}

func notFound(w http.ResponseWriter, why string) {
	w.Header().Set("Connection", "close")
	http.Error(w, "wsbridge: "+why, http.StatusNotFound)
}
