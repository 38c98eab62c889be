package schema

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/public_columns.txt and compared_columns.txt")

// TestEveryColumnIsReviewed makes a new column a decision: one that can hold
// text or bytes is marked as sensitive, or stands in a list of those that were
// found to hold names, paths, addresses, states and the like.
func TestEveryColumnIsReviewed(t *testing.T) {
	var public strings.Builder
	marked := 0
	for _, table := range Tables() {
		for _, c := range table.Columns {
			switch {
			case len(c.Sensitive) > 0:
				marked++
				if !c.Nullable && c.SQLType() != "VARCHAR" {
					t.Errorf("%s.%s is sensitive, and can hold neither text nor NULL", table.Name, c.Name)
				}
			case strings.Contains(c.SQLType(), "VARCHAR") || strings.Contains(c.SQLType(), "BLOB"):
				public.WriteString(table.Name + "." + c.Name + "\n")
			}
		}
	}
	if marked < 60 {
		t.Errorf("only %d columns are marked as sensitive", marked)
	}
	const path = "testdata/public_columns.txt"
	if *update {
		if err := os.WriteFile(path, []byte(public.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reviewed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(reviewed) != public.String() {
		t.Error("columns of text or bytes were added or marked: decide whether they can hold secrets (tag `sensitive`); if not, run go test ./schema -update")
	}
}
