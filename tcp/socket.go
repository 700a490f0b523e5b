package tcp

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
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
}

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	s.read.Add(int64(n))
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
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
	for {
		if err := s.armWrite(); err != nil {
			return err
		}
		n, err := v.WriteTo(s.Conn)
		if again, err := s.wrote(int(n), err); !again {
			return err
		}
	}
}

// armWrite renews the deadline. It looks at stopped after that, and interruptWrite sets stopped before its own
// deadline, so that one of the two always ends the write.
func (s *socket) armWrite() error {
	if s.timeout > 0 {
		if err := s.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
			return err
		}
	}
	if s.stopped.Load() {
		return ErrInterrupted
	}
	return nil
}

// wrote counts n bytes and reports whether a write that ended with err should go on: when the deadline fired
// after part was taken, that part is progress. Going on begins with a try, which finds room long before the kernel
// reports any: it waits until a third of the send queue is free.
func (s *socket) wrote(n int, err error) (again bool, _ error) {
	s.written.Add(int64(n))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false, err
	}
	if s.stopped.Load() {
		return false, ErrInterrupted
	}
	if n == 0 {
		return false, ErrStalled
	}
	return true, nil
}

func (s *socket) interruptWrite() {
	s.stopped.Store(true)
	s.SetWriteDeadline(longAgo)
}
