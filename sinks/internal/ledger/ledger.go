// Package ledger makes the ledger of an output from the rows of its tables.
package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
)

// archiveColumns are the columns of archives that a ledger is made of.
var archiveColumns = []string{schema.CheckpointID, "source", "size_bytes", "modified_at", "status", "error", "started_at", runColumn}

const runColumn = "run_id"

// tagColumn is one that rows of earlier tools lack.
const tagColumn = "etag"

// digestColumns are those of checkpoint_digests.
var digestColumns = []string{schema.CheckpointID, "images_id", "source", "pages_sha256", "texts_sha256", "files_sha256", "errors_sha256"}

// Builder gathers a ledger from rows.
type Builder struct {
	*sinks.Ledger
	// StartedAt has archives.started_at of the rows that Archives has.
	StartedAt map[string]arrow.Timestamp
}

// New returns a builder without rows.
func New() *Builder {
	return &Builder{Ledger: sinks.NewLedger(), StartedAt: map[string]arrow.Timestamp{}}
}

// Columns returns the columns of a table that its ledger is made of, as far as the
// rows have them; nil where
// the ledger takes nothing from it.
func Columns(table *schema.Table) []string {
	switch {
	case table.Name == contents.Archives:
		return append(slices.Clone(archiveColumns), tagColumn)
	case table.Name == contents.Digests:
		return digestColumns
	case table.Name == contents.Checkpoints, table.Name == contents.Forgotten:
		return []string{schema.CheckpointID}
	case table.Name == contents.Runs:
		return []string{runColumn}
	case table.Scope == schema.ScopeContent:
		return table.Key
	}
	return nil
}

// Add adds rows of a table, which have Columns and may have others.
func (b *Builder) Add(table *schema.Table, rows arrow.RecordBatch) error {
	switch {
	case table.Name == contents.Archives:
		return b.addArchives(rows)
	case table.Name == contents.Digests:
		return b.addDigests(rows)
	case table.Name == contents.Forgotten:
		eachCheckpoint(rows, func(id string) { b.Forgotten[id], b.Checkpoints[id] = true, true })
	case table.Name == contents.Checkpoints:
		b.AddCheckpoints(rows)
	case table.Name == contents.Runs:
		return b.addRuns(rows)
	case table.Scope == schema.ScopeContent:
		return b.addContents(table, rows)
	}
	return nil
}

// addRuns adds the runs that rows tell of.
func (b *Builder) addRuns(batch arrow.RecordBatch) error {
	columns, err := columnsOf(batch, contents.Runs, []string{runColumn})
	if err != nil {
		return err
	}
	for i, runs := 0, schema.TextsOf(columns[0]); i < runs.Len(); i++ {
		b.Runs[valueOr(runs, i)] = true
	}
	return nil
}

// addContents adds the keys of rows of a content-addressed table.
func (b *Builder) addContents(table *schema.Table, batch arrow.RecordBatch) error {
	return EachContent(table, batch, func(_ int, key sinks.ContentKey) error {
		b.AddContent(table.Name, key)
		return nil
	})
}

// EachContent passes on the key of each row of a content-addressed table.
func EachContent(table *schema.Table, batch arrow.RecordBatch, each func(row int, key sinks.ContentKey) error) error {
	columns, err := columnsOf(batch, table.Name, table.Key)
	if err != nil {
		return err
	}
	values := make([]string, len(columns))
	for row := range int(batch.NumRows()) {
		for i, c := range columns {
			values[i] = c.ValueStr(row)
		}
		if err := each(row, sinks.ContentKeyOf(values...)); err != nil {
			return err
		}
	}
	return nil
}

// WithoutKnown passes on the rows of a content-addressed table that the ledger
// does not have, in pieces.
func (b *Builder) WithoutKnown(table *schema.Table, batch arrow.RecordBatch, each func(arrow.RecordBatch) error) error {
	return EachContent(table, batch, func(row int, key sinks.ContentKey) error {
		if b.Contents[table.Name][key] {
			return nil
		}
		one := batch.NewSlice(int64(row), int64(row)+1)
		defer one.Release()
		return each(one)
	})
}

// columnsOf returns columns of a batch by their names.
func columnsOf(batch arrow.RecordBatch, table string, names []string) ([]arrow.Array, error) {
	columns := make([]arrow.Array, len(names))
	for i, name := range names {
		at := batch.Schema().FieldIndices(name)
		if len(at) != 1 {
			return nil, fmt.Errorf("rows of %s have no column %s", table, name)
		}
		columns[i] = batch.Column(at[0])
	}
	return columns, nil
}

// addArchives adds rows of archives.
func (b *Builder) addArchives(batch arrow.RecordBatch) error {
	columns, err := columnsOf(batch, contents.Archives, archiveColumns)
	if err != nil {
		return err
	}
	id, source := schema.TextsOf(columns[0]), schema.TextsOf(columns[1])
	size, modified := columns[2].(*array.Uint64), columns[3].(*array.Timestamp)
	status, failure := schema.TextsOf(columns[4]), schema.TextsOf(columns[5])
	started := columns[6].(*array.Timestamp)
	runs := schema.TextsOf(columns[7])
	var tags schema.Texts // nil where there is no such column
	if at := batch.Schema().FieldIndices(tagColumn); len(at) == 1 {
		tags = schema.TextsOf(batch.Column(at[0]))
	}
	for i := range int(batch.NumRows()) {
		a := sinks.LedgerArchive{
			SizeBytes:    valueOr(size, i),
			Status:       schema.Status(valueOr(status, i)),
			Error:        valueOr(failure, i),
			CheckpointID: valueOr(id, i),
		}
		if tags != nil {
			a.Tag = valueOr(tags, i)
		}
		if modified.IsValid(i) {
			a.ModifiedAt = time.UnixMicro(int64(modified.Value(i))).UTC()
		}
		if a.Status.HasCheckpoint() && a.CheckpointID != "" {
			b.Checkpoints[a.CheckpointID] = true
		}
		b.Runs[valueOr(runs, i)] = true
		at := started.Value(i)
		if last, known := b.StartedAt[source.Value(i)]; !known || at >= last {
			b.Archives[source.Value(i)], b.StartedAt[source.Value(i)] = a, at
		}
	}
	return nil
}

// addDigests adds rows of checkpoint_digests.
func (b *Builder) addDigests(batch arrow.RecordBatch) error {
	columns, err := columnsOf(batch, contents.Digests, digestColumns)
	if err != nil {
		return err
	}
	for i := range int(batch.NumRows()) {
		text := func(column int) string { return valueOr(schema.TextsOf(columns[column]), i) }
		b.AddDigest(text(1), sinks.Digest{
			CheckpointID: text(0), Source: text(2), Pages: text(3), Texts: text(4), Files: text(5), Errors: text(6),
		})
	}
	return nil
}

// AddCheckpoints adds the checkpoints that rows of any table are of.
func (b *Builder) AddCheckpoints(batch arrow.RecordBatch) {
	eachCheckpoint(batch, func(id string) { b.Checkpoints[id] = true })
}

// eachCheckpoint passes on the checkpoints that rows are of; those that follow
// one another once.
func eachCheckpoint(batch arrow.RecordBatch, add func(id string)) {
	at := batch.Schema().FieldIndices(schema.CheckpointID)
	if len(at) != 1 {
		return
	}
	ids := schema.TextsOf(batch.Column(at[0]))
	last := ""
	for i := range ids.Len() {
		if ids.IsNull(i) || ids.Value(i) == last {
			continue
		}
		last = valueOr(ids, i)
		add(last)
	}
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
