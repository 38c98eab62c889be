//go:build !noduckdb && !noiceberg

package iceberg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/objectstore/storetest"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
	"github.com/ckexport/ckexport/sinks/iceberg/resttest"
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

// TestSQLiteCatalog runs the contract with tables in a folder.
func TestSQLiteCatalog(t *testing.T) {
	file := propertiesFile(t, "type = sql", "uri = sqlite:///catalog.db", "warehouse = warehouse")
	sinktest.Run(t, CatalogFormat(duckdb.Engine(), objectstore.Options{}, file))
}

// inREST returns a catalog whose tables lie in an object store, for which it gives the
// credentials.
func inREST(t *testing.T) (*storetest.Store, *resttest.Catalog, sinks.Format) {
	t.Helper()
	store := storetest.New(t, "lake")
	catalog, format := restAt(t, "s3://lake/warehouse")
	catalog.Config = map[string]string{"s3.endpoint": store.URL, "s3.region": "us-east-1", "s3.access-key-id": "key", "s3.secret-access-key": storetest.Secret}
	return store, catalog, format
}

func restAt(t *testing.T, root string) (*resttest.Catalog, sinks.Format) {
	t.Helper()
	catalog := resttest.New(t, root)
	t.Setenv("CATALOG_SECRET", resttest.Secret)
	file := propertiesFile(t, "type: rest", "uri: "+catalog.URL, "warehouse: "+resttest.Warehouse, "credential: "+resttest.ID+":${CATALOG_SECRET}", "scope: "+resttest.Scope)
	return catalog, CatalogFormat(duckdb.Engine(), objectstore.Options{}, file)
}

// TestRESTCatalog runs the contract with tables in an object store, and tokens that
// end soon.
func TestRESTCatalog(t *testing.T) {
	_, catalog, format := inREST(t)
	catalog.TokenUses = 40
	sinktest.Run(t, format)
}
