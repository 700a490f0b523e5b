package bridge

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// A page can be made to open a WebSocket to any address, and the browser sends no preflight request: the Origin header
// is the server's only defence (RFC 6455 section 10.2). A page whose own name was rebound to the bridge's address
// has a matching Origin, so the Host is looked at, too.

// ParseOrigin returns origin as browsers write it, and an error unless it is scheme://host[:port], "null" or "*".
func ParseOrigin(origin string) (string, error) {
	if origin == "null" || origin == "*" {
		return origin, nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Hostname() == "" {
		return "", fmt.Errorf("origin %q is not scheme://host[:port]", origin)
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsAny(u.Host, "*?[]{}") && !strings.HasPrefix(u.Host, "[") {
		return "", fmt.Errorf("origin %q has more than scheme, host and port", origin)
	}
	return canonicalOrigin(u.Scheme, u.Host), nil
}

// canonicalOrigin lowers the case and leaves out a default port (RFC 6454 section 6).
func canonicalOrigin(scheme, host string) string {
	scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// ParseHost returns a host name as Host headers are compared with it, and an error when it has a port or is no name.
func ParseHost(host string) (string, error) {
	if host == "" || strings.ContainsAny(host, ":/ *@") {
		return "", fmt.Errorf("host %q is not a plain name such as bridge.example.org", host)
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), nil
}

// originRefusal says why the page that sent r may not connect; "" if it may. Clients that are no browsers send no
// Origin. https says that the client itself speaks TLS, to the bridge or to the proxy in front of it.
func (t *Terms) originRefusal(r *http.Request, https bool) string {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return ""
	}
	if len(origins) > 1 {
		return "more than one Origin header"
	}
	origin, err := ParseOrigin(origins[0])
	if err != nil || origin == "*" {
		return fmt.Sprintf("Origin %q is malformed", clip(origins[0]))
	}
	scheme := "http"
	if https {
		scheme = "https"
	}
	if slices.Contains(t.AllowOrigins, "*") || slices.Contains(t.AllowOrigins, origin) || origin == canonicalOrigin(scheme, r.Host) {
		return ""
	}
	return fmt.Sprintf("pages of origin %q may not connect here; the operator can let them with: --allow-origin %s", clip(origin), clip(origin))
}

// originMissing says that r has no Origin, where one is asked for; "" if it has.
func originMissing(r *http.Request) string {
	if len(r.Header.Values("Origin")) > 0 {
		return ""
	}
	return "only pages may connect here, and every browser sends an Origin header; without --require-origin programs could, too"
}

// hostRefusal says why r's Host is not one of the bridge's; "" if it is. IP literals and names without dots cannot be
// rebound by a stranger's DNS server.
func (o *Options) hostRefusal(r *http.Request) string {
	host := hostName(r.Host)
	_, err := netip.ParseAddr(host)
	if host != "" && (err == nil || !strings.Contains(host, ".")) || slices.Contains(o.AllowHosts, host) {
		return ""
	}
	return fmt.Sprintf("the bridge does not know itself as host %q; the operator can add the name with: --allow-host %s", clip(host), clip(host))
}
