package main

import (
	"context"
	"net"
	"strings"
	"testing"
)

// bridgeTo is the address of a wsbridge in front of target.
func bridgeTo(t *testing.T, target string) string {
	t.Helper()
	k, err := readBridge(wsbridge, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.start(context.Background(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	return p.addr
}

// Between wsbridge and the target, the same damage must be found through frames.
func TestDamageBehindWsbridgeIsFound(t *testing.T) {
	target := listen(t, func(conn net.Conn) { (&server{conn: conn}).serve() })
	both := func(c *client, l *load) error { return c.transfer(l, damaged, damaged) }
	for _, up := range []bool{true, false} {
		name, head := "down", int64(0)
		if up {
			name, head = "up", requestSize
		}
		for _, d := range damages {
			t.Run(name+"/"+d.name, func(t *testing.T) {
				t.Parallel()
				r := damager{target, up, head + damaged, head + damaged/2, d}
				err := visit(t, bridgeTo(t, listen(t, r.serve)), true, patience, both)
				if err == nil || !strings.Contains(err.Error(), "corrupt") {
					t.Errorf("got %v, want a corrupt byte", err)
				}
			})
		}
	}
	if err := visit(t, bridgeTo(t, target), true, patience, both); err != nil {
		t.Errorf("undamaged: %v", err)
	}
}
