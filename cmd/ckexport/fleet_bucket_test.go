//go:build !noduckdb && !noiceberg

package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ckexport/ckexport/sinks/iceberg/resttest"
)

// fleetQueries are asked of outputs here and there, which must answer the same.
var fleetQueries = []string{
	"fleet-overview", "shells-under-servers", "deleted-open-files",
	"SELECT status, count(*) AS n, sum(row_count) AS row_count FROM archives GROUP BY ALL ORDER BY ALL",
	"SELECT count(*) AS n, bit_xor(hash(p)) AS h FROM (SELECT * FROM processes JOIN memory_mappings USING (checkpoint_id, pid)) p",
}

// TestBucketFleet asks and merges outputs of which some lie in an object store, with
// checkpoints that several have.
func TestBucketFleet(t *testing.T) {
	g := startGateway(t)
	archives := testArchives(t)
	here := t.TempDir()
	shares := map[string][]string{"one.parquet": archives[:9], "two.iceberg": archives[6:16], "three.parquet": append(slices.Clone(archives[14:]), archives[0])}
	var stored, locals []string
	for _, name := range []string{"one.parquet", "two.iceberg", "three.parquet"} {
		locals, stored = append(locals, filepath.Join(here, name)), append(stored, "s3://fleet/nodes/"+name)
		local(t, slices.Concat(shares[name], []string{"-o", filepath.Join(here, name), "-q"})...)
		g.ok(t, slices.Concat(shares[name], []string{"-o", "s3://fleet/nodes/" + name, "-q"})...)
	}
	mixed := []string{stored[0], stored[1], locals[2]}

	isSame := func(outputs ...string) {
		t.Helper()
		for _, query := range fleetQueries {
			ask := func(outputs []string) []string {
				return slices.Concat([]string{"query"}, outputs, []string{query, "--format", "csv"})
			}
			if got, want := g.ok(t, ask(outputs)...), local(t, ask(locals)...); got != want {
				t.Errorf("%s of %v: got %s, want %s", query, outputs, got, want)
			}
		}
	}
	isSame(stored...)
	isSame(mixed...)
	isSame(slices.Concat(stored[:2], shares["three.parquet"])...)
	report := func(run func(*testing.T, ...string) string, outputs []string) string {
		return run(t, slices.Concat([]string{"report"}, outputs, []string{"-o", filepath.Join(t.TempDir(), "page.html")})...)
	}
	if said, want := report(g.ok, stored), report(local, locals); told(said) != told(want) {
		t.Errorf("report: got %s, want %s", said, want)
	}
	both := local(t, "query", locals[0], locals[2], fleetQueries[0], "--format", "csv")
	if said := g.ok(t, "query", "s3://fleet/n*/*.parquet", fleetQueries[0], "--format", "csv"); said != both {
		t.Errorf("a pattern: got %s, want %s", said, both)
	}

	fetched := g.fetched(func() { g.ok(t, "query", stored[0], stored[1], "SELECT count(*) FROM processes") })
	if slices.Sort(fetched); !slices.Equal(slices.Compact(fetched), []string{"checkpoints", "processes"}) {
		t.Errorf("a query about processes fetches %v", fetched)
	}

	want := filepath.Join(here, "all.parquet")
	local(t, slices.Concat([]string{"merge"}, locals, []string{"-o", want})...)
	for _, into := range []string{"all.parquet", "s3://fleet/all.parquet"} {
		if !strings.Contains(into, "://") {
			into = filepath.Join(t.TempDir(), into)
		}
		g.ok(t, "merge", stored[0], "-o", into)
		g.ok(t, "merge", mixed[1], mixed[2], "-o", into)
		var said string
		fetched := g.fetched(func() { said = g.ok(t, slices.Concat([]string{"merge"}, mixed, []string{"-o", into})...) })
		if !strings.Contains(said, ": 0 checkpoints, ") {
			t.Error(said)
		}
		if n := len(slices.DeleteFunc(fetched, func(table string) bool { return table != "memory_mappings" })); n != 2 {
			t.Errorf("memory_mappings of two outputs are merged, and %d files are fetched", n)
		}
		if said := g.ok(t, "verify", into, "--against", filepath.Dir(archives[0])); !strings.Contains(said, "0 findings of damage, 0 warnings") {
			t.Error(said)
		}
		if said := g.ok(t, filepath.Dir(archives[0]), "-o", into); !strings.Contains(said, "nothing new") {
			t.Error(said)
		}
		if strings.Contains(into, "://") {
			into = filepath.Join(g.data, "fleet", "all.parquet")
		}
		sameRows(t, into, want)
	}
}

