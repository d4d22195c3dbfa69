package main

import (
	"fmt"
	"sort"
	"sync"
	"time"
)

// sleep has many goroutines sleep 1 to 50 ms, again and again, and prints how
// late they wake up.
func sleep() {
	goroutines := number(1, 10000)
	duration := time.Duration(number(2, 2)) * time.Second
	late := make([][]time.Duration, goroutines)
	var group sync.WaitGroup
	group.Add(goroutines)
	stopAt := time.Now().Add(duration)
	for i := 0; i < goroutines; i++ {
		i, random := i, uint32(i+1)*2654435761
		go func() {
			defer group.Done()
			for {
				// xorshift: cheaper than math/rand, which would count here.
				random ^= random << 13
				random ^= random >> 17
				random ^= random << 5
				pause := time.Millisecond +
					time.Duration(random)%(49*time.Millisecond)
				before := time.Now()
				if before.After(stopAt) {
					return
				}
				time.Sleep(pause)
				late[i] = append(late[i], time.Since(before)-pause)
			}
		}()
	}
	group.Wait()

	var all []time.Duration
	early := 0
	for _, list := range late {
		all = append(all, list...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	for early < len(all) && all[early] < 0 {
		early++
	}
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	fmt.Printf("median_ms=%.4f p99_ms=%.4f max_ms=%.4f early=%d wakeups=%d\n",
		ms(all[len(all)/2]), ms(all[len(all)*99/100]), ms(all[len(all)-1]),
		early, len(all))
}

// wake has one goroutine sleep 5 ms, again and again, beside one that computes,
// and prints how late it wakes up.
func wake() {
	go func() {
		for i := 0; ; i++ {
			hogged = i
		}
	}()
	time.Sleep(50 * time.Millisecond)
	const pause = 5 * time.Millisecond
	late := make([]time.Duration, 200)
	for i := range late {
		before := time.Now()
		time.Sleep(pause)
		late[i] = time.Since(before) - pause
	}
	sort.Slice(late, func(i, j int) bool { return late[i] < late[j] })
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	fmt.Printf("median_ms=%.4f p99_ms=%.4f\n",
		ms(late[len(late)/2]), ms(late[len(late)*99/100]))
}

var hogged int
