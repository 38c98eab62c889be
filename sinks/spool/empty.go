package spool

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

// emptyFiles is a tar of the files of tables without rows, compressed with zstd;
// `make docs` makes it. Most tables of a small output have no rows, and to encode
// a file takes as long as it takes with a hundred.
//
//go:embed empty.tar.zst
var emptyFiles []byte

// emptyFilesByKey unpacks emptyFiles, once.
var emptyFilesByKey = sync.OnceValues(func() (map[string][]byte, error) {
	unpacked, err := zstd.NewReader(bytes.NewReader(emptyFiles), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
})

// emptyKey names the file of a table as it is now: one whose columns changed has
// another.
func emptyKey(table *schema.Table) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %q\n", schema.Version, table.Doc)
	for _, c := range table.Columns {
		fmt.Fprintf(sum, "%q %s %t %q %v\n", c.Name, c.Type, c.Nullable, c.Comment(), c.Encoding)
	}
	return table.Name + "-" + hex.EncodeToString(sum.Sum(nil)[:8])
}

// emptyFile returns the file of a table without rows, nil if there is none ready.
// It tells of no run.
func emptyFile(table *schema.Table, from Options) ([]byte, error) {
	if from.Scratch || from.Policy != (sinks.Policy{}) {
		return nil, nil
	}
	files, err := emptyFilesByKey()
	if err != nil {
		return nil, fmt.Errorf("unpacking files without rows: %w", err)
	}
	return files[emptyKey(table)], nil
}

// writeEmpty completes a table that never got a row by the file that is ready;
// false if there is none.
func (w *tableWriter) writeEmpty() (bool, error) {
	if w.single != nil {
		return false, nil
	}
	data, err := emptyFile(w.table, w.from)
	if data == nil || err != nil {
		return false, err
	}
	path := w.path(0)
	f, err := staging.CreateFile(path)
	if err != nil {
		return false, fmt.Errorf("creating part file: %w", err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return false, fmt.Errorf("writing %s: %w", w.table.Name, err)
	}
	sum := sha256.Sum256(data)
	w.done = append(w.done, writtenPart{path: path, bytes: int64(len(data)), sha256: hex.EncodeToString(sum[:])})
	return true, nil
}

// EmptyFiles makes the tar of the files of tables without rows anew, in the folder
// dir. It returns what is built in, and what should be, both unpacked.
func EmptyFiles(tables []*schema.Table, dir string) (is, want map[string][]byte, packed []byte, err error) {
	want = map[string][]byte{}
	var out bytes.Buffer
	zw, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, nil, nil, err
	}
	tw := tar.NewWriter(zw)
	for _, t := range tables {
		data, err := encodeEmpty(t, filepath.Join(dir, t.Name))
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
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		return nil, nil, nil, err
	}
	is, err = emptyFilesByKey()
	return is, want, out.Bytes(), err
}

// encodeEmpty encodes the file of a table without rows.
func encodeEmpty(table *schema.Table, path string) ([]byte, error) {
	part, err := createPart(path, table, Options{})
	if err != nil {
		return nil, err
	}
	if _, _, err := part.close(nil); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
