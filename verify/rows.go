package verify

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
	"github.com/ckexport/ckexport/units"
)

// rowsKey returns the columns that name a row within a checkpoint: the key, or
// in a table without one what ckexport diff knows rows by.
func rowsKey(t *schema.Table) []string {
	key := slices.DeleteFunc(slices.Clone(t.Key), func(c string) bool { return c == schema.CheckpointID })
	if len(t.Key) == 0 && t.Comparison != nil {
		key = t.KeyAcross()
	}
	return key
}

// digest of the rows of a checkpoint, whatever their order.
type digest struct {
	rows     int64
	xor, sum string
}

// compareRows compares the rows of a table as multisets, checkpoint by
// checkpoint.
func (o *output) compareRows(ctx context.Context, fresh *output, t *schema.Table, m *matched, c *Compared) error {
	var columns []string
	for _, column := range t.Columns {
		if o.has[t.Name][column.Name] && fresh.has[t.Name][column.Name] && !column.Provenance && !column.Payload {
			columns = append(columns, column.Name)
		}
	}
	hashed := "hash(" + sqltext.Identifiers(columns) + ")"
	query := "SELECT checkpoint_id, count(*), bit_xor(h)::VARCHAR, sum(h)::VARCHAR FROM (SELECT checkpoint_id, " + hashed + " AS h FROM " +
		sqltext.Identifier(t.Name) + ofArchive(t) + ") WHERE checkpoint_id IS NOT NULL GROUP BY 1"
	read := func(from *output) (map[string]digest, error) {
		digests := map[string]digest{}
		err := from.eachRow(ctx, query, func(rows *sql.Rows) error {
			var id string
			var d digest
			if err := rows.Scan(&id, &d.rows, &d.xor, &d.sum); err != nil {
				return err
			}
			if m.common[id] {
				digests[id] = d
			}
			return nil
		})
		return digests, err
	}
	have, err := read(o)
	if err != nil {
		return err
	}
	want, err := read(fresh)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(m.common)) {
		c.Rows += want[id].rows
		if (t.Raw || t.Memory != "") && have[id].rows == 0 {
			continue // exported without --raw, or --memory
		}
		if have[id] == want[id] {
			continue
		}
		if err := o.nameDifference(ctx, fresh, t, id, hashed, m.limited[id]); err != nil {
			return err
		}
	}
	return nil
}

// nameDifference tells how the rows of a checkpoint differ.
func (o *output) nameDifference(ctx context.Context, fresh *output, t *schema.Table, id, hashed string, limited bool) error {
	key := rowsKey(t)
	example := "''"
	if len(key) > 0 {
		example = shown(key, strings.Split(sqltext.Identifiers(key), ", "))
	}
	query := "SELECT " + hashed + "::VARCHAR, " + example + " FROM (FROM " + sqltext.Identifier(t.Name) + ofArchive(t) + ") WHERE checkpoint_id = " + sqltext.Literal(id) + " ORDER BY 2"
	type row struct {
		excess int64 // rows of the output, less those of the archive
		name   string
	}
	found := map[string]*row{}
	for from, step := range map[*output]int64{o: 1, fresh: -1} {
		err := from.eachRow(ctx, query, func(rows *sql.Rows) error {
			var hash, name string
			if err := rows.Scan(&hash, &name); err != nil {
				return err
			}
			if found[hash] == nil {
				found[hash] = &row{name: name}
			}
			found[hash].excess += step
			return nil
		})
		if err != nil {
			return err
		}
	}
	var more, less int64
	var examples [2]string
	first := func(at int, name string) {
		if examples[at] == "" || name < examples[at] {
			examples[at] = name
		}
	}
	for _, r := range found {
		if r.excess > 0 {
			more += r.excess
			first(0, r.name)
		} else if r.excess < 0 {
			less -= r.excess
			first(1, r.name)
		}
	}
	such := func(name string) string {
		if name == "" {
			return ""
		}
		return ", such as " + name
	}
	severity, why := sinks.Damage, ""
	if limited {
		severity, why = sinks.Warning, "; it met other limits (--max-...) when the output was made than now, and the output does not tell which were set"
	}
	o.found.Found(severity, "rows", t.Name, id, "%s only in the output%s; %d only in the archive%s%s", units.Count(more, "row"), such(examples[0]), less, such(examples[1]), why)
	return nil
}
