//go:build !noduckdb

package queries_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/sqltext"
)

// TestFullViews checks that the views have the columns that are declared, and every
// row of their tables with all its values.
func TestFullViews(t *testing.T) {
	if n := len(queries.FullViews()); n != 10 {
		t.Errorf("%d views of tables", n)
	}
	for format, output := range fleet {
		db := open(t, output)
		for _, v := range queries.FullViews() {
			if _, ok := queries.Lookup(v.Name()); ok {
				t.Errorf("%s has the name of a query", v.Name())
			}
			var declared []string
			for _, c := range v.Columns() {
				declared = append(declared, c.Name)
			}
			got := rows(t, db, "SELECT column_name FROM (DESCRIBE "+v.Name()+")")
			if diff := cmp.Diff(declared, got); diff != "" {
				t.Errorf("%s: columns of %s (-declared +returned):\n%s", format, v.Name(), diff)
			}
			own := make([]string, len(v.Of.Columns))
			for i, c := range v.Of.Columns {
				own[i] = c.Name
			}
			distinct := ""
			if v.PerProcess { // a row of the table may be several
				distinct = "DISTINCT "
			}
			of := fmt.Sprintf("SELECT %s%s FROM ", distinct, sqltext.Identifiers(own))
			table, view := of+v.Of.Name, of+v.Name()
			for _, differ := range []string{table + " EXCEPT ALL " + view, view + " EXCEPT ALL " + table} {
				if n := rows(t, db, "SELECT count(*) FROM ("+differ+")"); n[0] != "0" {
					t.Errorf("%s: %s rows of %s", format, n[0], differ)
				}
			}
		}
		for text, want := range map[string][]string{
			"SELECT DISTINCT pid, cmdline FROM sockets_full WHERE comm = 'nginx' AND container_name = 'f-nginx' ORDER BY pid LIMIT 2": {
				"1 nginx: master process nginx -c /cfg/nginx-root.conf", "6 nginx: worker process        "},
			"SELECT count(*) FROM (SELECT unnest(pids) FROM sockets)": rows(t, db, "SELECT count(pid) FROM sockets_full"),
			"SELECT DISTINCT taken_at IS NULL FROM processes_full":    {"false"},
			// without a holder a socket stays
			withoutHolders("NULL"): rows(t, db, "SELECT count(*), 0 FROM sockets"),
			withoutHolders("[]"):   rows(t, db, "SELECT count(*), 0 FROM sockets"),
		} {
			if diff := cmp.Diff(want, rows(t, db, text)); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", format, text, diff)
			}
		}
	}
}

// withoutHolders counts the rows of sockets_full and their processes, where all sockets
// have such a list of them.
func withoutHolders(pids string) string {
	v, _ := queries.LookupFull("sockets_full")
	return fmt.Sprintf("WITH sockets AS (SELECT * REPLACE (%s::UINTEGER[] AS pids) FROM main.sockets) SELECT count(*), count(pid) + count(comm) FROM (%s)", pids, v.SQL())
}
