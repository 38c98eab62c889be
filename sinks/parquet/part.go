package parquet

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/util"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// Keys of the metadata in a file's footer.
const (
	keyTable         = "ckexport.table"
	keyDoc           = "ckexport.doc"
	keyColumns       = "ckexport.columns" // JSON object: documentation by column
	keySchemaVersion = "ckexport.schema_version"
	keyToolVersion   = "ckexport.tool_version"
	keyRunID         = "ckexport.run_id"
	keyRedaction     = "ckexport.redaction" // absent where nothing is redacted
	keyLedger        = "ckexport.ledger"    // only in an output that is one file
)

// origin says who writes a file.
type origin struct {
	runID     string
	version   string // of the tool
	redaction string // as sinks.Options.Redaction
	scratch   bool   // as SpoolOptions.Scratch
}

// partFile is one Parquet file being written.
type partFile struct {
	file    *os.File
	sum     hash.Hash // SHA-256 of what the file has got
	stamped bool      // the digest goes into the footer, where zeros hold its place
	buffer  *bufio.Writer
	writer  *pqarrow.FileWriter
	columns int64 // of the file: a list is one, a map two
	rows    int64
	groups  int // row groups begun

	groupRows  int
	groupBytes int64 // of the rows in the open row group, as Arrow batches
}

// createPart begins a file of the table at path; dictionaries and distinct are
// as writerProperties has them.
func createPart(path string, table *schema.Table, from origin, dictionaries bool, distinct map[string]int64) (_ *partFile, err error) {
	f, err := staging.CreateFile(path)
	if err != nil {
		return nil, fmt.Errorf("creating part file: %w", err)
	}
	p := &partFile{file: f, sum: sha256.New()}
	p.buffer = bufio.NewWriterSize(io.MultiWriter(f, p.sum), 16<<10)
	if from.scratch {
		p.writer, err = pqarrow.NewFileWriter(table.Schema(), p.buffer, scratchProperties(table, dictionaries), pqarrow.DefaultWriterProps())
	} else {
		p.writer, err = pqarrow.NewFileWriter(table.Schema(), p.buffer, writerProperties(table, dictionaries, distinct), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
		if err == nil {
			err = p.describe(table, from)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("beginning part file of %s: %w", table.Name, err), f.Close())
	}
	p.columns = int64(len(table.Columns))
	return p, nil
}

// describe puts the documentation of table and columns, and who made the
// file, into the footer.
func (p *partFile) describe(table *schema.Table, from origin) error {
	docs := make(map[string]string, len(table.Columns))
	for _, c := range table.Columns {
		docs[c.Name] = c.Comment()
	}
	columns, err := json.Marshal(docs)
	if err != nil {
		return err
	}
	pairs := [][2]string{
		{keyTable, table.Name},
		{keyDoc, table.Doc},
		{keyColumns, string(columns)},
		{keySchemaVersion, strconv.Itoa(schema.Version)},
		{keyToolVersion, from.version},
		{keyRunID, from.runID},
	}
	if from.redaction != "" {
		pairs = append(pairs, [2]string{keyRedaction, from.redaction})
	}
	for _, kv := range pairs {
		if err := p.note(kv[0], kv[1]); err != nil {
			return err
		}
	}
	return nil
}

// note adds a pair to the footer.
func (p *partFile) note(key, value string) error {
	return p.writer.AppendKeyValueMetadata(key, value)
}

// write appends a batch. It stays in memory, encoded, until its row group is
// full or ended.
func (p *partFile) write(batch arrow.RecordBatch) error {
	if err := p.writer.WriteBuffered(batch); err != nil {
		return fmt.Errorf("encoding rows: %w", err)
	}
	n := batch.NumRows()
	size := util.TotalRecordSize(batch)
	p.rows += n
	if p.groups == 0 {
		p.groups = 1
	}
	p.groupRows += int(n)
	p.groupBytes += size
	if p.groupRows > rowGroupRows {
		p.groups += (p.groupRows - 1) / rowGroupRows
		p.groupRows = (p.groupRows-1)%rowGroupRows + 1
		p.groupBytes = size * int64(p.groupRows) / n
	}
	return nil
}

// buffered estimates the bytes of the open row group in memory: the pages
// that are complete, and for each column one that is not.
func (p *partFile) buffered() int64 {
	return p.writer.RowGroupTotalCompressedBytes() + min(p.groupBytes, p.columns*pageBytes)
}

// endRowGroup writes the open row group out and begins another, which must
// get rows.
func (p *partFile) endRowGroup() error {
	if err := p.writer.NewBufferedRowGroupChecked(); err != nil {
		return fmt.Errorf("writing row group: %w", err)
	}
	p.groups++
	p.groupRows, p.groupBytes = 0, 0
	return nil
}

// close completes the file and returns its size and the SHA-256, in
// hexadecimal, of what was written in turn; where sync is set, it is then on disk for good.
func (p *partFile) close(sync bool) (size int64, digest string, _ error) {
	err := p.writer.Close()
	if err == nil {
		err = p.buffer.Flush()
	}
	digest = hex.EncodeToString(p.sum.Sum(nil))
	if err == nil && p.stamped {
		err = stampDigest(p.file, digest)
	}
	if err == nil && sync {
		err = p.file.Sync()
	}
	info, statErr := p.file.Stat()
	if err := errors.Join(err, statErr, p.file.Close()); err != nil {
		return 0, "", fmt.Errorf("completing part file: %w", err)
	}
	return info.Size(), digest, nil
}

// abandon frees the file without completing it.
func (p *partFile) abandon() error { return p.file.Close() }
