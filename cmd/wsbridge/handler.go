package main

import (
	"io"
	"net/http"
	"strings"

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
		case !upgrade && strings.HasPrefix(path, labPath) && s.bridge.Missing(path) != "":
			notFound(w, s.bridge.Missing(path))
		case !upgrade && isPage(path) && s.watching.page != nil:
			s.watching.page.ServeHTTP(w, r)
		case !upgrade && isPage(path):
			notFound(w, "there is no page here: this bridge runs with --explain=false")
		default:
			s.bridge.ServeHTTP(w, r)
		}
	})
}

// isPage reports whether a path without upgrade is the page's.
func isPage(path string) bool {
	return path == "/" || strings.HasPrefix(path, "/page/") || strings.HasPrefix(path, "/api/")
}

func notFound(w http.ResponseWriter, why string) {
	w.Header().Set("Connection", "close")
	http.Error(w, "wsbridge: "+why, http.StatusNotFound)
}
