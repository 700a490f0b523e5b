package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Keys verify the signatures of JWTs.
type Keys struct {
	keys []key
}

// key verifies with one algorithm, which its kind decides. What a token says of its algorithm decides nothing: that
// would let a stranger sign with the text of a public key, or not at all (RFC 8725 section 3.1).
type key struct {
	id     string // kid; "": none
	alg    jose.SignatureAlgorithm
	public any // []byte for HS256, which is secret; *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

const (
	minSecret = 32   // bytes, as many as HS256's sum has (RFC 7518 section 3.2)
	minRSA    = 2048 // bits (section 3.3)
)

// hintPublic is what to do about a private key. The bridge verifies and does not sign: it must not be able to.
const hintPublic = "the bridge wants the public half: openssl pkey -in private.pem -pubout -out public.pem"

// ParseKeys reads PEM (public keys and certificates, of which only the key counts, not the dates), a JWKS (RFC 7517) or,
// if file is neither, an HS256 secret. A newline at the end is no part of a secret; all the rest is taken as it stands,
// not decoded from hex or base64. An error tells nothing of a secret.
func ParseKeys(file []byte) (*Keys, error) {
	file = bytes.TrimPrefix(file, utf8Mark)
	text := bytes.TrimSpace(file)
	switch {
	case len(text) == 0:
		return nil, errors.New("the key file is empty")
	case text[0] == '{' || text[0] == '[':
		return parseJWKS(file)
	case bytes.Contains(text, pemBegin):
		return parsePEM(file)
	}
	secret := bytes.TrimSuffix(bytes.TrimSuffix(file, []byte("\n")), []byte("\r"))
	if public := knownKey(secret); public != "" {
		return nil, fmt.Errorf("the file is no secret: it is %s", public)
	}
	k, err := newKey("", secret)
	if err != nil {
		return nil, err
	}
	return &Keys{[]key{k}}, nil
}

// newKey refuses keys that are too weak for the algorithm of their kind.
func newKey(id string, public any) (key, error) {
	switch k := public.(type) {
	case []byte:
		if len(k) < minSecret {
			return key{}, fmt.Errorf("an HS256 secret of %d bytes is too short, %d are the least; make one with: openssl rand -base64 48", len(k), minSecret)
		}
		return key{id, jose.HS256, bytes.Clone(k)}, nil
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA {
			return key{}, fmt.Errorf("an RSA key of %d bits is too short, %d are the least; the issuer can make one with: openssl genrsa -out private.pem 3072", k.N.BitLen(), minRSA)
		}
		return key{id, jose.RS256, k}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return key{}, fmt.Errorf("an EC key on curve %s is not used here, P-256 is (ES256); the issuer can make one with: openssl ecparam -name prime256v1 -genkey -noout -out private.pem", k.Curve.Params().Name)
		}
		return key{id, jose.ES256, k}, nil
	case ed25519.PublicKey:
		return key{id, jose.EdDSA, k}, nil
	}
	return key{}, fmt.Errorf("a key of kind %T is not used here; RSA (RS256), EC P-256 (ES256) and Ed25519 (EdDSA) are", public)
}
