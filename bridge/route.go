package bridge

import (
	"net"
	"net/http"
	"strings"
)

// noRoute is where no route leads.
var noRoute = Route{Missing: "nothing is served at this path"}

// route is the one that serves r: first the practice servers, which no target may stand in front of, then those of its
// Host, then those of any; of these the longest match of the path.
func (o *Options) route(r *http.Request) *Route {
	host := hostName(r.Host)
	best := &noRoute
	for i := range o.Routes {
		route := &o.Routes[i]
		if (route.Host == "" || route.Host == host) && route.matches(r.URL.Path) && route.before(best) {
			best = route
		}
	}
	return best
}

func (r *Route) matches(path string) bool {
	return path == r.Path || strings.HasSuffix(r.Path, "/") && strings.HasPrefix(path, r.Path)
}

func (r *Route) before(other *Route) bool {
	if r.Practice != other.Practice {
		return r.Practice
	}
	if (r.Host != "") != (other.Host != "") {
		return r.Host != ""
	}
	return len(r.Path) > len(other.Path)
}

// named is the route that a token's target claim means: by name, or by path where it has none. nil: there is none.
func (o *Options) named(claim string) *Route {
	for i := range o.Routes {
		route := &o.Routes[i]
		if route.Missing == "" && (route.Name == claim || route.Name == "" && route.Path == claim) {
			return route
		}
	}
	return nil
}

// Missing says why nothing is served at the path of r; "" if something is.
func (b *Bridge) Missing(r *http.Request) string { return b.rules.Load().route(r).Missing }

func (r *Route) name() string {
	if r.Echo {
		return "built-in WebSocket echo"
	}
	return r.Target.String()
}

// hostName is the name in a Host header, without port, brackets and the dot of the root, in lower case.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
