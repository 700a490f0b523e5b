package main

import (
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
	"sync"
	"testing"
	"time"
)

// serveTarget answers connections on a port of this machine until the test is over, and returns its address.
func serveTarget(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, ln, answer)
	return ln.Addr().String()
}

func serveOn(t *testing.T, ln net.Listener, answer func(net.Conn)) {
	s := &targetServer{ln: ln, answer: answer, over: make(chan struct{})}
	s.running.Add(1)
	go s.accept()
	t.Cleanup(s.close)
}

type targetServer struct {
	ln      net.Listener
	answer  func(net.Conn)
	over    chan struct{}
	running sync.WaitGroup
	mu      sync.Mutex // guards conns
	conns   []net.Conn
}

func (s *targetServer) accept() {
	defer s.running.Done()
	for {
		conn, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		s.running.Add(1)
		go s.serve(conn)
	}
}

func (s *targetServer) serve(conn net.Conn) {
	defer s.running.Done()
	s.answer(conn)
	<-s.over
}

func (s *targetServer) close() {
	s.ln.Close()
	close(s.over)
	s.mu.Lock()
	for _, conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// greets sends greeting at once and then reads what comes.
func greets(greeting string) func(net.Conn) {
	return func(conn net.Conn) {
		io.WriteString(conn, greeting)
		io.Copy(io.Discard, conn)
	}
}

// silent takes a connection and neither reads nor writes.
func silent(net.Conn) {}

// closedPort is an address on which nothing listens.
func closedPort(t *testing.T) string { return "127.0.0.1:" + freePort(t.Fatalf) }

// serveTLS is serveTarget with TLS; caFile is what verifies it.
func serveTLS(t *testing.T, answer func(net.Conn)) (addr, caFile string) {
	t.Helper()
	cert := newCertificate(t)
	return serveTLSWith(t, answer, &tls.Config{Certificates: []tls.Certificate{cert.pair}}), cert.certFile
}

func serveTLSWith(t *testing.T, answer func(net.Conn), config *tls.Config) (addr string) {
	t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, ln, answer)
	return ln.Addr().String()
}

// certificate is one that vouches for itself: for 127.0.0.1, localhost and bridge.example.org, of servers and clients.
type certificate struct {
	certFile, keyFile string // PEM
	pair              tls.Certificate
	pool              *x509.CertPool
}

func newCertificate(t *testing.T) *certificate {
	t.Helper()
	dir := t.TempDir()
	c := &certificate{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem")}
	c.renew(t)
	return c
}

// renew writes another certificate and key into the same files.
func (c *certificate) renew(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost", "bridge.example.org"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, c.certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, c.keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	c.pair = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c.pool = x509.NewCertPool()
	c.pool.AddCert(leaf)
}

// writeFile writes beside and renames, as careful operators do: nobody reads half of it.
func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// newFile is a file with this text.
func newFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	writeFile(t, file, text)
	return file
}
