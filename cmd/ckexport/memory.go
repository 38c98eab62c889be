package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/ckexport/ckexport/units"
	"github.com/urfave/cli/v2"
)

// What a process takes besides its heap: the program itself, stacks, and what
// the garbage collector holds back.
const besidesHeap = 80 << 20

// leastMemory is what a run takes with ordinary archives. Some kinds of output
// take more.
const leastMemory = 256 << 20

// memoryFlag is for runs that share a machine with others.
func memoryFlag() cli.Flag {
	enough := "300MiB are enough for ordinary archives"
	for _, f := range formats(places{}) {
		if f.LeastMemory > leastMemory {
			enough += fmt.Sprintf(", %s into %s", units.Size(f.LeastMemory), f.Name)
		}
	}
	return &cli.StringFlag{
		Name: "memory-limit", DefaultText: "none; " + enough,
		Usage: "keep the process to about `SIZE` of memory; large archives then count as too large earlier (see --max-archive-memory)",
	}
}

// readMemoryLimit reads the flag, 0 for none, and lets archives take no more
// than what it leaves for each job.
func readMemoryLimit(c *cli.Context, opts *exportOptions) error {
	if !c.IsSet("memory-limit") {
		return nil
	}
	n, err := units.Parse(c.String("memory-limit"))
	if err != nil {
		return usagef("--memory-limit: %v", err)
	}
	least := int64(leastMemory)
	if f, err := formats(places{}).For(opts.output); err == nil { // what is wrong with the output is told later
		least = max(least, f.LeastMemory)
	}
	if n < least {
		return usagef("--memory-limit %s: a run into %q takes at least %s", c.String("memory-limit"), opts.output, units.Size(least))
	}
	opts.memoryLimit = n
	share := max((n-besidesHeap)/2/2/int64(opts.jobs), 8<<20) // decoded, an archive takes twice what it is counted for
	if !c.IsSet("max-archive-memory") {
		opts.limits.MemoryBytes = min(opts.limits.MemoryBytes, share)
	}
	return nil
}

// heapLimit is the size that the heap, and what an output takes outside it, may always
// reach before the collector is hurried. With 16 MiB less, 12,000 archives take 1.05 times
// the time; with 16 MiB more, the same.
const heapLimit = 240 << 20

// lateCollection has a process collect garbage later than the runtime would: what
// a short run leaves is not worth it. Later still, fresh memory would cost more.
func lateCollection() {
	if !collectorIsSet() {
		debug.SetGCPercent(200)
	}
}

// collectorIsSet tells whether the caller has settings of his own for the
// garbage collector.
func collectorIsSet() bool {
	_, percent := os.LookupEnv("GOGC")
	_, limit := os.LookupEnv("GOMEMLIMIT")
	return percent || limit
}

// governedHeap has governHeap see to the heap until end is called.
func governedHeap(ctx context.Context, limit, outside int64) (end func()) {
	governed, stop := context.WithCancel(ctx)
	var governor sync.WaitGroup
	governor.Go(func() { governHeap(governed, limit, outside) })
	return func() {
		stop()
		governor.Wait()
	}
}

// governHeap lets garbage pile up to heapLimit, and where more is in use, to
// five sixteenths of that: less than the runtime's own rule, which sees to small heaps too
// often and lets large ones double. A limit that stood firm would make the
// collector run all the time where an archive needs more. It ends with ctx.
func governHeap(ctx context.Context, limit, outside int64) {
	if collectorIsSet() {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		metrics.Read(live)
		goal := max(heapLimit-outside, int64(live[0].Value.Uint64())*21/16)
		if limit > 0 {
			goal = min(goal, limit-besidesHeap)
		}
		debug.SetMemoryLimit(goal)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
