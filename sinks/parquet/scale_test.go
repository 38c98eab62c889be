package parquet

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/spool"
)

// BenchmarkManifest writes and reads the manifest of a dataset of 100,000 parts.
// docs/scale.md has what it says.
func BenchmarkManifest(b *testing.B) {
	m := &Manifest{Format: manifestFormat, Version: manifestVersion, SchemaVersion: schema.Version}
	tables := schema.Tables()
	for i := range 100_000 {
		table := tables[i%len(tables)].Name
		m.Parts = append(m.Parts, spool.Part{
			Table: table, Path: fmt.Sprintf("%s/part-20261127T201144Z-0123456789ab-%03d.parquet", table, i%1000), Rows: int64(i), Bytes: 40_000 + int64(i), Columns: 30,
			SHA256: fmt.Sprintf("%064x", i),
		})
	}
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			dir := b.TempDir()
			if err := m.write(dir); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(dir, manifestName))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size())/float64(len(m.Parts)), "bytes/part")
		}
	})
	b.Run("read", func(b *testing.B) {
		dir := b.TempDir()
		if err := m.write(dir); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := ReadManifest(dir); err != nil {
				b.Fatal(err)
			}
		}
	})
}
