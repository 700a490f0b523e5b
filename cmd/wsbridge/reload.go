package main

import (
	"errors"
	"reflect"
)

// restartOnly are settings that what runs already was made with.
var restartOnly = []string{"listen", "proxy-protocol", "tls-cert", "tls-key", "tls-client-ca", "handshake-timeout", "explain",
	"trace", "trace-payload", "lang", "log-format", "log-level"}

// reload reads configuration, environment and all files that they name again. The new routes hold for every request
// from then on, and sessions keep theirs. What cannot be read changes nothing.
func (s *server) reload() {
	s.log.Debug("SIGHUP: reading the configuration again")
	next, err := s.config.again()
	if err != nil {
		words := []any{"error", err}
		var p *problem
		if errors.As(err, &p) && p.hint != "" {
			words = append(words, "hint", p.hint)
		}
		s.log.Error("SIGHUP: the new configuration is not used, the old one goes on", words...)
		return
	}
	for _, name := range restartOnly {
		was, is := findSetting(s.config.settings, name).source(), findSetting(next.settings, name).source()
		if !reflect.DeepEqual(was.values, is.values) {
			s.log.Warn("SIGHUP: this setting takes effect when wsbridge is started again", "setting", name)
		}
	}
	next.explain = s.config.explain
	if next.certificates = s.config.certificates; next.certificates != nil {
		if err := next.certificates.Reload(); err != nil {
			s.log.Error("SIGHUP: the new certificate is not used, the old one goes on", "error", err)
		}
	}
	next.warn(s.log)
	next.limitPairs(s.log)
	s.config = next
	s.bridge.Replace(s.options())
	s.logRoutes()
	s.log.Info("SIGHUP: the configuration has been read again")
}
