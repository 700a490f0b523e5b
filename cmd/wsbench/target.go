package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// pieceSize is how much the target reads and writes at once, in bytes.
const pieceSize = 64 << 10

// pieces keeps thousands of idle connections from holding a buffer each.
var pieces = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// serveTarget answers requests (request.go) on every connection, until ln is closed.
func serveTarget(ln net.Listener) error {
	pattern()
	return acceptAll(ln, func(conn net.Conn) { (&server{conn: conn}).serve() })
}

// server is the target's side of a connection.
type server struct {
	conn     net.Conn
	answered int64 // requests
	head     [requestSize]byte
}

// serve answers requests until the client ends the connection between two of them, or one is not right.
func (s *server) serve() {
	for {
		if _, err := io.ReadFull(s.conn, s.head[:]); err != nil {
			return
		}
		r, ok := parseRequest(s.head[:])
		if !ok {
			s.refuse(wordLost, s.answered)
			return
		}
		bad, err := s.answer(r)
		if bad >= 0 {
			s.refuse(wordDiff, bad)
		}
		if bad >= 0 || err != nil {
			return
		}
		if _, err := s.conn.Write(appendVerdict(nil, wordDone, r.up)); err != nil {
			return
		}
		s.answered++
	}
}

// answer does what r asks but for the verdict. bad is the first byte that is not right, -1 if there is none.
func (s *server) answer(r request) (bad int64, err error) {
	if r.mode == modeEcho {
		return -1, s.receive(r.up, s.echo)
	}
	sent := make(chan error, 1)
	go s.send(r.down, sent)
	bad = -1
	pos := int64(0)
	err = s.receive(r.up, func(p []byte) error {
		if i := difference(p, pos); i >= 0 {
			bad = pos + int64(i)
			return errCorrupt
		}
		pos += int64(len(p))
		return nil
	})
	if bad < 0 && err != nil {
		s.conn.Close()
	}
	if err := <-sent; err != nil {
		return -1, err
	}
	return bad, err
}

// echo sends p back unseen: the client compares it.
func (s *server) echo(p []byte) error {
	_, err := s.conn.Write(p)
	return err
}

// receive reads exactly n bytes.
func (s *server) receive(n int64, take func([]byte) error) error {
	if n == 0 {
		return nil
	}
	buf := pieces.Get().(*[pieceSize]byte)
	defer pieces.Put(buf)
	for n > 0 {
		m, err := s.conn.Read(buf[:min(n, pieceSize)])
		if m > 0 {
			if err := take(buf[:m]); err != nil {
				return err
			}
			n -= int64(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// send writes the first n bytes of the stream.
func (s *server) send(n int64, done chan<- error) {
	for pos := int64(0); pos < n; {
		m, err := s.conn.Write(piece(pos, min(n-pos, pieceSize)))
		if err != nil {
			done <- err
			return
		}
		pos += int64(m)
	}
	done <- nil
}

// refuse tells the client what is wrong, and reads on for a while so that a RST does not overtake the words.
func (s *server) refuse(word string, n int64) {
	if _, err := s.conn.Write(appendVerdict(nil, word, n)); err == nil {
		s.conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.Copy(io.Discard, s.conn)
	}
}
