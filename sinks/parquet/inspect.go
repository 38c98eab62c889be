package parquet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/spool"
)

// inspectOutput checks the files of the output at path, a dataset folder or a
// single file, against its manifest or footer. It changes nothing. An error
// says that it could not check; *sinks.RefusedError, that this is no output
// of ours.
func inspectOutput(ctx context.Context, path string) (*sinks.Inspection, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &sinks.RefusedError{Path: path, Reason: "cannot be looked at: " + err.Error()}
	}
	if !info.IsDir() && !info.Mode().IsRegular() { // opening it may wait for ever
		return nil, &sinks.RefusedError{Path: path, Reason: "is neither a file nor a folder"}
	}
	found := &sinks.Inspection{Kind: formatName}
	found.CheckMode("", info)
	if !info.IsDir() {
		inspectSingle(path, info, found)
		return found, nil
	}
	m, err := ReadManifest(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !holdsTables(path):
		return nil, &sinks.RefusedError{Path: path, Reason: "is a folder that is not ours: it has no " + manifestName}
	case err != nil:
		found.Found(sinks.Damage, "manifest", "", manifestName, "%v", err)
		return found, nil
	}
	if info, err := os.Stat(filepath.Join(path, manifestName)); err == nil {
		found.CheckMode(manifestName, info)
	}
	changed := checkManifest(path, m)
	if changed != nil && !errors.Is(changed, errManifestChanged) {
		return nil, changed
	}
	known, err := inspectDataset(m, changed, found, func(p spool.Part) error { return inspectPart(ctx, path, p, m.SchemaVersion, found) })
	if err != nil {
		return nil, err
	}
	return found, inspectOthers(path, m, known, found)
}

// holdsTables tells whether a folder has sub-folders named like tables.
func holdsTables(path string) bool {
	return slices.ContainsFunc(schema.Tables(), func(t *schema.Table) bool {
		info, err := os.Stat(filepath.Join(path, t.Name))
		return err == nil && info.IsDir()
	})
}

// inspectDataset checks what the manifest says, and has every part inspected that
// it names. It returns their paths. changed is what check said of the manifest.
func inspectDataset(m *Manifest, changed error, found *sinks.Inspection, inspect func(spool.Part) error) (map[string]bool, error) {
	found.Policy = m.Policy
	switch {
	case changed != nil:
		found.Found(sinks.Damage, "manifest", "", manifestName, "%v", changed)
	case m.SHA256 == "":
		found.Found(sinks.Note, "manifest", "", manifestName, "it has no SHA-256, as an earlier ckexport wrote it")
	}
	if m.SchemaVersion != schema.Version {
		found.Found(sinks.Note, "columns", "", manifestName, "schema version %d; columns can only be checked against version %d", m.SchemaVersion, schema.Version)
	}
	old := len(slices.DeleteFunc(slices.Clone(m.Parts), func(p spool.Part) bool { return p.SHA256 != "" }))
	if old > 0 {
		found.Found(sinks.Note, "part", "", manifestName, "it has no SHA-256 of %d parts, as an earlier ckexport wrote them", old)
	}
	known := map[string]bool{}
	for _, name := range m.Tables {
		whole := true
		paths := m.partsOf(name)
		if len(paths) == 0 {
			found.Found(sinks.Damage, "manifest", name, manifestName, "the table has no part")
			whole = false
		}
		for _, p := range m.Parts {
			if p.Table != name {
				continue
			}
			if known[p.Path] {
				found.Found(sinks.Damage, "manifest", name, p.Path, "the manifest names the part twice")
				whole = false
			}
			known[p.Path] = true
			before := len(found.Findings)
			if err := inspect(p); err != nil {
				return nil, err
			}
			if p.SHA256 == "" && !slices.Contains(found.Unsummed, name) {
				found.Unsummed = append(found.Unsummed, name)
			}
			whole = whole && !slices.ContainsFunc(found.Findings[before:], func(f sinks.Finding) bool { return f.Severity == sinks.Damage })
		}
		if whole {
			found.Tables = append(found.Tables, name)
		} else {
			found.Damaged = append(found.Damaged, name)
		}
	}
	for _, p := range m.Parts {
		if !slices.Contains(m.Tables, p.Table) {
			known[p.Path] = true
			found.Found(sinks.Damage, "manifest", p.Table, p.Path, "the manifest names a part of a table that it does not name")
		}
	}
	return known, nil
}

// inspectPart checks one part of a dataset.
func inspectPart(ctx context.Context, dir string, p spool.Part, version int, found *sinks.Inspection) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	damage := func(format string, args ...any) { found.Found(sinks.Damage, "part", p.Table, p.Path, format, args...) }
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(p.Path)))
	if err != nil {
		damage("%v", reasonOf(err))
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at part: %w", err)
	}
	found.Files++
	found.Bytes += info.Size()
	found.CheckMode(p.Path, info)
	if info.Size() != p.Bytes {
		damage("it has %d bytes, and had %d when it was written", info.Size(), p.Bytes)
		return nil
	}
	if p.SHA256 != "" {
		got, err := digestFile(ctx, f)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			damage("reading it: %v", reasonOf(err))
			return nil
		}
		if got != p.SHA256 {
			damage("its content was changed since it was written: its SHA-256 is %s, and was %s", got, p.SHA256)
			return nil
		}
	}
	table := inspectFooter(f.Name(), p.Columns, version, func(rows int64, mark *fileMark) {
		found.Rows += rows
		if rows != p.Rows {
			damage("it has %d rows, and the manifest says %d", rows, p.Rows)
		}
		if mark.table != p.Table {
			damage("its footer says that it is of table %s", mark.table)
		}
	})
	if table != nil {
		damage("%v", table)
	}
	return nil
}

