//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// silence is longer than a minute, after which nginx and HAProxy give up on a session that is silent.
const silence = 75 * time.Second

const pong = 0xA

// silentSession is a session in which nobody says a thing but what WebSocket has for that, ping and pong.
type silentSession struct {
	name   string
	proxy  *proxy
	flags  []string // of wsbridge, beside those that the file says
	wanted string   // of it after the silence
	log    string   // of the proxy must match this; "" is anything

	site   *site
	client *client
	ended  chan struct{} // closed when the fields below are set

	end   string
	after time.Duration
	pings int
}

// keepSilent shows that wsbridge's pings carry a silent session through the limits of the files, and that the limits are
// real: without pings the same sessions end.
func keepSilent(t *testing.T, binary string) {
	if testing.Short() {
		t.Skip("takes 75 s; run it without -short")
	}
	noPings := []string{"--ping-interval", "0"}
	sessions := []*silentSession{
		{name: "nginx", proxy: &nginx, wanted: "open"},
		{name: "nginx, without pings", proxy: &nginx, flags: noPings, wanted: "end of TCP",
			log: `\[info\] .*upstream timed out .* while proxying upgraded connection`},
		{name: "HAProxy", proxy: &haproxy, wanted: "open"},
		{name: "HAProxy, without pings", proxy: &haproxy, flags: noPings, wanted: "end of TCP"},
		{name: "Caddy", proxy: &caddy, wanted: "open"},
		{name: "Caddy, without pings", proxy: &caddy, flags: noPings, wanted: "open"},
	}
	for _, s := range sessions {
		s.site = s.proxy.start(t, binary, s.flags...)
		s.client = s.site.open(t, "/")
		s.ended = make(chan struct{})
		s.client.conn.SetDeadline(time.Now().Add(silence))
		go s.listen()
	}
	for _, s := range sessions {
		<-s.ended
		t.Run(s.name, s.check)
	}
}

// listen answers pings until the silence is over, or the session.
func (s *silentSession) listen() {
	defer close(s.ended)
	began := time.Now()
	for s.end == "" {
		opcode, payload, err := s.client.frame()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.end = "open"
		case err != nil:
			s.end = "end of TCP"
		case opcode == ping:
			s.pings++
			s.client.send(pong, payload)
		default:
			s.end = fmt.Sprintf("opcode %d %q", opcode, payload)
		}
	}
	s.after = time.Since(began)
}

func (s *silentSession) check(t *testing.T) {
	t.Logf("%s after %.1f s and %d pings", s.end, s.after.Seconds(), s.pings)
	if s.end != s.wanted {
		t.Errorf("got %s, want %s", s.end, s.wanted)
	}
	if pinged := s.pings > 0; pinged != (s.flags == nil) {
		t.Errorf("got %d pings with the flags %q", s.pings, s.flags)
	}
	if s.end == "open" {
		s.client.conn.SetDeadline(time.Now().Add(patience))
		s.client.send(text, []byte("still there?"))
		expectNext(t, s.client, `binary "still there?"`)
	}
	if s.log != "" {
		s.site.proxy.stderr.await(t, s.log)
	}
}
