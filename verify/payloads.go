package verify

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
	"github.com/ckexport/ckexport/units"
)

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

// payloadLimits says with which --payload-limit the contents in an output were
// exported, and with which archives are read to be compared.
type payloadLimits struct {
	of    map[string]int64 // by checkpoint, as far as its run tells
	reads []int64          // the first is that of all tables
	// redacted says that contents may be replaced: of what was cut in another
	// place, something else is left.
	redacted bool
	assumed  int64 // where redacted, of checkpoints that are not in of
}

// read is the limit of the reading that a checkpoint is compared with.
func (l *payloadLimits) read(id string) int64 {
	limit, known := l.of[id]
	switch {
	case !l.redacted:
		return l.reads[0]
	case known:
		return limit
	}
	return l.assumed
}

// matches tells whether the contents of a row are those that the archive gives,
// read with the limit for its checkpoint.
func (l *payloadLimits) matches(id string, values, read []any) bool {
	limit, known := l.of[id]
	return areContents(values, read, func(value, read []byte) bool {
		switch {
		case l.redacted:
			return bytes.Equal(value, read)
		case known:
			return bytes.Equal(value, read[:min(int64(len(read)), limit)])
		}
		return bytes.HasPrefix(read, value)
	})
}

// payloadLimits finds out with which limits the output was made.
func (o *output) payloadLimits(ctx context.Context, assumed int64) (*payloadLimits, error) {
	l := &payloadLimits{redacted: o.found.Redaction != "", assumed: assumed}
	var err error
	if l.of, err = o.limitsOfRuns(ctx); err != nil {
		return nil, fmt.Errorf("reading limits of runs: %w", err)
	}
	lengths, err := o.payloadLengths(ctx)
	if err != nil {
		return nil, err
	}
	needed := maps.Clone(l.of)
	for id, n := range lengths {
		if _, known := l.of[id]; !known && l.redacted {
			needed[id] = assumed
		} else if !known {
			needed[id] = n
		}
	}
	l.reads = slices.Compact(slices.Sorted(maps.Values(needed)))
	switch {
	case len(l.reads) == 0: // made without --payloads
		l.reads = []int64{0}
	case !l.redacted: // what is cut to less begins as this does
		l.reads = l.reads[len(l.reads)-1:]
	}
	return l, nil
}

// limitsOfRuns returns the limit with which each checkpoint was exported, where
// the output tells. An archive of several checkpoints is in the ledger with the
// first of them.
func (o *output) limitsOfRuns(ctx context.Context) (map[string]int64, error) {
	limits := map[string]int64{}
	if !o.hasColumns(runsTable, "run_id", "payload_limit") || !o.hasColumns(archivesTable, "run_id", "source", "status", schema.CheckpointID) || !o.hasColumns(checkpointsTable, schema.CheckpointID, "source") {
		return limits, nil
	}
	const query = `SELECT c.checkpoint_id, min(r.payload_limit)::BIGINT
		FROM checkpoints c
		JOIN archives a ON a.source = c.source AND a.status IN ('ok', 'partial')
			AND (a.checkpoint_id = c.checkpoint_id OR c.checkpoint_id NOT IN (SELECT checkpoint_id FROM archives WHERE checkpoint_id IS NOT NULL))
		JOIN runs r ON r.run_id = a.run_id
		WHERE c.checkpoint_id IS NOT NULL
		GROUP BY 1 HAVING min(r.payload_limit) = max(r.payload_limit) AND count(*) = count(r.payload_limit)`
	err := o.eachRow(ctx, query, func(rows *sql.Rows) error {
		var id string
		var limit int64
		err := rows.Scan(&id, &limit)
		limits[id] = limit
		return err
	})
	return limits, err
}

