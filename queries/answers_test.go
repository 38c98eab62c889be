//go:build !noduckdb

package queries_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ckexport/ckexport/queries"
)

// answer is what a query must find in testdata's archives. It follows from
// what the containers were made to do (testdata/README.md), and from what
// /proc and the engine told of them (the .truth folders).
type answer struct {
	columns string // to compare
	where   string // which rows to compare; all if empty
	params  map[string]string
	rows    []string
	// doctored says that no real archive has what the query looks for: it is
	// found in rows that the test changes, see doctored_test.go.
	doctored bool
	// everywhere says that the query describes ordinary containers too. It must
	// still find nothing where there is none.
	everywhere bool
}

// answers returns all answers, by the name of the query.
func answers() map[string][]answer {
	all := map[string][]answer{}
	for _, group := range []map[string][]answer{inventoryAnswers, processAnswers, privilegeAnswers, networkAnswers, fileAnswers, memoryAnswers, secretAnswers, changeAnswers} {
		for name, list := range group {
			all[name] = list
		}
	}
	return all
}

// TestAnswers asks every query of both kinds of output.
func TestAnswers(t *testing.T) {
	known := answers()
	for _, q := range queries.All() {
		if len(known[q.Name]) == 0 {
			t.Errorf("query %s has no known answer: add it to the test", q.Name)
		}
	}
	for name := range known {
		if _, ok := queries.Lookup(name); !ok {
			t.Errorf("there is no query %s", name)
		}
	}
	for format, output := range fleet {
		t.Run(format, func(t *testing.T) {
			db := open(t, output)
			for _, q := range queries.All() {
				for _, want := range known[q.Name] {
					if want.rows == nil && !want.doctored {
						t.Errorf("%s: the answer has no rows", q.Name)
					}
					text := fmt.Sprintf("SELECT %s FROM (%s)", want.columns, bound(t, q, want.params))
					if want.where != "" {
						text += " WHERE " + want.where
					}
					got := rows(t, db, text)
					slices.Sort(got)
					slices.Sort(want.rows)
					if diff := cmp.Diff(want.rows, got); diff != "" {
						t.Errorf("%s %v (-want +got):\n%s", q.Name, want.params, diff)
					}
				}
			}
		})
	}
}

// TestSilence asks every query where it must find nothing.
func TestSilence(t *testing.T) {
	for _, q := range queries.All() {
		output := ordinary
		if list := answers()[q.Name]; len(list) > 0 && list[0].everywhere {
			output = nothing
		}
		if got := rows(t, open(t, output), bound(t, q, nil)); len(got) > 0 {
			t.Errorf("%s finds:\n%s", q.Name, strings.Join(got, "\n"))
		}
	}
}
