//go:build !noiceberg

package iceberg

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/spool"
)

// readLedger adds what the rows of a table tell to a ledger.
func (w *warehouse) readLedger(ctx context.Context, l *ledger.Builder, t *schema.Table) error {
	columns := ledger.Columns(t)
	if columns == nil {
		return nil
	}
	return w.readTable(ctx, t.Name, columns, func(rows arrow.RecordBatch) error {
		restored, err := restore(rows, t)
		if err != nil {
			return err
		}
		defer restored.Release()
		return l.Add(t, restored)
	})
}

// readTable passes on columns of the rows of a table, all if columns is nil, as
// its files have them.
func (w *warehouse) readTable(ctx context.Context, name string, columns []string, each func(arrow.RecordBatch) error) error {
	data, err := w.dataFiles(w.visible(w.tables[name]))
	if err != nil {
		return fmt.Errorf("table %s: %w", name, err)
	}
	for _, f := range data {
		path, err := w.catalog.path(f.FilePath())
		if err != nil {
			return err
		}
		if err := spool.Read(ctx, path, columns, each); err != nil {
			return err
		}
	}
	return nil
}

// restore returns columns of rows that were read from files with the types that
// schema has for them. The caller releases them.
func restore(rows arrow.RecordBatch, t *schema.Table) (arrow.RecordBatch, error) {
	columns, fields := make([]arrow.Array, rows.NumCols()), make([]arrow.Field, rows.NumCols())
	for i, f := range rows.Schema().Fields() {
		c := t.Column(f.Name)
		if c == nil {
			return nil, fmt.Errorf("table %s has no column %s", t.Name, f.Name)
		}
		var err error
		if columns[i], err = convertColumn(rows.Column(i), c.Type); err != nil {
			return nil, fmt.Errorf("column %s.%s: %w", t.Name, f.Name, err)
		}
		defer columns[i].Release()
		fields[i] = arrow.Field{Name: f.Name, Type: c.Type, Nullable: f.Nullable}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, rows.NumRows()), nil
}
