//go:build !unix

package lab

import (
	"context"
	"net"
)

var (
	listenNarrow   = listenPlain
	listenRefusing func(ctx context.Context, address string) (net.Listener, error) // none
)
