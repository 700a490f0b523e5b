package main

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var collected atomic.Int32 // by timers
		r := rush{collect: func() { collected.Add(1) }}
		want := func(claim string, n int32) {
			t.Helper()
			synctest.Wait()
			if got := collected.Load(); got != n {
				t.Errorf("%s: collected %d times, want %d", claim, got, n)
			}
		}
		for range worthCollecting - 1 {
			r.open()
		}
		time.Sleep(time.Hour)
		want("too few", 0)
		for range 10 * worthCollecting {
			r.open()
			time.Sleep(quietAfterRush / 2)
		}
		want("it goes on", 0)
		time.Sleep(quietAfterRush)
		want("it is over", 1)
		time.Sleep(time.Hour)
		want("nothing more comes", 1)
		for range worthCollecting {
			r.open()
		}
		time.Sleep(quietAfterRush)
		want("another one", 2)
	})
}
