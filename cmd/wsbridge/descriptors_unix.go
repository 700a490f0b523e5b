//go:build unix

package main

import "golang.org/x/sys/unix"

// descriptorLimit is how many files and sockets this process may have open; 0: unknown. The Go runtime has raised the
// soft limit to the hard one.
func descriptorLimit() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), 1<<30))
}
