package main

import (
	"fmt"
	"regexp"
	"slices"

	"wsbridge/bridge/auth"
)

const mostSecrets = 4 << 20 // bytes in a file of tokens, users or keys

// authSettings are what the settings say about authentication.
type authSettings struct {
	tokens   []byte // lines
	basic    *auth.Basic
	keys     *auth.Keys
	audience string
	cookie   string
	query    bool
}

// readSecrets hands the content of a file to parse. Errors of parse name lines, never what stands there.
func readSecrets(file string, parse func([]byte) error) error {
	content, err := readAtMost(file, mostSecrets)
	if err != nil {
		return &valueError{what: reason(err).Error(), note: fmt.Sprintf("is it there, and yours to read? ls -l %s", quote(file))}
	}
	return parse(content)
}

func (a *authSettings) readTokens(file string) error {
	return readSecrets(file, func(lines []byte) error {
		_, err := auth.ParseTokens(lines)
		a.tokens = append(append(a.tokens, lines...), '\n')
		return err
	})
}

func (a *authSettings) addToken(token string) error {
	if _, err := auth.ParseTokens([]byte(token)); err != nil {
		return err
	}
	a.tokens = append(append(a.tokens, token...), '\n')
	return nil
}

func (a *authSettings) readBasic(file string) error {
	return readSecrets(file, func(lines []byte) (err error) {
		a.basic, err = auth.ParseBasic(lines)
		return err
	})
}

func (a *authSettings) readKeys(file string) error {
	return readSecrets(file, func(keys []byte) error { return a.setKeys(string(keys)) })
}

func (a *authSettings) setKeys(keys string) (err error) {
	if a.keys != nil {
		return &valueError{what: "a second key, beside --auth-jwt-key-file", note: "a JWKS file can have several keys"}
	}
	a.keys, err = auth.ParseKeys([]byte(keys))
	return err
}

var cookieName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // a token of RFC 9110 section 5.6.2

func (a *authSettings) setCookie(name string) error {
	if !cookieName.MatchString(name) {
		return &valueError{what: "not the name of a cookie", tries: []string{"wsbridge_token"}}
	}
	a.cookie = name
	return nil
}

// readAuth is the policy that the settings make; nil when nobody has to say who he is.
func (c *config) readAuth() (*auth.Policy, error) {
	a := &c.auth
	p := &auth.Policy{Basic: a.basic, Keys: a.keys, Audience: a.audience, Cookie: a.cookie, Query: a.query}
	if len(a.tokens) > 0 {
		var err error
		if p.Tokens, err = auth.ParseTokens(a.tokens); err != nil {
			return nil, usage("a file of tokens has one a line", "%s: %v", c.fromOf("auth-token-file", "auth-token"), err)
		}
	}
	for _, s := range c.settings {
		switch {
		case s.from == "":
		case s.name == "auth-jwt-audience" && a.keys == nil:
			return nil, usage("try --auth-jwt-key-file keys.json", "%s is for JWTs, and there is no key to verify them", s.from)
		case (s.name == "auth-cookie" || s.name == "auth-query" && a.query) && p.Tokens == nil && a.keys == nil:
			return nil, usage("try --auth-token-file tokens", "%s says where a token may be, and there are no tokens", s.from)
		}
	}
	if a.cookie != "" && slices.Contains(c.bridge.AllowOrigins, "*") {
		return nil, usage("name the origins of your pages: --allow-origin https://www.example.org",
			"%s and --allow-origin '*' together let any page in the world act as whoever visits it", c.fromOf("auth-cookie"))
	}
	if !p.Required() {
		return nil, nil
	}
	return p, nil
}

// fromOf is where the first of these settings that is given came from.
func (c *config) fromOf(names ...string) string {
	for _, name := range names {
		if from := findSetting(c.settings, name).from; from != "" {
			return from
		}
	}
	return ""
}
