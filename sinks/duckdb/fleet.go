//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/spool"
	"github.com/ckexport/ckexport/sqltext"
)

// loadedSchema has the tables with the rows that were written to a fleet.
const loadedSchema = "loaded"

// part returns a database as a part of a fleet.
func part(_ context.Context, path string, _ []string, _ string) (sinks.Part, error) {
	return sinks.Part{Location: path, Database: path}, nil
}

// describe tells what an output has.
func describe(ctx context.Context, path string) (d sinks.Description, err error) {
	err = withDatabase(ctx, path, access{readOnly: true, wait: shortWait}, func(db *sql.DB) error {
		m, err := readMark(ctx, db)
		if err == nil {
			d = sinks.Description{Policy: m.Policy, Tables: m.Tables}
		}
		return err
	})
	if err != nil {
		return d, fmt.Errorf("opening output %q: %w", path, err)
	}
	return d, nil
}

// OpenFleet returns what opens several outputs as one: in a database in memory,
// where each table is a view of all of theirs. Rows that are written to it stay in
// memory as long as they fit in; then they are Parquet files in its folder.
func OpenFleet() sinks.OpenFleet {
	return func(_ context.Context, opts sinks.FleetOptions) (sinks.Fleet, error) {
		f := &fleet{opts: opts, reach: &aliases{}}
		if opts.Folder != "" {
			f.spool = spool.New(opts.Folder, spool.Options{RunID: "fleet", Scratch: true})
		}
		return f, nil
	}
}

// fleet is a sinks.Fleet.
type fleet struct {
	opts  sinks.FleetOptions
	spool *spool.Spool // nil where nothing is written
	reach *aliases
	db    *sql.DB // once it is committed
}

// Footprint is nothing: the caller knows the folder and the parts.
func (f *fleet) Footprint() sinks.Footprint { return sinks.Footprint{} }

// Ledger is empty: that an earlier part has a checkpoint is seen to in SQL.
func (f *fleet) Ledger(context.Context) (*sinks.Ledger, error) { return sinks.NewLedger(), nil }

// Write keeps rows of a table that is asked for.
func (f *fleet) Write(ctx context.Context, table *schema.Table, batch arrow.RecordBatch) error {
	if f.spool == nil {
		return errors.New("a fleet without a folder takes no rows")
	}
	if !slices.Contains(f.opts.Tables, table) {
		return nil
	}
	return f.spool.Write(ctx, table, batch)
}

// SQL returns the database.
func (f *fleet) SQL() *sql.DB { return f.db }

