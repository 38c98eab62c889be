package parquet_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/parquet"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// TestFileLayout checks with another implementation that what makes files
// small and quick to search is really in them.
func TestFileLayout(t *testing.T) {
	table, _ := schema.Lookup("memory_mappings")
	path := filepath.Join(t.TempDir(), "memory_mappings.parquet")
	s, err := parquet.Format(nil).Open(t.Context(), path, sinks.Options{Tables: []*schema.Table{table}, RunID: "run1", Version: "v1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	batch := sinktest.Batch(t, table, 30_000, 0) // more than a page
	if err := s.Write(t.Context(), table, batch); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}

	sinktest.CheckStatistics(t, path)
	file := sinktest.OpenParquet(t, path)
	checkOrigin(t, file)
	if _, ok := file.Lookup("ARROW:schema"); !ok {
		t.Error("no Arrow schema")
	}
	chunks := file.RowGroups()[0].ColumnChunks()
	meta := file.Metadata().RowGroups[0].Columns
	filters := map[string]bool{}
	for i, chunk := range chunks {
		name := meta[i].MetaData.PathInSchema[0]
		if codec := meta[i].MetaData.Codec; codec != format.Zstd {
			t.Errorf("%s: compressed with %v", name, codec)
		}
		// The test's rows have numbers above the signed maximum, without statistics.
		passes := slices.Contains([]arrow.Type{arrow.UINT32, arrow.UINT64}, table.Columns[i].Type.ID())
		if index, err := chunk.ColumnIndex(); !passes && (err != nil || index.NumPages() == 0) {
			t.Errorf("%s: no column index: %v", name, err)
		}
		if index, err := chunk.OffsetIndex(); err != nil || index.NumPages() == 0 {
			t.Errorf("%s: no offset index: %v", name, err)
		}
		if filter := chunk.BloomFilter(); filter != nil {
			filters[name] = true
			checkFilter(t, name, filter, sinktest.Values(batch), column(t, table, name))
		}
		switch name {
		case "start_address", "end_address", "file_offset":
			if got := meta[i].MetaData.Encoding; !slices.Contains(got, format.DeltaBinaryPacked) || slices.Contains(got, format.RLEDictionary) {
				t.Errorf("%s: encoded as %v", name, got)
			}
		}
	}
	for _, name := range []string{"checkpoint_id", "path", "build_id"} {
		if !filters[name] {
			t.Errorf("%s has no Bloom filter", name)
		}
	}
	if filters["kind"] || filters["perms"] {
		t.Errorf("Bloom filters where nobody needs one: %v", filters)
	}
}

// TestFileWithoutRows checks that a file tells where it is from without rows, too.
func TestFileWithoutRows(t *testing.T) {
	table, _ := schema.Lookup("memory_mappings")
	path := filepath.Join(t.TempDir(), "memory_mappings.parquet")
	s, err := parquet.Format(nil).Open(t.Context(), path, sinks.Options{Tables: []*schema.Table{table}, RunID: "run1", Version: "v1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := sinktest.OpenParquet(t, path)
	if n := file.NumRows(); n != 0 {
		t.Errorf("%d rows", n)
	}
	checkOrigin(t, file)
}

// checkOrigin checks what the footer says of table, tool and run.
func checkOrigin(t *testing.T, file *pq.File) {
	t.Helper()
	for key, want := range map[string]string{
		"ckexport.table": "memory_mappings", "ckexport.schema_version": "4",
		"ckexport.tool_version": "v1.2.3", "ckexport.run_id": "run1",
	} {
		if got, _ := file.Lookup(key); got != want {
			t.Errorf("metadata %s is %q, want %q", key, got, want)
		}
	}
}

// checkFilter checks that a Bloom filter has all values of a column, few
// others, and no more bytes than they need.
func checkFilter(t *testing.T, name string, filter pq.BloomFilter, rows [][]any, i int) {
	t.Helper()
	distinct := map[string]bool{}
	has := func(s string) bool {
		ok, err := filter.Check(pq.ByteArrayValue([]byte(s)))
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	wrong := 0
	for _, row := range rows {
		s, ok := row[i].(string)
		if !ok {
			continue
		}
		distinct[s] = true
		if !has(s) {
			t.Fatalf("%s: filter lacks %q", name, s)
		}
		if has("not " + s) {
			wrong++
		}
	}
	if wrong > len(rows)/20 && len(distinct) > 1 {
		t.Errorf("%s: filter claims %d of %d absent values", name, wrong, len(rows))
	}
	if limit := int64(64 + 4*len(distinct)); filter.Size() > limit {
		t.Errorf("%s: filter of %d bytes for %d values", name, filter.Size(), len(distinct))
	}
}

func column(t *testing.T, table *schema.Table, name string) int {
	t.Helper()
	for i, c := range table.Columns {
		if c.Name == name {
			return i
		}
	}
	t.Fatalf("no column %s", name)
	return 0
}
