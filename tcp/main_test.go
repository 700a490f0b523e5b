package tcp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen; long, so that only a hang meets it.
const patience = 60 * time.Second

// kinds are the connections there are: to three kinds of targets, and from clients.
var kinds = []string{"tcp", "unix", "tls", "accepted", "accepted tls"}

func overTLS(kind string) bool { return strings.HasSuffix(kind, "tls") }

// connect is a dialled Conn and its peer's end, which speaks TLS if kind says so.
func connect(t testing.TB, kind string, writeTimeout time.Duration) (c *Conn, peer net.Conn) {
	t.Helper()
	if strings.HasPrefix(kind, "accepted") {
		return connectFrom(t, kind, writeTimeout)
	}
	ln, target := listen(t, kind)
	accepted := make(chan net.Conn, 1)
	go acceptInto(ln, kind, accepted)
	c, err := Dialer{DialTimeout: patience, WriteTimeout: writeTimeout}.Dial(context.Background(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if peer = <-accepted; peer == nil {
		t.Fatal("not accepted")
	}
	t.Cleanup(func() { socketOf(peer).Close() })
	peer.SetDeadline(time.Now().Add(patience))
	return c, peer
}

// connectFrom is a Conn that was accepted, below a wrapper as a tap is one, and the client's end.
func connectFrom(t testing.TB, kind string, writeTimeout time.Duration) (c *Conn, peer net.Conn) {
	t.Helper()
	ln, target := listen(t, "tcp")
	if overTLS(kind) {
		ln = SecureListener(ln, ours.files(t), patience)
	}
	peer, err := net.Dial("tcp", target.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if !overTLS(kind) {
		c = NewConn(nc, writeTimeout)
	} else {
		peer = tls.Client(peer, &tls.Config{RootCAs: ours.roots, ServerName: "localhost"})
		c = NewConn(wrapper{nc}, writeTimeout)
		done := make(chan error, 1)
		go handshakeInto(nc.(*secured), done)
		if err := peer.(*tls.Conn).Handshake(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { c.Close() })
	peer.SetDeadline(time.Now().Add(patience))
	return c, peer
}

func handshakeInto(c interface{ Handshake() error }, done chan<- error) { done <- c.Handshake() }

// wrapper is around a connection as a tap is.
type wrapper struct{ net.Conn }

func (w wrapper) NetConn() net.Conn                          { return w.Conn }
func (w wrapper) WriteBuffers(v *net.Buffers) (int64, error) { return writeTo(w.Conn, v) }
func (w wrapper) CloseWrite() error                          { return w.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func listen(t testing.TB, kind string) (net.Listener, Target) {
	t.Helper()
	network, address := "tcp", "127.0.0.1:0"
	if kind == "unix" {
		network, address = "unix", filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	target := Target{Network: network, Address: ln.Addr().String()}
	if kind == "tls" {
		target.TLS = &tls.Config{RootCAs: ours.roots}
	}
	return ln, target
}

// acceptInto accepts one connection, with its TLS handshake; nil says that it could not.
func acceptInto(ln net.Listener, kind string, accepted chan<- net.Conn) {
	nc, err := ln.Accept()
	if err != nil {
		accepted <- nil
		return
	}
	if kind == "tls" {
		secured := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{ours.cert}})
		if secured.Handshake() != nil {
			nc.Close()
			accepted <- nil
			return
		}
		nc = secured
	}
	accepted <- nc
}

// socketOf is the socket below TLS.
func socketOf(nc net.Conn) net.Conn {
	if secured, ok := nc.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return nc
}

// authority is a certificate for 127.0.0.1 and localhost that signed itself, and roots that trust it.
type authority struct {
	cert  tls.Certificate
	roots *x509.CertPool
}

var ours, theirs = newAuthority(), newAuthority()

func newAuthority() authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	a := authority{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, x509.NewCertPool()}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	a.roots.AddCert(cert)
	return a
}

// certPEM and keyPEM are what is in files.
func (a authority) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Certificate[0]})
}

func (a authority) keyPEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(a.cert.PrivateKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// files are a's certificate and key, loaded from files.
func (a authority) files(t testing.TB) *Certificates {
	t.Helper()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeFile(t, cert, a.certPEM())
	writeFile(t, key, a.keyPEM())
	c, err := LoadCertificates(cert, key, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// arrived waits until everything that the peer has written is in our kernel.
func arrived(t testing.TB, peer net.Conn) {
	t.Helper()
	if _, local := peer.(*net.UnixConn); local {
		return // it was when Write returned
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		left, known := sendQueue(socketOf(peer))
		if !known || left == 0 {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("%d bytes have not arrived; is the receive buffer too small?", left)
		}
	}
}

// pattern is n bytes of which no two stretches look alike for long.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16*7)
	}
	return p
}

// sameBytes fails the test unless got is want, without printing megabytes.
func sameBytes(t testing.TB, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("got %d bytes, want %d; they differ from byte %d on", len(got), len(want), at)
}

// result is what was read until the end, and how that ended if not with EOF.
type result struct {
	data []byte
	err  error
}

// within waits for done no longer than patience.
func within[T any](t testing.TB, claim string, done <-chan T) (result T) {
	t.Helper()
	select {
	case result = <-done:
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", claim, patience)
	}
	return result
}

// readAll reads all, chunk bytes at a time, and calls before, if there is one, before each.
func readAll(r io.Reader, chunk int, before func(), done chan<- result) {
	var all bytes.Buffer
	buf := make([]byte, chunk)
	for {
		if before != nil {
			before()
		}
		n, err := io.ReadFull(r, buf)
		all.Write(buf[:n])
		switch err {
		case nil:
			continue
		case io.EOF, io.ErrUnexpectedEOF:
			err = nil
		}
		done <- result{all.Bytes(), err}
		return
	}
}

func writeInto(w io.Writer, data []byte, done chan<- error) {
	_, err := w.Write(data)
	done <- err
}
