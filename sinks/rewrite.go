package sinks

import (
	"context"
	"time"

	"github.com/ckexport/ckexport/schema"
)

// Rewrite says how an output is to be changed.
type Rewrite struct {
	// Begin, if not nil, is called with what the rewrite touches from then on,
	// once the output is held and before its rows are read.
	Begin func(Footprint) error
	// Forget chooses the checkpoints to remove, among those that the output
	// has, and may give rows that are added in their place; nil removes none.
	Forget func([]Checkpoint) (ids map[string]bool, add *schema.Rows, err error)
	// Compact merges what the runs have added, sorted by checkpoint, and gives
	// back space that is no longer used.
	Compact bool
}

// Start calls Begin.
func (r Rewrite) Start(f Footprint) error {
	if r.Begin == nil {
		return nil
	}
	return r.Begin(f)
}

// Chosen calls Forget with the checkpoints that there returns.
func (r Rewrite) Chosen(ctx context.Context, there func(context.Context) ([]Checkpoint, error)) (ids map[string]bool, add *schema.Rows, err error) {
	if r.Forget == nil {
		return nil, nil, nil
	}
	all, err := there(ctx)
	if err != nil {
		return nil, nil, err
	}
	return r.Forget(all)
}

// Checkpoint is what retention needs to know of a checkpoint.
type Checkpoint struct {
	ID string
	// The others are empty or zero where the output does not tell.
	ContainerID, ContainerName, PodName, PodNamespace, Source string
	TakenAt                                                   time.Time // checkpointed_at, else dumped_at
}

// Rewritten says what a rewrite did.
type Rewritten struct {
	Changed                bool
	Rows                   uint64 // rows removed
	FilesBefore, Files     int
	BytesBefore, BytesSize int64
}
