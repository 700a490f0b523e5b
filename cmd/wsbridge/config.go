package main

import (
	"log/slog"
	"time"

	"wsbridge/bridge"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// config is what the settings say. A route of the configuration file has one of its own, of which only the settings of
// routes count.
type config struct {
	settings   []*setting
	fileRoutes []fileRoute
	ofRoute    bool // it is a route's
	public     bool // a route's that nobody needs credentials for, and that says so

	listen          []string
	targets         []target
	certificates    *tcp.Certificates // nil: no TLS on the listener
	bridge          bridge.Options    // without Routes and Log
	ws              ws.Options        // of every route
	secure          secureTargets
	auth            authSettings
	maxConns        int
	maxConnsPerIP   int
	proxyProtocol   bool
	clientTLS       clientTLS
	shutdownTimeout time.Duration
	explain         bool
	trace           trace
	logFormat       string
	logLevel        slog.Level
	tableFailed     func(error) // is told that a table of tokens cannot be read again
	log             *slog.Logger
}

// newConfig returns a config that read fills.
func newConfig() *config {
	c := &config{}
	c.settings = c.makeSettings()
	c.tableFailed = func(err error) {
		if c.log != nil {
			c.log.Error("tokens cannot be read again; those of before go on", "error", err)
		}
	}
	return c
}

// again reads everything anew that c was read from: the same flags, and environment and files as they are now.
func (c *config) again() (*config, error) {
	next := newConfig()
	next.log = c.log
	for i, s := range c.settings {
		next.settings[i].typed = s.typed
	}
	return next, next.read()
}

// read takes the settings from flags, environment and file.
func (c *config) read() error {
	if err := findSetting(c.settings, "config").load(); err != nil {
		return err
	}
	if err := c.load(); err != nil {
		return err
	}
	if err := c.addFileRoutes(); err != nil {
		return err
	}
	for _, check := range []func() error{c.somethingToServe, c.checkSecureTargets, c.checkProxies, c.readCertificates} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// load reads the settings, and what some of them say together.
func (c *config) load() error {
	for _, s := range c.settings {
		if s.name == "config" {
			continue
		}
		if err := s.load(); err != nil {
			return err
		}
	}
	var err error
	if c.bridge.Auth, err = c.readAuth(); err != nil {
		return err
	}
	return c.loadTable()
}

// addFileRoutes makes targets of the routes in the file.
func (c *config) addFileRoutes() error {
	for i := range c.fileRoutes {
		r := &c.fileRoutes[i]
		for _, s := range r.config.settings {
			if !s.ofRoute {
				s.standard, s.parent = "", nil
			}
		}
		r.config.tableFailed = c.tableFailed
		if err := r.config.load(); err != nil {
			return err
		}
		t := r.config.targets[0]
		t.path, t.host, t.name, t.config = r.path, r.host, r.name, r.config
		for _, other := range c.targets {
			if other.path == t.path && other.host == t.host {
				return usage("each path of a host has one route; try path: "+t.path+"2", "%sa second target for path %s", r.at.place(), quote(t.path))
			}
			if t.name != "" && other.name == t.name {
				return usage("a name means one route", "%sa second route named %s", r.at.place(), quote(t.name))
			}
		}
		if t.host != "" {
			c.bridge.AllowHosts = append(c.bridge.AllowHosts, t.host)
		}
		c.targets = append(c.targets, t)
	}
	return nil
}

// somethingToServe is an error when there is no target and nothing of our own either.
func (c *config) somethingToServe() error {
	if c.explain {
		return nil
	}
	from := findSetting(c.settings, "explain").from
	if len(c.targets) == 0 {
		return usage("name one: --target localhost:7", "%s takes the practice servers away, and there is no --target", from)
	}
	for _, t := range c.targets {
		if t.lab != "" {
			return usage("try --target localhost:7, and for a practice server of its own: wsbridge lab "+t.lab+"=localhost:7",
				"%s takes the practice servers away, and --target lab:%s is one", from, t.lab)
		}
	}
	return nil
}

// checkProxies is about settings that mean nothing without another one.
func (c *config) checkProxies() error {
	if c.proxyProtocol && len(c.bridge.TrustedProxies) == 0 {
		return usage("name the peers that send it: --trusted-proxy 127.0.0.1/32",
			"%s believes nobody without --trusted-proxy", findSetting(c.settings, "proxy-protocol").from)
	}
	return nil
}
