//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A browser is a dozen processes. Most are in the process group of the first, which is one of its own; those that are
// to outlive a crash leave it, and are known by their home. All end with the test, however that ends.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// browserEnv is all a browser learns of its surroundings: no display, no proxy, no home of ours.
func browserEnv(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home}
}

// runGroup runs cmd, whose home is home, until the test is over.
func runGroup(t *testing.T, cmd *exec.Cmd, home string) {
	t.Helper()
	started, ended := make(chan error), make(chan struct{})
	go stayWith(cmd, started, ended)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		endGroup(t, cmd.Process.Pid, home)
		<-ended
	})
}

// stayWith starts cmd and waits for its end on one thread: for the kernel, the parent that Pdeathsig speaks of is the
// thread.
func stayWith(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(ended)
	err := cmd.Start()
	started <- err
	if err == nil {
		cmd.Wait()
	}
}

// endGroup ends all processes of a browser, and fails the test if any is left.
func endGroup(t *testing.T, group int, home string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		left := members(t, group, home)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("after SIGKILL, still there: processes %v", left)
			return
		}
		syscall.Kill(-group, syscall.SIGKILL)
		for _, pid := range left {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// members is the processes of a group or with a home that have not ended. One that has ended while its parent does
// not ask is no process any more.
func members(t *testing.T, group int, home string) (pids []int) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		stat, _ := os.ReadFile(filepath.Join(dir, "stat")) // pid (program) state parent group …, see proc(5)
		environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 3 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		if fields[2] == strconv.Itoa(group) || slices.Contains(strings.Split(string(environ), "\x00"), "HOME="+home) {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			pids = append(pids, pid)
		}
	}
	return pids
}
