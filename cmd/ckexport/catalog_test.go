//go:build !noduckdb && !noiceberg

package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/catalog/rest"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	_ "github.com/mattn/go-sqlite3" // the driver sqlite3

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/iceberg/resttest"
)

const inCatalog = "iceberg://forensics.fleet"

// catalogFile writes the properties of a catalog.
func catalogFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.properties")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sameTables reads all tables of a catalog with iceberg-go's own client, and compares
// their rows with those of a DuckDB database.
func sameTables(t *testing.T, in catalog.Catalog, database string) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), fmt.Sprintf("SET TimeZone = 'UTC'; ATTACH '%s' AS want (READ_ONLY)", database)); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, of := range schema.Tables() {
		if of.Name == "runs" { // they are other runs
			continue
		}
		file := scanned(t, in, of.Name)
		var columns []string
		for _, c := range of.Columns {
			if c.Name != "run_id" && c.Name != "started_at" && c.Name != "seconds" {
				columns = append(columns, fmt.Sprintf(`"%s"`, c.Name))
			}
		}
		// What DuckDB can cast to its own types is the same value; what it can't fails.
		want := fmt.Sprintf("SELECT %s FROM want.%s", strings.Join(columns, ", "), of.Name)
		got := fmt.Sprintf("SELECT %s FROM (%s)", strings.Join(columns, ", "), castLike(t, db, of.Name, file))
		var n, differ int
		query := fmt.Sprintf("SELECT (SELECT count(*) FROM (%[1]s)), (SELECT count(*) FROM (%[1]s EXCEPT ALL %[2]s)) + (SELECT count(*) FROM (%[2]s EXCEPT ALL %[1]s))", want, got)
		if err := db.QueryRowContext(t.Context(), query).Scan(&n, &differ); err != nil {
			t.Fatalf("%s: %v", of.Name, err)
		}
		if rows += n; differ != 0 {
			t.Errorf("%s: %d of %d rows differ", of.Name, differ, n)
		}
	}
	if rows < 10_000 {
		t.Errorf("only %d rows were compared", rows)
	}
}

// castLike selects what a file has, with the types of a table.
func castLike(t *testing.T, db *sql.DB, name, file string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'want' AND table_name = ? ORDER BY column_index", name)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var casts []string
	for rows.Next() {
		var column, kind string
		if err := rows.Scan(&column, &kind); err != nil {
			t.Fatal(err)
		}
		casts = append(casts, fmt.Sprintf(`CAST("%[1]s" AS %[2]s) AS "%[1]s"`, column, kind))
	}
	return fmt.Sprintf("SELECT %s FROM '%s'", strings.Join(casts, ", "), file)
}

