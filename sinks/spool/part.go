package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/internal/parquetfile"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// Keys of the metadata in a file's footer, of which files are known as ours.
const (
	KeyTable         = "ckexport.table"
	KeySchemaVersion = "ckexport.schema_version"
)

// More keys, for whoever reads the file.
const (
	keyDoc         = "ckexport.doc"
	keyColumns     = "ckexport.columns" // JSON object: documentation by column
	keyToolVersion = "ckexport.tool_version"
	keyRunID       = "ckexport.run_id"
	keyArrowSchema = "ARROW:schema" // Arrow's own: an IPC message, in base64
)

// partFile is one Parquet file being written.
type partFile struct {
	file   *os.File
	sum    hash.Hash // SHA-256 of what the file has got
	writer *parquetfile.File
	table  *schema.Table
	from   Options
	pairs  [][2]string // of key and value, for the footer
	rows   int64
	groups int // row groups
}

// createPart begins a file of the table at path.
func createPart(path string, table *schema.Table, from Options, encoder *parquetfile.Encoder, isOneGroup bool) (_ *partFile, err error) {
	template, err := emptyFile(table)
	if err != nil {
		return nil, err
	}
	f, err := staging.CreateFile(path)
	if err != nil {
		return nil, fmt.Errorf("creating part file: %w", err)
	}
	p := &partFile{file: f, sum: sha256.New(), table: table, from: from, pairs: runPairs(from)}
	if p.writer, err = encoder.Begin(io.MultiWriter(f, p.sum), template, isOneGroup); err != nil {
		return nil, errors.Join(fmt.Errorf("beginning part file of %s: %w", table.Name, err), f.Close())
	}
	return p, nil
}

// runPairs are what a footer says of who made the file.
func runPairs(from Options) [][2]string {
	var pairs [][2]string
	if from.RunID != "" {
		pairs = [][2]string{{keyToolVersion, from.Version}, {keyRunID, from.RunID}}
	}
	return append(pairs, policyPairs(from.Policy)...)
}

// write appends a row group of at most rowGroupRows rows, column by column: each is let
// go of when it is written.
func (p *partFile) write(rows *heldColumns) error {
	for i := range p.table.Columns {
		if err := addColumn(p.writer, &p.table.Columns[i], rows, i, p.from.Scratch); err != nil {
			return fmt.Errorf("encoding rows: %w", err)
		}
	}
	if err := p.writer.EndGroup(rows.rows); err != nil {
		return fmt.Errorf("encoding rows: %w", err)
	}
	p.rows += rows.rows
	p.groups++
	return nil
}

// close completes the file and returns its size and the SHA-256, in
// hexadecimal, of what was written in turn. A file that stands alone is then on
// disk for good; single is nil for others.
func (p *partFile) close(single *FileOptions) (size int64, digest string, err error) {
	if single != nil {
		err = single.addFooter(p)
	}
	if err == nil {
		err = p.writer.Finish(p.pairs)
	}
	digest = hex.EncodeToString(p.sum.Sum(nil))
	if err == nil && single != nil {
		err = errors.Join(single.Stamp(p.file, digest), p.file.Sync())
	}
	info, statErr := p.file.Stat()
	if err := errors.Join(err, statErr, p.file.Close()); err != nil {
		return 0, "", fmt.Errorf("completing part file: %w", err)
	}
	return info.Size(), digest, nil
}

// abandon frees the file without completing it.
func (p *partFile) abandon() error { return p.file.Close() }
