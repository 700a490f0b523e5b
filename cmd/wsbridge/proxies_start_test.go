//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	insecure "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// siteName is the name in the shipped files.
const siteName = "bridge.example.org"

// site is a proxy that runs in front of a wsbridge.
type site struct {
	proxy   *program
	bridge  *program
	address string // of the proxy
	dir     string // of its files
	visitor string // the address of the clients

	roots                  *x509.CertPool
	certificate, key, both string // PEM files
}

// host is how a browser names the site in a Host header.
func (s *site) host() string {
	_, port, _ := net.SplitHostPort(s.address)
	return siteName + ":" + port
}

// start starts wsbridge and p in front of it. Both end with the test.
func (p *proxy) start(t *testing.T, binary string, flags ...string) *site {
	t.Helper()
	path := installed(t, p.program, p.debianPackage)
	s := &site{address: loneAddress(t), dir: t.TempDir(), visitor: visitor}
	s.bridge = launch(t, nil, binary, slices.Concat(p.commandLine(t, s), flags)...)
	s.bridge.addr = s.bridge.stderr.await(t, `msg=listening address=(\S+)`)[1]
	s.makeCertificate(t)
	s.write(t, p.file, change(t, p.shipped(t), p.edits(s)...))
	if p.around != nil {
		s.write(t, p.main, p.around(s))
	}
	p.look(t, s, path)
	s.proxy = launch(t, []string{"HOME=" + s.dir}, path, p.run(s.dir)...)
	t.Cleanup(func() { s.stopProxy(p.stop) })
	s.awaitProxy(t)
	return s
}

// look has the program check the file, which may not even make it warn.
func (p *proxy) look(t *testing.T, s *site, path string) {
	t.Helper()
	version, err := exec.CommandContext(t.Context(), path, p.version...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", p.program, err, version)
	}
	t.Logf("%s", firstLine(string(version)))
	said, err := exec.CommandContext(t.Context(), path, p.check(s.dir)...).CombinedOutput()
	if err != nil || regexp.MustCompile(`(?i)\[(warn|alert)`).Match(said) {
		t.Fatalf("%s does not like %s (%v):\n%s", p.program, p.file, err, said)
	}
}

func (p *proxy) path() string { return "../../configs/" + p.file }

func (p *proxy) shipped(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(p.path())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// commandLine is how the file says to start wsbridge, but on a port of the system's choice and with the practice echo.
func (p *proxy) commandLine(t *testing.T, s *site) []string {
	t.Helper()
	line := p.comment(t, `(?m)^#   wsbridge (--listen .*)$`)
	args := change(t, line, edit{"--listen 127.0.0.1:9998", "--listen 127.0.0.1:0"}, edit{"--target localhost:7", "--target lab:echo"})
	if p.header {
		more := p.comment(t, `(?m)^    #   (--proxy-protocol .*)$`)
		args += " " + change(t, more, edit{"https://" + siteName, "https://" + s.host()})
	}
	return strings.Fields(args)
}

func (p *proxy) comment(t *testing.T, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(p.shipped(t))
	if m == nil {
		t.Fatalf("no %s in %s", pattern, p.file)
	}
	return m[1]
}

// edit is a change of a text.
type edit struct{ from, to string }

// change makes edits, each of something that stands in text once.
func change(t *testing.T, text string, edits ...edit) string {
	t.Helper()
	for _, e := range edits {
		if n := strings.Count(text, e.from); n != 1 {
			t.Fatalf("%q stands there %d times, want once:\n%s", e.from, n, text)
		}
		text = strings.Replace(text, e.from, e.to, 1)
	}
	return text
}

func (s *site) write(t *testing.T, name, content string) (path string) {
	t.Helper()
	path = filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// makeCertificate makes a certificate for siteName that only this test believes.
func (s *site) makeCertificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{siteName},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	s.roots = x509.NewCertPool()
	s.roots.AppendCertsFromPEM(public)
	s.certificate = s.write(t, "certificate.pem", string(public))
	s.key = s.write(t, "key.pem", string(private))
	s.both = s.write(t, "both.pem", string(public)+string(private))
}

// loneAddress is where nothing listens, and nothing will meanwhile: nobody else uses this one of the loopback addresses.
func loneAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+insecure.IntN(254), insecure.IntN(256), 1+insecure.IntN(254)))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// awaitProxy waits until the proxy listens.
func (s *site) awaitProxy(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-s.proxy.ended:
			t.Fatalf("%s has ended:\n%s%s", s.proxy.cmd, s.proxy.stdout.String(), s.proxy.stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// stopProxy comes before the end of the test would end the program: HAProxy has no exit code 0 for SIGTERM.
func (s *site) stopProxy(sig os.Signal) {
	select {
	case <-s.proxy.ended:
		s.proxy.t.Error("the proxy has ended by itself")
	default:
		s.proxy.signal(sig)
		if code := s.proxy.exit(patience); code != 0 {
			s.proxy.t.Errorf("exit code %d of the proxy at %v, want 0", code, sig)
		}
	}
}