// scanned writes the rows that a scan of a table has to a file.
func scanned(t *testing.T, in catalog.Catalog, name string) string {
	t.Helper()
	of, err := in.LoadTable(t.Context(), table.Identifier{"forensics", "fleet", name})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := of.Scan().ToArrowTable(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer rows.Release()
	path := filepath.Join(t.TempDir(), name+".parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := pqarrow.WriteTable(rows, f, 1<<20, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return path
}

// TestSQLCatalog runs commands on tables in a catalog in SQLite, in the sandbox, and
// reads them with iceberg-go's client.
func TestSQLCatalog(t *testing.T) {
	folder := filepath.Dir(testArchives(t)[0])
	file := catalogFile(t, "type = sql", "uri = sqlite:///lake/catalog.db", "warehouse = warehouse")
	if err := os.Mkdir(filepath.Join(filepath.Dir(file), "lake"), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", filepath.Join(filepath.Dir(file), "lake", "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	on := func(command string, more ...string) string {
		t.Helper()
		return local(t, append([]string{command, inCatalog, "--catalog", file}, more...)...)
	}
	local(t, folder, "-o", inCatalog, "--catalog", file, "-q")
	want := filepath.Join(t.TempDir(), "fleet.duckdb")
	local(t, folder, "-o", want, "-q")
	other, err := sqlcatalog.NewCatalog("default", db, sqlcatalog.SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	sameTables(t, other, want)
	if said := local(t, folder, "-o", inCatalog, "--catalog", file); !strings.Contains(said, "nothing new") {
		t.Error(said)
	}
	on("compact")
	sameTables(t, other, want)
	if said := on("verify", "--against", folder); !strings.Contains(said, "0 findings of damage, 0 warnings") {
		t.Error(said)
	}
	on("report", "-o", filepath.Join(t.TempDir(), "page.html"))
	const query = "SELECT count(*) AS n, bit_xor(hash(p)) AS h FROM (SELECT * FROM processes JOIN memory_mappings USING (checkpoint_id, pid)) p"
	isSame := func() {
		t.Helper()
		if got, want := on("query", query, "--format", "csv"), local(t, "query", want, query, "--format", "csv"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	isSame()
	on("forget", "--keep-last", "1")
	local(t, "forget", want, "--keep-last", "1")
	isSame()
	local(t, folder, "-o", inCatalog, "--catalog", file, "-q", "--overwrite")
	local(t, folder, "-o", want, "-q", "--overwrite")
	sameTables(t, other, want)
}

// TestRESTCatalog reads tables in a REST catalog with iceberg-go's client.
func TestRESTCatalog(t *testing.T) {
	folder := filepath.Dir(testArchives(t)[0])
	c := resttest.New(t, "file://"+filepath.ToSlash(t.TempDir()))
	t.Setenv("CATALOG_SECRET", resttest.Secret)
	file := catalogFile(t, "type = rest", "uri = "+c.URL, "warehouse = "+resttest.Warehouse, "credential = "+resttest.ID+":${CATALOG_SECRET}", "scope = "+resttest.Scope)
	// Where files lie in folders, a REST catalog tells where only once there are tables.
	local(t, folder, "-o", inCatalog, "--catalog", file, "-q", "--no-sandbox")
	want := filepath.Join(t.TempDir(), "fleet.duckdb")
	local(t, folder, "-o", want, "-q")
	other, err := rest.NewCatalog(t.Context(), "other", c.URL, rest.WithCredential(resttest.ID+":"+resttest.Secret), rest.WithScope(resttest.Scope), rest.WithWarehouseLocation(resttest.Warehouse))
	if err != nil {
		t.Fatal(err)
	}
	sameTables(t, other, want)
	local(t, "compact", inCatalog, "--catalog", file)
	sameTables(t, other, want)
	local(t, folder, "-o", inCatalog, "--catalog", file, "-q", "--overwrite")
	sameTables(t, other, want)
	var requests int
	c.Fault(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c.Locked(func() { requests++ })
		next.ServeHTTP(w, r)
	})
	if said := local(t, "query", inCatalog, "--catalog", file, "SELECT count(*) AS n FROM processes", "--format", "csv"); !strings.HasPrefix(said, "n\n") {
		t.Error(said)
	}
	if requests > 16 { // for tokens, the configuration, and two tables
		t.Errorf("%d requests for a query of one table", requests)
	}
}

// TestCatalogUsage is about --catalog without an output in one, and the reverse.
func TestCatalogUsage(t *testing.T) {
	file := catalogFile(t, "type = sql", "uri = sqlite:///catalog.db", "warehouse = warehouse")
	for _, args := range [][]string{
		{"query", inCatalog, "SELECT 1"}, {"archives", "-o", inCatalog}, {"archives", "-o", "fleet.duckdb", "--catalog", file}, {"verify", inCatalog, "--catalog", file},
	} {
		var out, errs strings.Builder
		if code := run(t.Context(), append([]string{"ckexport"}, args...), streams{in: strings.NewReader(""), out: &out, err: &errs}); code != exitUsage {
			t.Errorf("%v: exit code %d: %s", args, code, &errs)
		}
	}
}

// TestRESTCatalogInBucket runs commands, in the sandbox, on tables in an object store
// for which the catalog gives the keys.
func TestRESTCatalogInBucket(t *testing.T) {
	folder := filepath.Dir(testArchives(t)[0])
	g := startGateway(t)
	c := resttest.New(t, "s3://fleet/warehouse")
	c.Config = map[string]string{"s3.endpoint": g.url, "s3.region": "us-east-1", "s3.access-key-id": "key", "s3.secret-access-key": storeSecret, "s3.path-style-access": "true"}
	t.Setenv("CATALOG_SECRET", resttest.Secret)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	file := catalogFile(t, "type = rest", "uri = "+c.URL, "warehouse = "+resttest.Warehouse, "credential = "+resttest.ID+":${CATALOG_SECRET}", "scope = "+resttest.Scope)
	on := func(command string, more ...string) string {
		t.Helper()
		return local(t, append([]string{command, inCatalog, "--catalog", file}, more...)...)
	}
	local(t, folder, "-o", inCatalog, "--catalog", file, "-q")
	const query = "SELECT count(*) AS n, bit_xor(hash(p)) AS h FROM (SELECT * FROM processes JOIN memory_mappings USING (checkpoint_id, pid)) p"
	want := local(t, "query", exportedLocally(t, folder), query, "--format", "csv")
	on("compact")
	if got := on("query", query, "--format", "csv"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if said := on("verify", "--against", folder); !strings.Contains(said, "0 findings of damage, 0 warnings") {
		t.Error(said)
	}
	on("forget", "--keep-last", "1")
	local(t, folder, "-o", inCatalog, "--catalog", file, "-q", "--overwrite")
	if got := on("query", query, "--format", "csv"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
