package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// member is a JSON Web Key (RFC 7517 section 4), as far as it is looked at before it is taken for a key.
type member struct {
	Kty    string   `json:"kty"`
	Kid    string   `json:"kid"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
	Alg    string   `json:"alg"`
	Crv    string   `json:"crv"`
}

// parseJWKS reads a set of keys, or a single one. Sets of big issuers have keys for other uses, which are skipped.
func parseJWKS(text []byte) (*Keys, error) {
	var file struct {
		Kty  string            `json:"kty"`
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%sthe key file begins like a JWKS and is none: it must look like {\"keys\": [{\"kty\": …}]}", lineOf(text, err))
	}
	if file.Kty != "" {
		file.Keys = []json.RawMessage{text}
	}
	keys := &Keys{}
	for i, raw := range file.Keys {
		k, skip, err := parseMember(raw)
		if err != nil {
			return nil, fmt.Errorf("key %d of the JWKS: %w", i+1, err)
		}
		if !skip {
			keys.keys = append(keys.keys, k)
		}
	}
	if len(keys.keys) == 0 {
		return nil, fmt.Errorf("the JWKS has %d keys and none that signs JWTs with RS256, ES256, EdDSA or HS256", len(file.Keys))
	}
	return keys, nil
}

func parseMember(raw []byte) (k key, skip bool, err error) {
	var m member
	names := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &m) != nil || json.Unmarshal(raw, &names) != nil {
		return key{}, false, errors.New("not a JSON Web Key: kty, kid, use, alg and crv are strings, key_ops is a list of them")
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "priv"} {
		if _, ok := names[private]; ok {
			return key{}, false, fmt.Errorf("kid %q has %q and so is a private key; take out d, p, q, dp, dq and qi, or use PEM: %s", clip(m.Kid), private, hintPublic)
		}
	}
	if !m.verifies() {
		return key{}, true, nil
	}
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(raw); err != nil {
		return key{}, false, m.fault(err)
	}
	if k, err = newKey(m.Kid, parsed.Key); err != nil {
		return key{}, false, fmt.Errorf("kid %q: %w", clip(m.Kid), err)
	}
	return k, false, nil
}

// verifies reports whether m is meant for one of the algorithms used here.
func (m *member) verifies() bool {
	alg, used := map[string]jose.SignatureAlgorithm{"RSA": jose.RS256, "EC": jose.ES256, "OKP": jose.EdDSA, "oct": jose.HS256}[m.Kty]
	return used && (m.Alg == "" || m.Alg == string(alg)) &&
		(m.Use == "" || m.Use == "sig") &&
		(m.KeyOps == nil || slices.Contains(m.KeyOps, "verify")) &&
		(m.Kty != "OKP" || m.Crv == "Ed25519")
}

// fault says why m is no key. What the decoder says of a secret is left out, for it might quote it.
func (m *member) fault(err error) error {
	switch {
	case m.Kty == "oct":
		return fmt.Errorf("kid %q: its secret, k, must be a string of base64url", clip(m.Kid))
	case errors.Is(err, jose.ErrUnsupportedKeyType) && m.Kty == "EC":
		return fmt.Errorf("kid %q: an EC key on curve %q is not used here, P-256 is (ES256)", clip(m.Kid), clip(m.Crv))
	}
	return fmt.Errorf("kid %q: %s", clip(m.Kid), strings.TrimPrefix(err.Error(), "go-jose/go-jose: "))
}

// lineOf is "line 3: " for an error of package json.
func lineOf(text []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(0)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return fmt.Sprintf("line %d: ", 1+bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n")))
}
