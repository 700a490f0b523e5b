package ws

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// Each message of a long-lived connection is free of garbage, in both directions and however long it is.
func TestNoAllocationPerMessage(t *testing.T) {
	for _, size := range []int{1, 64, 4000, 100_000} {
		payload := strings.Repeat("x", size)
		received := []byte(binaries(payload))
		tests := []struct {
			claim  string
			frames string
		}{
			{"one frame", frame(fin|opBinary, payload)},
			{"fragments and a pong", frame(opBinary, payload[1:]) + frame(0, "") + frame(fin|opPong, "p") + frame(fin, "x")},
			{"text", frame(fin|opText, payload)},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprintf("in place: %s of %d bytes", tt.claim, size), func(t *testing.T) {
				c, cl := connect(t, Options{})
				sent := []byte(tt.frames)
				there := func() {
					cl.Write(sent)
					for n := 0; n < size; {
						p, err := c.Next()
						if err != nil || string(p) != payload[n:n+len(p)] {
							t.Errorf("after %d bytes: %.50q, %v", n, p, err)
						}
						n += len(p)
					}
				}
				if got := testing.AllocsPerRun(200, there); got != 0 {
					t.Errorf("Next: %v allocations a message, want 0", got)
				}
			})
			t.Run(fmt.Sprintf("%s of %d bytes", tt.claim, size), func(t *testing.T) {
				c, cl := connect(t, Options{})
				sent, buf := []byte(tt.frames), make([]byte, size)
				there := func() {
					cl.Write(sent)
					if _, err := io.ReadFull(c, buf); err != nil {
						t.Error(err)
					}
				}
				if got := testing.AllocsPerRun(200, there); got != 0 {
					t.Errorf("Read: %v allocations a message, want 0", got)
				}
				if string(buf) != payload {
					t.Errorf("Read %.50q, want %.50q", buf, payload)
				}
			})
		}
		t.Run(fmt.Sprintf("written, of %d bytes", size), func(t *testing.T) {
			c, cl := connect(t, Options{})
			sent, buf := []byte(payload), make([]byte, len(received))
			back := func() {
				c.Write(sent)
				if _, err := io.ReadFull(cl.in, buf); err != nil {
					t.Error(err)
				}
			}
			if got := testing.AllocsPerRun(200, back); got != 0 {
				t.Errorf("Write: %v allocations a message, want 0", got)
			}
			if string(buf) != string(received) {
				t.Errorf("Write: got %.50q, want %.50q", buf, received)
			}
		})
	}
}
