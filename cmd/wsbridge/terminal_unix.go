//go:build unix && !aix && !solaris

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// terminal is how many columns file has (0: it does not say), and whether it is a terminal at all.
func terminal(file *os.File) (columns int, is bool) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, false
	}
	var size *unix.Winsize
	if raw.Control(func(fd uintptr) { size, err = unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ) }) != nil || err != nil {
		return 0, false
	}
	return int(size.Col), true
}
