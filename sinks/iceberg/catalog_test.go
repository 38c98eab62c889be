//go:build !noduckdb && !noiceberg

package iceberg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/objectstore/storetest"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// propertiesFile writes a file that only its owner reads. Another process of a test
// gets the same.
func propertiesFile(t *testing.T, lines ...string) string {
	t.Helper()
	const inherited = "CKEXPORT_TEST_CATALOG"
	if path := os.Getenv(inherited); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "catalog.properties")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(inherited, path)
	return path
}

// TestSQLiteCatalog runs the contract with tables in a folder and in an object store.
func TestSQLiteCatalog(t *testing.T) {
	t.Run("folder", func(t *testing.T) {
		file := propertiesFile(t, "type = sql", "uri = sqlite:///catalog.db", "warehouse = warehouse")
		sinktest.Run(t, CatalogFormat(duckdb.Engine(), objectstore.Options{}, file))
	})
	t.Run("store", func(t *testing.T) {
		store := storetest.New(t, "lake")
		file := propertiesFile(t, "type: sql", "uri: sqlite:///catalog.db", "warehouse: s3://lake/warehouse", "s3.endpoint: "+store.URL, "s3.region: us-east-1")
		sinktest.Run(t, CatalogFormat(duckdb.Engine(), objectstore.Options{}, file))
	})
}

