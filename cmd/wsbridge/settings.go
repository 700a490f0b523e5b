package main

import (
	"fmt"
	"net/netip"
	"strings"

	"wsbridge/bridge"
	"wsbridge/ws"
)

// makeSettings is the table of all switches, in the order of --help.
func (c *config) makeSettings() []*setting {
	const seen = "What can be seen"
	groups := [][]*setting{c.reachSettings(), c.accessSettings(), c.authSettings(), c.tlsSettings(), c.amountSettings(),
		c.messageSettings(), c.timeSettings()}
	var settings []*setting
	for _, group := range groups {
		settings = append(settings, group...)
	}
	settings = append(settings, &setting{group: seen, name: "explain", standard: "true", read: boolean(&c.explain),
		help: "the page at /, its practice servers and echoes; --explain=false takes them away and costs nothing"})
	settings = append(settings, c.trace.settings(seen)...)
	return append(settings, c.logSettings()...)
}

func (c *config) reachSettings() []*setting {
	const group = "What is reached, and where"
	b := &c.bridge
	return []*setting{
		{group: group, name: "config", value: "FILE", read: c.readFile,
			help: "YAML with the names of flags as keys, and routes; see configs/wsbridge.yaml. Flags and variables come before it; " +
				"SIGHUP reads it again"},
		{group: group, name: "listen", value: "HOST:PORT", standard: "localhost:9998", list: true, read: c.addListen,
			help: "where clients connect; :9998 is every address of this machine"},
		{group: group, name: "target", value: "[PATH=]TARGET", list: true, ofRoute: true, read: c.addTarget,
			help: "host:port, tcp://host:port, tls://host:port, unix:/path or lab:NAME. With a PATH it serves that path, " +
				"and all below it if PATH ends in /; without one it serves every other path"},
		{group: group, name: "tokens", value: "FILE|DIR", ofRoute: true, read: c.addTable,
			help: "targets by name, as lines \"name: host:port\": ?token=NAME chooses one, and other names are refused. Read again when it changes"},
		{group: group, name: "target-ca", value: "FILE", ofRoute: true, read: c.secure.readRoots,
			help: "PEM certificates that tls:// targets are verified with, instead of the system's"},
		{group: group, name: "target-cert", value: "FILE", ofRoute: true, read: word(&c.secure.cert),
			help: "PEM certificate that tls:// targets are shown, with --target-key"},
		{group: group, name: "target-key", value: "FILE", ofRoute: true, read: word(&c.secure.key),
			help: "its private key"},
		{group: group, name: "target-insecure", ofRoute: true, read: boolean(&c.secure.insecure),
			help: "do not verify tls:// targets at all"},
		{group: group, name: "send-proxy", value: "v1|v2", ofRoute: true,
			read: choice(func(word string) { b.SendProxy = bridge.ProxyVersion(word[1] - '0') }, "v1", "v2"),
			help: "tell the target who the client is, in a PROXY header before the first byte; the target must expect it"},
		{group: group, name: "dial-timeout", value: "TIME", standard: "5s", ofRoute: true, read: duration(&b.DialTimeout),
			help: "for name lookup, connect and TLS handshake; 0: the operating system's"},
		{group: group, name: "dial-failure", value: "close|http", standard: "close", ofRoute: true,
			read: choice(func(word string) { b.DialFailureHTTP = word == "http" }, "close", "http"),
			help: "tell a failed dial by Close 1014, which a page can read, or by HTTP 502 or 504, for load balancers"},
	}
}

func (c *config) accessSettings() []*setting {
	const group = "Who may connect (always: pages of the bridge's own origin, programs that send no Origin)"
	b := &c.bridge
	return []*setting{
		{group: group, name: "allow-origin", value: "ORIGIN", list: true, ofRoute: true, read: c.addOrigin,
			help: "pages of this origin too: scheme://host[:port], null (a page from disk) or * (any page)"},
		{group: group, name: "require-origin", ofRoute: true, read: boolean(&b.RequireOrigin),
			help: "only pages; programs that send no Origin may not connect"},
		{group: group, name: "allow-host", value: "NAME", list: true, read: c.addHost,
			help: "a dotted name by which clients reach the bridge; IP addresses and names without dots need no mention"},
		{group: group, name: "trusted-proxy", value: "CIDR", list: true, read: c.addProxy,
			help: "a proxy in front whose X-Forwarded-For, X-Forwarded-Proto and Forwarded are believed"},
		{group: group, name: "proxy-protocol", read: boolean(&c.proxyProtocol),
			help: "connections from a trusted proxy begin with a PROXY header, version 1 or 2"},
	}
}

