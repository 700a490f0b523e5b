package tcp

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// longAgo is a deadline that has passed: it ends a blocked call at once.
var longAgo = time.Unix(1, 0)

// socket is the connection itself, below TLS where there is TLS. A write to it may take for ever as long as
// the peer goes on taking bytes, and fails with ErrStalled when it took none for timeout.
type socket struct {
	net.Conn
	timeout time.Duration // 0: no limit
	stopped atomic.Bool   // set by InterruptWrite
	read    atomic.Int64  // bytes
	written atomic.Int64  // bytes the kernel has taken

	// The writing goroutine's:
	acked int64 // bytes the peer had acknowledged at the last look
	quiet int   // looks in a row that saw no progress

	closeWrite    sync.Once
	closeWriteErr error
}

// socketBelow is the socket below TLS that nc stands on; nil if there is none.
func socketBelow(nc net.Conn) *socket {
	for nc != nil {
		if s, ok := nc.(*socket); ok {
			return s
		}
		nc = Below(nc)
	}
	return nil
}

// Below is the connection that nc wraps, nil if it has no NetConn() net.Conn.
func Below(nc net.Conn) net.Conn {
	if w, ok := nc.(interface{ NetConn() net.Conn }); ok {
		return w.NetConn()
	}
	return nil
}

// looks is how often within its timeout a write that waits looks for progress. So a stall is found at the earliest
// when the timeout is over, and at the latest a look later.
const looks = 4

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	s.read.Add(int64(n))
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
	s.quiet = 0
	done := 0
	for {
		if err := s.armWrite(); err != nil {
			return done, err
		}
		n, err := s.Conn.Write(p[done:])
		done += n
		if again, err := s.wrote(n, err); !again {
			return done, err
		}
	}
}

// writeBuffers writes all of v with as few system calls as the connection allows, and consumes it.
func (s *socket) writeBuffers(v *net.Buffers) error {
	s.quiet = 0
	for {
		if err := s.armWrite(); err != nil {
			return err
		}
		n, err := writeTo(s.Conn, v)
		if again, err := s.wrote(int(n), err); !again {
			return err
		}
	}
}

// writeTo lets a wrapper around the connection write in one system call too; package net knows only its own.
func writeTo(c net.Conn, v *net.Buffers) (int64, error) {
	if w, ok := c.(interface {
		WriteBuffers(*net.Buffers) (int64, error)
	}); ok {
		return w.WriteBuffers(v)
	}
	return v.WriteTo(c)
}

// armWrite renews the deadline. It looks at stopped after that, and interruptWrite sets stopped before its own
// deadline, so that one of the two always ends the write.
func (s *socket) armWrite() error {
	if s.timeout > 0 {
		if err := s.SetWriteDeadline(time.Now().Add(s.timeout / looks)); err != nil {
			return err
		}
	}
	if s.stopped.Load() {
		return ErrInterrupted
	}
	return nil
}

// wrote counts n bytes and reports whether a write that ended with err should go on: a deadline that fires ends it
// only when nothing was taken for the whole timeout.
func (s *socket) wrote(n int, err error) (again bool, _ error) {
	s.written.Add(int64(n))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false, err
	}
	if s.stopped.Load() {
		return false, ErrInterrupted
	}
	if s.timeout == 0 {
		return false, err // somebody else's deadline
	}
	s.quiet++
	if s.moved() || n > 0 {
		s.quiet = 0
	}
	if s.quiet >= looks {
		return false, ErrStalled
	}
	return true, nil
}

// moved reports whether the peer has acknowledged bytes since the last look. It may do so long before the send
// queue, which gives room back in steps of many kilobytes, can take more.
func (s *socket) moved() bool {
	left, known := sendQueue(s.Conn)
	acked := s.written.Load() - int64(left)
	moved := known && acked != s.acked
	s.acked = acked
	return moved
}

// NetConn is the connection that the socket counts and looks at.
func (s *socket) NetConn() net.Conn { return s.Conn }

// SyscallConn reaches what the kernel knows.
func (s *socket) SyscallConn() (syscall.RawConn, error) {
	sc, ok := s.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return sc.SyscallConn()
}

// CloseWrite sends FIN, if the connection can. Only the first call does anything.
func (s *socket) CloseWrite() error {
	s.closeWrite.Do(func() {
		if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
			s.closeWriteErr = half.CloseWrite()
		}
	})
	return s.closeWriteErr
}

func (s *socket) interruptWrite() {
	s.stopped.Store(true)
	s.SetWriteDeadline(longAgo)
}
