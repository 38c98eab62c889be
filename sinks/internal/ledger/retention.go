package ledger

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// Retention returns what retention needs to know of the checkpoints of an output with
// these tables: from table checkpoints, or, without it, from the ledger. For that,
// read passes on columns of the rows of a table.
func Retention(ctx context.Context, tables []string, read func(ctx context.Context, table string, columns []string, each func(arrow.RecordBatch) error) error) ([]sinks.Checkpoint, error) {
	rowsOf := func(table string) (all []sinks.Checkpoint, err error) {
		err = read(ctx, table, RetentionColumns, func(rows arrow.RecordBatch) error {
			all = append(all, RetentionRows(rows)...)
			return nil
		})
		return all, err
	}
	if slices.Contains(tables, contents.Checkpoints) {
		return rowsOf(contents.Checkpoints)
	}
	forgotten, err := rowsOf(contents.Forgotten)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{"": true} // archives may have none, or be read again
	for _, c := range forgotten {
		seen[c.ID] = true
	}
	archives, err := rowsOf(contents.Archives)
	return slices.DeleteFunc(archives, func(c sinks.Checkpoint) bool {
		had := seen[c.ID]
		seen[c.ID] = true
		return had
	}), err
}

// RetentionColumns are the columns of checkpoints that retention asks for.
var RetentionColumns = []string{schema.CheckpointID, "container_id", "container_name", "pod_name", "pod_namespace", "source", "checkpointed_at", "dumped_at"}

// RetentionRows returns what rows with these columns tell of checkpoints; what the batch does not have stays empty.
func RetentionRows(batch arrow.RecordBatch) []sinks.Checkpoint {
	all := make([]sinks.Checkpoint, batch.NumRows())
	text := func(name string, set func(*sinks.Checkpoint, string)) {
		for _, at := range batch.Schema().FieldIndices(name) {
			column, ok := batch.Column(at).(*array.String)
			for i := range all {
				if ok && column.IsValid(i) {
					set(&all[i], strings.Clone(column.Value(i))) // the column's memory is not kept
				}
			}
		}
	}
	text(schema.CheckpointID, func(c *sinks.Checkpoint, v string) { c.ID = v })
	text("container_id", func(c *sinks.Checkpoint, v string) { c.ContainerID = v })
	text("container_name", func(c *sinks.Checkpoint, v string) { c.ContainerName = v })
	text("pod_name", func(c *sinks.Checkpoint, v string) { c.PodName = v })
	text("pod_namespace", func(c *sinks.Checkpoint, v string) { c.PodNamespace = v })
	text("source", func(c *sinks.Checkpoint, v string) { c.Source = v })
	for _, name := range []string{"dumped_at", "checkpointed_at"} { // the latter goes before
		for _, at := range batch.Schema().FieldIndices(name) {
			column, ok := batch.Column(at).(*array.Timestamp)
			for i := range all {
				if ok && column.IsValid(i) {
					all[i].TakenAt = time.UnixMicro(int64(column.Value(i))).UTC()
				}
			}
		}
	}
	return all
}
