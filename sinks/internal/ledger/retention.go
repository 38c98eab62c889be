package ledger

import (
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

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
