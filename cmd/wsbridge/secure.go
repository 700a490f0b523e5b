package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"wsbridge/tcp"
)

// secureTargets is what the settings say about TLS to targets.
type secureTargets struct {
	roots     *x509.CertPool // nil: the system's
	insecure  bool
	cert, key string
}

func (s *secureTargets) readRoots(file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return &valueError{what: reason(err).Error(), note: fmt.Sprintf("is it there, and yours to read? ls -l %s", quote(file))}
	}
	s.roots = x509.NewCertPool()
	if !s.roots.AppendCertsFromPEM(pem) {
		return &valueError{what: "no certificate in PEM in it", note: "see what it is with: openssl x509 -in " + quote(file) + " -noout -text"}
	}
	return nil
}

// config is what tls:// targets are dialled with.
func (s *secureTargets) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.roots, InsecureSkipVerify: s.insecure}
	switch {
	case s.cert == "" && s.key == "":
		return config, nil
	case s.key == "":
		return nil, usage("try --target-key key.pem", "--target-cert without --target-key: a certificate is shown with its private key")
	case s.cert == "":
		return nil, usage("try --target-cert cert.pem", "--target-key without --target-cert: a private key is used with its certificate")
	}
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	if err != nil {
		return nil, usage("both are PEM files, and the key is the certificate's; see openssl x509 -in "+quote(s.cert)+" -noout -text",
			"--target-cert %s --target-key %s: %v", quote(s.cert), quote(s.key), reason(err))
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// checkSecureTargets gives each tls:// target the TLS settings of its route, and refuses some that no target has a use for.
func (c *config) checkSecureTargets() error {
	secure := false
	for i := range c.targets {
		t := &c.targets[i]
		config, err := t.settings(c).secure.config()
		if err != nil {
			return err
		}
		secure = secure || t.tokens != "" || t.dial.TLS != nil
		if t.dial.TLS != nil {
			t.dial.TLS = config
		}
	}
	for _, name := range []string{"target-ca", "target-insecure", "target-cert", "target-key"} {
		s := findSetting(c.settings, name)
		if s.from != "" && !secure && c.secure != (secureTargets{}) {
			return usage("try --target tls://localhost:6697", "%s is for tls:// targets, and there is none", s.from)
		}
	}
	return nil
}

// loadTable reads the tables of tokens.
func (c *config) loadTable() error {
	for i := range c.targets {
		t := &c.targets[i]
		if t.tokens == "" {
			continue
		}
		config, err := c.secure.config()
		if err != nil {
			return err
		}
		if t.table, err = tcp.LoadTable(t.tokens, config, c.tableFailed); err != nil {
			return usage("a table has lines like: name: localhost:5901", "%s: %v", c.fromOf("tokens"), reason(err))
		}
	}
	return nil
}

// clientTLS is what the settings say about TLS on the listener.
type clientTLS struct{ cert, key, clientCA string }

// readCertificates loads what clients are shown.
func (c *config) readCertificates() error {
	files := c.clientTLS
	switch {
	case files == clientTLS{}:
		return nil
	case files.key == "" && files.cert != "":
		return usage("try --tls-key key.pem", "%s without --tls-key: a certificate is shown with its private key", c.fromOf("tls-cert"))
	case files.cert == "":
		return usage("try --tls-cert cert.pem --tls-key key.pem", "%s without --tls-cert: there is no TLS without a certificate", c.fromOf("tls-key", "tls-client-ca"))
	}
	var err error
	if c.certificates, err = tcp.LoadCertificates(files.cert, files.key, files.clientCA); err != nil {
		return usage("see what a file is with: openssl x509 -in "+quote(files.cert)+" -noout -text", "%s: %v", c.fromOf("tls-cert"), err)
	}
	return nil
}
