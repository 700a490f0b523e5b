package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cpuClock says how CPU time is measured.
const cpuClock = "the processes' CPU clocks (clock_gettime, nanoseconds, user + system); of children that have ended, /proc/PID/stat (10 ms)"

// ownGroup puts a program into a process group of its own, so that Ctrl-C reaches wsbench alone, and has the kernel kill it should
// wsbench be killed. (The kernel means the thread that started it; Go does not end threads while it runs.)
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func killGroup(pid int) error { return unix.Kill(-pid, unix.SIGKILL) }

// group is pid and the other processes of its group that have not ended.
func group(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	pids := []int{pid}
	for _, e := range entries {
		other, err := strconv.Atoi(e.Name())
		if err != nil || other == pid {
			continue
		}
		stat, err := statFields(other)
		if err == nil && stat[0] != "Z" && stat[2] == strconv.Itoa(pid) {
			pids = append(pids, other)
		}
	}
	return pids, nil
}

// statFields are the fields of /proc/PID/stat from the third on, the state; proc_pid_stat(5) counts from 1.
func statFields(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 20 {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields)+2)
	}
	return fields, nil
}

// cpuTime is what pid and its children have used so far, user and system together.
func cpuTime(pid int) (time.Duration, error) {
	pids, err := group(pid)
	if err != nil {
		return 0, err
	}
	stat, err := statFields(pid)
	if err != nil {
		return 0, err
	}
	ticks := int64(0)
	for _, field := range stat[13:15] { // cutime, cstime: of children that were waited for
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	total := time.Duration(ticks) * 10 * time.Millisecond
	for _, each := range pids {
		used, err := clock(each)
		if err == nil {
			total += used
		} else if each == pid {
			return 0, err
		}
	}
	return total, nil
}

// clock reads the CPU clock of a process. /proc/PID/stat has the same in ticks of 10 ms, which is too coarse here. The number of the
// clock is made as clock_getcpuclockid(3) makes it.
func clock(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// usedMemory is what pid and its children hold: all resident pages, and their proportional share of shared ones, in bytes.
func usedMemory(pid int) (rss, pss int64, err error) {
	pids, err := group(pid)
	if err != nil {
		return 0, 0, err
	}
	for _, each := range pids {
		r, p, err := rollup(each)
		if err != nil && each == pid {
			return 0, 0, err
		}
		rss, pss = rss+r, pss+p
	}
	return rss, pss, nil
}

func rollup(pid int) (rss, pss int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 3 && (f[0] == "Rss:" || f[0] == "Pss:") {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return 0, 0, err
			}
			if f[0] == "Rss:" {
				rss = n << 10
			} else {
				pss = n << 10
			}
		}
	}
	if rss == 0 {
		return 0, 0, fmt.Errorf("no Rss in /proc/%d/smaps_rollup", pid)
	}
	return rss, pss, nil
}

// listeningAddress is where process pid listens, "" if it does not yet. So it may have any port, and need not say which.
func listeningAddress(pid int) (string, error) {
	inodes := map[string]bool{}
	descriptors, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, d := range descriptors {
		if to, err := os.Readlink(d); err == nil {
			if inode, ok := strings.CutPrefix(to, "socket:["); ok {
				inodes[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	if len(inodes) == 0 {
		return "", nil
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/net/tcp", pid))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil // it has ended
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	const listening = "0A"
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) > 9 && fields[3] == listening && inodes[fields[9]] {
			_, port, _ := net.SplitHostPort(fields[1])
			n, err := strconv.ParseUint(port, 16, 16)
			return fmt.Sprintf("127.0.0.1:%d", n), err
		}
	}
	return "", nil
}

// raiseFiles lets this process and those it starts have want files open, or as many as possible, and returns how many.
func raiseFiles(want uint64) (int, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	more := unix.Rlimit{Cur: max(l.Cur, min(want, l.Max)), Max: l.Max}
	if want > l.Max {
		more = unix.Rlimit{Cur: want, Max: want} // root may
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &more); err != nil {
		more = unix.Rlimit{Cur: l.Max, Max: l.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &more); err != nil {
			return int(l.Cur), nil
		}
	}
	return int(more.Cur), nil
}

func describeMachine() machine {
	m := machine{OS: "linux"}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	m.CPU = valueIn("/proc/cpuinfo", "model name")
	memory, _, _ := strings.Cut(valueIn("/proc/meminfo", "MemTotal"), " ")
	if kib, err := strconv.ParseInt(memory, 10, 64); err == nil {
		m.MemoryBytes = kib << 10
	}
	return m
}

// valueIn is the first value of a "name: value" line of a file.
func valueIn(file, name string) string {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// isTerminal reports whether file is one.
func isTerminal(file *os.File) bool {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
