package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// memory measures what a million waiting goroutines occupy, then ends them.
func memory() {
	n := number(1, 1000000)
	var waiting int64
	var group sync.WaitGroup
	group.Add(n)
	gate := make(chan int)
	body := func() {
		atomic.AddInt64(&waiting, 1)
		<-gate
		group.Done()
	}
	runtime.GC()
	before := resident()
	for i := 0; i < n; i++ {
		go body()
	}
	for atomic.LoadInt64(&waiting) < int64(n) {
		runtime.Gosched()
	}
	after := resident()
	start := time.Now()
	close(gate)
	group.Wait()
	fmt.Printf("bytes_per_g=%.1f wake_ns=%.1f\n",
		float64(after-before)/float64(n),
		float64(time.Since(start).Nanoseconds())/float64(n))
}
