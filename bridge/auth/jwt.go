package auth

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// leeway is how far the issuer's clock may be off ours.
const leeway = 30 * time.Second

// looksLikeJWT: three parts (RFC 7519 section 3).
func looksLikeJWT(token string) bool { return strings.Count(token, ".") == 2 }

// claims are what is looked at in a JWT (RFC 7519 section 4). iss is not: the key says who issued it. Without exp, a token
// is valid for as long as the key.
type claims struct {
	jwt.Claims
	Target json.RawMessage `json:"target"`
}

// verify tries the keys that fit until one made the signature, and then looks at the claims. A kid rules out keys that
// have another one; keys without any are tried.
func (k *Keys) verify(token, audience string) (grant Grant, why string) {
	for i := range k.keys {
		if c := k.keys[i].open(token); c != nil {
			return c.grant(audience)
		}
	}
	return Grant{}, notValid
}

// open returns the claims of a token that k signed; nil if it did not.
func (k *key) open(token string) *claims {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{k.alg})
	if err != nil {
		return nil
	}
	if id := parsed.Headers[0].KeyID; id != "" && k.id != "" && id != k.id {
		return nil
	}
	var c claims
	if parsed.Claims(k.public, &c) != nil {
		return nil
	}
	return &c
}

func (c *claims) grant(audience string) (grant Grant, why string) {
	expected := jwt.Expected{Time: time.Now()}
	if audience != "" {
		expected.AnyAudience = jwt.Audience{audience}
	}
	err := c.ValidateWithLeeway(expected, leeway)
	switch {
	case errors.Is(err, jwt.ErrExpired):
		return Grant{}, "the token has expired"
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return Grant{}, "the token is not valid yet"
	case errors.Is(err, jwt.ErrInvalidAudience):
		return Grant{}, notValid + ": its claim aud names others"
	case err != nil:
		return Grant{}, notValid
	}
	grant = Grant{Method: "jwt", User: clip(c.Subject)}
	if c.Target == nil {
		return grant, ""
	}
	if json.Unmarshal(c.Target, &grant.Target) != nil || grant.Target == "" {
		return Grant{}, notValid + ": its claim target must be a string that is not empty"
	}
	return grant, ""
}
