package tcp

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Certificates are what a TLS listener shows of itself and wants to see of its clients, read from PEM files. They are
// read again when the files change, which is looked for at handshakes, at most once a second. A handshake uses what
// was read last without an error; connections that exist are never touched.
type Certificates struct {
	// Failed, if not nil, is told once of each change of the files that cannot be used. Set it before the first handshake.
	Failed func(error)

	paths  [3]string // certificate, key, and the authorities of client certificates or ""
	config atomic.Pointer[tls.Config]

	mu     sync.Mutex // guards what follows, and the reading
	looked time.Time
	stats  [3]os.FileInfo // nil: could not be had
	read   [3][]byte      // what was in the files when they were read last, usable or not
}

const (
	lookEvery = time.Second
	// settled is how old a change must be before the next one is sure to have another time: file systems count coarsely.
	settled = 2 * time.Second
)

// LoadCertificates reads a certificate with its chain, its key and, unless clientCAFile is "", the authorities of which
// one must have signed each client's certificate. The errors say which file is wrong, and how.
func LoadCertificates(certFile, keyFile, clientCAFile string) (*Certificates, error) {
	c := &Certificates{paths: [3]string{certFile, keyFile, clientCAFile}}
	if err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload reads the files now. With an error it changes nothing.
func (c *Certificates) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = time.Now()
	c.stats = c.stat()
	_, err := c.reread()
	return err
}

// current is the configuration for a handshake that begins now.
func (c *Certificates) current(*tls.ClientHelloInfo) (*tls.Config, error) {
	if c.mu.TryLock() { // else somebody looks already, and this handshake does not wait for a slow disk
		failed := c.look(time.Now())
		c.mu.Unlock()
		if failed != nil && c.Failed != nil {
			c.Failed(failed)
		}
	}
	return c.config.Load(), nil
}

// look reads the files again if they have changed since the last look, and returns what is wrong with the change. c.mu
// is held.
func (c *Certificates) look(now time.Time) error {
	if since := now.Sub(c.looked); since >= 0 && since < lookEvery {
		return nil
	}
	before, last := c.stats, c.looked
	c.looked, c.stats = now, c.stat()
	same := true
	for i := range c.stats {
		same = same && unchanged(before[i], c.stats[i], last)
	}
	if same {
		return nil
	}
	changed, err := c.reread()
	if !changed {
		return nil // told before
	}
	return err
}

// unchanged reports whether a file is what it was at the last look.
func unchanged(before, now os.FileInfo, last time.Time) bool {
	if before == nil || now == nil {
		return before == nil && now == nil
	}
	return os.SameFile(before, now) && before.Size() == now.Size() && before.ModTime().Equal(now.ModTime()) &&
		last.Sub(now.ModTime()).Abs() >= settled
}

func (c *Certificates) stat() (stats [3]os.FileInfo) {
	for i, path := range c.paths {
		if info, err := os.Stat(path); path != "" && err == nil {
			stats[i] = info
		}
	}
	return stats
}

// reread uses what is in the files, if that can be used. changed tells whether it differs from what was there the last
// time. c.mu is held.
func (c *Certificates) reread() (changed bool, _ error) {
	var data [3][]byte
	var failed error
	for i, path := range c.paths {
		if path == "" {
			continue
		}
		var err error
		if data[i], err = os.ReadFile(path); err != nil && failed == nil {
			failed = err
		}
	}
	for i := range data {
		changed = changed || !bytes.Equal(data[i], c.read[i])
	}
	c.read = data
	if failed != nil {
		return changed, failed
	}
	config, err := c.parse(data)
	if err == nil {
		c.config.Store(config)
	}
	return changed, err
}

func (c *Certificates) parse(data [3][]byte) (*tls.Config, error) {
	certFile, keyFile, clientCAFile := c.paths[0], c.paths[1], c.paths[2]
	if !holds(data[0], "CERTIFICATE") {
		return nil, fmt.Errorf("%s: no certificate in it%s", certFile, insteadOf(data[0]))
	}
	if !holds(data[1], "PRIVATE KEY") {
		return nil, fmt.Errorf("%s: no private key in it%s", keyFile, insteadOf(data[1]))
	}
	pair, err := tls.X509KeyPair(data[0], data[1])
	switch {
	case err != nil && strings.Contains(err.Error(), "does not match public key"):
		return nil, fmt.Errorf("%s: the key does not belong to the certificate in %s", keyFile, certFile)
	case err != nil && holds(data[1], "ENCRYPTED"):
		return nil, fmt.Errorf("%s: the key is encrypted, and there is nobody to ask for its password", keyFile)
	case err != nil:
		return nil, fmt.Errorf("%s and %s: %w", certFile, keyFile, err)
	}
	config := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"}, // the only HTTP with the Upgrade that WebSocket begins with
		Certificates: []tls.Certificate{pair},
	}
	if clientCAFile == "" {
		return config, nil
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.SessionTicketsDisabled = true // a resumed session would be one that the authorities of before let in
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(data[2]) {
		return nil, fmt.Errorf("%s: no certificate in it%s", clientCAFile, insteadOf(data[2]))
	}
	return config, nil
}

// holds reports whether there is a PEM block of the type, or whose type ends with it or begins with it.
func holds(data []byte, kind string) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, kind) || strings.HasPrefix(block.Type, kind) || block.Headers["DEK-Info"] != "" && kind == "ENCRYPTED" {
			return true
		}
	}
	return false
}

// insteadOf says what is in a file in which something was missing.
func insteadOf(data []byte) string {
	block, _ := pem.Decode(data)
	switch {
	case len(data) == 0:
		return ": it is empty"
	case block == nil:
		return ": it is not a PEM file"
	}
	return fmt.Sprintf(", but a %q", block.Type)
}
