//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestOutOfDescriptors: a program that may open 48 files gets 100 connections. It neither ends nor spins, and
// afterwards it is as before.
func TestOutOfDescriptors(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "sh", "-c", "ulimit -n 48; exec wsbridge --listen 127.0.0.1:0 --handshake-timeout 1m")
	p.addr = p.stderr.await(t, listening.String())[1]
	before := open(t, p.addr, "/")
	before.send(text, []byte("there"))
	before.read(len("there")) // all of its connections are accepted
	var conns []net.Conn
	for range 100 {
		conns = append(conns, connect(t, p.addr)) // the kernel accepts what the program cannot
	}

	p.stderr.await(t, "too many open files; retrying in 5ms")
	used, begin := cpuTime(t, p), time.Now()
	p.stderr.await(t, "(?s)retrying in 1s.*retrying in 1s") // the pauses double until they are one second
	used, window := cpuTime(t, p)-used, time.Since(begin)
	if used > window/5 {
		t.Errorf("used %v of CPU time in %v without descriptors, want hardly any", used, window)
	}
	before.send(text, []byte("still there"))
	if got, want := string(before.read(len("still there"))), "still there"; got != want {
		t.Errorf("a session from before: got %q, want %q", got, want)
	}

	for _, conn := range conns {
		conn.Close()
	}
	// A dial may still find no descriptor while the program is finding out that the others have gone.
	want, got := `binary "?"`, ""
	for deadline := time.Now().Add(patience); got != want && time.Now().Before(deadline); {
		got = firstAnswer(t, p, "/")
	}
	if got != want {
		t.Errorf("a session after: got %s, want %s", got, want)
	}
}

// cpuTime is what the program has used so far (proc_pid_stat(5), fields 14 and 15, in hundredths of a second).
func cpuTime(t *testing.T, p *program) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
