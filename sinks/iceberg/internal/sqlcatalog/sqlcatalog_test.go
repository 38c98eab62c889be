package sqlcatalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/sinks/iceberg/internal/catalogs"
)

// folders makes the folders of files, as object stores need none.
type folders struct{ icebergio.LocalFS }

func (f folders) WriteFile(name string, content []byte) error {
	name = strings.TrimPrefix(name, "file://")
	return errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, content, 0o600))
}

func client(t *testing.T, file string) *Client {
	t.Helper()
	properties, err := catalogs.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(properties, folders{}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestWritersAtOnce has clients change a table at the same time: none of the changes
// is lost, and none is made twice.
func TestWritersAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalog.properties")
	if err := os.WriteFile(file, []byte("type = sql\nuri = sqlite:///catalog.db\nwarehouse = warehouse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	of := table.Identifier{"a", "b", "numbers"}
	definition := catalogs.Definition{Schema: iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "n", Type: iceberg.PrimitiveTypes.Int64}), Order: table.UnsortedSortOrder,
		Properties: iceberg.Properties{table.MetadataDeleteAfterCommitEnabledKey: "true", table.MetadataPreviousVersionsMaxKey: "3"}}
	made := client(t, file)
	if _, err := made.Load(t.Context(), of); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loading what is not there: %v", err)
	}
	if _, err := made.Create(t.Context(), of, definition); err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, file).Create(t.Context(), of, definition); !errors.Is(err, fs.ErrExist) {
		t.Errorf("making a table that is there: %v", err)
	}
	const writers, each = 6, 10
	var all sync.WaitGroup
	for w := range writers {
		c := client(t, file)
		all.Go(func() {
			for i := range each {
				update := table.NewSetPropertiesUpdate(iceberg.Properties{fmt.Sprintf("writer-%d-%d", w, i): "was here"})
				for {
					_, err := c.Commit(t.Context(), of, nil, []table.Update{update})
					if err == nil {
						break
					}
					if !errors.Is(err, table.ErrCommitFailed) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	now, err := made.Load(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(now.Metadata.Properties()); n != writers*each+2 {
		t.Errorf("%d properties, want %d", n, writers*each+2)
	}
	if n := versionOf(now.MetadataLocation); n != writers*each {
		t.Errorf("version %d, want %d", n, writers*each)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "warehouse", "a.b.db", "numbers", "metadata", "*"))
	if err != nil || len(left) != 4 {
		t.Errorf("%d versions are left, want 4: %v", len(left), err)
	}
	if names, err := made.Tables(t.Context(), []string{"a", "b"}); err != nil || len(names) != 1 {
		t.Errorf("tables %v, %v", names, err)
	}
	if err := made.Drop(t.Context(), of); err != nil {
		t.Error(err)
	}
	if _, err := made.Load(t.Context(), of); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loading what was dropped: %v", err)
	}
}
