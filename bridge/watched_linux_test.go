package bridge

import (
	"encoding/json"
	"io"
	"testing"
	"time"

	"wsbridge/explain"
)

// What the kernel counts is what was read and written, when nothing is on its way: the equations that the page shows.
func TestKernelEquations(t *testing.T) {
	r, w := practiceRig(t, slowLimits())
	c := r.dial("/")
	target := r.accept()
	c.send(binary, random(3000))
	wantRead(t, target, random(3000)[:1000]) // 2000 bytes stay in the target's queue
	io.WriteString(target, random(5000))
	for got := 0; got < 5000; {
		f, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		got += len(f.payload)
	}
	settled(t, w, func(a, b, there *explain.TCP) bool {
		return a.BytesRead+int64(*a.InQueue) == int64(*a.BytesReceived) &&
			a.BytesWritten-int64(*a.OutQueue) == int64(*a.BytesAcked) &&
			b.BytesRead+int64(*b.InQueue) == int64(*b.BytesReceived) &&
			there.BytesRead+int64(*there.InQueue) == int64(*b.BytesAcked)-1 && // the SYN
			there.BytesRead+int64(*there.InQueue) == int64(*there.BytesReceived) &&
			there.BytesRead == 1000 && *there.InQueue == 2000 &&
			there.BytesWritten == int64(*b.BytesReceived)
	})
	c.sendClose(1000, "")
	// The bridge's FIN has a number of its own, on both sides, and waits for no read.
	settled(t, w, func(_, b, there *explain.TCP) bool {
		return there.BytesRead+int64(*there.InQueue) == int64(*b.BytesAcked)-2 &&
			there.BytesRead+int64(*there.InQueue) == int64(*there.BytesReceived)-1
	})
	io.Copy(io.Discard, target)
	target.Close()
	leave(c)
	w.events(t)
}

// settled waits until what the last samples of both connections, and of the target's end, say is true.
func settled(t *testing.T, w *watcher, holds func(a, b, there *explain.TCP) bool) {
	t.Helper()
	v := w.last().View()
	defer v.Close()
	var a, b, there *explain.TCP
	stop := time.AfterFunc(patience, func() { w.last().End() })
	defer stop.Stop()
	for {
		events, more := v.Next(t.Context(), 0)
		for _, e := range events {
			switch {
			case e.Layer != explain.Kernel:
			case e.Kind == explain.TargetSample:
				there = e.TCP
			case e.Stream == explain.A:
				a = e.TCP
			default:
				b = e.TCP
			}
		}
		if a != nil && b != nil && there != nil && holds(a, b, there) {
			return
		}
		if !more {
			said, _ := json.Marshal([]*explain.TCP{a, b, there})
			t.Fatalf("never true; at the end A, B and the target said\n%s", said)
		}
	}
}
