package main

import (
	"sync"
	"sync/atomic"
)

// each calls do for 0 to n-1, workers at the same time, and returns when all have ended: with the first error, after which no more
// are begun.
func each(n, workers int, do func(int) error) error {
	var (
		wait  sync.WaitGroup
		next  atomic.Int64
		once  sync.Once
		first error
	)
	work := func() {
		defer wait.Done()
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			if err := do(i); err != nil {
				once.Do(func() { first = err })
				next.Store(int64(n))
			}
		}
	}
	for range min(n, workers) {
		wait.Add(1)
		go work()
	}
	wait.Wait()
	return first
}
