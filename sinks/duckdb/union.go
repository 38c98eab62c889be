//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
)

// repeatedTable lists the checkpoints of the parts, and whether an earlier part has
// them too.
const (
	partsSchema   = "parts"
	repeatedTable = "memory." + partsSchema + ".checkpoints"
)

// union makes views of the tables of several parts.
type union struct {
	exec   execFunc
	reach  *aliases
	parts  []partTables
	paths  []string // files that views read
	isMade bool     // the tables of the only part are there as such
	often  bool     // tables are asked many times
	added  bool     // the rows of the first part are left out
}

// partTables are the tables of one part, each with what stands behind FROM.
type partTables struct {
	tables map[string]string
	files  map[string]sinks.TableFiles // of those in plain files, which can be read together
}

// addPart adds the tables of an output.
func (u *union) addPart(ctx context.Context, db *sql.DB, p sinks.Part) error {
	add := partTables{tables: map[string]string{}, files: map[string]sinks.TableFiles{}}
	if p.Database != "" {
		name := "part_" + strconv.Itoa(len(u.parts))
		path, err := u.reach.to(p.Database)
		if err != nil {
			return err
		}
		if err := attachAs(ctx, u.exec, path, name, access{readOnly: true, wait: shortWait}); err != nil {
			return err
		}
		err = eachRow(ctx, db, "SELECT table_name FROM duckdb_tables() WHERE database_name = "+sqltext.Literal(name)+" AND schema_name = 'main'", func(rows *sql.Rows) error {
			var table string
			if err := rows.Scan(&table); err != nil {
				return err
			}
			if table != markTable && table != countTable {
				add.tables[table] = name + ".main." + sqltext.Identifier(table)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, f := range p.Files {
		var err error
		if f.Paths, err = u.allow(f.Paths); err != nil {
			return err
		}
		rows, err := selectFrom(f)
		if err != nil {
			return fmt.Errorf("table %s: %w", f.Table, err)
		}
		add.tables[f.Table] = "(" + rows + ")"
		if f.Columns == nil {
			add.files[f.Table] = f
		}
	}
	u.parts = append(u.parts, add)
	return nil
}

// allow notes files that views read, and returns the paths by which they do.
func (u *union) allow(paths []string) ([]string, error) {
	paths, err := u.reach.toAll(paths)
	u.paths = append(u.paths, paths...)
	return paths, err
}

// makeTables makes the views, and returns their names.
func (u *union) makeTables(ctx context.Context, db *sql.DB) ([]string, error) {
	var names []string
	for _, t := range schema.Tables() {
		if slices.ContainsFunc(u.parts, func(p partTables) bool { return p.tables[t.Name] != "" }) {
			names = append(names, t.Name)
		}
	}
	if u.isMade {
		return names, nil
	}
	repeated, err := u.findRepeated(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("looking for checkpoints that several outputs have: %w", err)
	}
	kind := "VIEW "
	isFiles := !slices.ContainsFunc(u.parts, func(p partTables) bool { return len(p.files) == 0 })
	if u.often && isFiles && u.bytes() <= loadedBytes {
		kind = "TABLE "
	}
	for _, name := range names {
		t, _ := schema.Lookup(name)
		if err := u.exec(ctx, "CREATE "+kind+sqltext.Identifier(name)+" AS "+u.rowsOf(t, repeated)); err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
	}
	return names, nil
}

// repeats says how many checkpoints of a part an earlier one has too.
type repeats string

const (
	repeatsNone repeats = ""
	repeatsSome repeats = "some"
	repeatsAll  repeats = "all"
)

// loadedBytes is up to which size files are loaded into memory, where they would be
// read many times: the rows take some ten times as much.
const loadedBytes = 64 << 20

// bytes returns the size of the files.
func (u *union) bytes() int64 {
	var sum int64
	for _, p := range u.paths {
		if info, err := os.Stat(p); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// findRepeated finds checkpoints that an earlier part has too, by part.
func (u *union) findRepeated(ctx context.Context, db *sql.DB) (map[int]repeats, error) {
	if len(u.parts) < 2 {
		return nil, nil
	}
	var ids, paths, partOf []string
	for i, p := range u.parts {
		switch table := p.checkpoints(); {
		case table == "":
		case p.files[table].Paths != nil:
			for _, path := range p.files[table].Paths {
				paths, partOf = append(paths, path), append(partOf, fmt.Sprintf("(%d, %s)", i, sqltext.Literal(path)))
			}
		default:
			ids = append(ids, fmt.Sprintf("SELECT %d AS part, checkpoint_id FROM %s", i, p.tables[table]))
		}
	}
	if len(paths) > 0 { // of a thousand outputs at once, rather than one by one
		ids = append(ids, "SELECT part, checkpoint_id FROM "+readParquetNamed(paths)+" JOIN (VALUES "+strings.Join(partOf, ", ")+") AS f(part, filename) USING (filename)")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	err := u.exec(ctx, "CREATE SCHEMA "+partsSchema+"; CREATE TABLE "+repeatedTable+` AS
SELECT part, checkpoint_id, row_number() OVER (PARTITION BY checkpoint_id ORDER BY part) > 1 AS is_repeated
FROM (SELECT DISTINCT * FROM (`+strings.Join(ids, " UNION ALL ")+`)) WHERE checkpoint_id IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	found := map[int]repeats{}
	err = eachRow(ctx, db, "SELECT part, bool_and(is_repeated) FROM "+repeatedTable+" GROUP BY part HAVING bool_or(is_repeated)", func(rows *sql.Rows) error {
		var part int
		var all bool
		if err := rows.Scan(&part, &all); err != nil {
			return err
		}
		if found[part] = repeatsSome; all {
			found[part] = repeatsAll
		}
		return nil
	})
	return found, err
}

// checkpoints returns the table that tells best which checkpoints a part has.
func (p partTables) checkpoints() string {
	const best = "checkpoints"
	if p.tables[best] != "" {
		return best
	}
	for _, t := range schema.Tables() {
		if p.tables[t.Name] != "" && t.Scope == schema.ScopeCheckpoint {
			return t.Name
		}
	}
	return ""
}

// ledgerTable is the table that says of each archive how many rows came from it. Of
// one whose checkpoint an earlier part has none do, as if the runs had been one after
// another.
const ledgerTable = "archives"

// rowsOf returns the query for a table's rows of all parts.
func (u *union) rowsOf(t *schema.Table, repeated map[int]repeats) string {
	id := t.Column("checkpoint_id")
	together := sinks.TableFiles{Table: t.Name} // files of all parts that can be read at once
	var selects []string
	for i, p := range u.parts {
		from, isThere := p.tables[t.Name]
		files, isFiles := p.files[t.Name]
		hides := repeatsNone
		if t.Scope == schema.ScopeCheckpoint {
			hides = repeated[i]
		}
		switch {
		case i == 0 && u.added:
		case !isThere, hides == repeatsAll && !id.Nullable && len(selects)+len(together.Paths) > 0:
		case t.Name == ledgerTable && repeated[i] != repeatsNone:
			selects = append(selects, fmt.Sprintf("SELECT * EXCLUDE r REPLACE (CASE WHEN r THEN 0 ELSE row_count END AS row_count, CASE WHEN r AND status = 'ok' THEN 'duplicate' ELSE status END AS status) "+
				"FROM (SELECT *, coalesce(checkpoint_id IN (SELECT checkpoint_id FROM %s WHERE part = %d AND is_repeated), false) AS r FROM %s)", repeatedTable, i, from))
		case hides != repeatsNone:
			selects = append(selects, fmt.Sprintf("SELECT * FROM %s WHERE checkpoint_id IS NULL OR checkpoint_id NOT IN (SELECT checkpoint_id FROM %s WHERE part = %d AND is_repeated)", from, repeatedTable, i))
		case isFiles && len(files.Paths) > 0:
			together.Differ = together.Differ || files.Differ || len(together.Paths) > 0
			together.Paths = append(together.Paths, files.Paths...)
		default:
			selects = append(selects, "SELECT * FROM "+from)
		}
	}
	if len(together.Paths) > 0 {
		selects = append(selects, "SELECT * FROM "+readParquet(together.Paths, together.Differ))
	}
	if len(selects) == 0 { // no part but the first has it
		return "SELECT * FROM " + u.parts[0].tables[t.Name] + " WHERE false"
	}
	rows := strings.Join(selects, " UNION ALL BY NAME ")
	if t.Scope == schema.ScopeCheckpoint || len(u.parts) == 1 || len(t.Key) == 0 {
		return rows
	}
	// The ledger, and what is the same for all: a row that several outputs have
	// is one.
	rows = "SELECT DISTINCT ON (" + sqltext.Identifiers(t.Key) + ") * FROM (" + rows + ")"
	if t.Name == ledgerTable {
		rows += " ORDER BY row_count DESC"
	}
	if first := u.parts[0].tables[t.Name]; u.added && first != "" {
		same := make([]string, len(t.Key))
		for i, column := range t.Key {
			name := sqltext.Identifier(column)
			same[i] = "there." + name + " IS NOT DISTINCT FROM added." + name
		}
		rows = "SELECT * FROM (" + rows + ") AS added WHERE NOT EXISTS (SELECT 1 FROM " + first + " AS there WHERE " + strings.Join(same, " AND ") + ")"
	}
	return rows
}
