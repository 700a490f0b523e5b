// Package bridge pairs each WebSocket connection (A, client to bridge) with one TCP connection (B, bridge to
// target) and relays bytes both ways.
//
// What a newcomer gets wrong: a WebSocket connection cannot half-close and a TCP connection can. How the end of one
// side is told to the other is this table. "Drain" means that everything already received for that side is written
// first. A frame's FIN bit is not meant anywhere here: FIN is TCP's.
//
//	what ends                               the client sees                the target sees
//	--------------------------------------  -----------------------------  -------------------------------
//	client sends Close                      its own code echoed, FIN       drain, FIN; what it still sends
//	                                                                       within a linger is dropped
//	client's TCP ends without Close,        -                              drain, FIN
//	also inside a frame
//	target sends FIN                        drain, Close 1000; its data    FIN after the client's Close or
//	                                        goes on until its own Close    DrainTimeout
//	target resets, times out                drain, Close 1014              -
//	write to the target fails               drain, Close 1011              -
//	protocol error, bad UTF-8, too big      Close 1002, 1007, 1009         drain, FIN
//	no sign of life after a ping;           TCP ends (1006)                FIN
//	a side takes no byte for WriteTimeout
//	idle limit, session limit, shutdown     drain, Close 1001 and why      drain, FIN
//	target cannot be dialled                Close 1014 and why at once,    -
//	                                        or HTTP 502, 504
//
// cause.go holds it as code, end.go acts on it.
package bridge

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"wsbridge/bridge/auth"
	"wsbridge/explain"
	"wsbridge/tcp"
	"wsbridge/ws"
)

// Options says what a Bridge does. The zero value of every field works; a limit of 0 is no limit.
type Options struct {
	Routes []Route
	Terms  // of routes that have none of their own, and of paths that no route serves

	// AllowHosts are dotted names, without port, by which clients may reach the bridge (see hostRefusal).
	AllowHosts []string
	// TrustedProxies are peers whose word about the client counts (see sender).
	TrustedProxies []netip.Prefix

	MaxConns         int           // pairs, and requests on their way to become one
	MaxConnsPerIP    int           // of those, from one address
	HandshakeRate    Rate          // opening handshakes, and failed authentications, from one address
	HandshakeTimeout time.Duration // for the body of a request that should have none

	// Watch says who watches a request and the pair it may become: nil for nobody. Nil: nobody ever does.
	Watch func(*http.Request) *explain.Session

	Log *slog.Logger // nil: slog.Default()
}

// Terms are what a pair lives under, and what a request must show to become one.
type Terms struct {
	// AllowOrigins are origins beside the bridge's own whose pages may connect: scheme://host[:port] exactly,
	// "null" (a page from disk), or "*" for any.
	AllowOrigins  []string
	RequireOrigin bool         // programs that send no Origin may not connect either
	Auth          *auth.Policy // nil: nobody has to say who he is

	DialTimeout     time.Duration // lookup, connect and TLS handshake; 0: the operating system's
	DialFailureHTTP bool          // answer 502 or 504 instead of 101 and Close 1014
	SendProxy       ProxyVersion  // begin with a PROXY header that tells the target who the client is; 0: none

	Bandwidth    int64         // bytes of payload a second, in each direction of a pair
	WriteTimeout time.Duration // a side that takes no byte for so long ends the pair
	PingInterval time.Duration // 0: no pings
	PingTimeout  time.Duration // for a sign of life after a ping; 0: for ever
	IdleTimeout  time.Duration // without payload in either direction
	MaxSession   time.Duration
	DrainTimeout time.Duration // for what an ending side is still owed; 0: as long as it takes
}

// Route is what serves a path: a target, one of a table of targets, or the built-in WebSocket echo.
type Route struct {
	Name string // by which the target claim of a JWT can choose it, beside its Path
	Host string // that the request must be for, without port; "": any
	// Path is matched exactly, or, when it ends in "/", with everything below it; the longest match wins, and one
	// with a Host comes before all that have none, but not before practice servers.
	Path          string
	Target        tcp.Target
	Table         *tcp.Table // not nil: ?token= chooses the target from it, and Target is not used
	Missing       string     // why nothing is served here: status 404; Target is not used
	Echo          bool       // answer each message with itself; Target is not used
	AnyOrigin     bool       // do not look at Origin
	Practice      bool       // a practice server's, or in their place: comes first, and the wishes of a session are granted
	Terms         *Terms     // nil: those of the Options
	MaxConns      int        // of this route, beside the Options' own
	MaxConnsPerIP int        // likewise
	WS            ws.Options
}

// Bridge is an http.Handler that turns opening handshakes into pairs. A request it answers otherwise is refused with
// one line of text and "Connection: close".
type Bridge struct {
	rules  atomic.Pointer[Options] // what holds for the next request; a pair keeps what it began with
	log    *slog.Logger
	rates  rates
	census census

	mu       sync.Mutex // guards what follows
	pairs    map[*pair]struct{}
	byRoute  map[string]*census // by Route.key
	last     uint64             // number of the newest pair
	stopping bool

	stop    context.Context // ended by Shutdown
	endAll  context.CancelFunc
	drainBy time.Time      // set before stop ends: when draining must be over; zero: no limit
	running sync.WaitGroup // admitted requests and the pairs they became
}

// New returns a Bridge. Shutdown ends it.
func New(o Options) *Bridge {
	b := &Bridge{log: o.Log, pairs: make(map[*pair]struct{}), byRoute: make(map[string]*census)}
	b.stop, b.endAll = context.WithCancel(context.Background())
	if b.log == nil {
		b.log = slog.Default()
	}
	b.Replace(o)
	return b
}

// Replace makes o hold for every request from now on. Pairs keep the Options they began with, and the limits go on
// counting them. The log stays New's.
func (b *Bridge) Replace(o Options) { b.rules.Store(&o) }

var _ http.Handler = (*Bridge)(nil)
