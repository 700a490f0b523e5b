package bridge

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"wsbridge/bridge/auth"
	"wsbridge/explain"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// ServeHTTP admits a request in this order: form, Host, what proxies say, Origin, rate, authentication, route, limits,
// dial, upgrade. Who is refused causes no dial. The rate stands before the authentication because it bounds how often
// somebody may guess. It blocks for the dial; the pair goes on after it has returned.
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := b.newAdmission(w, r)
	a.session = b.watch(a)
	for _, check := range []func() *refusal{a.form, a.host, a.proxies, a.origin, a.rate, a.authenticate, a.choose, a.limit} {
		if refused := check(); refused != nil {
			a.refuse(refused)
			return
		}
	}
	if !b.open(a) {
		a.place.leave()
		b.running.Done()
	}
}

// Admit answers a request that is no opening handshake and may not pass: false. It asks for the Host, the Origin and
// the credentials that a handshake for a path without a route must have.
func (b *Bridge) Admit(w http.ResponseWriter, r *http.Request) bool {
	a := b.newAdmission(w, r)
	for _, check := range []func() *refusal{a.host, a.proxies, a.knownOrigin, a.authenticate} {
		if refused := check(); refused != nil {
			a.refuse(refused)
			return false
		}
	}
	return true
}

// admission is a request on its way to become a pair.
type admission struct {
	bridge  *Bridge
	rules   *Options
	w       http.ResponseWriter
	r       *http.Request
	session *explain.Session // nil: nobody watches
	sender  sender
	said    string // what is wrong with what a trusted proxy said
	route   *Route
	terms   *Terms
	grant   auth.Grant
	number  uint64 // of the pair
	place   place
}

// refusal is why a request becomes no pair.
type refusal struct {
	status int
	why    string // one line for people
	header http.Header
}

func (b *Bridge) newAdmission(w http.ResponseWriter, r *http.Request) *admission {
	a := &admission{bridge: b, rules: b.rules.Load(), w: w, r: r}
	a.sender, a.said = a.rules.senderOf(r)
	a.take(a.rules.route(r))
	return a
}

// take makes route the one that serves the request.
func (a *admission) take(route *Route) {
	a.route, a.terms = route, route.Terms
	if a.terms == nil {
		a.terms = &a.rules.Terms
	}
}

func (a *admission) form() *refusal {
	if e := ws.Check(a.r); e != nil {
		return &refusal{e.Status, e.Text, e.Header}
	}
	return nil
}

func (a *admission) host() *refusal { return forbidden(a.rules.hostRefusal(a.r)) }

func (a *admission) proxies() *refusal {
	if a.said == "" {
		return nil
	}
	return &refusal{status: http.StatusBadRequest, why: a.said}
}

func (a *admission) origin() *refusal {
	if a.terms.RequireOrigin && !isOwn(a.r) {
		if why := originMissing(a.r); why != "" {
			return forbidden(why)
		}
	}
	if a.route.AnyOrigin {
		return nil
	}
	return a.knownOrigin()
}

func (a *admission) knownOrigin() *refusal {
	return forbidden(a.terms.originRefusal(a.r, a.sender.https))
}

func (a *admission) rate() *refusal {
	if isOwn(a.r) {
		return nil
	}
	if wait, ok := a.bridge.rates.allow(a.sender.addr, a.rules.HandshakeRate); !ok {
		return tooMany(wait, "this address opens connections too fast; --handshake-rate bounds it")
	}
	return nil
}

// authenticate asks who sent the request. A cookie is sent by the browser whatever page asks, so with one the Origin
// must be there and be allowed, on paths that any origin may use too.
func (a *admission) authenticate() *refusal {
	if !a.terms.Auth.Required() || isOwn(a.r) {
		return nil
	}
	grant, refused := a.terms.Auth.Check(a.r)
	if refused != nil {
		if !ws.IsUpgrade(a.r) { // a handshake has been counted
			if wait, ok := a.bridge.rates.allow(a.sender.addr, a.rules.HandshakeRate); !ok {
				return tooMany(wait, "this address fails to authenticate too often; --handshake-rate bounds it")
			}
		}
		return &refusal{refused.Status, refused.Text, refused.Header}
	}
	a.grant = grant
	if !grant.Cookie || !ws.IsUpgrade(a.r) {
		return nil
	}
	if why := originMissing(a.r); why != "" {
		return forbidden("a token in a cookie counts only with an Origin header, which every browser sends; programs present it in another way")
	}
	return a.knownOrigin()
}

// choose lets the target claim of a JWT, or ?token= and a table, decide what is reached. Both choose among what the
// operator has listed: no client can name an address. Where a practice server is asked for, none of them is reached.
func (a *admission) choose() *refusal {
	if a.grant.Target != "" && !a.route.Practice && a.grant.Target != a.route.Name && a.grant.Target != a.route.Path {
		if refused := a.chooseClaimed(); refused != nil {
			return refused
		}
	}
	if a.route.Missing != "" {
		return &refusal{status: http.StatusNotFound, why: a.route.Missing}
	}
	if a.route.Table == nil {
		return nil
	}
	target, ok := a.route.Table.Lookup(a.r.URL.Query().Get("token"))
	if !ok {
		return forbidden("no target has this token; ?token=NAME chooses one that the operator has listed")
	}
	chosen := *a.route
	chosen.Target = target
	a.route = &chosen
	return nil
}

