package main

import (
	"errors"
	"io"
	"net"
	"os"
)

// What wsbench starts of itself.
const (
	targetCommand = "serve-target"
	relayCommand  = "serve-relay"
)

var errCorrupt = errors.New("corrupt")

// relayBuffer is the buffer of each direction of the TCP relay, in bytes.
const relayBuffer = 64 << 10

// helper serves on a port of the system's choice until stdin ends, which happens when wsbench does, however it ends.
func helper(serve func(net.Listener) error) error {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go closeAtEOF(os.Stdin, ln)
	if err := serve(ln); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func closeAtEOF(r io.Reader, ln net.Listener) {
	io.Copy(io.Discard, r)
	ln.Close()
}

// acceptAll calls serve for each connection of ln in a goroutine of its own, and then closes the connection. It returns
// when ln fails, and does not wait for connections: the process ends.
func acceptAll(ln net.Listener, serve func(net.Conn)) error {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		go serveAndClose(conn, serve)
	}
}

func serveAndClose(conn net.Conn, serve func(net.Conn)) {
	defer conn.Close()
	serve(conn)
}

// relayTo returns the reference: a relay to target that copies bytes, one buffer per direction, and knows nothing else. It is what
// one writes first, but for io.Copy, which on Linux would not copy at all (splice).
func relayTo(target string) func(net.Listener) error {
	return func(ln net.Listener) error {
		return acceptAll(ln, func(client net.Conn) { relay(client, target) })
	}
}

func relay(client net.Conn, target string) {
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{})
	go copyAndSay(client, server, done)
	copyBytes(server, client)
	<-done
}

func copyAndSay(dst, src net.Conn, done chan<- struct{}) {
	defer close(done)
	copyBytes(dst, src)
}

// copyBytes writes to dst what src has, and passes its end on. When one of them fails it closes both.
func copyBytes(dst, src net.Conn) {
	buf := make([]byte, relayBuffer)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				break
			}
		}
		if err == io.EOF {
			dst.(*net.TCPConn).CloseWrite()
			return
		}
		if err != nil {
			break
		}
	}
	dst.Close()
	src.Close()
}