func (c *config) authSettings() []*setting {
	const group = "Who they must prove to be (nobody, unless one of these is given)"
	a := &c.auth
	return []*setting{
		{group: group, name: "auth-token-file", value: "FILE", ofRoute: true, read: a.readTokens,
			help: "tokens, one a line, of which each lets in"},
		{group: group, name: "auth-token", value: "TOKEN", list: true, secret: true, ofRoute: true, read: a.addToken,
			help: "a token; better as WSBRIDGE_AUTH_TOKEN or in a file, because other users of this machine see flags"},
		{group: group, name: "auth-basic-file", value: "FILE", ofRoute: true, read: a.readBasic,
			help: "users and passwords as htpasswd -B writes them (bcrypt); a browser asks for them"},
		{group: group, name: "auth-jwt-key-file", value: "FILE", ofRoute: true, read: a.readKeys,
			help: "what JWTs are verified with: public keys in PEM or JWKS (RS256, ES256, EdDSA), or a secret (HS256)"},
		{group: group, name: "auth-jwt-key", value: "KEY", secret: true, ofRoute: true, read: a.setKeys,
			help: "the same as a value; better as WSBRIDGE_AUTH_JWT_KEY"},
		{group: group, name: "auth-jwt-audience", value: "NAME", ofRoute: true, read: word(&a.audience),
			help: "what the aud claim of a JWT must have"},
		{group: group, name: "auth-cookie", value: "NAME", ofRoute: true, read: a.setCookie,
			help: "a cookie may carry the token; it counts only with an Origin that is allowed"},
		{group: group, name: "auth-query", ofRoute: true, read: boolean(&a.query),
			help: "?access_token= may carry the token; addresses end up in logs of proxies and in histories"},
	}
}

func (c *config) tlsSettings() []*setting {
	const group = "TLS for clients (wss:// and https://)"
	return []*setting{
		{group: group, name: "tls-cert", value: "FILE", read: word(&c.clientTLS.cert),
			help: "PEM certificate, with those between it and its authority; read again when it changes"},
		{group: group, name: "tls-key", value: "FILE", read: word(&c.clientTLS.key),
			help: "its private key"},
		{group: group, name: "tls-client-ca", value: "FILE", read: word(&c.clientTLS.clientCA),
			help: "clients must show a certificate that one of these PEM certificates has signed"},
	}
}

func (c *config) amountSettings() []*setting {
	const group = "How much (0: no limit)"
	return []*setting{
		{group: group, name: "max-conns", value: "N", ofRoute: true, read: count(&c.maxConns),
			help: "connections at a time; further ones get 503 (default: what the descriptors of the process suffice for)"},
		{group: group, name: "max-conns-per-ip", value: "N", standard: "0", ofRoute: true, read: count(&c.maxConnsPerIP),
			help: "of those, from one address (of IPv6, one /64); further ones get 429"},
		{group: group, name: "handshake-rate", value: "N/s|N/m", standard: "0", read: c.setRate,
			help: "opening handshakes of one address in a second or a minute; further ones get 429"},
		{group: group, name: "bandwidth", value: "BYTES/s", standard: "0", ofRoute: true, read: c.setBandwidth,
			help: "of each connection in each direction: 500KiB/s, 2MiB/s"},
	}
}

func (c *config) messageSettings() []*setting {
	const group = "Messages"
	return []*setting{
		{group: group, name: "messages", value: "binary|text|mirror", standard: "binary", ofRoute: true,
			read: choice(func(word string) { c.ws.Messages = ws.Messages(word) }, "binary", "text", "mirror"),
			help: "type of the messages to the client; mirror: the type that it last sent"},
		{group: group, name: "max-message-bytes", value: "BYTES", standard: "0", ofRoute: true, read: number(&c.ws.MaxMessage),
			help: "longest message taken from a client, else Close 1009; 0: any length"},
	}
}

