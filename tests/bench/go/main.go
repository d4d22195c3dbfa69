// The Go side of the benchmarks. One program: its first argument names the
// benchmark, the others are numbers for it; it prints one line of key=value.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// number gives argument i after the benchmark's name, or a default.
func number(i int, otherwise int) int {
	if len(os.Args) <= i+1 {
		return otherwise
	}
	n, err := strconv.Atoi(os.Args[i+1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return n
}

// each prints the time of one of n operations that began at start.
func each(start time.Time, n int) {
	elapsed := time.Since(start)
	fmt.Printf("ns_per_op=%.2f\n", float64(elapsed.Nanoseconds())/float64(n))
}

// resident gives the process's resident memory in bytes.
func resident() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize()
}

func procs() int { return runtime.GOMAXPROCS(0) }

func main() {
	benchmarks := map[string]func(){
		"spawn_one":  spawnOne,
		"spawn_bulk": spawnBulk,
		"spawn_park": spawnPark,
		"yield":      yieldInTurn,
		"round_trip": roundTrip,
		"buffered":   buffered,

		"string_round_trip": stringRoundTrip,

		"skynet": skynet,
		"sleep":  sleep,
		"wake":   wake,
		"memory": memory,
	}
	if len(os.Args) < 2 || benchmarks[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench NAME [NUMBER...]")
		os.Exit(1)
	}
	benchmarks[os.Args[1]]()
}
