package main

import (
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
)

// logger returns what --log-format and --log-level ask for.
func (c *config) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// warn logs what should make one think.
func (c *config) warn(log *slog.Logger) {
	for _, name := range unknownVariables(c.settings, os.Environ()) {
		log.Warn("nothing reads this environment variable", "name", name, "nearest", closest(name, variables(c.settings)))
	}
	for _, s := range c.settings {
		if s.secret && len(s.typed.values) > 0 {
			log.Warn("other users of this machine can see --"+s.name+" in the list of processes", "hint", "put it into "+s.variable()+" or a file")
		}
	}
	for _, settings := range c.all() {
		if slices.Contains(settings.bridge.AllowOrigins, "*") {
			log.Warn("--allow-origin '*': any page that a browser here opens can reach the targets")
			break
		}
	}
	for _, settings := range c.all() {
		if settings.secure.insecure {
			log.Warn("--target-insecure: whoever answers for a tls:// target is believed")
			break
		}
	}
	if at := c.openTo(); at != "" {
		log.Warn("whoever reaches "+at+" reaches the targets: nobody has to prove who he is", "hint",
			"--auth-token-file, --auth-basic-file or --auth-jwt-key-file asks for proof; --listen localhost:9998 is for this machine only")
	}
}

// all are c and the settings of the routes that have their own.
func (c *config) all() []*config {
	all := []*config{c}
	for i := range c.fileRoutes {
		all = append(all, c.fileRoutes[i].config)
	}
	return all
}

// openTo is an address that other machines can reach, when some target needs no proof; "" if there is none.
func (c *config) openTo() string {
	if c.clientTLS.clientCA != "" {
		return ""
	}
	open := len(c.targets) == 0 && !c.bridge.Auth.Required()
	for i := range c.targets {
		settings := c.targets[i].settings(c)
		open = open || !settings.bridge.Auth.Required() && !settings.public
	}
	if !open {
		return ""
	}
	for _, address := range c.listen {
		host, _, _ := net.SplitHostPort(address)
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return address
		}
	}
	return ""
}
