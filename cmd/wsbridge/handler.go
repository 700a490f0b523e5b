package main

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"wsbridge/bridge"
	"wsbridge/ws"
)

// handler is what stands in front of the bridge: a health check, and a word about practice servers that do not exist,
// which would otherwise reach a target that serves every path.
func handler(next http.Handler, routes []bridge.Route) http.Handler {
	var known []string
	for _, route := range routes {
		if strings.HasPrefix(route.Path, labPath) {
			known = append(known, route.Path)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/healthz" && !ws.IsUpgrade(r) && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			io.WriteString(w, "ok\n")
		case strings.HasPrefix(path, labPath) && !slices.Contains(known, path):
			w.Header().Set("Connection", "close")
			http.Error(w, "wsbridge: no such practice server; there are "+strings.Join(known, ", "), http.StatusNotFound)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
