package main

import (
	"runtime"
	"strings"
	"sync"
	"time"
)

// yieldInTurn lets goroutines (by default two for each P) call Gosched.
func yieldInTurn() {
	goroutines := number(1, 2*procs())
	total := number(2, 4000000)
	rounds := total / goroutines
	var group sync.WaitGroup
	group.Add(goroutines)
	start := time.Now()
	for i := 0; i < goroutines; i++ {
		go func() {
			for i := 0; i < rounds; i++ {
				runtime.Gosched()
			}
			group.Done()
		}()
	}
	group.Wait()
	each(start, rounds*goroutines)
}

// roundTrip sends numbers there and back over two unbuffered channels, in one
// pair of goroutines or as many as asked for.
func roundTrip() {
	pairs := number(1, 1)
	total := number(2, 1000000)
	trips := total / pairs
	var group sync.WaitGroup
	group.Add(pairs)
	start := time.Now()
	for i := 0; i < pairs; i++ {
		ping, pong := make(chan int), make(chan int)
		go func() {
			for v := range ping {
				pong <- v
			}
		}()
		go func() {
			for i := 0; i < trips; i++ {
				ping <- i
				if <-pong != i {
					panic("wrong answer")
				}
			}
			close(ping)
			group.Done()
		}()
	}
	group.Wait()
	each(start, trips*pairs)
}

// stringRoundTrip sends a 32-byte string there and back over two unbuffered
// channels. Each side makes a copy, as a message between heaps is one.
func stringRoundTrip() {
	trips := number(1, 1000000)
	ask, answer := make(chan string), make(chan string)
	text := strings.Repeat("x", 32)
	start := time.Now()
	go func() {
		for v := range ask {
			answer <- strings.Clone(v)
		}
	}()
	for i := 0; i < trips; i++ {
		ask <- strings.Clone(text)
		<-answer
	}
	each(start, trips)
	close(ask)
}

// buffered sends numbers through a buffer of 128.
func buffered() {
	n := number(1, 5000000)
	ch := make(chan int, 128)
	done := make(chan int)
	start := time.Now()
	go func() {
		for i := 1; i <= n; i++ {
			ch <- i
		}
		close(ch)
	}()
	go func() {
		sum := 0
		for v := range ch {
			sum += v
		}
		done <- sum
	}()
	if <-done != n*(n+1)/2 {
		panic("wrong sum")
	}
	each(start, n)
}