func (c *config) timeSettings() []*setting {
	const group = "Time limits (TIME is 200ms, 30s, 5m, 1h30m; 0: no limit)"
	b := &c.bridge
	return []*setting{
		{group: group, name: "handshake-timeout", value: "TIME", standard: "10s", read: duration(&b.HandshakeTimeout),
			help: "for a client to send its whole request, however slowly"},
		{group: group, name: "write-timeout", value: "TIME", standard: "60s", ofRoute: true, read: duration(&b.WriteTimeout),
			help: "for a side that takes no byte"},
		{group: group, name: "ping-interval", value: "TIME", standard: "30s", ofRoute: true, read: duration(&b.PingInterval),
			help: "between two pings to the client"},
		{group: group, name: "ping-timeout", value: "TIME", standard: "20s", ofRoute: true, read: duration(&b.PingTimeout),
			help: "for a sign of life after a ping"},
		{group: group, name: "idle-timeout", value: "TIME", standard: "0", ofRoute: true, read: duration(&b.IdleTimeout),
			help: "for a session that carries nothing in either direction"},
		{group: group, name: "max-session", value: "TIME", standard: "0", ofRoute: true, read: duration(&b.MaxSession),
			help: "for a session, whatever it carries"},
		{group: group, name: "drain-timeout", value: "TIME", standard: "30s", ofRoute: true, read: duration(&b.DrainTimeout),
			help: "for what an ending session is still owed"},
		{group: group, name: "shutdown-timeout", value: "TIME", standard: "8s", read: duration(&c.shutdownTimeout),
			help: "from SIGTERM or SIGINT to the end of the program"},
	}
}

func (c *config) logSettings() []*setting {
	const group = "Log (on stderr)"
	return []*setting{
		{group: group, name: "log-format", value: "text|json", standard: "text",
			read: choice(func(word string) { c.logFormat = word }, "text", "json"), help: "how a line looks"},
		{group: group, name: "log-level", value: "debug|info|warn|error", standard: "info",
			read: choice(func(word string) { c.logLevel.UnmarshalText([]byte(word)) }, "debug", "info", "warn", "error"),
			help: "the least that is worth a line"},
	}
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
	host, err := parseHost(value)
	if err == nil {
		c.bridge.AllowHosts = append(c.bridge.AllowHosts, host)
	}
	return err
}

func parseHost(value string) (string, error) {
	host, err := bridge.ParseHost(value)
	if err != nil {
		return "", &valueError{what: "not a host name without port", tries: []string{"bridge.example.org"}}
	}
	return host, nil
}

// addProxy takes an address or a network of them.
func (c *config) addProxy(value string) error {
	prefix, err := netip.ParsePrefix(value)
	if addr, addrErr := netip.ParseAddr(value); addrErr == nil && addr.Zone() == "" {
		prefix, err = addr.Prefix(addr.BitLen())
	}
	switch {
	case err != nil:
		return &valueError{what: "not an address or a network", tries: []string{"127.0.0.1", "10.0.0.0/8", "fd00::/8"}}
	case prefix.Masked() != prefix:
		return &valueError{what: "bits of the address lie outside the network", tries: []string{prefix.Masked().String()}}
	case prefix.Addr().Is4In6():
		return &valueError{what: "IPv4 is written without ::ffff:", tries: []string{prefix.Addr().Unmap().String()}}
	}
	c.bridge.TrustedProxies = append(c.bridge.TrustedProxies, prefix)
	return nil
}

func (c *config) setRate(value string) error {
	rate, err := bridge.ParseRate(value)
	if err != nil {
		return amountError("rate", value, err, "5/s", "60/m")
	}
	c.bridge.HandshakeRate = rate
	return nil
}

func (c *config) setBandwidth(value string) error {
	bytes, err := bridge.ParseBandwidth(value)
	if err != nil {
		return amountError("bandwidth", value, err, "500KiB/s", "2MiB/s")
	}
	c.bridge.Bandwidth = bytes
	return nil
}

// amountError says what is wrong with an amount, without saying the amount again.
func amountError(what, value string, err error, tries ...string) error {
	words := strings.TrimPrefix(err.Error(), fmt.Sprintf("%s %q", what, value))
	return &valueError{what: strings.TrimPrefix(strings.TrimLeft(words, ": "), "is "), tries: tries}
}

// addTable takes a table of targets, which serves every path that nothing else does, and in the file that of its route.
func (c *config) addTable(path string) error {
	for _, other := range c.targets {
		if other.path == "/" {
			return &valueError{what: fmt.Sprintf("a second target for every path, beside %s", other)}
		}
	}
	c.targets = append(c.targets, target{path: "/", tokens: path})
	return nil
}
