package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

var pemBegin = []byte("-----BEGIN ")

// parsePEM reads block by block, because a search for the next good one would pass over one that is broken.
func parsePEM(file []byte) (*Keys, error) {
	keys := &Keys{}
	at := bytes.Index(file, pemBegin)
	for at >= 0 {
		end := len(file)
		next := bytes.Index(file[at+1:], pemBegin)
		if next >= 0 {
			end = at + 1 + next
		}
		public, err := parseBlock(file[at:end])
		var k key
		if err == nil {
			k, err = newKey("", public)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", 1+bytes.Count(file[:at], []byte("\n")), err)
		}
		keys.keys = append(keys.keys, k)
		if at = -1; next >= 0 {
			at = end
		}
	}
	return keys, nil
}

func parseBlock(text []byte) (public any, err error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("this PEM block is broken; copy it again, from -----BEGIN to -----END")
	}
	if strings.Contains(block.Type, "PRIVATE KEY") {
		return nil, errors.New("this is a private key; " + hintPublic)
	}
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = certificate.PublicKey
		}
	default:
		return nil, fmt.Errorf("a PEM block %q is neither a public key nor a certificate; %s", clip(block.Type), hintPublic)
	}
	if err != nil {
		return nil, fmt.Errorf("this %s cannot be read: %w", strings.ToLower(block.Type), err)
	}
	return public, nil
}

// knownKey says what file is, when it is a key that lost its PEM lines or never had any; "" if it may be a secret. As a
// secret, a public key would let everybody sign.
func knownKey(file []byte) string {
	for _, prefix := range []string{"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN SSH2"} {
		if bytes.HasPrefix(bytes.TrimSpace(file), []byte(prefix)) {
			return "a public key of SSH; make PEM of it: ssh-keygen -e -m PKCS8 -f FILE"
		}
	}
	if bytes.HasPrefix(file, []byte("\xFF\xFE")) || bytes.HasPrefix(file, []byte("\xFE\xFF")) {
		return "text in UTF-16; save it as UTF-8"
	}
	if kind := derKind(file); kind != "" {
		return kind + " in DER; the bridge wants PEM: openssl pkey -pubin -inform DER -in FILE, or openssl x509 -inform DER -in FILE"
	}
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.Join(strings.Fields(string(file)), ""), "="))
	if err != nil {
		return ""
	}
	if kind := derKind(der); kind != "" {
		return kind + " without its first and last line; put them back, such as -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY-----"
	}
	return ""
}

func derKind(der []byte) string {
	if _, err := x509.ParseCertificate(der); err == nil {
		return "a certificate"
	}
	for _, parse := range []func([]byte) error{
		func(b []byte) error { _, err := x509.ParsePKIXPublicKey(b); return err },
		func(b []byte) error { _, err := x509.ParsePKCS1PublicKey(b); return err },
	} {
		if parse(der) == nil {
			return "a public key"
		}
	}
	for _, parse := range []func([]byte) error{
		func(b []byte) error { _, err := x509.ParsePKCS8PrivateKey(b); return err },
		func(b []byte) error { _, err := x509.ParsePKCS1PrivateKey(b); return err },
		func(b []byte) error { _, err := x509.ParseECPrivateKey(b); return err },
	} {
		if parse(der) == nil {
			return "a private key"
		}
	}
	return ""
}
