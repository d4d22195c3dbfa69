package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// spawnOne makes a goroutine and waits for its end, again and again.
func spawnOne() {
	n := number(1, 1000000)
	var group sync.WaitGroup
	body := func() { group.Done() }
	start := time.Now()
	for i := 0; i < n; i++ {
		group.Add(1)
		go body()
		group.Wait()
	}
	each(start, n)
}

// spawnBulk makes all goroutines, then lets all run to their end.
func spawnBulk() {
	n := number(1, 1000000)
	var group sync.WaitGroup
	group.Add(n)
	body := func() { group.Done() }
	start := time.Now()
	for i := 0; i < n; i++ {
		go body()
	}
	group.Wait()
	each(start, n)
}

// spawnPark makes all goroutines; each waits on one channel; it is closed.
func spawnPark() {
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
	start := time.Now()
	for i := 0; i < n; i++ {
		go body()
	}
	for atomic.LoadInt64(&waiting) < int64(n) {
		runtime.Gosched()
	}
	close(gate)
	group.Wait()
	each(start, n)
}
