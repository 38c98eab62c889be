package parquet

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// ledgerColumns are the columns of archives that the ledger is made of.
var ledgerColumns = []string{schema.CheckpointID, "source", "size_bytes", "modified_at", "status", "error", "started_at"}

// ledgerBuilder gathers a ledger from rows of archives and checkpoints.
type ledgerBuilder struct {
	*sinks.Ledger
	startedAt map[string]arrow.Timestamp // of the row that Archives has
}

func newLedger() *ledgerBuilder {
	return &ledgerBuilder{
		Ledger:    sinks.NewLedger(),
		startedAt: map[string]arrow.Timestamp{},
	}
}

// read adds what a file of the table tells.
func (l *ledgerBuilder) read(ctx context.Context, table *schema.Table, path string) error {
	switch {
	case table.Name == contents.Archives:
		return readColumns(ctx, path, ledgerColumns, l.addArchives)
	case table.Name == contents.Checkpoints, table.Name == contents.Forgotten:
		return readColumns(ctx, path, []string{schema.CheckpointID}, l.addCheckpoints)
	case sinks.IsContentAddressed(table):
		return readColumns(ctx, path, table.Key, func(batch arrow.RecordBatch) error { return l.addContents(table, batch) })
	}
	return nil
}

// addContents adds the keys of rows of a content-addressed table.
func (l *ledgerBuilder) addContents(table *schema.Table, batch arrow.RecordBatch) error {
	columns := make([]arrow.Array, len(table.Key))
	for i, name := range table.Key {
		at := batch.Schema().FieldIndices(name)
		if len(at) != 1 {
			return fmt.Errorf("rows of %s have no column %s", table.Name, name)
		}
		columns[i] = batch.Column(at[0])
	}
	values := make([]string, len(columns))
	for row := range int(batch.NumRows()) {
		for i, c := range columns {
			values[i] = c.ValueStr(row)
		}
		l.AddContent(table.Name, sinks.ContentKeyOf(values...))
	}
	return nil
}

// addArchives adds rows of archives; the batch may have other columns too.
func (l *ledgerBuilder) addArchives(batch arrow.RecordBatch) error {
	columns := make([]arrow.Array, len(ledgerColumns))
	for i, name := range ledgerColumns {
		at := batch.Schema().FieldIndices(name)
		if len(at) != 1 {
			return fmt.Errorf("rows of %s have no column %s", contents.Archives, name)
		}
		columns[i] = batch.Column(at[0])
	}
	id, source := schema.TextsOf(columns[0]), schema.TextsOf(columns[1])
	size, modified := columns[2].(*array.Uint64), columns[3].(*array.Timestamp)
	status, failure := schema.TextsOf(columns[4]), schema.TextsOf(columns[5])
	started := columns[6].(*array.Timestamp)
	for i := range int(batch.NumRows()) {
		a := sinks.LedgerArchive{
			SizeBytes:    valueOr(size, i),
			Status:       valueOr(status, i),
			Error:        valueOr(failure, i),
			CheckpointID: valueOr(id, i),
		}
		if modified.IsValid(i) {
			a.ModifiedAt = time.UnixMicro(int64(modified.Value(i))).UTC()
		}
		switch a.Status {
		case "ok", "partial", "duplicate":
			if a.CheckpointID != "" {
				l.Checkpoints[a.CheckpointID] = true
			}
		}
		at := started.Value(i)
		if last, known := l.startedAt[source.Value(i)]; !known || at >= last {
			l.Archives[source.Value(i)], l.startedAt[source.Value(i)] = a, at
		}
	}
	return nil
}

// addCheckpoints adds the checkpoint ids of a table's rows.
func (l *ledgerBuilder) addCheckpoints(batch arrow.RecordBatch) error {
	at := batch.Schema().FieldIndices(schema.CheckpointID)
	if len(at) != 1 {
		return nil
	}
	ids := schema.TextsOf(batch.Column(at[0]))
	last := ""
	for i := range ids.Len() {
		if ids.IsNull(i) || ids.Value(i) == last {
			continue
		}
		last = valueOr(ids, i)
		l.Checkpoints[last] = true
	}
	return nil
}

// valueOr returns a value of a column, or the zero value for NULL. Text is
// copied, as the column's memory is not kept.
func valueOr[T any, A interface {
	IsNull(int) bool
	Value(int) T
}](column A, i int) T {
	var zero T
	if column.IsNull(i) {
		return zero
	}
	v := column.Value(i)
	if s, ok := any(v).(string); ok {
		return any(strings.Clone(s)).(T)
	}
	return v
}
