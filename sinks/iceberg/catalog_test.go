//go:build !noduckdb && !noiceberg

package iceberg

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// TestSilentCatalog asks a catalog that takes requests and never answers: whatever is
// asked of the output ends with its context.
func TestSilentCatalog(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	f := CatalogFormat(duckdb.Engine(), objectstore.Options{}, propertiesFile(t, "type: rest", "uri: "+silent.URL))
	for name, ask := range map[string]func(context.Context) error{
		"Check":     func(ctx context.Context) error { return f.Check(ctx, inCatalog) },
		"Open":      func(ctx context.Context) error { _, err := f.Open(ctx, inCatalog, options(t, "run1")); return err },
		"Recognise": func(ctx context.Context) error { _, err := f.Recognise(ctx, inCatalog); return err },
		"Footprint": func(ctx context.Context) error { _, err := f.Footprint(ctx, inCatalog); return err },
		"OpenSQL":   func(ctx context.Context) error { _, err := f.OpenSQL(ctx, inCatalog, sinks.SQLOptions{}); return err },
		"Part":      func(ctx context.Context) error { _, err := f.Part(ctx, inCatalog, nil, t.TempDir()); return err },
		"Describe":  func(ctx context.Context) error { _, err := f.Describe(ctx, inCatalog); return err },
		"Inspect":   func(ctx context.Context) error { _, err := f.Inspect(ctx, inCatalog); return err },
		"Rewrite": func(ctx context.Context) error {
			_, err := f.Rewrite(ctx, inCatalog, options(t, "run1"), sinks.Rewrite{Compact: true})
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		ended := make(chan error, 1)
		go func() { ended <- ask(ctx) }()
		select {
		case err := <-ended:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s waits on", name)
		}
		cancel()
	}
}
