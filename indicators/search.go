package indicators

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sqltext"
)

// Hit is an indicator that a row has.
type Hit struct {
	Indicator *Indicator
	Place     Place
	// Key tells the row from others of its table: column=value, separated by commas.
	Key           string
	CheckpointID  string
	ContainerName string // empty if unknown
	Value         string // of the column, cut where it is long
}

// maxValue is how much of a value a hit has.
const maxValue = 200

// Search calls found with each hit of an output, in the order of Places, of checkpoints
// and of rows. Columns that the output does not have are passed over.
func (s *Set) Search(ctx context.Context, db *sql.DB, found func(Hit) error) error {
	has, err := columnsOf(ctx, db)
	if err != nil {
		return err
	}
	names := map[string]string{}
	if has["checkpoints.container_name"] {
		if names, err = containerNames(ctx, db); err != nil {
			return err
		}
	}
	for _, p := range Places {
		table, ok := schema.Lookup(p.Table)
		if !ok || !has[p.Table+"."+p.Column] {
			continue
		}
		c := &column{Place: p, set: s, isList: table.Column(p.Column).Type.ID() == arrow.LIST}
		for _, name := range table.Key {
			if name != schema.CheckpointID && has[p.Table+"."+name] {
				c.key = append(c.key, name)
			}
		}
		hits, err := c.search(ctx, db)
		if err != nil {
			return fmt.Errorf("searching column %s of %s: %w", p.Column, p.Table, err)
		}
		for _, h := range hits {
			h.ContainerName = names[h.CheckpointID]
			if err := found(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// columnsOf returns the columns of an output, as TABLE.COLUMN.
func columnsOf(ctx context.Context, db *sql.DB) (map[string]bool, error) {
	has := map[string]bool{}
	err := each(ctx, db, "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_catalog = current_database()", nil, func(row []any) {
		has[row[0].(string)] = true
	})
	if err != nil {
		return nil, fmt.Errorf("looking at the tables: %w", err)
	}
	return has, nil
}

func containerNames(ctx context.Context, db *sql.DB) (map[string]string, error) {
	names := map[string]string{}
	err := each(ctx, db, "SELECT checkpoint_id, container_name FROM checkpoints WHERE checkpoint_id IS NOT NULL AND container_name IS NOT NULL", nil, func(row []any) {
		names[row[0].(string)] = row[1].(string)
	})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	return names, nil
}

// each calls f with the values of each row of a query.
func each(ctx context.Context, db *sql.DB, query string, args []any, f func([]any)) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return sqltext.Each(rows, func(_ []string, values []any) error {
		f(values)
		return nil
	})
}

// column is a column that is searched.
type column struct {
	Place
	set    *Set
	isList bool
	key    []string // of the table, beside the checkpoint
}

// search finds the values that have an indicator, and then their rows.
func (c *column) search(ctx context.Context, db *sql.DB) ([]Hit, error) {
	name, table := sqltext.Identifier(c.Column), sqltext.Identifier(c.Table)
	value := name
	if c.isList {
		value = "unnest(" + name + ")"
	}
	var values []any
	err := each(ctx, db, fmt.Sprintf("SELECT DISTINCT v FROM (SELECT %s AS v FROM %s) WHERE v IS NOT NULL", value, table), nil, func(row []any) {
		if text, ok := row[0].(string); ok && len(c.set.in(c.Holds, text)) > 0 {
			values = append(values, text)
		}
	})
	if err != nil {
		return nil, err
	}
	var hits []Hit
	const atOnce = 200
	for part := range slices.Chunk(values, atOnce) {
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", ")
		where := fmt.Sprintf("%s IN (%s)", name, marks)
		if c.isList {
			where = fmt.Sprintf("list_has_any(%s, [%s])", name, marks)
		}
		selected := []string{schema.CheckpointID, name}
		for _, k := range c.key {
			selected = append(selected, sqltext.Identifier(k))
		}
		query := fmt.Sprintf("SELECT %s FROM %s WHERE %s", strings.Join(selected, ", "), table, where)
		if err := each(ctx, db, query, part, func(row []any) { hits = c.hits(hits, row) }); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.CheckpointID, b.CheckpointID), cmp.Compare(a.Key, b.Key))
	})
	return hits, nil
}

// hits adds the hits of a row: its checkpoint, the column, and the key.
func (c *column) hits(to []Hit, row []any) []Hit {
	var key []string
	for i, name := range c.key {
		if value := row[2+i]; value != nil {
			key = append(key, fmt.Sprintf("%s=%v", name, value))
		}
	}
	id, _ := row[0].(string)
	elements, isList := row[1].([]any)
	if !isList {
		elements = []any{row[1]}
	}
	for _, e := range elements {
		text, ok := e.(string)
		if !ok {
			continue
		}
		seen := map[*Indicator]bool{}
		for _, i := range c.set.in(c.Holds, text) {
			if !seen[i] {
				seen[i] = true
				to = append(to, Hit{Indicator: i, Place: c.Place, Key: strings.Join(key, ","), CheckpointID: id, Value: cut(text)})
			}
		}
	}
	return to
}

// cut returns the beginning of a long text.
func cut(text string) string {
	if len(text) <= maxValue {
		return text
	}
	return strings.ToValidUTF8(text[:maxValue], "") + "..."
}
