package spool

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ckexport/ckexport/schema"
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
	buffer *bufio.Writer
	writer *rowGroups
	rows   int64
	groups int // row groups
}

// createPart begins a file of the table at path.
func createPart(path string, table *schema.Table, from Options) (_ *partFile, err error) {
	f, err := staging.CreateFile(path)
	if err != nil {
		return nil, fmt.Errorf("creating part file: %w", err)
	}
	p := &partFile{file: f, sum: sha256.New()}
	p.buffer = bufio.NewWriterSize(io.MultiWriter(f, p.sum), 16<<10)
	p.writer, err = newRowGroups(p.buffer, table, from.Scratch)
	if err == nil && !from.Scratch {
		err = p.describe(table, from)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("beginning part file of %s: %w", table.Name, err), f.Close())
	}
	return p, nil
}

// describe puts the documentation of table and columns, and who made the
// file, into the footer.
func (p *partFile) describe(table *schema.Table, from Options) error {
	docs := make(map[string]string, len(table.Columns))
	for _, c := range table.Columns {
		docs[c.Name] = c.Comment()
	}
	columns, err := json.Marshal(docs)
	if err != nil {
		return err
	}
	pairs := [][2]string{
		// What readers get: no dictionaries, which are for encoding.
		{keyArrowSchema, base64.StdEncoding.EncodeToString(flight.SerializeSchema(table.Schema(), memory.DefaultAllocator))},
		{KeyTable, table.Name},
		{keyDoc, table.Doc},
		{keyColumns, string(columns)},
		{KeySchemaVersion, strconv.Itoa(schema.Version)},
	}
	return p.note(append(pairs, runPairs(from)...))
}

// runPairs are what a footer says of who made the file.
func runPairs(from Options) [][2]string {
	var pairs [][2]string
	if from.RunID != "" {
		pairs = [][2]string{{keyToolVersion, from.Version}, {keyRunID, from.RunID}}
	}
	return append(pairs, policyPairs(from.Policy)...)
}

// note adds pairs of key and value to the footer.
func (p *partFile) note(pairs [][2]string) error {
	for _, kv := range pairs {
		if err := p.writer.AppendKeyValueMetadata(kv[0], kv[1]); err != nil {
			return err
		}
	}
	return nil
}

// write appends a row group of at most rowGroupRows rows.
func (p *partFile) write(group *heldColumns) error {
	if err := p.writer.write(group); err != nil {
		return fmt.Errorf("encoding rows: %w", err)
	}
	p.rows += group.rows
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
	err = errors.Join(err, p.writer.Close())
	if err == nil { // else the buffer would say the same again
		err = p.buffer.Flush()
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
