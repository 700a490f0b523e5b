package main

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"wsbridge/bridge"
	"wsbridge/ws"
)

// handler is what stands in front of the bridge: a health check, the page, and a word about practice servers that do
// not exist, which would otherwise reach a target that serves every path.
func (s *server) handler(routes []bridge.Route) http.Handler {
	var known []string
	for _, route := range routes {
		if strings.HasPrefix(route.Path, labPath) {
			known = append(known, route.Path)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, upgrade := r.URL.Path, ws.IsUpgrade(r)
		switch {
		case path == "/healthz" && !upgrade && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			io.WriteString(w, "ok\n")
		case strings.HasPrefix(path, labPath) && !slices.Contains(known, path):
			notFound(w, "no such practice server; "+thereAre(known))
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

func thereAre(known []string) string {
	if len(known) == 0 {
		return "this bridge runs with --explain=false"
	}
	return "there are " + strings.Join(known, ", ")
}

func notFound(w http.ResponseWriter, why string) {
	w.Header().Set("Connection", "close")
	http.Error(w, "wsbridge: "+why, http.StatusNotFound)
}
