//go:build linux

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// pageClosed is what a page saw: onclose, and how many times onerror before.
type pageClosed struct {
	Code     int
	Reason   string
	WasClean bool
	Errors   int
}

func (v *visit) wantClosed(got pageClosed, code int, reason string) {
	v.Helper()
	if want := (pageClosed{code, reason, true, 0}); got != want {
		v.Errorf("the page saw %+v, want %+v", got, want)
	}
}

const megabyte = 1 << 20 // bytes

func redisAnswers(v *visit) {
	socket := v.startRedis()
	bridge := v.startBridge("--target", "/redis=unix:"+socket, "--allow-origin", v.pages.origin)
	p := v.open("redis", bridge, "/redis")
	var got struct {
		Replies         []string
		FirstDifference int
		SHA256          string
		Closed          pageClosed
	}
	p.await("result", &got)
	p.wantConsole()
	if want := []string{"+PONG\r\n", "+OK\r\n", "$1048576\r\n", "\r\n", "+OK\r\n"}; !slices.Equal(got.Replies, want) {
		v.Errorf("redis answered %q, want %q", got.Replies, want)
	}
	if got.FirstDifference != -1 {
		v.Errorf("byte %d that came back differs from what the page sent, want none", got.FirstDifference)
	}
	if kept := v.readRedis(socket); kept != got.SHA256 {
		v.Errorf("redis has a value of SHA-256 %s, the page sent %s", kept, got.SHA256)
	}
	v.wantClosed(got.Closed, 1000, "target closed")
}

// startRedis starts a redis-server that keeps nothing, and returns its socket.
func (v *visit) startRedis() (socket string) {
	v.Helper()
	path := installed(v.T, "redis-server", "redis-server")
	dir, err := os.MkdirTemp("", "wsbridge-redis") // v.TempDir() has names too long for a socket
	if err != nil {
		v.Fatal(err)
	}
	v.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "redis.sock")
	p := launch(v.T, nil, path, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	p.stdout.await(v.T, "ready to accept connections")
	return socket
}

// readRedis asks redis itself for the value that the page has set, and returns its SHA-256.
func (v *visit) readRedis(socket string) string {
	v.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		v.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, "GET value\r\n")
	br := bufio.NewReader(conn)
	if length, err := br.ReadString('\n'); length != fmt.Sprintf("$%d\r\n", megabyte) {
		v.Fatalf("redis has a value of length %q (%v), want $%d", length, err, megabyte)
	}
	sum := sha256.New()
	if _, err := io.CopyN(sum, br, megabyte); err != nil {
		v.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func lineAnswers(v *visit) {
	bridge := v.startBridge("--target", "/line=lab:line", "--allow-origin", v.pages.origin)
	p := v.open("line", bridge, "/line")
	var got struct {
		Lines  []string
		Closed pageClosed
	}
	p.await("result", &got)
	p.wantConsole()
	want := []string{"wsbridge line service. Type a line, I send it back. help lists the commands, quit ends.\r\n", "发送数据\r\n", "Goodbye.\r\n"}
	if !slices.Equal(got.Lines, want) {
		v.Errorf("the line service said %q, want %q", got.Lines, want)
	}
	v.wantClosed(got.Closed, 1000, "target closed")
}
