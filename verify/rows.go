package verify

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
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

// payloadColumns returns the columns that are NULL without --payloads, and cut
// at --payload-limit.
func payloadColumns(t *schema.Table) []string {
	var names []string
	for _, c := range t.Columns {
		if c.Payload {
			names = append(names, c.Name)
		}
	}
	return names
}

// digest of the rows of a checkpoint, whatever their order.
type digest struct {
	rows     int64
	xor, sum string
}

// compareRows compares the rows of a table as multisets, checkpoint by
// checkpoint.
func (o *output) compareRows(ctx context.Context, fresh *output, t *schema.Table, common map[string]bool, c *Compared) error {
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
			if common[id] {
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
	for _, id := range slices.Sorted(maps.Keys(common)) {
		c.Rows += want[id].rows
		if (t.Raw || t.Memory != "") && have[id].rows == 0 {
			continue // exported without --raw, or --memory
		}
		if have[id] == want[id] {
			continue
		}
		if err := o.nameDifference(ctx, fresh, t, id, hashed); err != nil {
			return err
		}
	}
	return nil
}

// nameDifference tells how the rows of a checkpoint differ.
func (o *output) nameDifference(ctx context.Context, fresh *output, t *schema.Table, id, hashed string) error {
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
	o.found.Found(sinks.Damage, "rows", t.Name, id, "%d rows are only in the output%s; %d only in the archive%s", more, such(examples[0]), less, such(examples[1]))
	return nil
}

// payloadLimit returns the length of the longest content in the output: read
// with that limit, archives give at least what it has. 0 means that it was
// made without --payloads.
func (o *output) payloadLimit(ctx context.Context) (int64, error) {
	var limit int64
	for _, t := range o.tables {
		for _, c := range payloadColumns(t) {
			if !o.hasColumns(t.Name, c) {
				continue
			}
			length := "octet_length(" + sqltext.Identifier(c) + ")"
			if strings.HasSuffix(columnType(t, c), "[]") {
				length = "list_max(list_transform(" + sqltext.Identifier(c) + ", x -> octet_length(x)))"
			}
			var n int64
			if err := o.db.QueryRowContext(ctx, "SELECT coalesce(max("+length+"), 0)::BIGINT FROM "+sqltext.Identifier(t.Name)).Scan(&n); err != nil {
				return 0, fmt.Errorf("looking at contents of %s: %w", t.Name, err)
			}
			limit = max(limit, n)
		}
	}
	return limit, nil
}

// comparePayloads checks that the contents in the output are those of the
// archives, as far as --payload-limit let them in.
func (o *output) comparePayloads(ctx context.Context, fresh *output, t *schema.Table, common map[string]bool) error {
	columns := payloadColumns(t)
	if len(columns) == 0 || !o.hasColumns(t.Name, columns...) {
		return nil
	}
	key := rowsKey(t)
	present := "coalesce(" + sqltext.Identifiers(columns) + ") IS NOT NULL"
	if len(columns) > 1 {
		present = strings.ReplaceAll(sqltext.Identifiers(columns), ", ", " IS NOT NULL OR ") + " IS NOT NULL"
	}
	ids := map[string]bool{}
	err := o.eachRow(ctx, "SELECT DISTINCT checkpoint_id FROM "+sqltext.Identifier(t.Name)+" WHERE "+present, func(rows *sql.Rows) error {
		var id sql.NullString
		err := rows.Scan(&id)
		ids[id.String] = common[id.String]
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if !ids[id] {
			continue
		}
		query := "SELECT " + shown(key, strings.Split(sqltext.Identifiers(key), ", ")) + ", " + sqltext.Identifiers(columns) + " FROM " + sqltext.Identifier(t.Name) + " WHERE checkpoint_id = " + sqltext.Literal(id) + " ORDER BY 1"
		want := map[string][][]any{}
		if err := fresh.eachRow(ctx, query, scanContents(len(columns), func(name string, values []any) {
			want[name] = append(want[name], values)
		})); err != nil {
			return err
		}
		var differing int
		var example string
		if err := o.eachRow(ctx, query, scanContents(len(columns), func(name string, values []any) {
			if slices.ContainsFunc(want[name], func(whole []any) bool { return areParts(values, whole) }) {
				return
			}
			if differing++; example == "" {
				example = name
			}
		})); err != nil {
			return err
		}
		if differing > 0 {
			o.found.Found(sinks.Damage, "payload", t.Name, id, "the contents in %d rows are not those in the archive, such as of %s", differing, example)
		}
	}
	return nil
}

// scanContents scans rows of a name and so many values.
func scanContents(n int, take func(string, []any)) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var name string
		values, at := make([]any, n), make([]any, n+1)
		at[0] = &name
		for i := range values {
			at[i+1] = &values[i]
		}
		if err := rows.Scan(at...); err != nil {
			return err
		}
		take(name, values)
		return nil
	}
}

// areParts tells whether each content is NULL, or what the whole one begins
// with; lists are compared element by element.
func areParts(values, whole []any) bool {
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case []byte:
			if w, ok := whole[i].([]byte); !ok || !bytes.HasPrefix(w, v) {
				return false
			}
		case []any:
			if w, ok := whole[i].([]any); !ok || len(w) < len(v) || !areParts(v, w) {
				return false
			}
		default:
			return false
		}
	}
	return true
}
