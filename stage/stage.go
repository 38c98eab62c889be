// Package stage names the stages of a run in CPU profiles, so that a profile
// tells which of them more CPUs could do faster.
package stage

import (
	"context"
	"runtime/pprof"
)

// Label is the key of the label that samples of a profile have.
const Label = "stage"

// The stages. Of the last three one goroutine does all.
const (
	Decode  = "decode"  // archives to rows
	Gather  = "gather"  // rows of small archives to record batches, table by table
	Encode  = "encode"  // record batches to files
	Collect = "collect" // who is known, what is a duplicate, the ledger; rows of large archives to record batches
	Write   = "write"   // record batches to the sink, which has others encode them
	Commit  = "commit"  // what makes the run visible; loading, where the sink is a database
)

// Begin says what the goroutine does from here on, and those that it starts, until
// they say otherwise.
func Begin(ctx context.Context, name string) {
	pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels(Label, name)))
}
