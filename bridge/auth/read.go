package auth

import (
	"net/http"
	"slices"
	"strings"
)

// sent is what a request presents in the places that a policy allows.
type sent struct {
	token    string // "": none
	inCookie bool   // the token stands in a cookie and nowhere else
	basic    bool   // there is an Authorization: Basic header, perhaps a malformed one
}

// read finds the one token of r, or refuses r for having several.
func (p *Policy) read(r *http.Request) (sent, *Refusal) {
	authorization := r.Header["Authorization"]
	if len(authorization) > 1 {
		return sent{}, p.refuse(http.StatusBadRequest, invalidRequest, "more than one Authorization header")
	}
	s := sent{basic: p.Basic != nil && len(schemeValues(authorization, "Basic")) > 0}
	if !p.takesTokens() {
		return s, nil
	}
	explicit := slices.Concat(schemeValues(authorization, "Bearer"), subprotocolTokens(r), p.queryTokens(r))
	for _, token := range slices.Concat(explicit, p.cookieTokens(r)) {
		switch {
		case token == "" || token == s.token:
		case s.token != "":
			return sent{}, p.refuse(http.StatusBadRequest, invalidRequest, "the request has more than one token; send one")
		default:
			s.token = token
		}
	}
	s.inCookie = s.token != "" && !slices.Contains(explicit, s.token)
	return s, nil
}

// schemeValues is what follows scheme in those headers that begin with it. Schemes have no case (RFC 9110 section 11.1).
func schemeValues(authorization []string, scheme string) []string {
	var values []string
	for _, header := range authorization {
		name, value, _ := strings.Cut(strings.TrimSpace(header), " ")
		if strings.EqualFold(name, scheme) {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// subprotocolTokens looks through all that is offered: a list may be cut into several headers (RFC 6455 section 11.3.4).
func subprotocolTokens(r *http.Request) []string {
	var tokens []string
	for _, header := range r.Header["Sec-Websocket-Protocol"] {
		for offered := range strings.SplitSeq(header, ",") {
			if token, ok := strings.CutPrefix(strings.TrimSpace(offered), "bearer."); ok {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

func (p *Policy) queryTokens(r *http.Request) []string {
	if !p.Query || r.URL == nil {
		return nil
	}
	return r.URL.Query()["access_token"]
}

func (p *Policy) cookieTokens(r *http.Request) []string {
	if p.Cookie == "" {
		return nil
	}
	var tokens []string
	for _, cookie := range r.CookiesNamed(p.Cookie) {
		tokens = append(tokens, cookie.Value)
	}
	return tokens
}
