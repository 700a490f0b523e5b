// Package auth answers one question: may this HTTP request pass, and who is it?
//
// JavaScript in a browser cannot set a header on a WebSocket, so that a token may stand in more places than one:
//
//	Authorization: Bearer TOKEN              clients that are no browsers
//	Sec-WebSocket-Protocol: bearer.TOKEN     new WebSocket(url, ["binary", "bearer.TOKEN"]); never echoed
//	Cookie: NAME=TOKEN                       if Policy.Cookie is NAME
//	?access_token=TOKEN                      if Policy.Query
//	Authorization: Basic                     a user and a password, if Policy.Basic
//
// Which of them decides does not depend on an order of places:
//
//   - A place that the policy does not allow is not looked at, and an empty token is none.
//   - The same token in several places is one token. Different tokens are refused with 400: who sends them cannot know
//     which one is meant (RFC 6750 section 2). So are several Authorization headers (RFC 9110 section 5.3).
//   - Authorization: Basic beside a token is not looked at, for browsers send it by themselves. The token decides, even
//     when it is wrong.
//   - A token is compared with Policy.Tokens; if it has the form of a JWT and is none of them, Policy.Keys decide.
//
// What a newcomer gets wrong: a cookie proves only which browser sent the request, not which page made it do so. A Grant
// that says Cookie is worth nothing without a look at the Origin. The same is true of a user and a password that a browser
// knows, but other clients send them without an Origin.
//
// The package neither logs nor reads files. No token and no password is in what it returns.
package auth

import "net/http"

// Policy is what a request must present: one of Tokens, Basic and Keys. The zero value and nil ask for nothing.
type Policy struct {
	Tokens   *Tokens // nil: none
	Basic    *Basic  // nil: no user and password
	Keys     *Keys   // that JWTs are verified with; nil: no JWT
	Audience string  // that a JWT must be for (claim aud); "": any
	Cookie   string  // name of the cookie that may carry a token; "": none may
	Query    bool    // ?access_token= may carry a token; addresses end up in logs and histories
}

// Grant is who sent a request that may pass.
type Grant struct {
	Method string // "token", "basic", "jwt"; "": nothing was asked for
	User   string // basic: the user, jwt: claim sub, of at most 200 bytes; for logs, and quoted there: it may hold anything
	Target string // jwt: claim target; "": none
	Cookie bool   // the token came in a cookie and nowhere else: insist on an Origin that may connect
}

// Refusal is the answer to a request that may not pass. Text is one line; Header has what the answer must carry.
type Refusal struct {
	Status int
	Text   string
	Header http.Header
}

// Required reports whether p asks for anything.
func (p *Policy) Required() bool { return p != nil && (p.takesTokens() || p.Basic != nil) }

func (p *Policy) takesTokens() bool { return p.Tokens != nil || p.Keys != nil }

// Check says who sent r, or why r may not pass. For a user and a password it blocks while other passwords are checked,
// at most until r's context ends, and then for one bcrypt.
func (p *Policy) Check(r *http.Request) (Grant, *Refusal) {
	if !p.Required() {
		return Grant{}, nil
	}
	sent, refusal := p.read(r)
	switch {
	case refusal != nil:
		return Grant{}, refusal
	case sent.token != "":
		grant, why := p.checkToken(sent.token)
		if why != "" {
			return Grant{}, p.refuse(http.StatusUnauthorized, invalidToken, why)
		}
		grant.Cookie = sent.inCookie
		return grant, nil
	case sent.basic:
		return p.checkBasic(r)
	}
	return Grant{}, p.refuse(http.StatusUnauthorized, "", p.wants())
}

// maxToken bounds the work that a stranger's token makes, in bytes: the JSON of a JWT is read before its signature.
const maxToken = 8 << 10

func (p *Policy) checkToken(token string) (grant Grant, why string) {
	switch {
	case len(token) > maxToken:
		return Grant{}, "the token is longer than 8 KiB"
	case p.Tokens != nil && p.Tokens.contain(token):
		return Grant{Method: "token"}, ""
	case p.Keys != nil && looksLikeJWT(token):
		return p.Keys.verify(token, p.Audience)
	}
	return Grant{}, notValid
}

func (p *Policy) checkBasic(r *http.Request) (Grant, *Refusal) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return Grant{}, p.refuse(http.StatusUnauthorized, "", "the Authorization: Basic header is malformed")
	}
	why, err := p.Basic.check(r.Context(), user, password)
	switch {
	case err != nil:
		return Grant{}, busy()
	case why != "":
		return Grant{}, p.refuse(http.StatusUnauthorized, "", why)
	}
	return Grant{Method: "basic", User: clip(user)}, nil
}

// clip keeps names short.
func clip(s string) string {
	const most = 200 // bytes
	return s[:min(len(s), most)]
}
