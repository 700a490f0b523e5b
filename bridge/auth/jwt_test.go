package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

type body = map[string]any

// wantJWT presents token in a header. why "" is a Grant for ada.
func wantJWT(t *testing.T, p *Policy, token, why string) {
	t.Helper()
	grant, refusal := p.Check(request("/", "Authorization: Bearer "+token))
	if refusal != nil {
		wantPresentable(t, refusal, token)
		if refusal.Status != 401 || refusal.Text != why {
			t.Errorf("got %d %q, want %q", refusal.Status, refusal.Text, why)
		}
	} else if why != "" || grant.Method != "jwt" || grant.User != "ada" {
		t.Errorf("got %+v, want ada or %q", grant, why)
	}
}

// TestAlgorithms: each kind of key passes what its algorithm signed, from PEM as from a JWKS, and nothing else.
func TestAlgorithms(t *testing.T) {
	i := theIssuer()
	set := func(members ...string) string { return `{"keys": [` + strings.Join(members, ",") + `]}` }
	for _, row := range []struct {
		claim, alg string
		key, other any
		files      []string
	}{
		{"HS256", "HS256", hmacSecret, otherSecret, []string{hmacSecret + "\n", set(jwk(t, []byte(hmacSecret)))}},
		{"RS256", "RS256", i.rsa, i.otherRSA, []string{pemOf(t, i.rsa.Public()), set(jwk(t, i.rsa.Public()))}},
		{"ES256", "ES256", i.ec, i.otherEC, []string{pemOf(t, i.ec.Public()), set(jwk(t, i.ec.Public())), pemBlock("CERTIFICATE", certificate(t))}},
		{"EdDSA", "EdDSA", i.ed, i.ec, []string{pemOf(t, i.ed.Public()), set(jwk(t, i.ed.Public()))}},
	} {
		for n, file := range row.files {
			t.Run(fmt.Sprint(row.claim, " ", n), func(t *testing.T) {
				p := &Policy{Keys: keys(t, file)}
				token := sign(t, row.key, row.alg, "", body{"sub": "ada"})
				wantJWT(t, p, token, "")
				head, payload, signature := split(token)
				wantJWT(t, p, head+"."+payload+".", notValid)
				wantJWT(t, p, head+"."+base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"eve"}`))+"."+signature, notValid)
				wantJWT(t, p, head+"."+payload+"."+flipped(t, signature), notValid)
				otherAlg := row.alg
				if row.claim == "EdDSA" {
					otherAlg = "ES256"
				}
				wantJWT(t, p, sign(t, row.other, otherAlg, "", body{"sub": "ada"}), notValid)
			})
		}
	}
}

// TestLongerAlgorithmsOfTheSameKey: a key has one algorithm.
func TestLongerAlgorithmsOfTheSameKey(t *testing.T) {
	i := theIssuer()
	for _, alg := range []string{"RS384", "RS512", "PS256", "PS512"} {
		wantJWT(t, &Policy{Keys: keys(t, pemOf(t, i.rsa.Public()))}, sign(t, i.rsa, alg, "", body{"sub": "ada"}), notValid)
	}
	for _, alg := range []string{"HS384", "HS512"} {
		wantJWT(t, &Policy{Keys: keys(t, hmacSecret)}, sign(t, hmacSecret+hmacSecret, alg, "", body{"sub": "ada"}), notValid)
		wantJWT(t, &Policy{Keys: keys(t, hmacSecret+hmacSecret)}, sign(t, hmacSecret+hmacSecret, alg, "", body{"sub": "ada"}), notValid)
	}
}

// TestNone: a token that says it needs no signature (RFC 8725 section 2.1).
func TestNone(t *testing.T) {
	i := theIssuer()
	for _, file := range []string{hmacSecret, pemOf(t, i.rsa.Public()), pemOf(t, i.ec.Public()), pemOf(t, i.ed.Public())} {
		p := &Policy{Keys: keys(t, file)}
		for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
			for _, signature := range []string{"", "x"} {
				wantJWT(t, p, forge(`{"alg":"`+alg+`"}`, `{"sub":"ada"}`, signature), notValid)
			}
		}
		for _, header := range []string{`{}`, `{"alg":null}`, `{"alg":["none"]}`, `{"alg":"none","alg":"HS256"}`, `[]`, `null`, ``} {
			wantJWT(t, p, forge(header, `{"sub":"ada"}`, ""), notValid)
		}
	}
}

// TestPublicKeyAsSecret: everybody knows the text of a public key, so that everybody could sign HS256 with it.
func TestPublicKeyAsSecret(t *testing.T) {
	i := theIssuer()
	jwks := `{"keys": [` + jwk(t, i.rsa.Public()) + `]}`
	for _, file := range []string{pemOf(t, i.rsa.Public()), pemOf(t, i.ec.Public()), pemOf(t, i.ed.Public()), jwks} {
		p := &Policy{Keys: keys(t, file)}
		for _, secret := range []string{file, strings.TrimSpace(file), file + "\n", string(i.ed.Public().(ed25519.PublicKey)), string(i.rsa.N.Bytes())} {
			wantJWT(t, p, sign(t, secret, "HS256", "", body{"sub": "ada"}), notValid)
		}
	}
}

// TestKeyInTheToken: a token that brings the key it was signed with (jwk, x5c), or says where one is (jku, x5u).
func TestKeyInTheToken(t *testing.T) {
	i := theIssuer()
	p := &Policy{Keys: keys(t, pemOf(t, i.rsa.Public())+pemOf(t, i.ec.Public()))}
	wantJWT(t, p, sign(t, i.otherEC, "ES256", "", body{"sub": "ada"}, "jwk", jwk(t, i.otherEC.Public())), notValid)
	wantJWT(t, p, sign(t, i.otherEC, "ES256", "", body{"sub": "ada"}, "jku", `"http://127.0.0.1:1/keys"`, "x5u", `"http://127.0.0.1:1/cert"`), notValid)
	wantJWT(t, p, sign(t, i.ec, "ES256", "", body{"sub": "ada"}, "jwk", jwk(t, i.otherEC.Public())), "")
	wantJWT(t, p, sign(t, i.ec, "ES256", "", body{"sub": "ada"}, "crit", `["unheard-of"]`, "unheard-of", "1"), notValid)
}

// TestKeyRotation: while keys change, a set has the old and the new one.
func TestKeyRotation(t *testing.T) {
	i := theIssuer()
	set := func(members ...string) *Policy {
		return &Policy{Keys: keys(t, `{"keys": [`+strings.Join(members, ",")+`]}`)}
	}
	old, next := jwk(t, i.rsa.Public(), "kid", `"old"`), jwk(t, i.otherRSA.Public(), "kid", `"new"`)
	unnamed := jwk(t, i.ec.Public())
	named := func(kid string) string { return sign(t, i.rsa, "RS256", kid, body{"sub": "ada"}) }
	nextNamed := func(kid string) string { return sign(t, i.otherRSA, "RS256", kid, body{"sub": "ada"}) }
	for _, row := range []struct {
		claim string
		p     *Policy
		token string
		want  string
	}{
		{"before: the old key", set(old), named("old"), ""},
		{"before: the new key", set(old), nextNamed("new"), notValid},
		{"meanwhile: the old key", set(next, old), named("old"), ""},
		{"meanwhile: the new key", set(next, old), nextNamed("new"), ""},
		{"after: the old key", set(next), named("old"), notValid},
		{"after: the new key", set(next), nextNamed("new"), ""},
		{"no kid: every key is tried", set(next, unnamed, old), named(""), ""},
		{"the kid of another key", set(next, old), named("new"), notValid},
		{"the kid of no key", set(next, old), named("older"), notValid},
		{"a kid for a key that has none", set(old, unnamed), sign(t, i.ec, "ES256", "any", body{"sub": "ada"}), ""},
		{"two keys with the same kid", set(old, jwk(t, i.otherRSA.Public(), "kid", `"old"`)), nextNamed("old"), ""},
		{"a kid of another kind of key", set(old, jwk(t, i.ec.Public(), "kid", `"ec"`)), sign(t, i.ec, "ES256", "old", body{"sub": "ada"}), notValid},
		{"a secret beside public keys", set(old, jwk(t, []byte(hmacSecret), "kid", `"hs"`)), sign(t, hmacSecret, "HS256", "hs", body{"sub": "ada"}), ""},
		{"a skipped key", set(old, jwk(t, i.otherRSA.Public(), "use", `"enc"`)), nextNamed(""), notValid},
	} {
		t.Run(row.claim, func(t *testing.T) { wantJWT(t, row.p, row.token, row.want) })
	}
}

// TestClaims of tokens whose signature is right, at the time at which synctest's clock begins.
func TestClaims(t *testing.T) {
	const now = 946684800 // 2000-01-01
	const aud = notValid + ": its claim aud names others"
	const target = notValid + ": its claim target must be a string that is not empty"
	const expired, early = "the token has expired", "the token is not valid yet"
	anyone, bridge := &Policy{Keys: keys(t, hmacSecret)}, &Policy{Keys: keys(t, hmacSecret), Audience: "bridge"}
	for _, row := range []struct {
		claim  string
		p      *Policy
		claims body
		why    string
	}{
		{"nothing but a name", anyone, body{}, ""},
		{"exp ahead", anyone, body{"exp": now + 1}, ""},
		{"exp within the leeway", anyone, body{"exp": now - 30}, ""},
		{"exp past the leeway", anyone, body{"exp": now - 31}, expired},
		{"exp long ago", anyone, body{"exp": 1}, expired},
		{"exp that is text", anyone, body{"exp": "tomorrow"}, notValid},
		{"exp beyond all time", anyone, body{"exp": 1e300}, notValid},
		{"nbf past", anyone, body{"nbf": now}, ""},
		{"nbf within the leeway", anyone, body{"nbf": now + 30}, ""},
		{"nbf past the leeway", anyone, body{"nbf": now + 31}, early},
		{"iat in the future", anyone, body{"iat": now + 31}, early},
		{"nbf and exp", anyone, body{"nbf": now - 10, "exp": now + 10}, ""},
		{"aud where any will do", anyone, body{"aud": "shop"}, ""},
		{"the right aud", bridge, body{"aud": "bridge"}, ""},
		{"the right aud among others", bridge, body{"aud": []string{"shop", "bridge"}}, ""},
		{"no aud", bridge, body{}, aud},
		{"another aud", bridge, body{"aud": "bridges"}, aud},
		{"an empty list", bridge, body{"aud": []string{}}, aud},
		{"aud that is a number", bridge, body{"aud": 7}, notValid},
		{"target that is a number", anyone, body{"target": 7}, target},
		{"target that is null", anyone, body{"target": nil}, target},
		{"target that is a list", anyone, body{"target": []string{"vnc"}}, target},
		{"target that is empty", anyone, body{"target": ""}, target},
	} {
		row.claims["sub"] = "ada"
		t.Run(row.claim, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wantJWT(t, row.p, sign(t, hmacSecret, "HS256", "", row.claims), row.why)
			})
		})
	}
	// Words about a token are for those whose signature is right.
	wantJWT(t, bridge, sign(t, otherSecret, "HS256", "", body{"sub": "ada", "exp": 1}), notValid)
}

// TestTokenExpires while it is used: at exp, and 30 s for clocks that differ.
func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Policy{Keys: keys(t, hmacSecret)}
		token := sign(t, hmacSecret, "HS256", "", body{"sub": "ada", "exp": time.Now().Unix() + 60})
		time.Sleep(90 * time.Second)
		wantJWT(t, p, token, "")
		time.Sleep(time.Second)
		wantJWT(t, p, token, "the token has expired")
	})
}

func TestGrantOfJWT(t *testing.T) {
	p := &Policy{Keys: keys(t, hmacSecret)}
	for _, row := range []struct {
		claim  string
		claims body
		want   Grant
	}{
		{"nothing", body{}, Grant{Method: "jwt"}},
		{"a name and a target", body{"sub": "ada", "target": "vnc/1 \u2028\n"}, Grant{Method: "jwt", User: "ada", Target: "vnc/1 \u2028\n"}},
		{"a long name", body{"sub": strings.Repeat("a", 201)}, Grant{Method: "jwt", User: strings.Repeat("a", 200)}},
		{"Target in capitals is another claim", body{"Target": "vnc", "SUB": "ada"}, Grant{Method: "jwt"}},
	} {
		got, refusal := p.Check(request("/", "Authorization: Bearer "+sign(t, hmacSecret, "HS256", "", row.claims)))
		if refusal != nil || got != row.want {
			t.Errorf("%s: got %+v, %+v, want %+v", row.claim, got, refusal, row.want)
		}
	}
}

// TestSignedNonsense: a right signature of what is no claims.
func TestSignedNonsense(t *testing.T) {
	p := &Policy{Keys: keys(t, hmacSecret)}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(hmacSecret)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{"", "x", "[]", "7", `"ada"`, `{"sub":"ada","sub":"eve"}`, `{"sub":7}`, "{", strings.Repeat("[", 5000)} {
		jws := must[*jose.JSONWebSignature](t)(signer.Sign([]byte(payload)))
		wantJWT(t, p, must[string](t)(jws.CompactSerialize()), notValid)
	}
	for _, token := range []string{"..", "a..", ".a.", "a.b.c", "eyJ.eyJ.x", forge(strings.Repeat("[", 6000), "", "")} {
		wantJWT(t, p, token, notValid)
	}
}

// TestSignedByHand is HS256 without the library that verifies it: RFC 7515 section 5.1.
func TestSignedByHand(t *testing.T) {
	unsigned := strings.TrimSuffix(forge(`{"typ":"JWT","alg":"HS256"}`, `{"sub":"ada"}`, ""), ".")
	mac := hmac.New(sha256.New, []byte(hmacSecret))
	mac.Write([]byte(unsigned))
	token := unsigned + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	wantJWT(t, &Policy{Keys: keys(t, hmacSecret+"\n")}, token, "")
}

// TestTokenOfJWTForm: a token of the file may have two dots.
func TestTokenOfJWTForm(t *testing.T) {
	p := &Policy{Tokens: tokens(t, "a.token.with.two"+"\n"+"12345678.12345678.1"), Keys: keys(t, hmacSecret)}
	if grant, refusal := p.Check(request("/", "Authorization: Bearer 12345678.12345678.1")); refusal != nil || grant.Method != "token" {
		t.Errorf("got %+v, %+v", grant, refusal)
	}
}

func split(token string) (header, payload, signature string) {
	parts := strings.Split(token, ".")
	return parts[0], parts[1], parts[2]
}

// flipped is a signature with one bit changed.
func flipped(t testing.TB, signature string) string {
	b := must[[]byte](t)(base64.RawURLEncoding.DecodeString(signature))
	b[len(b)/2] ^= 1
	return base64.RawURLEncoding.EncodeToString(b)
}
