//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
)

// repeatedTable lists which checkpoints of a part an earlier part has too.
const repeatedTable = "memory." + loadedSchema + "_parts.repeated"

// union makes views of the tables of several parts.
type union struct {
	exec   execFunc
	reach  *aliases
	parts  []partTables
	paths  []string // files that views read
	isMade bool     // the tables of the only part are there as such
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
	repeats, err := u.findRepeated(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("looking for checkpoints that several outputs have: %w", err)
	}
	for _, name := range names {
		t, _ := schema.Lookup(name)
		if err := u.exec(ctx, "CREATE VIEW "+sqltext.Identifier(name)+" AS "+u.rowsOf(t, repeats)); err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
	}
	return names, nil
}

// findRepeated finds checkpoints that an earlier part has too, and returns in
// which parts some are.
func (u *union) findRepeated(ctx context.Context, db *sql.DB) (map[int]bool, error) {
	var ids []string
	for i, p := range u.parts {
		if from := p.checkpoints(); from != "" && len(u.parts) > 1 {
			ids = append(ids, fmt.Sprintf("SELECT %d AS part, checkpoint_id FROM %s", i, from))
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	err := u.exec(ctx, "CREATE SCHEMA "+loadedSchema+"_parts; CREATE TABLE "+repeatedTable+" AS SELECT part, checkpoint_id FROM (SELECT DISTINCT * FROM ("+
		strings.Join(ids, " UNION ALL ")+")) WHERE checkpoint_id IS NOT NULL QUALIFY row_number() OVER (PARTITION BY checkpoint_id ORDER BY part) > 1")
	if err != nil {
		return nil, err
	}
	repeats := map[int]bool{}
	err = eachRow(ctx, db, "SELECT DISTINCT part FROM "+repeatedTable, func(rows *sql.Rows) error {
		var i int
		if err := rows.Scan(&i); err != nil {
			return err
		}
		repeats[i] = true
		return nil
	})
	return repeats, err
}

// checkpoints returns the table that tells best which checkpoints a part has.
func (p partTables) checkpoints() string {
	if from := p.tables["checkpoints"]; from != "" {
		return from
	}
	for _, t := range schema.Tables() {
		if from := p.tables[t.Name]; from != "" && t.Scope == schema.ScopeCheckpoint {
			return from
		}
	}
	return ""
}

// rowsOf returns the query for a table's rows of all parts.
func (u *union) rowsOf(t *schema.Table, repeats map[int]bool) string {
	together := sinks.TableFiles{Table: t.Name} // files of all parts that can be read at once
	var selects []string
	for i, p := range u.parts {
		from, isThere := p.tables[t.Name]
		files, isFiles := p.files[t.Name]
		hides := repeats[i] && t.Scope == schema.ScopeCheckpoint
		switch {
		case !isThere:
		case hides:
			selects = append(selects, fmt.Sprintf("SELECT * FROM %s WHERE checkpoint_id IS NULL OR checkpoint_id NOT IN (SELECT checkpoint_id FROM %s WHERE part = %d)", from, repeatedTable, i))
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
	rows := strings.Join(selects, " UNION ALL BY NAME ")
	if t.Scope == schema.ScopeCheckpoint || len(u.parts) == 1 || len(t.Key) == 0 {
		return rows
	}
	// The ledger, and what is the same for all: a row that several outputs have
	// is one.
	return "SELECT DISTINCT ON (" + sqltext.Identifiers(t.Key) + ") * FROM (" + rows + ")"
}
