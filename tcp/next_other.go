//go:build !unix

package tcp

import "errors"

const canRead = false

func readFD(int, []byte) (int, error) { return 0, errors.ErrUnsupported }
