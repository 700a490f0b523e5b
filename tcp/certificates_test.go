package tcp

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// pemFiles are the files of a listener, in a directory of the test's.
type pemFiles struct{ cert, key, ca string }

func newFiles(t *testing.T, a authority) pemFiles {
	dir := t.TempDir()
	f := pemFiles{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem")}
	f.put(t, a)
	return f
}

func (f pemFiles) put(t *testing.T, a authority) {
	t.Helper()
	writeFile(t, f.cert, a.certPEM())
	writeFile(t, f.key, a.keyPEM())
}

func (f pemFiles) load(t *testing.T) *Certificates {
	t.Helper()
	c, err := LoadCertificates(f.cert, f.key, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// shown is the certificate that a handshake at this moment is given.
func shown(t *testing.T, c *Certificates) string {
	t.Helper()
	config, err := c.current(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(config.Certificates[0].Certificate[0])
}

// aSecondLater makes the next handshake one that looks at the files again.
func (c *Certificates) aSecondLater() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = c.looked.Add(-lookEvery)
}

func (a authority) der() string { return string(a.cert.Certificate[0]) }

func TestCertificatesThatCannotBeUsed(t *testing.T) {
	keyOf := func(a authority) string { return string(a.keyPEM()) }
	certOf := func(a authority) string { return string(a.certPEM()) }
	block := func(kind string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("rubbish")}))
	}
	tests := []struct {
		claim         string
		cert, key, ca string
		want          string // what follows the path of a file
		file          func(pemFiles) string
	}{
		{"key of another certificate", certOf(ours), keyOf(theirs), "", ": the key does not belong to the certificate in ", pemFiles.keyFile},
		{"empty certificate file", "", keyOf(ours), "", ": no certificate in it: it is empty", pemFiles.certFile},
		{"certificate and key swapped", keyOf(ours), certOf(ours), "", `: no certificate in it, but a "PRIVATE KEY"`, pemFiles.certFile},
		{"no PEM", "hello", keyOf(ours), "", ": no certificate in it: it is not a PEM file", pemFiles.certFile},
		{"certificate in place of the key", certOf(ours), certOf(ours), "", `: no private key in it, but a "CERTIFICATE"`, pemFiles.keyFile},
		{"half a key", certOf(ours), keyOf(ours)[:60], "", ": no private key in it: it is not a PEM file", pemFiles.keyFile},
		{"encrypted key", certOf(ours), block("ENCRYPTED PRIVATE KEY"), "", ": the key is encrypted, and there is nobody to ask for its password", pemFiles.keyFile},
		{"certificate of rubbish", block("CERTIFICATE"), keyOf(ours), "", " and ", pemFiles.certFile},
		{"no authority", certOf(ours), keyOf(ours), keyOf(ours), `: no certificate in it, but a "PRIVATE KEY"`, pemFiles.caFile},
	}
	for _, tt := range tests {
		f := newFiles(t, ours)
		writeFile(t, f.cert, []byte(tt.cert))
		writeFile(t, f.key, []byte(tt.key))
		ca := ""
		if tt.ca != "" {
			ca = f.ca
			writeFile(t, ca, []byte(tt.ca))
		}
		_, err := LoadCertificates(f.cert, f.key, ca)
		if want := tt.file(f) + tt.want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s…", tt.claim, err, want)
		}
	}
	f := newFiles(t, ours)
	missing := filepath.Join(filepath.Dir(f.cert), "missing.pem")
	for _, paths := range [][3]string{{missing, f.key, ""}, {f.cert, missing, ""}, {f.cert, f.key, missing}} {
		if _, err := LoadCertificates(paths[0], paths[1], paths[2]); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("%v: got %v, want the file that is missing", paths, err)
		}
	}
}

func (f pemFiles) certFile() string { return f.cert }
func (f pemFiles) keyFile() string  { return f.key }
func (f pemFiles) caFile() string   { return f.ca }

