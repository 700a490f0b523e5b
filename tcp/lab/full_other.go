//go:build !linux

package lab

import (
	"context"
	"net"
)

// listenFull is there only where a full queue is known to mean silence.
var listenFull func(ctx context.Context, address string) (net.Listener, error)