// Rows passes on the rows of a table.
func (f *fleet) Rows(ctx context.Context, table *schema.Table, each func(arrow.RecordBatch) error) error {
	columns := make([]string, len(table.Columns))
	for i, c := range table.Columns {
		columns[i] = sqltext.Identifier(c.Name)
	}
	conn, err := f.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	query := "SELECT " + strings.Join(columns, ", ") + " FROM " + sqltext.Identifier(table.Name)
	return ReadBatches(ctx, conn, query, func(rows array.RecordReader) error {
		for rows.Next() {
			typed := withSchema(rows.RecordBatch(), table.Schema())
			err := each(typed)
			typed.Release()
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// withSchema returns the same rows with the types of a schema. DuckDB's are laid out
// in the same way, but have other names within lists and maps.
func withSchema(rows arrow.RecordBatch, s *arrow.Schema) arrow.RecordBatch {
	columns := make([]arrow.Array, rows.NumCols())
	for i := range columns {
		data := withType(rows.Column(i).Data(), s.Field(i).Type)
		defer data.Release()
		columns[i] = array.MakeFromData(data)
		defer columns[i].Release()
	}
	return array.NewRecordBatch(s, columns, rows.NumRows())
}

func withType(data arrow.ArrayData, t arrow.DataType) arrow.ArrayData {
	var children []arrow.ArrayData
	if nested, ok := t.(arrow.NestedType); ok {
		for i, field := range nested.Fields() {
			child := withType(data.Children()[i], field.Type)
			defer child.Release()
			children = append(children, child)
		}
	}
	return array.NewData(t, data.Len(), data.Buffers(), children, data.NullN(), data.Offset())
}

// Close ends it.
func (f *fleet) Close() error {
	var errs []error
	if f.db != nil {
		errs = append(errs, f.db.Close()) // with reach
	} else {
		errs = append(errs, f.reach.Close())
	}
	if f.spool != nil {
		errs = append(errs, f.spool.Abandon())
	}
	return errors.Join(errs...)
}

// Commit makes the database.
func (f *fleet) Commit(ctx context.Context) (err error) {
	if f.db, err = openMemory(f.reach, nil, nil); err != nil {
		return err
	}
	exec := func(ctx context.Context, statements string) error {
		_, err := f.db.ExecContext(ctx, statements)
		return err
	}
	if err := exec(ctx, setup+" SET parquet_metadata_cache = true;"); err != nil {
		return fmt.Errorf("setting up DuckDB: %w", err)
	}
	u := &union{exec: exec, reach: f.reach, often: f.opts.Often, added: f.opts.Added}
	for _, p := range f.opts.Parts {
		if err := u.addPart(ctx, f.db, p); err != nil {
			return fmt.Errorf("opening output %q: %w", p.Location, err)
		}
	}
	if f.spool != nil {
		if err := f.load(ctx, u); err != nil {
			return err
		}
	}
	tables, err := u.makeTables(ctx, f.db)
	if err != nil {
		return err
	}
	if err := makeQueries(ctx, exec, tables, f.opts.Views); err != nil {
		return err
	}
	return restrict(ctx, exec, u.paths)
}

// load makes tables of the rows that were written, the last part of the union.
func (f *fleet) load(ctx context.Context, u *union) error {
	in := loadedSchema
	if len(u.parts) == 0 {
		in = "main" // there is nothing to unite them with
	} else if err := u.exec(ctx, "CREATE SCHEMA "+loadedSchema); err != nil {
		return err
	}
	from := load{tables: f.opts.Tables, rows: f.opts.Folder}
	var held bool
	if scansBatches {
		from.batches, held = f.spool.Held()
	}
	if !held {
		var err error
		if from.parts, err = f.spool.Finish(ctx, f.opts.Tables); err != nil {
			return err
		}
	}
	p := partTables{tables: map[string]string{}}
	for _, t := range f.opts.Tables {
		name := in + "." + sqltext.Identifier(t.Name)
		p.tables[t.Name] = name
		rows := from.filesOf(t.Name)
		if err := f.loadTable(ctx, u, t, name, rows, from.batches[t.Name]); err != nil {
			return fmt.Errorf("loading rows of %s: %w", t.Name, err)
		}
	}
	u.parts = append(u.parts, p)
	u.isMade = in == "main"
	return nil
}

// loadTable makes one table: a view of files, or with rows in memory.
func (f *fleet) loadTable(ctx context.Context, u *union, t *schema.Table, name string, files []string, batches []arrow.RecordBatch) error {
	if len(files) > 0 {
		paths, err := u.allow(files)
		if err != nil {
			return err
		}
		return u.exec(ctx, "CREATE VIEW "+name+" AS SELECT * FROM "+readParquet(paths, false))
	}
	create, err := createBareTable(t, name)
	if err != nil {
		return err
	}
	if len(batches) == 0 {
		return u.exec(ctx, create)
	}
	conn, err := f.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	const view = "arrow_batches"
	release, err := scanBatches(conn, view, batches)
	if err != nil {
		return err
	}
	defer release()
	_, err = conn.ExecContext(ctx, create+" INSERT INTO "+name+" BY NAME SELECT * FROM "+view+"; DROP VIEW "+view)
	return err
}
