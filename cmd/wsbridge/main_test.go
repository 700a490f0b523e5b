package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain puts this program into $PATH as wsbridge, for scripts and for start.
func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"wsbridge": main})
}

type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, quickExit)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":      scriptExit,
			"port":      scriptPort,
			"await":     scriptAwait,
			"say":       scriptSay,
			"websocket": scriptWebSocket,
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "9998":
				return canListen("127.0.0.1:9998") && (canListen("[::1]:9998") || !canListen("[::1]:0")), nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// scriptExit is "exit CODE program args...": the program ends with this code.
func scriptExit(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var status *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &status) {
		got = status.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// scriptPort is "port NAME...": each variable becomes a port on which nothing listens.
func scriptPort(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		ts.Setenv(name, freePort(ts.Fatalf))
	}
}

// scriptAwait is "await ADDRESS": something listens there before long.
func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", args[0])
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v", err)
		}
	}
}

// scriptSay is "say ADDRESS TEXT ANSWER": TEXT, sent over TCP, is answered by ANSWER.
func scriptSay(ts *testscript.TestScript, neg bool, args []string) {
	conn, err := net.Dial("tcp", args[0])
	ts.Check(err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	_, err = conn.Write([]byte(args[1]))
	ts.Check(err)
	answer := make([]byte, len(args[2]))
	n, err := io.ReadFull(conn, answer)
	if string(answer[:n]) != args[2] {
		ts.Fatalf("answer %q (%v), want %q", answer[:n], err, args[2])
	}
}

func canListen(address string) bool {
	ln, err := net.Listen("tcp", address)
	if err == nil {
		ln.Close()
	}
	return err == nil
}

func freePort(fatalf func(string, ...any)) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fatalf("%v", err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}
