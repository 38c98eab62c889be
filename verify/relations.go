package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
	"github.com/ckexport/ckexport/units"
)

// checkKeys checks that no two rows of a table have the same key, in the
// checkpoints that were read in full: in others, an archive may have repeated
// what it must not. NULL in a key equals NULL.
func (o *output) checkKeys(ctx context.Context) error {
	for _, t := range o.tables {
		if len(t.Key) == 0 || o.rows[t.Name] < 2 || !o.hasColumns(t.Name, t.Key...) {
			continue
		}
		var keys, rows int64
		var example string
		conditions := []string{"true"}
		if !t.Global && o.has[t.Name][schema.CheckpointID] {
			conditions = chunks(o.rows[t.Name])
		}
		inFull := "true"
		if t.Name != archivesTable && t.Name != checkpointsTable && !t.Global && o.hasColumns(checkpointsTable, schema.CheckpointID, "status") {
			inFull = "checkpoint_id NOT IN (SELECT checkpoint_id FROM checkpoints WHERE status <> 'ok' AND checkpoint_id IS NOT NULL)"
		}
		for _, condition := range conditions {
			condition += " AND " + inFull
			// Hashes take less memory than keys; only where some are equal, the
			// keys are compared.
			hashed := fmt.Sprintf("SELECT hash(%s) FROM %s WHERE %s GROUP BY 1 HAVING count(*) > 1", sqltext.Identifiers(t.Key), sqltext.Identifier(t.Name), condition)
			query := fmt.Sprintf("SELECT count(*), coalesce(sum(n), 0)::BIGINT, coalesce(min(example), '') FROM (SELECT count(*) AS n, %s AS example FROM %s WHERE %s AND hash(%s) IN (%s) GROUP BY %s HAVING count(*) > 1)",
				shown(t.Key, strings.Split(sqltext.Identifiers(t.Key), ", ")), sqltext.Identifier(t.Name), condition, sqltext.Identifiers(t.Key), hashed, sqltext.Identifiers(t.Key))
			var k, n int64
			var e string
			if err := o.db.QueryRowContext(ctx, query).Scan(&k, &n, &e); err != nil {
				return fmt.Errorf("checking the key of %s: %w", t.Name, err)
			}
			keys, rows = keys+k, rows+n
			if k > 0 {
				example = e
			}
		}
		if keys > 0 {
			o.found.Found(sinks.Damage, "key", t.Name, "", "%s in %s, which should be one each, such as %s", units.Count(keys, "key"), units.Count(rows, "row"), example)
		}
	}
	return nil
}

// checkReferences checks that what rows refer to is there.
func (o *output) checkReferences(ctx context.Context) error {
	if !o.hasColumns(checkpointsTable, schema.CheckpointID, "status") || !o.hasColumns(problemsTable, schema.CheckpointID, "code", "table_name") {
		o.found.Found(sinks.Note, "reference", "", "", "references were not checked, as that takes the tables checkpoints and problems")
		return nil
	}
	for _, t := range o.tables {
		for _, r := range t.References {
			if o.rows[t.Name] == 0 || !o.hasColumns(t.Name, r.Columns...) || !o.hasColumns(r.Table, r.Target...) {
				continue // nothing to check, or the output was made without them
			}
			if err := o.checkReference(ctx, t, r); err != nil {
				return fmt.Errorf("checking references of %s to %s: %w", t.Name, r.Table, err)
			}
		}
	}
	return nil
}

// checkReference checks one reference in the checkpoints that were read in
// full, but those of which a problem says that the table refers to what the
// checkpoint does not hold.
func (o *output) checkReference(ctx context.Context, t *schema.Table, r schema.Reference) error {
	names, values, present, match := make([]string, len(r.Columns)), make([]string, len(r.Columns)), make([]string, len(r.Columns)), make([]string, len(r.Columns))
	targets := make([]string, len(r.Target))
	for i, c := range r.Columns {
		names[i] = fmt.Sprintf("v%d", i)
		value := sqltext.Identifier(c)
		if strings.HasSuffix(columnType(t, c), "[]") {
			value = "unnest(" + value + ")"
		}
		values[i] = value + " AS " + names[i]
		targets[i] = fmt.Sprintf("%s AS w%d", sqltext.Identifier(r.Target[i]), i)
		present[i] = names[i] + " IS NOT NULL"
		match[i] = fmt.Sprintf("w%d = v%d", i, i)
	}
	kind := "true"
	if r.Kind != "" {
		kind = "kind = " + sqltext.Literal(r.Kind)
	}
	target, ok := schema.Lookup(r.Table)
	isGlobal := ok && target.Global
	checked := "SELECT checkpoint_id FROM checkpoints WHERE status = 'ok' EXCEPT SELECT checkpoint_id FROM problems WHERE code = 'dangling_reference' AND table_name = " + sqltext.Literal(t.Name)
	var rows, checkpoints int64
	var checkpoint, example string
	for _, condition := range chunks(max(o.rows[t.Name], o.rows[r.Table])) {
		within, sameCheckpoint, id := condition, "id = checkpoint_id", "checkpoint_id AS id"
		if isGlobal { // its rows are of any checkpoint
			within, sameCheckpoint, id = "true", "true", "true AS id"
		}
		query := fmt.Sprintf(`SELECT count(*), count(DISTINCT checkpoint_id), coalesce(min(checkpoint_id), ''), coalesce(arg_min(%s, checkpoint_id), '')
FROM (SELECT checkpoint_id, %s FROM %s WHERE %s) AS a
WHERE %s AND checkpoint_id IN (%s)
AND NOT EXISTS (FROM (SELECT %s, %s FROM %s WHERE %s AND %s) AS b WHERE %s AND %s)`,
			shown(r.Columns, names), strings.Join(values, ", "), sqltext.Identifier(t.Name), condition,
			strings.Join(present, " AND "), checked,
			id, strings.Join(targets, ", "), sqltext.Identifier(r.Table), kind, within, sameCheckpoint, strings.Join(match, " AND "))
		var n, c int64
		var first, e string
		if err := o.db.QueryRowContext(ctx, query).Scan(&n, &c, &first, &e); err != nil {
			return err
		}
		rows, checkpoints = rows+n, checkpoints+c
		if n > 0 {
			checkpoint, example = first, e
		}
	}
	if rows > 0 {
		o.found.Found(sinks.Damage, "reference", t.Name, checkpoint, "%s in %s it refers to a row of %s that is not there, such as %s", units.Count(rows, "time"), units.Count(checkpoints, "checkpoint"), r.Table, example)
	}
	return nil
}

func columnType(t *schema.Table, name string) string {
	for _, c := range t.Columns {
		if c.Name == name {
			return c.SQLType()
		}
	}
	return ""
}
