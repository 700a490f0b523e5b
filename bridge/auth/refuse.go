package auth

import (
	"fmt"
	"net/http"
	"strings"
)

// Error codes of RFC 6750 section 3.1. A request that presents nothing gets none.
const (
	invalidRequest = "invalid_request"
	invalidToken   = "invalid_token"
)

// notValid is why a token is refused that nothing better can be said of.
const notValid = "the token is not valid here"

// refuse names in WWW-Authenticate what p takes. code is the error code for what was sent as a token; "": nothing was.
func (p *Policy) refuse(status int, code, text string) *Refusal {
	var challenges []string
	if p.Basic != nil {
		challenges = append(challenges, `Basic realm="wsbridge", charset="UTF-8"`)
	}
	if p.takesTokens() {
		bearer := `Bearer realm="wsbridge"`
		if code != "" {
			bearer += fmt.Sprintf(", error=%q", code)
		}
		challenges = append(challenges, bearer)
	}
	return &Refusal{status, text, http.Header{"Www-Authenticate": challenges}}
}

// busy answers a request whose password nobody had time for. Nobody knows whether it was right.
func busy() *Refusal {
	return &Refusal{http.StatusServiceUnavailable, "too many passwords are being checked; try again", http.Header{"Retry-After": {"1"}}}
}

// wants lists the ways that p allows.
func (p *Policy) wants() string {
	var things, ways []string
	if p.takesTokens() {
		thing := "a token"
		if p.Tokens == nil {
			thing = "a token (a JWT)"
		}
		things = append(things, thing)
		ways = append(ways, `new WebSocket(url, ["binary", "bearer.TOKEN"])`, "an Authorization: Bearer header")
		if p.Cookie != "" {
			ways = append(ways, fmt.Sprintf("a cookie %q", p.Cookie))
		}
		if p.Query {
			ways = append(ways, "?access_token=TOKEN")
		}
	}
	if p.Basic != nil {
		things = append(things, "a user and a password")
		ways = append(ways, "an Authorization: Basic header")
	}
	return "this bridge wants " + orList(things) + ": " + orList(ways)
}

// orList is "a, b or c".
func orList(items []string) string {
	last := len(items) - 1
	if last == 0 {
		return items[0]
	}
	return strings.Join(items[:last], ", ") + " or " + items[last]
}