// fetched returns the tables of the files with rows that are fetched while do runs.
func (g *gateway) fetched(do func()) []string {
	var mu sync.Mutex
	var tables []string
	g.answering(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".parquet") {
			mu.Lock()
			tables = append(tables, filepath.Base(strings.TrimSuffix(filepath.Dir(r.URL.Path), "/data")))
			mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
	do()
	g.answering(nil)
	return tables
}

// told returns what is said behind the name of a file.
func told(said string) string {
	_, rest, _ := strings.Cut(said, "page.html")
	return rest
}

// TestBucketFleetRefuses is about outputs in an object store that can't be one.
func TestBucketFleetRefuses(t *testing.T) {
	g := startGateway(t)
	archives := testArchives(t)
	key := filepath.Join(t.TempDir(), "key")
	g.ok(t, archives[0], "-o", "s3://fleet/plain.parquet", "-q")
	g.ok(t, archives[1], "-o", "s3://fleet/redacted.parquet", "--redact", "env", "--redact-key-file", key, "-q")
	g.ok(t, archives[1], "-o", "s3://fleet/few.iceberg", "--tables", "processes", "-q")
	for _, c := range []struct{ other, want string }{
		{"s3://fleet/redacted.parquet", `"s3://fleet/redacted.parquet" with --redact env under key`},
		{"s3://fleet/few.iceberg", `"s3://fleet/few.iceberg" with fewer tables`},
		{"s3://fleet/none.parquet", "cannot be looked at"},
		{"s3://fleet/none-*.parquet", "no output in the bucket matches it as a pattern"},
	} {
		if said, code := g.run(t, "merge", "s3://fleet/plain.parquet", c.other, "-o", "s3://fleet/all.parquet"); code != exitUsage || !strings.Contains(said, c.want) {
			t.Errorf("merging %s: exit code %d, %s", c.other, code, said)
		}
	}
	if said, code := g.run(t, "query", "s3://fleet/all.parquet", "SELECT 1"); code != exitUsage {
		t.Errorf("a merge that was refused has made something: exit code %d, %s", code, said)
	}
	if said, code := g.run(t, archives[0], "-o", "s3://fleet/plain.parquet", "--refresh"); code != exitUsage || !strings.Contains(said, "export to a new output") {
		t.Errorf("--refresh: exit code %d, %s", code, said)
	}
}

// TestCatalogFleet asks and merges tables of a catalog, which lie in an object store,
// with another output.
func TestCatalogFleet(t *testing.T) {
	archives := testArchives(t)
	g := startGateway(t)
	c := resttest.New(t, "s3://fleet/warehouse")
	c.Config = map[string]string{"s3.endpoint": g.url, "s3.region": "us-east-1", "s3.access-key-id": "key", "s3.secret-access-key": storeSecret, "s3.path-style-access": "true"}
	t.Setenv("CATALOG_SECRET", resttest.Secret)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	file := catalogFile(t, "type = rest", "uri = "+c.URL, "warehouse = "+resttest.Warehouse, "credential = "+resttest.ID+":${CATALOG_SECRET}", "scope = "+resttest.Scope)
	in := func(args ...string) string {
		t.Helper()
		return local(t, append(args, "--catalog", file)...)
	}
	here := t.TempDir()
	one, two, all := filepath.Join(here, "one.duckdb"), filepath.Join(here, "two.parquet"), filepath.Join(here, "all.parquet")
	in(slices.Concat(archives[:12], []string{"-o", inCatalog, "-q"})...)
	local(t, slices.Concat(archives[:12], []string{"-o", one, "-q"})...)
	local(t, slices.Concat(archives[10:], []string{"-o", two, "-q"})...)
	for _, query := range fleetQueries {
		if got, want := in("query", two, inCatalog, query, "--format", "csv"), local(t, "query", two, one, query, "--format", "csv"); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	local(t, "merge", two, one, "-o", all)
	merged := filepath.Join(here, "merged.parquet")
	in("merge", two, inCatalog, "-o", merged)
	sameRows(t, merged, all)
	in("merge", two, "-o", inCatalog) // also into it
	if said := in("verify", inCatalog, "--against", filepath.Dir(archives[0])); !strings.Contains(said, "0 findings of damage, 0 warnings") {
		t.Error(said)
	}
}
