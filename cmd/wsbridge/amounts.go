package main

import (
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
)

const (
	ownDescriptors = 64 // listeners, practice servers, files, and what the runtime has

	fewestRequests = 64
	mostRequests   = 4096
)

// amounts are how many connections this process can have, so that no number of clients uses up its descriptors: pairs,
// and connections that are no pairs, or not yet.
type amounts struct{ pairs, requests int }

// amountsFor divides a limit of descriptors, of which a pair takes so many; a limit of 0 is unknown, and then nothing is
// limited.
func amountsFor(descriptors, ofPair int) amounts {
	if descriptors == 0 {
		return amounts{}
	}
	requests := min(descriptors/4, mostRequests)
	own := min(descriptors/4, ownDescriptors)
	return amounts{pairs: max((descriptors-requests-own)/ofPair, 1), requests: max(requests, fewestRequests)}
}

// limitPairs applies --max-conns, or else what the descriptors suffice for.
func (c *config) limitPairs(log *slog.Logger) amounts {
	ofPair := 2
	if c.explain {
		ofPair = 3 // of one with a practice server, which anybody can have
	}
	can := amountsFor(descriptorLimit(), ofPair)
	c.bridge.MaxConns, c.bridge.MaxConnsPerIP = can.pairs, c.maxConnsPerIP
	if from := findSetting(c.settings, "max-conns").from; from != "" {
		c.bridge.MaxConns = c.maxConns
		if can.pairs > 0 && c.maxConns > can.pairs {
			log.Warn("more connections than there are descriptors for", "setting", from, "value", c.maxConns, "suffice for", can.pairs,
				"hint", "raise the limit: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of docker")
		}
	}
	return can
}

// waiting counts the connections that HTTP still has: whoever opens them and says nothing cannot take the descriptors
// of the sessions.
type waiting struct {
	most int // 0: no limit
	rush rush
	now  atomic.Int64
	full atomic.Bool // a line has been logged since it was last half empty
	log  *slog.Logger
}

// connState is for http.Server. A connection too many is closed before a byte of it is read.
func (w *waiting) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		n := w.now.Add(1)
		if w.most > 0 && n > int64(w.most) {
			if !w.full.Swap(true) {
				w.log.Warn("too many connections that are no sessions: further ones are closed at once", "most", w.most)
			}
			conn.Close()
		}
	case http.StateHijacked, http.StateClosed:
		if state == http.StateHijacked {
			w.rush.open()
		}
		if n := w.now.Add(-1); n < int64(w.most/2) {
			w.full.Store(false)
		}
	}
}
