package auth

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestParseKeys: want is what the keys are for, or what the error says.
func TestParseKeys(t *testing.T) {
	i := theIssuer()
	der := must[[]byte](t)(x509.MarshalPKIXPublicKey(i.rsa.Public()))
	body := base64.StdEncoding.EncodeToString(der)
	private := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(i.ec))
	x25519 := must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader)).Public()
	rsaPEM, ecPEM, edPEM := pemOf(t, i.rsa.Public()), pemOf(t, i.ec.Public()), pemOf(t, i.ed.Public())
	set := func(members ...string) string { return `{"keys": [` + strings.Join(members, ",") + `]}` }
	oct := jwk(t, []byte(hmacSecret))
	const openssl, rand48 = "openssl pkey -in private.pem -pubout", "openssl rand -base64 48"
	for _, row := range []struct{ claim, file, want string }{
		{"a secret", hmacSecret, "[HS256]"},
		{"a secret and its newline", hmacSecret + "\n", "[HS256]"},
		{"a secret of any bytes", "\x00\xFF\x01\x02" + hmacSecret, "[HS256]"},
		{"nothing", " \n", "the key file is empty"},
		{"a secret of 31 bytes", hmacSecret[:31] + "\n", "an HS256 secret of 31 bytes is too short, 32 are the least; make one with: " + rand48},

		{"RSA in PEM", rsaPEM, "[RS256]"},
		{"all kinds in PEM, with words between", "RSA:\n" + rsaPEM + "EC:\n" + ecPEM + "Ed25519:\n" + edPEM + "end", "[RS256 ES256 EdDSA]"},
		{"PEM of PKCS #1", pemBlock("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&i.rsa.PublicKey)), "[RS256]"},
		{"a certificate", pemBlock("CERTIFICATE", certificate(t)), "[ES256]"},
		{"PEM of Windows", "\xEF\xBB\xBF" + strings.ReplaceAll(ecPEM, "\n", "\r\n"), "[ES256]"},
		{"weak RSA", ecPEM + pemOf(t, i.weakRSA.Public()), "line 5: an RSA key of 2040 bits is too short, 2048 are the least; .*openssl genrsa"},
		{"P-384", pemOf(t, i.p384.Public()), "line 1: an EC key on curve P-384 is not used here, P-256 is .*openssl ecparam"},
		{"X25519", pemOf(t, x25519), "line 1: a key of kind .*ecdh.* is not used here"},
		{"a private key", "\n" + pemBlock("PRIVATE KEY", private), "line 2: this is a private key; .*" + openssl},
		{"a private RSA key behind a public one", ecPEM + pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(i.rsa)), "line 5: this is a private key; .*" + openssl},
		{"an encrypted private key", pemBlock("ENCRYPTED PRIVATE KEY", private), "this is a private key; .*" + openssl},
		{"something else in PEM", pemBlock("EC PARAMETERS", []byte{6}), `a PEM block "EC PARAMETERS" is neither .*` + openssl},
		{"a broken block before a good one", strings.Replace(ecPEM, "-----END PUBLIC KEY-----", "", 1) + ecPEM, "line 1: this PEM block is broken"},
		{"a broken block behind a good one", ecPEM + "-----BEGIN PUBLIC KEY-----\nMIIB", "line 5: this PEM block is broken"},
		{"PEM whose newlines are two characters", strings.ReplaceAll(ecPEM, "\n", `\n`), "line 1: this PEM block is broken"},
		{"PEM that holds no key", pemBlock("PUBLIC KEY", []byte("x")), "line 1: this public key cannot be read"},

		{"a public key without its PEM lines", body, "no secret: it is a public key without its first and last line; .*-----BEGIN PUBLIC KEY-----"},
		{"and in lines", body[:64] + "\n" + body[64:] + "\n", "no secret: it is a public key without its first and last line"},
		{"a certificate without its PEM lines", base64.StdEncoding.EncodeToString(certificate(t)), "no secret: it is a certificate without"},
		{"a public key in DER", string(der), "no secret: it is a public key in DER; .*openssl pkey -pubin -inform DER"},
		{"a private key in DER", string(private), "no secret: it is a private key in DER"},
		{"a private key without its PEM lines", base64.StdEncoding.EncodeToString(private), "no secret: it is a private key without"},
		{"a public key of SSH", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx ada@example.org\n", "no secret: it is a public key of SSH; .*ssh-keygen -e"},
		{"PEM in UTF-16", "\xFF\xFE" + strings.Join(strings.Split(ecPEM, ""), "\x00") + "\x00", "no secret: it is text in UTF-16; save it as UTF-8"},

		{"a JWKS of all kinds", set(jwk(t, i.rsa.Public()), jwk(t, i.ec.Public()), jwk(t, i.ed.Public()), oct), "[RS256 ES256 EdDSA HS256]"},
		{"one key that is no set", jwk(t, i.ec.Public()), "[ES256]"},
		{"a JWKS behind a mark and space", "\xEF\xBB\xBF\n " + set(oct), "[HS256]"},
		{"keys that say what they are for", set(jwk(t, i.rsa.Public(), "use", `"sig"`, "alg", `"RS256"`, "key_ops", `["verify"]`)), "[RS256]"},
		{"keys for something else are skipped", set(jwk(t, i.rsa.Public(), "use", `"enc"`), jwk(t, i.otherRSA.Public(), "alg", `"PS256"`), jwk(t, i.otherRSA.Public(), "alg", `"RSA-OAEP"`),
			jwk(t, i.p384.Public(), "alg", `"ES384"`), jwk(t, []byte("short"), "alg", `"HS512"`), jwk(t, i.ec.Public(), "key_ops", `["deriveKey"]`),
			`{"kty":"OKP","crv":"X25519","x":"AA"}`, `{"kty":"new"}`, `{}`, `null`, jwk(t, i.ec.Public())), "[ES256]"},
		{"no key that fits", set(jwk(t, i.rsa.Public(), "use", `"enc"`)), "the JWKS has 1 keys and none that signs JWTs"},
		{"an empty set", "{}", "the JWKS has 0 keys and none that signs JWTs"},
		{"a private RSA key", set(jwk(t, i.ec.Public()), jwk(t, i.rsa, "kid", `"a"`)), `key 2 of the JWKS: kid "a" has "d" and so is a private key; .*` + openssl},
		{"a private EC key", set(jwk(t, i.ec)), `key 1 of the JWKS: kid "" has "d" .*` + openssl},
		{"a private Ed25519 key", set(jwk(t, i.ed)), `has "d" .*` + openssl},
		{"a private key that would be skipped", set(jwk(t, i.ec, "use", `"enc"`), oct), `has "d" .*` + openssl},
		{"a private key with d that is no string", set(jwk(t, i.ec.Public(), "d", "5")), `has "d" .*` + openssl},
		{"a short secret in a JWKS", set(jwk(t, []byte(hmacSecret[:31]))), "an HS256 secret of 31 bytes is too short, .*" + rand48},
		{"a secret that is no string", set(`{"kty":"oct","k":1234567890}`), "its secret, k, must be a string of base64url"},
		{"a secret that is no base64url", set(`{"kty":"oct","k":"` + badPassword + `"}`), "its secret, k, must be a string of base64url"},
		{"no secret", set(`{"kty":"oct"}`), "its secret, k, must be a string of base64url"},
		{"weak RSA in a JWKS", set(jwk(t, i.weakRSA.Public())), "an RSA key of 2040 bits is too short"},
		{"P-384 in a JWKS", set(jwk(t, i.p384.Public())), "an EC key on curve P-384"},
		{"a curve nobody knows", set(`{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}`), `an EC key on curve "secp256k1" is not used here`},
		{"EC off the curve", set(jwk(t, i.ec.Public(), "x", `"`+strings.Repeat("A", 43)+`"`)), "not on declared curve"},
		{"a kid that is a number", set(jwk(t, i.ec.Public(), "kid", "7")), "key 1 of the JWKS: not a JSON Web Key"},
		{"a list", "[" + oct + "]", "line 1: the key file begins like a JWKS and is none"},
		{"keys that are no list", "\n{\"keys\": 7}", "line 2: the key file begins like a JWKS and is none"},
		{"broken JSON", "{\"keys\": [\n" + oct + "\n", "line 3: the key file begins like a JWKS and is none"},
		{"a secret that begins like JSON", "{" + hmacSecret, "line 1: the key file begins like a JWKS and is none"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			got, err := ParseKeys([]byte(row.file))
			if err != nil {
				wantNoSecret(t, err.Error(), hmacSecret[:16], "1234567890", base64.StdEncoding.EncodeToString(private)[8:])
				if !regexp.MustCompile(row.want).MatchString(err.Error()) || row.want[0] == '[' {
					t.Errorf("got %q, want %q", err, row.want)
				}
				return
			}
			algs := []string{}
			for _, k := range got.keys {
				algs = append(algs, string(k.alg))
			}
			if fmt.Sprint(algs) != row.want {
				t.Errorf("got %v, want %s", algs, row.want)
			}
		})
	}
}

// TestSecretIsTakenAsItStands, but for one newline.
func TestSecretIsTakenAsItStands(t *testing.T) {
	for _, row := range []struct{ file, secret string }{
		{hmacSecret, hmacSecret},
		{hmacSecret + "\n", hmacSecret},
		{hmacSecret + "\r\n", hmacSecret},
		{hmacSecret + "\n\n", hmacSecret + "\n"},
		{" " + hmacSecret + " ", " " + hmacSecret + " "},
		{hmacSecret + "\r\nx", hmacSecret + "\r\nx"},
	} {
		if got := keys(t, row.file).keys[0].public.([]byte); string(got) != row.secret {
			t.Errorf("got %q of %q, want %q", got, row.file, row.secret)
		}
	}
}

func certificate(t testing.TB) []byte {
	t.Helper()
	i := theIssuer()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "issuer"}, NotAfter: time.Unix(1, 0)}
	return must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, i.ec.Public(), i.ec))
}
