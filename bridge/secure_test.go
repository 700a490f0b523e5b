package bridge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wsbridge/tcp"
)

// identity is a certificate that vouches for itself, for localhost.
type identity struct {
	certificates *tcp.Certificates
	pool         *x509.CertPool
}

func newIdentity(t testing.TB) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "both.pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	id := &identity{pool: x509.NewCertPool()}
	if id.certificates, err = tcp.LoadCertificates(file, file, ""); err != nil {
		t.Fatal(err)
	}
	id.pool.AppendCertsFromPEM(both)
	return id
}

// newRigOverTo is newRig over TLS, or not.
func newRigOverTo(t testing.TB, o Options, secure *identity) *rig {
	t.Helper()
	target := listen(t, "tcp", "127.0.0.1:0")
	return newRigOver(t, o, tcp.Target{Network: "tcp", Address: target.Addr().String()}, target, secure)
}
