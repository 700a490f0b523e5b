package page

import (
	"context"
	"errors"
	"sync"
	"time"

	"wsbridge/explain"
	"wsbridge/tcp"
)

const (
	idlePath   = "/lab/discard" // a target that says nothing
	proxyLimit = time.Second
	idlePing   = 200 * time.Millisecond
	idleWatch  = 3 * time.Second // who is still connected then has outlived the proxy's limit
	pongLimit  = 400 * time.Millisecond
	deadWatch  = 5 * time.Second
)

// silence is what a silent client saw of its connection.
type silence struct {
	Session   string  `json:"session"`
	PingMS    int64   `json:"ping_ms"`           // asked for; 0: the bridge's own interval
	PongMS    int64   `json:"pong_ms,omitempty"` // how long the bridge shall wait for a pong, asked for
	LivedMS   float64 `json:"lived_ms"`          // from the 101 to the end
	Pings     int     `json:"pings"`             // that came
	Pongs     int     `json:"pongs"`             // that the client sent
	LastPing  float64 `json:"last_ping_ms"`      // when the last one came, after the 101
	CloseCode int     `json:"close,omitempty"`   // of the bridge's Close frame, if there was one
	Ended     string  `json:"ended"`             // fin, reset; alive: nothing ended it for as long as the client watched
}

// runIdle watches three silent connections at the same time: two behind a proxy with an idle limit, without and with
// pings, and one whose client answers no ping.
func runIdle(ctx context.Context, x *run, _ []byte) (any, error) {
	proxy, err := startProxy(ctx, x.connect, proxyLimit)
	if err != nil {
		return nil, err
	}
	defer proxy.Close()
	behind := *x
	behind.connect = proxy.Dial
	watches := []func() (silence, error){
		func() (silence, error) { return behind.staySilent(ctx, explain.Wishes{}, true, idleWatch) },
		func() (silence, error) {
			return behind.staySilent(ctx, explain.Wishes{Ping: idlePing}, true, idleWatch)
		},
		func() (silence, error) {
			return x.staySilent(ctx, explain.Wishes{Ping: idlePing, PongTimeout: pongLimit}, false, deadWatch)
		},
	}
	saw, errs := make([]silence, len(watches)), make([]error, len(watches))
	var watching sync.WaitGroup
	for i, watch := range watches {
		watching.Go(func() { saw[i], errs[i] = watch() })
	}
	watching.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return map[string]any{
		"proxy_limit_ms": proxyLimit.Milliseconds(),
		"proxy_ended":    proxy.idled.Load(),
		"watched_ms":     idleWatch.Milliseconds(),
		"behind_proxy":   saw[:2],
		"dead_peer":      saw[2],
		"keepalive":      x.keepAlive(),
	}, nil
}

// staySilent opens a WebSocket and sends nothing, or nothing but the pongs that a browser would send, until the
// connection ends, or for so long. A Close frame it always answers.
func (x *run) staySilent(ctx context.Context, w explain.Wishes, pongs bool, watch time.Duration) (s silence, err error) {
	c, id, err := x.open(ctx, idlePath, w)
	if err != nil {
		return s, err
	}
	defer c.Close()
	began := time.Now()
	since := func() float64 { return float64(time.Since(began).Microseconds()) / 1000 }
	s = silence{Session: id, PingMS: w.Ping.Milliseconds(), PongMS: w.PongTimeout.Milliseconds()}
	c.conn.SetReadDeadline(began.Add(watch))
	for {
		f, err := c.frame()
		switch {
		case err != nil && ctx.Err() != nil:
			return s, ctx.Err()
		case err != nil:
			s.LivedMS, s.Ended = since(), endOf(err)
			return s, s.leave(c)
		case f.opcode == opClose:
			s.CloseCode, _ = f.closeCode()
			c.conn.Write(wireFrame(finBit|opClose, string(f.payload), newMask())) // the bridge stops: do not hold it up
		case f.opcode == opPing:
			s.Pings++
			s.LastPing = since()
			if pongs {
				s.Pongs++
				c.conn.Write(wireFrame(finBit|opPong, string(f.payload), newMask())) // if it fails, so does the next read
			}
		}
	}
}

// leave ends a connection that has outlived the watch as a browser would.
func (s *silence) leave(c *rawClient) error {
	if s.Ended != endTimeout {
		return nil
	}
	s.Ended = "alive"
	c.conn.SetReadDeadline(time.Now().Add(answerWait))
	_, err := c.closeCleanly()
	return err
}

// keepAlive tells how TCP probes a silent peer: as it is set up for both connections of every pair, and as the kernel
// has it for the connection that asked for this run, which the bridge accepted like any other.
func (x *run) keepAlive() map[string]any {
	setUp := tcp.KeepAlive
	return map[string]any{
		"set_up":   probing{setUp.Enable, int(setUp.Idle.Seconds()), int(setUp.Interval.Seconds()), setUp.Count},
		"measured": measureProbing(x.tap), // null: not measured
	}
}

// probing is TCP keepalive: after so many seconds without traffic, every so many, given up after so many unanswered.
type probing struct {
	Enabled  bool `json:"enabled"`
	Idle     int  `json:"idle_s"`
	Interval int  `json:"interval_s"`
	Count    int  `json:"count"`
}
