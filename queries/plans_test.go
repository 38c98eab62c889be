//go:build !noduckdb

package queries_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ckexport/ckexport/queries"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/duckdb"
)

// operator is a step of a plan, as EXPLAIN (ANALYZE, FORMAT JSON) tells of it.
type operator struct {
	Name   string     `json:"operator_name"`
	Rows   int        `json:"operator_cardinality"` // that it returned
	Inputs []operator `json:"children"`
	Info   struct {
		Conditions any // of a join: a text, or a list of them
	} `json:"extra_info"`
}

// passesOn are the operators with several inputs that compare no row of one
// with rows of another. Whatever else has several is taken for a join.
var passesOn = []string{"UNION", "CTE", "REC_CTE"}

// TestPlans checks that queries stay of use for thousands of checkpoints: they
// join by equal columns, and their work grows with the fleet, not with its square.
func TestPlans(t *testing.T) {
	few, many := open(t, fleet["duckdb"]), open(t, multiplied)
	joins := 0
	for _, q := range queries.All() {
		plan := planOf(t, many, bound(t, q, nil))
		joins += len(plan.joins())
		for _, complaint := range plan.complaints(planOf(t, few, bound(t, q, nil))) {
			t.Errorf("%s: %s", q.Name, complaint)
		}
	}
	if joins < 100 {
		t.Errorf("only %d joins were found in the plans", joins)
	}
	for _, slow := range []string{ // what is complained of
		"FROM processes, threads",
		"FROM processes p JOIN threads t ON p.pid < t.tid",
		"FROM processes p LEFT JOIN threads t ON p.checkpoint_id = t.checkpoint_id AND p.pid = t.pid OR p.comm = t.comm",
		"FROM processes p WHERE EXISTS (FROM threads t WHERE t.comm LIKE p.comm || '%')",
		"FROM processes p JOIN threads t USING (comm)",
	} {
		if plan := planOf(t, many, slow); plan.complaints(planOf(t, few, slow)) == nil {
			t.Errorf("nothing is found in the plan of %s: %+v", slow, plan)
		}
	}
}

// complaints says what makes a plan too slow for large fleets, given that for
// the fleet that has not been multiplied.
func (o operator) complaints(few operator) (list []string) {
	for _, j := range o.joins() {
		if c := fmt.Sprint(j.Info.Conditions); !strings.Contains(c, " = ") && !strings.Contains(c, " IS NOT DISTINCT FROM ") {
			list = append(list, fmt.Sprintf("%s compares each row with all others: its conditions are %s", j.Name, c))
		}
	}
	// Another plan for other numbers of rows may cost half as much again.
	if grown := float64(o.work()) / float64(few.work()); grown > 2*copies {
		list = append(list, fmt.Sprintf("%.0f times the work for %d times the checkpoints", grown, copies))
	}
	return list
}

// planOf runs SQL and returns the plan.
func planOf(t *testing.T, db *sql.DB, text string) operator {
	t.Helper()
	var kind, plan string
	if err := db.QueryRow("EXPLAIN (ANALYZE, FORMAT JSON) "+text).Scan(&kind, &plan); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var root operator
	if err := json.Unmarshal([]byte(plan), &root); err != nil {
		t.Fatalf("%s: %v in %s", text, err, plan)
	}
	return root
}

// joins returns the joins among the operator and those below it.
func (o operator) joins() (list []operator) {
	if len(o.Inputs) > 1 && !slices.Contains(passesOn, o.Name) {
		list = append(list, o)
	}
	for _, i := range o.Inputs {
		list = append(list, i.joins()...)
	}
	return list
}

// work returns how many rows operators got from one another.
func (o operator) work() int {
	rows := o.Rows
	for _, i := range o.Inputs {
		rows += i.work()
	}
	return rows
}

// copies is how often multiplied has each checkpoint.
const copies = 20

// multiplied has all archives, and copies of them that are other containers'.
var multiplied = sync.OnceValues(func() (*sql.DB, error) {
	if _, err := fleet["duckdb"](); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(folder, "fleet.duckdb"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "multiplied.duckdb")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, err
	}
	db, err := sql.Open("duckdb", path)
	if err != nil {
		return nil, err
	}
	for _, table := range schema.Tables() {
		var changed []string
		for _, c := range table.Columns {
			switch c.Name {
			case "checkpoint_id", "container_id", "container_name", "source", "archive_name":
				changed = append(changed, fmt.Sprintf("%[1]s || '-' || i AS %[1]s", c.Name))
			}
		}
		if len(changed) == 0 {
			continue
		}
		_, err := db.Exec(fmt.Sprintf("INSERT INTO %[1]s SELECT t.* REPLACE (%[2]s) FROM %[1]s t, range(1, %[3]d) r(i)", table.Name, strings.Join(changed, ", "), copies))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", table.Name, err), db.Close())
		}
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return duckdb.Format().OpenSQL(context.Background(), path, sinks.SQLOptions{Views: queries.Views()})
})
