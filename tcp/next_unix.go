//go:build unix

package tcp

import "golang.org/x/sys/unix"

const canRead = true

func readFD(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return n, err
		}
	}
}
