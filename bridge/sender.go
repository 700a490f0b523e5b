package bridge

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// sender is who sent a request, as far as the bridge can know. What a proxy says of the client counts only when the
// proxy is one of TrustedProxies: anybody can write X-Forwarded-For.
type sender struct {
	addr  netip.Addr // zero where there is none, as behind a unix socket
	name  string     // for the log: the peer's address and port, or the address that a proxy told
	proxy string     // for the log: the peer, when it spoke for somebody else
	https bool       // the client's own connection is TLS
}

// senderOf reads who sent r. why says what is wrong with what a trusted proxy said; "" if nothing is.
func (o *Options) senderOf(r *http.Request) (s sender, why string) {
	s = sender{addr: addressOf(r.RemoteAddr), name: r.RemoteAddr, https: r.TLS != nil}
	if !o.trusts(s.addr) {
		return s, ""
	}
	told := forwardedFor(r.Header, o.trusts)
	if proto := forwardedProto(r.Header); proto != "" {
		s.https = proto == "https"
	}
	if told.disagree {
		return s, "the proxy in front sent an X-Forwarded-For and a Forwarded header that disagree; it must set one of them and remove the other"
	}
	if told.addr.IsValid() {
		s.addr, s.name, s.proxy = told.addr, told.addr.String(), r.RemoteAddr
	}
	return s, ""
}

// Trusts reports whether the word of a peer at addr counts about who the client is.
func (b *Bridge) Trusts(addr netip.Addr) bool { return b.rules.Load().trusts(addr) }

func (o *Options) trusts(addr netip.Addr) bool {
	for _, prefix := range o.TrustedProxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// Client is the address that r comes from, without a port; what cannot be parsed stays as it is.
func (b *Bridge) Client(r *http.Request) string {
	c, _ := b.rules.Load().senderOf(r)
	if !c.addr.IsValid() {
		return r.RemoteAddr
	}
	return c.addr.String()
}

func addressOf(hostPort string) netip.Addr {
	if a, err := netip.ParseAddrPort(hostPort); err == nil {
		return a.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// told is what proxies say about the client.
type told struct {
	addr     netip.Addr // zero: nothing
	disagree bool
}

// forwardedFor is the right-most address that no trusted proxy has: each proxy appends who connected to it, and what
// stands further to the left was written by somebody whom nobody vouches for. The two headers say the same, in the
// syntax of X-Forwarded-For and of RFC 7239. A client can send the one that its proxy does not write, so where
// both are there they must agree.
func forwardedFor(h http.Header, trusted func(netip.Addr) bool) told {
	var listed, standard []string
	for _, value := range h.Values("X-Forwarded-For") {
		listed = append(listed, strings.Split(value, ",")...)
	}
	for _, element := range forwardedElements(h) {
		standard = append(standard, element["for"])
	}
	a, b := rightMost(listed, trusted), rightMost(standard, trusted)
	switch {
	case len(listed) == 0:
		return told{addr: b}
	case len(standard) == 0:
		return told{addr: a}
	}
	return told{addr: a, disagree: a != b}
}

// rightMost stops at what is no address ("unknown", "_hidden"): left of it nothing is vouched for.
func rightMost(chain []string, trusted func(netip.Addr) bool) netip.Addr {
	var last netip.Addr
	for i := len(chain) - 1; i >= 0; i-- {
		addr := parseNode(chain[i])
		if !addr.IsValid() {
			return last
		}
		if last = addr; !trusted(addr) {
			return last
		}
	}
	return last
}

// parseNode reads an address with or without port: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1]:4711
// (RFC 7239 section 6). Zero if it is none.
func parseNode(s string) netip.Addr {
	s = strings.Trim(strings.TrimSpace(s), `"`)
	if addr := addressOf(s); addr.IsValid() {
		return addr
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// forwardedProto is how the client speaks to the outermost trusted proxy's neighbour: the last one that was added.
func forwardedProto(h http.Header) string {
	if values := h.Values("X-Forwarded-Proto"); len(values) > 0 {
		parts := strings.Split(values[len(values)-1], ",")
		return strings.ToLower(strings.TrimSpace(parts[len(parts)-1]))
	}
	if elements := forwardedElements(h); len(elements) > 0 {
		return strings.ToLower(elements[len(elements)-1]["proto"])
	}
	return ""
}

// forwardedElements reads the elements of Forwarded (RFC 7239 section 4), names in lower case. Quoted strings may hold
// commas and semicolons.
func forwardedElements(h http.Header) []map[string]string {
	var elements []map[string]string
	for _, value := range h.Values("Forwarded") {
		for _, element := range splitQuoted(value, ',') {
			pairs := map[string]string{}
			for _, pair := range splitQuoted(element, ';') {
				name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
				pairs[strings.ToLower(strings.TrimSpace(name))] = strings.Trim(strings.TrimSpace(value), `"`)
			}
			elements = append(elements, pairs)
		}
	}
	return elements
}

// splitQuoted splits s at each separator that stands outside quotes.
func splitQuoted(s string, separator byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

type ownKey struct{}

// WithOwn marks the context of a connection that the program made to itself, for an experiment: it needs no
// credentials, and no limit counts it.
func WithOwn(ctx context.Context) context.Context { return context.WithValue(ctx, ownKey{}, true) }

func isOwn(r *http.Request) bool { return r.Context().Value(ownKey{}) != nil }
