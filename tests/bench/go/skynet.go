package main

import (
	"fmt"
	"time"
)

func skynetNode(out chan int, first, size int) {
	if size == 1 {
		out <- first
		return
	}
	sums := make(chan int)
	part := size / 10
	for i := 0; i < 10; i++ {
		go skynetNode(sums, first+i*part, part)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-sums
	}
	out <- sum
}

// skynet builds a tree of goroutines, ten children each, a million leaves.
func skynet() {
	leaves := number(1, 1000000)
	start := time.Now()
	result := make(chan int)
	go skynetNode(result, 0, leaves)
	if <-result != leaves*(leaves-1)/2 {
		panic("wrong sum")
	}
	fmt.Printf("seconds=%.4f\n", time.Since(start).Seconds())
}
