package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// issuer has a key of each kind that JWTs are signed with, and some that are refused.
type issuer struct {
	rsa, otherRSA, weakRSA *rsa.PrivateKey
	ec, otherEC, p384      *ecdsa.PrivateKey
	ed                     ed25519.PrivateKey
}

var theIssuer = sync.OnceValue(func() (i issuer) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var err error
	for key, bits := range map[**rsa.PrivateKey]int{&i.rsa: 2048, &i.otherRSA: 2048, &i.weakRSA: 2040} {
		*key, err = rsa.GenerateKey(rand.Reader, bits)
		check(err)
	}
	for _, key := range []**ecdsa.PrivateKey{&i.ec, &i.otherEC} {
		*key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(err)
	}
	i.p384, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(err)
	_, i.ed, err = ed25519.GenerateKey(rand.Reader)
	check(err)
	return i
})

// sign makes a JWT. key may be a secret's text or a private key; kid "" is none.
func sign(t testing.TB, key any, alg, kid string, claims any, headers ...string) string {
	t.Helper()
	if secret, ok := key.(string); ok {
		key = []byte(secret)
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	for i := 0; i < len(headers); i += 2 {
		options = options.WithHeader(jose.HeaderKey(headers[i]), json.RawMessage(headers[i+1]))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	return must[string](t)(jwt.Signed(signer).Claims(claims).Serialize())
}

// forge joins the parts of a JWT that no library would make.
func forge(header, payload, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode([]byte(signature))
}

func pemOf(t testing.TB, public any) string {
	t.Helper()
	return pemBlock("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(public)))
}

func pemBlock(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// jwk is a member of a JWKS, with more in it: name, value, name, value. A value is JSON.
func jwk(t testing.TB, key any, more ...string) string {
	t.Helper()
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(must[[]byte](t)(json.Marshal(jose.JSONWebKey{Key: key})), &members); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(more); i += 2 {
		members[more[i]] = json.RawMessage(more[i+1])
	}
	return string(must[[]byte](t)(json.Marshal(members)))
}
