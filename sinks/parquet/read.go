package parquet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sinks/internal/ledger"
	"github.com/ckexport/ckexport/sinks/spool"
)

// fileMark is what the footer of a file of ours says of it.
type fileMark struct {
	table         string
	schemaVersion int
	columns       []string // top-level ones
	policy        sinks.Policy
	pairs         metadata.KeyValueMetadata
}

func (m *fileMark) contents() contents.Contents {
	return contents.Contents{SchemaVersion: m.schemaVersion, Tables: []string{m.table}, Policy: m.policy}
}

// keyLedger is the key in the footer of the ledger of an output that is one file.
const keyLedger = "ckexport.ledger"

// fileLedger returns the ledger in the footer of an output that is one file.
func fileLedger(path string) (*sinks.Ledger, error) {
	mark, err := readMark(path)
	if err != nil {
		return nil, err
	}
	l := ledger.New()
	if err := decodeLedger(l, mark.pairs.FindValue(keyLedger)); err != nil {
		return nil, fmt.Errorf("reading ledger of %q: %w", path, err)
	}
	return l.Ledger, nil
}

// readMark reads the footer of a file; it fails where the file is not ours.
func readMark(path string) (*fileMark, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a FIFO may wait for ever
		return nil, errors.New("not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reader, err := file.NewParquetReader(f)
	if err != nil {
		return nil, fmt.Errorf("not readable as Parquet: %w", err)
	}
	defer reader.Close()
	mark := &fileMark{pairs: reader.MetaData().KeyValueMetadata()}
	table, version := mark.pairs.FindValue(spool.KeyTable), mark.pairs.FindValue(spool.KeySchemaVersion)
	if table == nil || version == nil {
		return nil, errors.New("a Parquet file without the metadata of ckexport")
	}
	mark.table = *table
	mark.policy = spool.PolicyOf(mark.pairs)
	if mark.schemaVersion, err = strconv.Atoi(*version); err != nil {
		return nil, fmt.Errorf("schema version in its metadata: %w", err)
	}
	root := reader.MetaData().Schema.Root()
	for i := range root.NumFields() {
		mark.columns = append(mark.columns, root.Field(i).Name())
	}
	return mark, nil
}

// readLedger adds what a file of the table tells to a ledger.
func readLedger(ctx context.Context, l *ledger.Builder, table *schema.Table, path string) error {
	columns := ledger.Columns(table)
	if columns == nil {
		return nil
	}
	return spool.Read(ctx, path, columns, func(rows arrow.RecordBatch) error { return l.Add(table, rows) })
}