// inspectFooter reads the footer of a file, and passes on what it says and the
// number of rows. The error says what is wrong with the file. Files with fewer
// columns than their table has now are of earlier tools. Rows are not read: a
// damaged file can make the library ask for any amount of memory.
func inspectFooter(path string, columns, version int, counted func(int64, *fileMark)) (err error) {
	defer func() { // the library panics on some damaged files
		if fault := recover(); fault != nil {
			err = fmt.Errorf("not readable as Parquet: %v", fault)
		}
	}()
	mark, err := readMark(path)
	if err != nil {
		return err
	}
	fields, rows, err := readShape(path)
	if err != nil {
		return fmt.Errorf("not readable as Parquet: %w", err)
	}
	counted(rows, mark)
	table, known := schema.Lookup(mark.table)
	if !known || version != schema.Version || mark.schemaVersion != schema.Version {
		return nil
	}
	if columns == anyColumns {
		columns = len(fields)
	}
	return checkFields(table, fields, columns)
}

// anyColumns stands for a number of columns that nothing states.
const anyColumns = -1

// checkFields compares the columns of a file with those of its table.
func checkFields(table *schema.Table, fields []arrow.Field, columns int) error {
	if len(fields) != columns {
		return fmt.Errorf("it has %d columns, and the manifest says %d", len(fields), columns)
	}
	for _, f := range fields {
		i := slices.IndexFunc(table.Columns, func(c schema.Column) bool { return c.Name == f.Name })
		if i < 0 {
			if len(fields) > len(table.Columns) {
				continue // of a later tool
			}
			return fmt.Errorf("it has a column %s, which the table does not", f.Name)
		}
		if c := table.Columns[i]; !arrow.TypeEqual(f.Type, c.Type) {
			return fmt.Errorf("its column %s is of type %v, and that of the table is %v", f.Name, f.Type, c.Type)
		}
	}
	return nil
}

// readShape returns the columns of a Parquet file and the number of its rows,
// as its footer has them.
func readShape(path string) ([]arrow.Field, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	parts, err := file.NewParquetReader(f)
	if err != nil {
		return nil, 0, err
	}
	defer parts.Close()
	reader, err := pqarrow.NewFileReader(parts, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return nil, 0, err
	}
	s, err := reader.Schema()
	if err != nil {
		return nil, 0, err
	}
	return s.Fields(), parts.NumRows(), nil
}

// inspectOthers looks for files within a dataset that the manifest does not
// name. Whoever reads a table by a glob reads the Parquet files among them.
func inspectOthers(dir string, m *Manifest, known map[string]bool, found *sinks.Inspection) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if info, err := d.Info(); err == nil && slices.Contains(m.Tables, tableOf(rel)) {
				found.CheckMode(rel, info)
			}
			return nil
		}
		switch {
		case rel == manifestName || known[rel]:
		case m.isReadByGlob(rel):
			found.Found(sinks.Damage, "part", tableOf(rel), rel, "the manifest does not know it, but whoever reads the table by a glob reads it")
		default:
			found.Found(sinks.Warning, "file", "", rel, "the manifest does not know it")
		}
		return nil
	})
}

// tableOf returns the first part of a path, which names the table in a dataset.
func tableOf(path string) string {
	top, _, _ := strings.Cut(path, "/")
	return top
}

// isReadByGlob tells whether who reads a table by TABLE/*.parquet reads a file.
func (m *Manifest) isReadByGlob(path string) bool {
	return slices.Contains(m.Tables, tableOf(path)) && strings.Count(path, "/") == 1 && filepath.Ext(path) == ".parquet"
}

// inspectSingle checks the footer of an output that is one file, and the
// ledger in it.
func inspectSingle(path string, info fs.FileInfo, found *sinks.Inspection) {
	found.Files, found.Bytes = 1, info.Size()
	var table string
	summed, err := checkDigest(path)
	if err != nil {
		found.Found(sinks.Damage, "file", "", "", "%v", reasonOf(err))
		return
	}
	err = inspectFooter(path, anyColumns, schema.Version, func(n int64, mark *fileMark) {
		found.Rows, found.Policy, table = n, mark.policy, mark.table
	})
	if err == nil {
		found.Ledger, err = fileLedger(path)
	}
	if err != nil {
		found.Found(sinks.Damage, "file", table, "", "%v", reasonOf(err))
		found.Damaged = append(found.Damaged, table)
		return
	}
	found.Tables = []string{table}
	if !summed {
		found.Unsummed = found.Tables
		found.Found(sinks.Note, "file", table, "", "its footer states no SHA-256 of it, as an earlier ckexport wrote it")
	}
}

// digestFile returns the SHA-256 of a file in hexadecimal.
func digestFile(ctx context.Context, f *os.File) (string, error) {
	sum := sha256.New()
	buffer := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.Read(buffer)
		sum.Write(buffer[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
}

// reasonOf leaves the path out of an error that names it: the finding does.
func reasonOf(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
