package decode

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// TestFamilies decodes real archives for each table alone, and compares its rows
// with those of a run that decodes everything: a family that does not name all
// it needs would have others, or report a fault.
func TestFamilies(t *testing.T) {
	for _, name := range []string{
		"everything.tar.zst", "life-3.tar.zst", "udp-netlink.tar.zst", "sleep-pre.tar.zst", "sleep-final.tar.zst", "memhash-shm.tar", "volumes.tar.gz",
		"tmpfs-data.tar", "redis.tar.zst", "nonroot-userns-caps.tar.zst", "checkpoint-web-7d4b9c6f5-x2x9q_shop-app-2026-11-23T14-34-49Z.tar",
		"checkpoint-evil_prod-c-2026-11-23T14-35-45Z.tar",
	} {
		t.Run(name, func(t *testing.T) {
			whole := decodeTables(t, name, nil)
			for _, table := range schema.Tables() {
				if slices.Contains([]string{"archives", "checkpoint_digests", "runs", "forgotten_checkpoints", "enum_values"}, table.Name) {
					continue // not the decoder's
				}
				alone := decodeTables(t, name, []*schema.Table{table})
				if len(alone) != len(whole) {
					t.Fatalf("%s: %d checkpoints, %d in all", table.Name, len(alone), len(whole))
				}
				for i, rows := range alone {
					if rows.CheckpointID != whole[i].CheckpointID {
						t.Errorf("%s: the checkpoint has another id", table.Name)
					}
					for _, p := range rows.Problems {
						if p.Code == Internal {
							t.Errorf("%s: %s", table.Name, p.Message)
						}
					}
					if n, all := table.Count(rows), table.Count(whole[i]); n != all && table.Name != "problems" { // also where they are packed
						t.Errorf("%s: %d rows if it is decoded alone, %d in all", table.Name, n, all)
					}
					if diff := cmp.Diff(rowsOf(table, whole[i]), rowsOf(table, rows)); diff != "" {
						t.Errorf("%s: rows differ if it is decoded alone:\n%.2000s", table.Name, diff)
					}
					for _, other := range schema.Tables() {
						if n := other.Count(rows); n > 0 && other != table && other.Name != "problems" {
							t.Errorf("%s: %d rows of %s, which nobody asked for", table.Name, n, other.Name)
						}
					}
				}
			}
		})
	}
}

func decodeTables(t *testing.T, name string, tables []*schema.Table) []*schema.Rows {
	t.Helper()
	d := &Decoder{Limits: DefaultLimits(), Tables: tables, Memory: schema.MemoryKinds()}
	result, err := d.Decode(context.Background(), source.Path(filepath.Join("../../testdata/archives", name)))
	if err != nil {
		t.Fatal(err)
	}
	return result.Checkpoints
}

// rowsOf returns the rows of a table as a slice of its row struct.
func rowsOf(table *schema.Table, r *schema.Rows) any {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() != reflect.Slice || f.Len() == 0 {
			continue
		}
		if t, ok := schema.TableOf(f.Type().Elem()); ok && t == table {
			return f.Interface()
		}
	}
	return nil
}

// TestEveryTableHasAFamily checks that a table stands in one family, unless the
// run writes it.
func TestEveryTableHasAFamily(t *testing.T) {
	ofRun := []string{"archives", "checkpoint_digests", "runs", "forgotten_checkpoints", "enum_values"}
	count := map[string]int{}
	for _, f := range families {
		for _, name := range f.tables {
			count[name]++
			if _, ok := schema.Lookup(name); !ok {
				t.Errorf("family %s: no table %s", f.name, name)
			}
		}
	}
	for _, table := range schema.Tables() {
		if want := !slices.Contains(ofRun, table.Name); want != (count[table.Name] == 1) {
			t.Errorf("table %s stands in %d families", table.Name, count[table.Name])
		}
	}
}
