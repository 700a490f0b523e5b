package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// asWsbench in the environment makes this test binary wsbench.
const asWsbench = "TEST_AS_WSBENCH=1"

// wsbridge is the program, built once.
var wsbridge string

// TestMain is wsbench itself where a test, or wsbench in a test, has started it as that.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == targetCommand || os.Args[1] == relayCommand || os.Getenv("TEST_AS_WSBENCH") != "") {
		main()
	}
	os.Exit(testAll(m))
}

func testAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wsbench-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	wsbridge = filepath.Join(dir, "wsbridge")
	if err := build(context.Background(), wsbridge); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// listen serves on a port until the test is over, and waits for what it began.
func listen(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go acceptUntilClosed(ln, serve, ended)
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return ln.Addr().String()
}

func acceptUntilClosed(ln net.Listener, serve func(net.Conn), ended chan<- struct{}) {
	defer close(ended)
	acceptAll(ln, serve)
}

// wsbench is a command that runs it.
func wsbench(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asWsbench, "GORACE=atexit_sleep_ms=10")
	return cmd
}
