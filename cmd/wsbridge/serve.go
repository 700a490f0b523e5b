package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"wsbridge/bridge"
	"wsbridge/explain"
	"wsbridge/tcp"
)

const (
	maxHeader = 16 << 10 // bytes, of a whole request without body
	httpSlack = 4 << 10  // what net/http takes beyond MaxHeaderBytes

	// requestGrace is for answers that are being written when everything else has ended.
	requestGrace = 250 * time.Millisecond
)

// server is everything that runs while wsbridge serves.
type server struct {
	log       *slog.Logger
	config    *config // as it is now; SIGHUP changes it
	watching  watching
	practice  practice
	bridge    *bridge.Bridge
	http      *http.Server
	listeners []net.Listener
	own       *tcp.Loopback // what the program's own clients come on
	waiting   waiting
	serving   sync.WaitGroup
	failed    chan error // room for one of each listener, so that none waits
}

// serve runs until a signal or a listener's failure and returns when everything has ended, at the latest after
// --shutdown-timeout.
func serve(c *config, log *slog.Logger, stdout, stderr io.Writer) error {
	ending := make(chan os.Signal, 2) // for the first signal and the one that is in a hurry
	signal.Notify(ending, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(ending)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	collectSooner()
	s, err := startServer(context.Background(), c, log, c.trace.printer(stdout, log))
	if err != nil {
		return err
	}
	if len(c.targets) == 0 {
		if c.trace.form == explain.AsJSON {
			stdout = stderr // stdout is for programs
		}
		banner(stdout, c.listen[0], s.listeners[0].Addr(), c.certificates != nil)
	}
	for {
		select {
		case <-hangup:
			s.reload()
		case err := <-s.failed:
			s.stop(s.config.shutdownTimeout, ending)
			return err
		case sig := <-ending:
			log.Info("stopping", "signal", sig.String())
			return s.stop(s.config.shutdownTimeout, ending)
		}
	}
}

// startServer begins to serve. It returns at once.
func startServer(ctx context.Context, c *config, log *slog.Logger, trace *explain.Printer) (*server, error) {
	s := &server{log: log, config: c}
	s.waiting = waiting{most: c.limitPairs(log).requests, rush: rush{collect: debug.FreeOSMemory}, log: log}
	for _, address := range c.listen {
		listeners, err := listen(ctx, address)
		if err != nil {
			closeAll(s.listeners)
			return nil, listenProblem(address, err, findSetting(c.settings, "listen").asFlag)
		}
		s.listeners = append(s.listeners, listeners...)
	}
	s.watching = startWatching(c, trace)
	if c.explain {
		var err error
		if s.practice, err = startPractice(ctx, s.watching.practiceListener()); err != nil {
			closeAll(s.listeners)
			return nil, err
		}
	}
	s.bridge = bridge.New(s.options())
	s.own = tcp.NewLoopback()
	s.watching.openPage(c, s.bridge, s.own.Dial, s.listeners[0], log)
	s.http = s.httpServer()
	s.failed = make(chan error, len(s.listeners)+1)
	for _, ln := range s.listeners {
		log.Info("listening", "address", ln.Addr().String())
		s.serving.Add(1)
		go s.accept(ln, s.facing(ln))
	}
	s.serving.Add(1)
	go s.accept(s.own, s.own)
	s.logRoutes()
	return s, nil
}

// options are the bridge's, as the configuration is now.
func (s *server) options() bridge.Options {
	options := s.config.bridge
	options.Routes, options.Log, options.Watch = routes(s.config, s.practice), s.log, s.watching.session
	return options
}

func (s *server) logRoutes() {
	targets := s.config.targets
	if len(targets) == 0 {
		targets = []target{{path: "/", lab: "echo"}}
	}
	for i := range targets {
		t := &targets[i]
		words := []any{"path", t.path, "target", t.String()}
		if t.host != "" {
			words = append(words, "host", t.host)
		}
		s.log.Info("route", words...)
	}
}

// facing is what clients meet at a listener: a PROXY header first, if there is one, and then TLS.
func (s *server) facing(ln net.Listener) net.Listener {
	limit := s.config.bridge.HandshakeTimeout
	if s.config.proxyProtocol {
		ln = tcp.ProxiedListener(ln, s.bridge.Trusts, limit)
	}
	if s.config.certificates != nil {
		s.config.certificates.Failed = func(err error) {
			s.log.Error("the new certificate is not used, the old one goes on", "error", err)
		}
		ln = tcp.SecureListener(ln, s.config.certificates, limit)
	}
	return ln
}

// httpServer speaks HTTP/1.1, which alone has the Upgrade that WebSocket begins with. When descriptors run out it
// accepts again after pauses that grow to a second.
func (s *server) httpServer() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	limit := s.config.bridge.HandshakeTimeout
	return &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: limit,
		IdleTimeout:       limit,
		MaxHeaderBytes:    maxHeader - httpSlack,
		Protocols:         protocols,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ConnContext:       connContext,
		ConnState:         s.waiting.connState,
	}
}

// accept serves one listener, or what faces clients there, until it is closed.
func (s *server) accept(at, ln net.Listener) {
	defer s.serving.Done()
	err := s.http.Serve(s.watching.listener(ln))
	if !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
		s.failed <- &problem{exitRuntime, fmt.Sprintf("accept on %s: %v", at.Addr(), reason(err)), "start wsbridge again"}
	}
}

// stop ends everything within limit (0: none), whatever the peers do; a signal meanwhile ends it at once.
func (s *server) stop(limit time.Duration, hurry <-chan os.Signal) error {
	ended := make(chan struct{})
	go s.end(limit, ended)
	var over <-chan time.Time
	if limit > 0 {
		over = time.After(limit)
	}
	select {
	case <-ended:
		s.log.Info("stopped")
	case <-over:
		s.log.Warn("stopped before everything had ended")
	case sig := <-hurry:
		s.log.Warn("stopped at once", "signal", sig.String())
		return secondSignal(sig)
	}
	return nil
}

// end stops accepting, ends the sessions, and then what is left of requests that never became one.
func (s *server) end(limit time.Duration, ended chan<- struct{}) {
	defer close(ended)
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit-limit/16) // the rest is for what follows the sessions
	}
	defer cancel()
	closeAll(s.listeners)
	s.own.Close()
	err := s.bridge.Shutdown(ctx)
	s.watching.stopPage()
	if err != nil {
		s.log.Warn("connections cut off: their peers took too long", "limit", "--shutdown-timeout")
	} else {
		grace, cancel := context.WithTimeout(ctx, requestGrace)
		defer cancel()
		s.http.Shutdown(grace)
	}
	s.http.Close()
	s.serving.Wait()
	s.watching.close()
	if err := s.practice.Close(); err != nil {
		s.log.Warn("practice servers", "error", err)
	}
}

// secondSignal is the exit status that shells give a process killed by sig.
func secondSignal(sig os.Signal) error {
	if sig == os.Interrupt {
		return exitStatus(130)
	}
	return exitStatus(143)
}
