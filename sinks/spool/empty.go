package spool

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/zeebo/xxh3"

	"github.com/ckexport/ckexport/schema"
)

// emptyFiles is a tar of the files of tables without rows; `make docs` makes it.
// Most tables of a small output have no rows, and to encode a file takes as long
// as it takes with a hundred.
//
//go:embed empty.tar
var emptyFiles []byte

// emptyFilesByKey finds the files in emptyFiles, once.
var emptyFilesByKey = sync.OnceValues(func() (map[string][]byte, error) {
	files, rest := map[string][]byte{}, bytes.NewReader(emptyFiles)
	for r := tar.NewReader(rest); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		content := emptyFiles[len(emptyFiles)-rest.Len():]
		files[h.Name] = content[:h.Size:h.Size]
	}
})

// emptyKey names the file of a table as it is now: one whose columns changed has
// another. Each run asks for all of them, so the hash is a quick one.
func emptyKey(table *schema.Table) string {
	h := xxh3.New()
	add := func(texts ...string) {
		for _, text := range texts {
			h.WriteString(text)
			h.Write([]byte{0})
		}
	}
	add(strconv.Itoa(schema.Version), table.Doc)
	for _, c := range table.Columns {
		add(c.Name, c.Type.Fingerprint(), c.Doc, c.Source)
		for _, s := range c.Sensitive {
			add(s.Policy, string(s.Form))
		}
		for _, is := range []bool{c.Nullable, c.Encoding.Dictionary, c.Encoding.Delta, c.Encoding.Bloom} {
			add(strconv.FormatBool(is))
		}
	}
	return fmt.Sprintf("%s-%016x", table.Name, h.Sum64())
}

// emptyFile returns the file of a table without rows. It tells of no run.
func emptyFile(table *schema.Table) ([]byte, error) {
	files, err := emptyFilesByKey()
	if err != nil {
		return nil, fmt.Errorf("looking for files without rows: %w", err)
	}
	if file := files[emptyKey(table)]; file != nil {
		return file, nil
	}
	return encodeEmpty(table)
}

// EmptyFiles makes the files of tables without rows anew. It returns those that are
// built in, those that should be, and these in a tar.
func EmptyFiles(tables []*schema.Table) (is, want map[string][]byte, packed []byte, err error) {
	want = map[string][]byte{}
	var out bytes.Buffer
	tw := tar.NewWriter(&out)
	for _, t := range tables {
		data, err := encodeEmpty(t)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
		key := emptyKey(t)
		want[key] = data
		if err := tw.WriteHeader(&tar.Header{Name: key, Mode: 0o600, Size: int64(len(data))}); err != nil {
			return nil, nil, nil, err
		}
		if _, err := tw.Write(data); err != nil {
			return nil, nil, nil, err
		}
	}
	if err := tw.Close(); err != nil {
		return nil, nil, nil, err
	}
	is, err = emptyFilesByKey()
	return is, want, out.Bytes(), err
}

// encodeEmpty encodes the file of a table without rows. Its footer has the
// documentation of the table and its columns.
func encodeEmpty(table *schema.Table) ([]byte, error) {
	properties := parquet.NewWriterProperties()
	columns, err := pqarrow.ToParquet(table.BatchSchema(), properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	docs := make(map[string]string, len(table.Columns))
	for _, c := range table.Columns {
		docs[c.Name] = c.Comment()
	}
	comments, err := json.Marshal(docs)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := file.NewParquetWriterWithError(&out, columns.Root(), file.WithWriterProps(properties))
	if err != nil {
		return nil, err
	}
	for _, kv := range [][2]string{
		// What readers get: no dictionaries, which are for encoding.
		{keyArrowSchema, base64.StdEncoding.EncodeToString(flight.SerializeSchema(table.Schema(), memory.DefaultAllocator))},
		{KeyTable, table.Name},
		{keyDoc, table.Doc},
		{keyColumns, string(comments)},
		{KeySchemaVersion, strconv.Itoa(schema.Version)},
	} {
		if err := w.AppendKeyValueMetadata(kv[0], kv[1]); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
}