func TestCertificatesAreReadAgainWhenTheFilesChange(t *testing.T) {
	changes := []struct {
		claim  string
		change func(t *testing.T, f pemFiles)
	}{
		{"written in place", func(t *testing.T, f pemFiles) { f.put(t, theirs) }},
		{"renamed into place", func(t *testing.T, f pemFiles) {
			other := newFiles(t, theirs)
			rename(t, other.cert, f.cert)
			rename(t, other.key, f.key)
		}},
		{"with the size and time of before", func(t *testing.T, f pemFiles) {
			info, err := os.Stat(f.cert)
			if err != nil {
				t.Fatal(err)
			}
			f.put(t, theirs)
			for _, path := range []string{f.cert, f.key} {
				if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
					t.Fatal(err)
				}
			}
		}},
	}
	for _, tt := range changes {
		f := newFiles(t, ours)
		c := f.load(t)
		c.Failed = func(err error) { t.Errorf("%s: %v", tt.claim, err) }
		tt.change(t, f)
		if shown(t, c) != ours.der() {
			t.Errorf("%s: the files were looked at twice within %v", tt.claim, lookEvery)
		}
		c.aSecondLater()
		if shown(t, c) != theirs.der() {
			t.Errorf("%s: the new certificate is not used", tt.claim)
		}
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// Whoever writes two files writes one first.
func TestABrokenChangeKeepsTheCertificateAndIsToldOnce(t *testing.T) {
	f := newFiles(t, ours)
	c := f.load(t)
	var told []string
	c.Failed = func(err error) { told = append(told, err.Error()) }
	steps := []struct {
		claim  string
		change func()
		want   string
		told   string // the end of what Failed is told; "" for nothing
	}{
		{"nothing changes", func() {}, ours.der(), ""},
		{"a new certificate without its key", func() { writeFile(t, f.cert, theirs.certPEM()) }, ours.der(), "does not belong to the certificate in " + f.cert},
		{"and still without", func() {}, ours.der(), ""},
		{"half a key", func() { writeFile(t, f.key, theirs.keyPEM()[:50]) }, ours.der(), "it is not a PEM file"},
		{"no key", func() { os.Remove(f.key) }, ours.der(), "no such file or directory"},
		{"and still none", func() {}, ours.der(), ""},
		{"the key", func() { writeFile(t, f.key, theirs.keyPEM()) }, theirs.der(), ""},
	}
	for _, step := range steps {
		told = nil
		step.change()
		for range 3 {
			c.aSecondLater()
			if shown(t, c) != step.want {
				t.Errorf("%s: not the certificate that was wanted", step.claim)
			}
		}
		if (step.told != "") != (len(told) == 1) || len(told) == 1 && !strings.HasSuffix(told[0], step.told) {
			t.Errorf("%s: told %q, want %q", step.claim, told, step.told)
		}
	}
}

func TestReloadDoesNotWaitASecond(t *testing.T) {
	f := newFiles(t, ours)
	c := f.load(t)
	f.put(t, theirs)
	if err := c.Reload(); err != nil || shown(t, c) != theirs.der() {
		t.Errorf("Reload: %v, new certificate used: %v", err, shown(t, c) == theirs.der())
	}
	writeFile(t, f.key, nil)
	if err := c.Reload(); err == nil || shown(t, c) != theirs.der() {
		t.Errorf("Reload of a broken file: %v, old certificate used: %v", err, shown(t, c) == theirs.der())
	}
}

// Every handshake meanwhile gets one pair or the other, and connections that exist go on.
func TestReloadUnderLoad(t *testing.T) {
	f := newFiles(t, ours)
	c := f.load(t)
	ln, _ := listen(t, "tcp")
	secure := SecureListener(ln, c, patience)
	var echoes sync.WaitGroup
	echoes.Add(1)
	go echoForEver(secure, &echoes)
	lives := dialSecure(t, ln.Addr().String(), ours)
	checkEcho(t, lives, "before")
	both := &tls.Config{RootCAs: ours.roots.Clone()}
	both.RootCAs.AppendCertsFromPEM(theirs.certPEM())
	var clients sync.WaitGroup
	for range 4 {
		clients.Add(1)
		go handshakeAgainAndAgain(t, ln.Addr().String(), both, &clients)
	}
	for i := range 20 {
		f.put(t, []authority{theirs, ours}[i%2])
		if err := c.Reload(); err != nil {
			t.Error(err)
		}
		checkEcho(t, lives, "meanwhile")
	}
	clients.Wait()
	lives.Close()
	ln.Close()
	echoes.Wait()
}

func handshakeAgainAndAgain(t *testing.T, address string, config *tls.Config, done *sync.WaitGroup) {
	defer done.Done()
	for range 25 {
		dialer := tls.Dialer{Config: config}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		nc, err := dialer.DialContext(ctx, "tcp", address)
		cancel()
		if err != nil {
			t.Error(err)
			return
		}
		nc.SetDeadline(time.Now().Add(patience))
		if _, err := nc.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		if n, err := nc.Read(make([]byte, 5)); n == 0 {
			t.Error(err)
		}
		nc.Close()
	}
}
