//go:build !noduckdb

package queries_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// TestDeclarations checks headers against what the SQL does.
func TestDeclarations(t *testing.T) {
	columns := map[string]bool{}
	for _, table := range schema.Tables() {
		for _, c := range table.Columns {
			columns[c.Name] = true
		}
	}
	if n := len(queries.All()); n < 40 {
		t.Errorf("only %d queries", n)
	}
	db := open(t, fleet["duckdb"])
	for _, q := range queries.All() {
		if _, ok := schema.Lookup(q.ViewName()); ok {
			t.Errorf("%s has the name of a table", q.Name)
		}
		for _, p := range q.Params {
			if columns[p.Name] { // a macro would take the one for the other
				t.Errorf("%s: parameter %s has the name of a column", q.Name, p.Name)
			}
		}
		var declared []string
		for _, c := range q.Columns {
			declared = append(declared, c.Name)
		}
		result, err := db.Query("SELECT * FROM (" + bound(t, q, nil) + ") LIMIT 0")
		if err != nil {
			t.Errorf("%s: %v", q.Name, err)
			continue
		}
		returned, err := result.Columns()
		result.Close()
		if diff := cmp.Diff(declared, returned); err != nil || diff != "" {
			t.Errorf("%s: %v; columns declared and returned differ (-declared +returned):\n%s", q.Name, err, diff)
		}
		tables, uses := sources(q)
		if diff := cmp.Diff(sorted(tables), sorted(q.Tables)); diff != "" {
			t.Errorf("%s: tables (-used +declared):\n%s", q.Name, diff)
		}
		if diff := cmp.Diff(sorted(uses), sorted(q.Uses)); diff != "" {
			t.Errorf("%s: queries it builds on (-used +declared):\n%s", q.Name, diff)
		}
		if !lastOrder.MatchString(q.SQL) && !slices.ContainsFunc(queries.All(), func(o queries.Query) bool { return slices.Contains(o.Uses, q.Name) }) {
			t.Errorf("%s has no order, and no query that builds on it", q.Name)
		}
	}
}

// lastOrder is the order of a query's rows.
var lastOrder = regexp.MustCompile(`\nORDER BY .*$`)

// TestOrders checks that no two runs of a query differ: rows that its order leaves
// equal are the same in all columns.
func TestOrders(t *testing.T) {
	db := open(t, fleet["duckdb"])
	for _, q := range queries.All() {
		if !lastOrder.MatchString(q.SQL) {
			continue // TestDeclarations says which may do without
		}
		up, down := bound(t, q, nil), bound(t, q, nil)
		for i := range q.Columns {
			up += fmt.Sprintf(", %d", i+1)
			down += fmt.Sprintf(", %d DESC", i+1)
		}
		if diff := cmp.Diff(rows(t, db, up), rows(t, db, down)); diff != "" {
			t.Errorf("%s: the order leaves open which of these comes first:\n%s", q.Name, diff)
		}
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

var sourceForm = regexp.MustCompile(`(?:FROM|JOIN)\s+([a-z_]+)`)

// sources returns the tables that a query needs, also by the views and queries it
// builds on, and the latter queries.
func sources(q queries.Query) (tables, uses []string) {
	for _, m := range sourceForm.FindAllStringSubmatch(q.SQL, -1) {
		if _, ok := schema.Lookup(m[1]); ok {
			tables = append(tables, m[1])
		} else if v, ok := queries.LookupFull(m[1]); ok {
			tables = append(tables, v.Tables()...)
		} else if other, ok := queries.Lookup(m[1]); ok && other.ViewName() == m[1] && !strings.Contains(q.SQL, m[1]+" AS (") {
			uses = append(uses, other.Name)
			more, _ := sources(other)
			tables = append(tables, more...)
		}
	}
	return tables, uses
}

// TestViews checks what stands in an output: views, and macros with their
// defaults, which find what the queries do.
func TestViews(t *testing.T) {
	for format, output := range fleet {
		db := open(t, output)
		for _, q := range queries.All() {
			from := q.ViewName()
			if len(q.Params) > 0 {
				from += "()"
			}
			order := " ORDER BY ALL"
			want := rows(t, db, fmt.Sprintf("SELECT * FROM (%s)%s", bound(t, q, nil), order))
			if diff := cmp.Diff(want, rows(t, db, "SELECT * FROM "+from+order)); diff != "" {
				t.Errorf("%s: %s (-query +view):\n%s", format, from, diff)
			}
		}
	}
	db := open(t, fleet["duckdb"])
	got := rows(t, db, "SELECT local_port FROM odd_listeners(share := 0.03, at_least := 30) ORDER BY ALL")
	if diff := cmp.Diff([]string{"80", "4444", "5353", "5354", "8000", "9090", "9999", "18099"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	comment := rows(t, db, "SELECT DISTINCT comment FROM duckdb_functions() WHERE function_name = 'odd_listeners'")
	if len(comment) != 1 || !strings.HasPrefix(comment[0], "Which containers listen") {
		t.Errorf("comment of a macro: %q", comment)
	}
}

// TestFewTables checks that an output without all tables has the queries that
// need no others.
func TestFewTables(t *testing.T) {
	var tables []*schema.Table
	for _, name := range []string{"archives", "checkpoints", "processes", "sockets"} {
		table, _ := schema.Lookup(name)
		tables = append(tables, table)
	}
	db, err := export("few", duckdb.Format(), tables, "../testdata/archives/nginx.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var want []string
	for _, v := range queries.Views() {
		if !slices.ContainsFunc(v.Tables, func(name string) bool {
			return !slices.ContainsFunc(tables, func(t *schema.Table) bool { return t.Name == name })
		}) {
			want = append(want, v.Name)
		}
	}
	slices.Sort(want)
	got := rows(t, db, `SELECT view_name FROM duckdb_views() WHERE NOT internal
UNION SELECT function_name FROM duckdb_functions() WHERE function_type = 'table_macro' AND NOT internal ORDER BY ALL`)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 10 {
		t.Errorf("%d wanted (-want +got):\n%s", len(want), diff)
	}
}
