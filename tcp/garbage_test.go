//go:build !race

package tcp

import "testing"

// With the race detector a sync.Pool loses some of what it is given.
func TestNextMakesNoGarbage(t *testing.T) {
	noneHeld(t)
	for _, size := range []int{64, 256 << 10} {
		c, peer := connect(t, "tcp", 0)
		go echoAll(peer)
		got := testing.AllocsPerRun(200, func() {
			c.Write(more[:size])
			for n := 0; n < size; {
				p, err := c.Next()
				if n += len(p); err != nil {
					t.Fatal(err)
				}
			}
		})
		if got != 0 {
			t.Errorf("%v allocations for %d bytes, want 0", got, size)
		}
		c.Close()
	}
}
