//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A browser is a dozen processes. Each browser of a test is a process group, so that all of them can be ended, and it
// ends with the test, however that ends.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// browserEnv is all a browser learns of its surroundings: no display, no proxy, no home of ours.
func browserEnv(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home}
}

// runGroup runs cmd, a group of its own, until the test is over.
func runGroup(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	started, ended := make(chan error), make(chan struct{})
	go stayWith(cmd, started, ended)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		endGroup(t, cmd.Process.Pid)
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

// endGroup ends all processes of a group, and fails the test if any is left.
func endGroup(t *testing.T, id int) {
	t.Helper()
	if err := syscall.Kill(-id, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("kill process group %d: %v", id, err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		left := groupMembers(t, id)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("after SIGKILL, still there:\n%s", strings.Join(left, "\n"))
			return
		}
	}
}

// groupMembers is the processes of a group that have not ended. One that has ended and whose parent does not ask
// is no process any more.
func groupMembers(t *testing.T, id int) (members []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		stat, _ := os.ReadFile(path) // pid (program) state parent group …, see proc(5)
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 2 && fields[0] != "Z" && fields[0] != "X" && fields[2] == strconv.Itoa(id) {
			members = append(members, strings.TrimSpace(string(stat)))
		}
	}
	return members
}