// chooseClaimed takes the route that the token is for, which has its own say about who may use it.
func (a *admission) chooseClaimed() *refusal {
	route := a.rules.named(a.grant.Target)
	if route == nil {
		return forbidden("the token is for a target that is no route here")
	}
	before := a.terms.Auth
	a.take(route)
	if refused := a.origin(); refused != nil {
		return refused
	}
	if a.terms.Auth == before {
		return nil
	}
	claimed := a.grant.Target
	if refused := a.authenticate(); refused != nil {
		return refused
	}
	if a.terms.Auth.Required() && a.grant.Target != claimed {
		return forbidden("the token is for another target")
	}
	return nil
}

// limit numbers the request and makes Shutdown wait for it.
func (a *admission) limit() *refusal {
	b := a.bridge
	if !isOwn(a.r) {
		if refused := a.enter(); refused != nil {
			return refused
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopping {
		a.place.leave()
		return &refusal{status: http.StatusServiceUnavailable, why: "the bridge is shutting down"}
	}
	b.last++
	a.number = b.last
	b.running.Add(1)
	return nil
}

// retryFull is how many seconds a client should wait where nobody can know when another one leaves.
const retryFull = 10 * time.Second

func (a *admission) tooFull(limit string) *refusal {
	if limit == "max-conns-per-ip" {
		return tooMany(retryFull, "this address has as many connections as it may (--max-conns-per-ip); close one, or try again later")
	}
	full := tooMany(retryFull, "the bridge has as many connections as it may (--max-conns); try again later")
	full.status = http.StatusServiceUnavailable
	return full
}

// enter takes a place among all pairs, and among those of the route.
func (a *admission) enter() *refusal {
	route := a.route
	a.place.from = a.sender.addr
	if full := a.bridge.census.enter(a.sender.addr, a.rules.MaxConns, a.rules.MaxConnsPerIP); full != "" {
		return a.tooFull(full)
	}
	a.place.of[0] = &a.bridge.census
	own := a.bridge.routeCensus(route)
	if full := own.enter(a.sender.addr, route.MaxConns, route.MaxConnsPerIP); full != "" {
		a.place.leave()
		return a.tooFull(full)
	}
	a.place.of[1] = own
	return nil
}

// routeCensus counts the pairs of a route, across reloads.
func (b *Bridge) routeCensus(route *Route) *census {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := route.Host + route.Path
	if b.byRoute[key] == nil {
		b.byRoute[key] = &census{}
	}
	return b.byRoute[key]
}

func forbidden(why string) *refusal {
	if why == "" {
		return nil
	}
	return &refusal{status: http.StatusForbidden, why: why}
}

// tooMany has Retry-After in whole seconds (RFC 9110 section 10.2.3).
func tooMany(wait time.Duration, why string) *refusal {
	seconds := strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
	return &refusal{http.StatusTooManyRequests, why, http.Header{"Retry-After": {seconds}}}
}

// refuse answers with one line that says what to do, logs it, and lets the connection end.
func (a *admission) refuse(refused *refusal) {
	for name, values := range refused.header {
		a.w.Header()[name] = values
	}
	a.session.Record(explain.Event{Layer: explain.Pair, Kind: explain.Refused, Status: refused.status, Why: refused.why})
	a.session.EndAtClose()
	level := slog.LevelInfo
	if refused.status == http.StatusForbidden || refused.status == http.StatusUnauthorized {
		level = slog.LevelWarn
	}
	b := a.bridge
	b.log.With("status", refused.status, "why", refused.why).With(a.who()...).Log(a.r.Context(), level, "refused", "host", clip(a.r.Host))
	b.answer(a.w, a.r, refused.status, refused.why)
}

// who is what every log line says of a request.
func (a *admission) who() []any {
	who := []any{"client", clip(a.sender.name)}
	if a.sender.proxy != "" {
		who = append(who, "proxy", a.sender.proxy)
	}
	who = append(who, "path", clip(a.r.URL.Path))
	if origin := a.r.Header.Get("Origin"); origin != "" {
		who = append(who, "origin", clip(origin))
	}
	if a.grant.User != "" {
		who = append(who, "user", clip(a.grant.User))
	}
	return who
}

func (b *Bridge) answer(w http.ResponseWriter, r *http.Request, status int, why string) {
	if limit := b.rules.Load().HandshakeTimeout; r.Body != http.NoBody && limit > 0 {
		// The HTTP server waits for the rest of a short body before it closes.
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(limit))
	}
	header := w.Header()
	header["Connection"] = []string{"close"}
	if header.Get("Upgrade") != "" {
		header.Add("Connection", "Upgrade") // RFC 9110 section 7.8
	}
	http.Error(w, "wsbridge: "+why, status)
}

func dialReason(err error) string {
	var dial *tcp.DialError
	if errors.As(err, &dial) {
		return string(dial.Reason)
	}
	return string(tcp.OtherDialFail)
}

// localAddr is the address that the client, or its proxy, connected to; zero where it is none of TCP's.
func localAddr(r *http.Request) netip.AddrPort {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(interface{ AddrPort() netip.AddrPort }); ok {
		return addr.AddrPort()
	}
	return netip.AddrPort{}
}

// clip keeps what peers send short in logs and answers.
func clip(s string) string {
	const most = 200 // bytes
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
