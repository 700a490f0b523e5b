package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

// children are the processes that pid has started and that have not ended.
func children(pid int) []int {
	entries, _ := os.ReadDir("/proc")
	var list []int
	for _, e := range entries {
		var child int
		if _, err := fmt.Sscan(e.Name(), &child); err != nil {
			continue
		}
		if stat, err := statFields(child); err == nil && stat[1] == fmt.Sprint(pid) && stat[0] != "Z" {
			list = append(list, child)
		}
	}
	return list
}

func TestNothingIsLeftRunning(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, exitInterrupted}, {syscall.SIGTERM, exitInterrupted}, {syscall.SIGKILL, -1}} {
		var stderr bytes.Buffer
		cmd := wsbench("--rounds", "1000", "--only", "up", "--bridge", wsbridge)
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var started []int
		for limit := time.Now().Add(patience); len(started) < 2; time.Sleep(time.Millisecond) {
			if started = children(cmd.Process.Pid); time.Now().After(limit) {
				t.Fatalf("it started nothing: %s", stderr.String())
			}
		}
		cmd.Process.Signal(tt.signal)
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != tt.code {
			t.Errorf("%v: exit code %d, want %d; %s", tt.signal, got, tt.code, stderr.String())
		}
		for limit := time.Now().Add(startLimit); slices.ContainsFunc(started, runs); time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("%v: some of %v still run", tt.signal, started)
			}
		}
	}
}

func runs(pid int) bool {
	stat, err := statFields(pid)
	return err == nil && stat[0] != "Z"
}

// What is read from /proc is of the process that was asked about, and of its children.
func TestProc(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for used := time.Duration(0); used < 20*time.Millisecond; {
		newLoad(1<<10, true)
		now, err := cpuTime(os.Getpid())
		if err != nil || now < before {
			t.Fatalf("%v after %v, %v", now, before, err)
		}
		used = now - before
	}
	rss, pss, err := usedMemory(os.Getpid())
	if err != nil || pss <= 0 || pss > rss {
		t.Errorf("rss %d, pss %d, %v", rss, pss, err)
	}
	addr := listen(t, nil)
	if got, err := listeningAddress(os.Getpid()); got == "" || err != nil {
		t.Errorf("got %q, %v, want %s or another", got, err, addr)
	}
	if _, err := cpuTime(1 << 30); err == nil {
		t.Error("CPU time of no process")
	}
}
