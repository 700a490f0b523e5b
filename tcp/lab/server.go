package lab

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"
)

// Accepting goes on after an error such as EMFILE ("too many open files"), which lasts until somebody closes
// something: the waits between two tries grow from the first to the longest.
const (
	firstAcceptWait   = 5 * time.Millisecond
	longestAcceptWait = time.Second
)

// Server is one running practice server.
type Server struct {
	listener net.Listener
	answer   func(net.Conn)
	closing  chan struct{} // closed by Close; nothing is sent
	running  sync.WaitGroup
	stopOnce sync.Once
	stopErr  error // from closing the listener

	mu       sync.Mutex            // guards conns and panicked
	conns    map[net.Conn]struct{} // nil after Close
	panicked error                 // the first one
}

// Serve answers the connections of ln with the named server until Close. It returns at once; an unknown name
// is an error that lists the known ones, and leaves ln open. Otherwise Close closes ln. It is Listen that
// knows what listener each of them needs; ln may wrap that one.
func Serve(ln net.Listener, name string) (*Server, error) {
	named, err := find(name)
	if err != nil {
		return nil, err
	}
	s := &Server{
		listener: ln,
		answer:   named.answer,
		closing:  make(chan struct{}),
		conns:    make(map[net.Conn]struct{}),
	}
	s.running.Add(1)
	go s.accept()
	return s, nil
}

// Addr is the address the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close stops accepting, ends all connections, whatever they are doing, and waits for the server's goroutines.
// The error is the listener's, joined with the first panic of a connection if there was one. Further calls
// return the same.
func (s *Server) Close() error {
	s.stopOnce.Do(s.stop)
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.stopErr, s.panicked)
}

func (s *Server) stop() {
	close(s.closing)
	s.stopErr = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
}

func (s *Server) accept() {
	defer s.running.Done()
	wait := firstAcceptWait
	for {
		conn, err := s.listener.Accept()
		switch {
		case err == nil:
			wait = firstAcceptWait
			s.start(conn)
		case errors.Is(err, net.ErrClosed) || !s.pause(wait):
			return
		default:
			wait = min(2*wait, longestAcceptWait)
		}
	}
}

// pause waits, and reports false as soon as the server is closing.
func (s *Server) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closing:
		return false
	}
}

// start serves conn, or closes it if Close came first: after Close nobody would end it.
func (s *Server) start(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		conn.Close()
		return
	}
	s.conns[conn] = struct{}{}
	s.running.Add(1)
	go s.serve(conn)
}

func (s *Server) serve(conn net.Conn) {
	defer s.running.Done()
	defer s.forget(conn)
	defer s.survive()
	s.answer(conn)
	finish(conn, linger)
}

func (s *Server) forget(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// survive, deferred, keeps a panic of one connection away from all others, and keeps it for Close to tell.
func (s *Server) survive() {
	r := recover()
	if r == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panicked == nil {
		s.panicked = fmt.Errorf("a connection panicked: %v\n%s", r, debug.Stack())
	}
}
