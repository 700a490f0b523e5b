package main

import (
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"wsbridge/bridge"
	"wsbridge/ws"
)

// config is what the settings say.
type config struct {
	settings []*setting

	listen          []string
	targets         []target
	roots           *x509.CertPool // of tls:// targets; nil: the system's
	insecure        bool           // do not verify tls:// targets
	bridge          bridge.Options // without Routes and Log
	ws              ws.Options     // of every route
	shutdownTimeout time.Duration
	explain         bool
	trace           trace
	logFormat       string
	logLevel        slog.Level
}

// newConfig returns a config that read fills.
func newConfig() *config {
	c := &config{}
	c.settings = c.makeSettings()
	return c
}

// makeSettings is the table of all switches, in the order of --help.
func (c *config) makeSettings() []*setting {
	const (
		reach   = "What is reached, and where"
		access  = "Who may connect (always: pages of the bridge's own origin, programs that send no Origin)"
		content = "Messages"
		limits  = "Time limits (TIME is 200ms, 30s, 5m, 1h30m; 0: no limit)"
		seen    = "What can be seen"
		logs    = "Log (on stderr)"
	)
	b := &c.bridge
	settings := []*setting{
		{group: reach, name: "listen", value: "HOST:PORT", standard: "localhost:9998", list: true, read: c.addListen,
			help: "where clients connect; :9998 is every address of this machine"},
		{group: reach, name: "target", value: "[PATH=]TARGET", list: true, read: c.addTarget,
			help: "host:port, tcp://host:port, tls://host:port, unix:/path or lab:NAME. With a PATH it serves that path, " +
				"and all below it if PATH ends in /; without one it serves every other path"},
		{group: reach, name: "target-ca", value: "FILE", read: c.readRoots,
			help: "PEM certificates that tls:// targets are verified with, instead of the system's"},
		{group: reach, name: "target-insecure", read: boolean(&c.insecure),
			help: "do not verify tls:// targets at all"},
		{group: reach, name: "dial-timeout", value: "TIME", standard: "5s", read: duration(&b.DialTimeout),
			help: "for name lookup, connect and TLS handshake; 0: the operating system's"},
		{group: reach, name: "dial-failure", value: "close|http", standard: "close",
			read: choice(func(word string) { b.DialFailureHTTP = word == "http" }, "close", "http"),
			help: "tell a failed dial by Close 1014, which a page can read, or by HTTP 502 or 504, for load balancers"},

		{group: access, name: "allow-origin", value: "ORIGIN", list: true, read: c.addOrigin,
			help: "pages of this origin too: scheme://host[:port], null (a page from disk) or * (any page)"},
		{group: access, name: "allow-host", value: "NAME", list: true, read: c.addHost,
			help: "a dotted name by which clients reach the bridge; IP addresses and names without dots need no mention"},

		{group: content, name: "messages", value: "binary|text|mirror", standard: "binary",
			read: choice(func(word string) { c.ws.Messages = ws.Messages(word) }, "binary", "text", "mirror"),
			help: "type of the messages to the client; mirror: the type that it last sent"},
		{group: content, name: "max-message-bytes", value: "BYTES", standard: "0", read: number(&c.ws.MaxMessage),
			help: "longest message taken from a client, else Close 1009; 0: any length"},

		{group: limits, name: "handshake-timeout", value: "TIME", standard: "10s", read: duration(&b.HandshakeTimeout),
			help: "for a client to send its whole request, however slowly"},
		{group: limits, name: "write-timeout", value: "TIME", standard: "60s", read: duration(&b.WriteTimeout),
			help: "for a side that takes no byte"},
		{group: limits, name: "ping-interval", value: "TIME", standard: "30s", read: duration(&b.PingInterval),
			help: "between two pings to the client"},
		{group: limits, name: "ping-timeout", value: "TIME", standard: "20s", read: duration(&b.PingTimeout),
			help: "for a sign of life after a ping"},
		{group: limits, name: "idle-timeout", value: "TIME", standard: "0", read: duration(&b.IdleTimeout),
			help: "for a session that carries nothing in either direction"},
		{group: limits, name: "max-session", value: "TIME", standard: "0", read: duration(&b.MaxSession),
			help: "for a session, whatever it carries"},
		{group: limits, name: "drain-timeout", value: "TIME", standard: "30s", read: duration(&b.DrainTimeout),
			help: "for what an ending session is still owed"},
		{group: limits, name: "shutdown-timeout", value: "TIME", standard: "8s", read: duration(&c.shutdownTimeout),
			help: "from SIGTERM or SIGINT to the end of the program"},

		{group: seen, name: "explain", standard: "true", read: boolean(&c.explain),
			help: "the page at /, its practice servers and echoes; --explain=false takes them away and costs nothing"},
	}
	settings = append(settings, c.trace.settings(seen)...)
	return append(settings, []*setting{
		{group: logs, name: "log-format", value: "text|json", standard: "text",
			read: choice(func(word string) { c.logFormat = word }, "text", "json"), help: "how a line looks"},
		{group: logs, name: "log-level", value: "debug|info|warn|error", standard: "info",
			read: choice(func(word string) { c.logLevel.UnmarshalText([]byte(word)) }, "debug", "info", "warn", "error"),
			help: "the least that is worth a line"},
	}...)
}

// read takes the settings from flags and environment.
func (c *config) read() error {
	for _, s := range c.settings {
		if err := s.load(); err != nil {
			return err
		}
	}
	if err := c.somethingToServe(); err != nil {
		return err
	}
	return c.secureTargets()
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

// secureTargets applies --target-ca and --target-insecure.
func (c *config) secureTargets() error {
	secure := false
	for _, t := range c.targets {
		if t.dial.TLS != nil {
			secure = true
			t.dial.TLS.RootCAs = c.roots
			t.dial.TLS.InsecureSkipVerify = c.insecure
		}
	}
	for _, name := range []string{"target-ca", "target-insecure"} {
		s := findSetting(c.settings, name)
		if s.from != "" && !secure && (c.roots != nil || c.insecure) {
			return usage("try --target tls://localhost:6697", "%s is for tls:// targets, and there is none", s.from)
		}
	}
	return nil
}

func (c *config) readRoots(file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return &valueError{what: reason(err).Error(), note: fmt.Sprintf("is it there, and yours to read? ls -l %s", quote(file))}
	}
	c.roots = x509.NewCertPool()
	if !c.roots.AppendCertsFromPEM(pem) {
		return &valueError{what: "no certificate in PEM in it", note: "see what it is with: openssl x509 -in " + quote(file) + " -noout -text"}
	}
	return nil
}

func (c *config) addOrigin(value string) error {
	origin, err := bridge.ParseOrigin(value)
	if err != nil {
		return &valueError{what: "not scheme://host[:port], null or *", tries: []string{"https://www.example.org", "null"}}
	}
	c.bridge.AllowOrigins = append(c.bridge.AllowOrigins, origin)
	return nil
}

func (c *config) addHost(value string) error {
	host, err := bridge.ParseHost(value)
	if err != nil {
		return &valueError{what: "not a host name without port", tries: []string{"bridge.example.org"}}
	}
	c.bridge.AllowHosts = append(c.bridge.AllowHosts, host)
	return nil
}

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
	if slices.Contains(c.bridge.AllowOrigins, "*") {
		log.Warn("--allow-origin '*': any page that a browser here opens can reach the targets")
	}
	if c.insecure {
		log.Warn("--target-insecure: whoever answers for a tls:// target is believed")
	}
}
