package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"wsbridge/bridge"
	"wsbridge/tcp"
	"wsbridge/tcp/lab"
)

// labPath is where the practice servers are, whatever the targets.
const labPath = "/lab/"

// target is one --target, --tokens or route of the file: a path, and a practice server, an address or a table of them.
type target struct {
	path   string
	host   string     // of a route; "": any
	name   string     // of a route
	lab    string     // name of a practice server; "": dial is used
	tokens string     // file of table
	table  *tcp.Table // not nil: ?token= chooses from it
	dial   tcp.Target // TLS is completed by checkSecureTargets
	config *config    // a route's own settings; nil: those at the top
}

func (t target) String() string {
	switch {
	case t.lab != "":
		return "lab:" + t.lab
	case t.tokens != "":
		return "tokens of " + t.tokens
	}
	return t.dial.String()
}

// settings are those that hold for t, which is one of c's targets.
func (t *target) settings(c *config) *config {
	if t.config != nil {
		return t.config
	}
	return c
}

// addTarget reads [PATH=]TARGET.
func (c *config) addTarget(value string) error {
	t := target{path: "/"}
	address, before := value, ""
	switch {
	case strings.HasPrefix(value, "/") && c.ofRoute:
		path, after, _ := strings.Cut(value, "=")
		return &valueError{what: "the path of a route is a key of its own", tries: []string{after}, note: "with path: " + path}
	case strings.HasPrefix(value, "/"):
		path, after, ok := strings.Cut(value, "=")
		if !ok {
			return &valueError{what: "a path without a target", tries: []string{value + "=localhost:7", "unix:" + value}}
		}
		if err := checkPath(path, after); err != nil {
			return err
		}
		t.path, _ = url.PathUnescape(path)
		address, before = after, path+"="
	}
	for _, other := range c.targets {
		if other.path == t.path {
			return duplicatePath(t.path, address)
		}
	}
	name, isLab := strings.CutPrefix(address, "lab:")
	if isLab = isLab && !isNumber(name); isLab {
		t.lab = name
		c.targets = append(c.targets, t)
		return checkLab(name, before+"lab:")
	}
	var err error
	if t.dial, err = tcp.ParseTarget(address); err != nil {
		return targetError(address, before, err)
	}
	c.targets = append(c.targets, t)
	return nil
}

// checkPath refuses what no request can ask for, and what is the practice servers'.
func checkPath(path, target string) error {
	if _, err := url.PathUnescape(path); err != nil || strings.ContainsAny(path, "?#") {
		return &valueError{what: "the path cannot be one of a URL", tries: []string{"/irc=" + target}}
	}
	if strings.HasPrefix(path, labPath) {
		return &valueError{what: "paths below " + labPath + " are the practice servers'", tries: []string{"/my" + path + "=" + target}}
	}
	return nil
}

func duplicatePath(path, target string) error {
	if path == "/" {
		return &valueError{what: "a second target for every path", tries: []string{"/other=" + target}}
	}
	return &valueError{what: "a second target for path " + path, tries: []string{strings.TrimSuffix(path, "/") + "2=" + target}}
}

// checkLab says which practice servers there are; before is what stands in front of the name.
func checkLab(name, before string) error {
	names := lab.Names()
	if slices.Contains(names, name) {
		return nil
	}
	try := names[0]
	if near := closest(name, names); near != "" {
		try = near
	}
	return &valueError{what: "no such practice server; there are " + strings.Join(names, ", "), tries: []string{before + try}}
}

// targetError adds what would have been right.
func targetError(address, before string, err error) error {
	what := strings.TrimPrefix(err.Error(), fmt.Sprintf("target %q: ", address))
	switch _, rest, hasScheme := strings.Cut(address, "://"); {
	case isNumber(address):
		return &valueError{what: what, tries: []string{before + "localhost:" + address}}
	case hasScheme && tcpAddress(rest):
		return &valueError{what: what, tries: []string{before + rest, before + "tls://" + rest}}
	case !strings.HasPrefix(address, "unix:") && tcpAddress(address+":7"):
		return &valueError{what: what, tries: []string{before + address + ":7"}}
	}
	return &valueError{what: what, tries: []string{before + "localhost:7", before + "tls://localhost:6697", before + "unix:/run/vnc.sock"}}
}

func tcpAddress(s string) bool {
	_, err := tcp.ParseTarget(s)
	return err == nil
}

// routes are the paths of the bridge. Without any target everything reaches the practice echo, and /echo is a
// WebSocket echo, so that a page from a tutorial works unchanged.
func routes(c *config, p practice) []bridge.Route {
	var routes []bridge.Route
	for _, t := range c.targets {
		routes = append(routes, t.route(c, p))
	}
	if len(c.targets) == 0 {
		routes = append(routes,
			bridge.Route{Path: "/", Target: p.target("echo")},
			bridge.Route{Path: "/echo", Echo: true, AnyOrigin: true})
	}
	routes = append(routes, practiceRoutes(c, p)...)
	for i := len(c.targets); i < len(routes); i++ {
		routes[i].WS = c.ws
	}
	return routes
}

func (t *target) route(c *config, p practice) bridge.Route {
	route := bridge.Route{Path: t.path, Host: t.host, Name: t.name, Target: t.dial, Table: t.table}
	if t.lab != "" {
		route.Target = p.target(t.lab)
	}
	if t.table != nil {
		route.Target.Name = t.String()
	}
	settings := t.settings(c)
	route.WS = settings.ws
	if settings != c {
		route.Terms = &settings.bridge.Terms
		route.MaxConns, route.MaxConnsPerIP = settings.own("max-conns", settings.maxConns), settings.own("max-conns-per-ip", settings.maxConnsPerIP)
	}
	return route
}

// own is value if a route has a setting of its own; 0 if it only inherits it, for then it is not the route that is
// limited.
func (c *config) own(name string, value int) int {
	if len(findSetting(c.settings, name).filed) > 0 {
		return value
	}
	return 0
}

// practiceRoutes are the paths below labPath. What is none of them must not reach a target that serves every path.
func practiceRoutes(c *config, p practice) []bridge.Route {
	if !c.explain {
		return []bridge.Route{{Path: labPath, Practice: true, Missing: "no practice servers here: this bridge runs with --explain=false"}}
	}
	routes := []bridge.Route{{Path: labPath + "ws-echo", Echo: true, AnyOrigin: true, Practice: true}}
	known := ""
	for _, name := range lab.Names() {
		routes = append(routes, bridge.Route{Path: labPath + name, Target: p.target(name), AnyOrigin: name == "echo", Practice: true})
		known += labPath + name + ", "
	}
	return append(routes, bridge.Route{Path: labPath, Practice: true, Missing: "no such practice server; there are " + known + labPath + "ws-echo"})
}