// payloadLengths returns the length of the longest content of each checkpoint
// that has any.
func (o *output) payloadLengths(ctx context.Context) (map[string]int64, error) {
	lengths := map[string]int64{}
	for _, t := range o.tables {
		for _, c := range payloadColumns(t) {
			if t.Scan || !o.hasColumns(t.Name, schema.CheckpointID, c) {
				continue
			}
			length := "octet_length(" + sqltext.Identifier(c) + ")"
			if strings.HasSuffix(columnType(t, c), "[]") {
				length = "list_max(list_transform(" + sqltext.Identifier(c) + ", x -> octet_length(x)))"
			}
			query := "SELECT checkpoint_id, max(" + length + ")::BIGINT AS longest FROM " + sqltext.Identifier(t.Name) + " WHERE checkpoint_id IS NOT NULL GROUP BY 1 HAVING longest IS NOT NULL"
			err := o.eachRow(ctx, query, func(rows *sql.Rows) error {
				var id string
				var n int64
				err := rows.Scan(&id, &n)
				lengths[id] = max(lengths[id], n)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("looking at contents of %s: %w", t.Name, err)
			}
		}
	}
	return lengths, nil
}

// comparePayloads checks that the contents in the output are those of the
// archives, as far as --payload-limit let them in. Fresh is the first reading of
// the archives, at path; others, which redacted contents of other limits need,
// are done by the run.
func (o *output) comparePayloads(ctx context.Context, fresh *output, run pipeline.Options, format sinks.Format, limits *payloadLimits, common map[string]bool, path string) error {
	for i, limit := range limits.reads {
		if i == 0 {
			if err := o.comparePayloadsRead(ctx, fresh, limits, limit, common); err != nil {
				return err
			}
			continue
		}
		run.PayloadLimit = limit
		again := strings.TrimSuffix(path, format.Suffixes[0]) + fmt.Sprintf("-%d", i) + format.Suffixes[0]
		names, err := reread(ctx, run, o.tables, format, again)
		if err != nil {
			return err
		}
		other, err := open(ctx, format, again, names)
		if err != nil {
			return err
		}
		if err := errors.Join(o.comparePayloadsRead(ctx, other, limits, limit, common), other.db.Close()); err != nil {
			return err
		}
	}
	return nil
}

// comparePayloadsRead compares the contents of the checkpoints for which
// archives were read with the limit.
func (o *output) comparePayloadsRead(ctx context.Context, fresh *output, limits *payloadLimits, limit int64, common map[string]bool) error {
	for _, t := range o.tables {
		columns := payloadColumns(t)
		if t.Scan || len(columns) == 0 || !o.hasColumns(t.Name, columns...) || !fresh.hasColumns(t.Name, columns...) {
			continue
		}
		ids, err := o.withPayloads(ctx, t, columns)
		if err != nil {
			return fmt.Errorf("looking at contents of %s: %w", t.Name, err)
		}
		for _, id := range ids {
			if !common[id] || limits.read(id) != limit {
				continue
			}
			if err := o.compareContents(ctx, fresh, t, columns, id, limits); err != nil {
				return fmt.Errorf("comparing contents of %s: %w", t.Name, err)
			}
		}
	}
	return nil
}

// withPayloads returns the checkpoints with contents in a table.
func (o *output) withPayloads(ctx context.Context, t *schema.Table, columns []string) (ids []string, err error) {
	present := strings.ReplaceAll(sqltext.Identifiers(columns), ", ", " IS NOT NULL OR ") + " IS NOT NULL"
	query := "SELECT DISTINCT checkpoint_id FROM " + sqltext.Identifier(t.Name) + " WHERE checkpoint_id IS NOT NULL AND (" + present + ") ORDER BY 1"
	err = o.eachRow(ctx, query, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// compareContents compares the contents that a table has of a checkpoint.
func (o *output) compareContents(ctx context.Context, fresh *output, t *schema.Table, columns []string, id string, limits *payloadLimits) error {
	key := rowsKey(t)
	query := "SELECT " + shown(key, strings.Split(sqltext.Identifiers(key), ", ")) + ", " + sqltext.Identifiers(columns) + " FROM " + sqltext.Identifier(t.Name) + " WHERE checkpoint_id = " + sqltext.Literal(id) + " ORDER BY 1"
	read := map[string][][]any{}
	err := fresh.eachRow(ctx, query, scanContents(len(columns), func(name string, values []any) {
		read[name] = append(read[name], values)
	}))
	if err != nil {
		return err
	}
	var differing int
	var example string
	err = o.eachRow(ctx, query, scanContents(len(columns), func(name string, values []any) {
		if slices.ContainsFunc(read[name], func(read []any) bool { return limits.matches(id, values, read) }) {
			return
		}
		if differing++; example == "" {
			example = name
		}
	}))
	if err != nil || differing == 0 {
		return err
	}
	if _, known := limits.of[id]; limits.redacted && !known {
		o.found.Found(sinks.Note, "payload", t.Name, id, "the contents in %s are not those in the archive cut at %d bytes, such as of %s; the output does not tell their --payload-limit, and with another one they would be replaced by other texts",
			units.Count(differing, "row"), limits.assumed, example)
		return nil
	}
	o.found.Found(sinks.Damage, "payload", t.Name, id, "the contents in %s are not those in the archive, such as of %s", units.Count(differing, "row"), example)
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

// areContents tells whether each content is NULL or as it was read, which equal
// tells; lists, which may have been cut, are compared element by element.
func areContents(values, read []any, equal func(value, read []byte) bool) bool {
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case []byte:
			if r, ok := read[i].([]byte); !ok || !equal(v, r) {
				return false
			}
		case []any:
			if r, ok := read[i].([]any); !ok || len(r) < len(v) || !areContents(v, r, equal) {
				return false
			}
		default:
			return false
		}
	}
	return true
}
