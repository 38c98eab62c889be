package verify

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
	"github.com/ckexport/ckexport/units"
)

// Tables with a part of their own in an output's ledger.
const (
	archivesTable    = "archives"
	checkpointsTable = "checkpoints"
	problemsTable    = "problems"
	digestsTable     = "checkpoint_digests"
	forgottenTable   = "forgotten_checkpoints"
	runsTable        = "runs"
)

// archiveRow is a row of the ledger.
type archiveRow struct {
	source, id string
	status     schema.Status
	rows       int64
}

// checkLedger compares the ledger with the tables: who says that a checkpoint
// is there, and how many rows it has.
func (o *output) checkLedger(ctx context.Context) error {
	checkpoints, err := o.checkpointSources(ctx)
	if err != nil {
		return err
	}
	totals, err := o.countRows(ctx, checkpoints)
	if err != nil {
		return err
	}
	if o.found.Ledger != nil {
		return o.checkOwnLedger(ctx, totals)
	}
	if !o.hasColumns(archivesTable, schema.CheckpointID, "source", "status", "row_count") {
		if !slices.Contains(o.found.Damaged, archivesTable) {
			o.found.Found(sinks.Note, "ledger", "", "", "the table archives is not there: the ledger was not checked")
		}
		return nil
	}
	var ledger []archiveRow
	err = o.eachRow(ctx, "SELECT source, status, coalesce(checkpoint_id, ''), row_count FROM archives ORDER BY ALL", func(rows *sql.Rows) error {
		var a archiveRow
		err := rows.Scan(&a.source, &a.status, &a.id, &a.rows)
		ledger = append(ledger, a)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	if checkpoints == nil {
		o.found.Found(sinks.Note, "ledger", "", "", "the table checkpoints is not there: the ledger was not compared with it")
		return nil
	}
	forgotten, err := o.forgotten(ctx)
	if err != nil {
		return err
	}
	o.checkArchives(ledger, checkpoints, forgotten)
	return o.checkRowCounts(ctx, ledger, checkpoints, totals, forgotten)
}

// forgotten returns the checkpoints that were removed on purpose, with the
// archives they came from.
func (o *output) forgotten(ctx context.Context) (map[string]string, error) {
	sources := map[string]string{}
	if !o.hasColumns(forgottenTable, schema.CheckpointID, "source") {
		return sources, nil
	}
	err := o.eachRow(ctx, "SELECT checkpoint_id, coalesce(source, '') FROM forgotten_checkpoints", func(rows *sql.Rows) error {
		var id, source string
		err := rows.Scan(&id, &source)
		sources[id] = source
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading forgotten checkpoints: %w", err)
	}
	return sources, nil
}

// checkpointSources returns the source of every checkpoint; nil without a
// table of them.
func (o *output) checkpointSources(ctx context.Context) (map[string]string, error) {
	if !o.hasColumns(checkpointsTable, schema.CheckpointID, "source") {
		return nil, nil
	}
	sources := map[string]string{}
	err := o.eachRow(ctx, "SELECT coalesce(checkpoint_id, ''), source FROM checkpoints", func(rows *sql.Rows) error {
		var id, source string
		err := rows.Scan(&id, &source)
		sources[id] = source
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	return sources, nil
}

// mayLackCheckpoint names the tables that have rows of archives in which no
// checkpoint was found.
var mayLackCheckpoint = map[string]bool{problemsTable: true}

// ofArchive is the condition for rows that come from the archive alone: that
// another one has other content is noted with both, whichever came last.
func ofArchive(t *schema.Table) string {
	if t.Name == problemsTable {
		return " WHERE code <> " + sqltext.Literal(decode.OtherContent)
	}
	return ""
}

// countRows counts the rows of each checkpoint over all tables but the ledger,
// and finds rows of checkpoints that are not there.
func (o *output) countRows(ctx context.Context, checkpoints map[string]string) (map[string]int64, error) {
	totals := map[string]int64{}
	for _, t := range o.tables {
		if t.Scope != schema.ScopeCheckpoint || !o.hasColumns(t.Name, schema.CheckpointID) {
			continue
		}
		strangers := map[string]int64{}
		var without int64
		err := o.eachRow(ctx, "SELECT coalesce(checkpoint_id, ''), count(*) FROM "+sqltext.Identifier(t.Name)+ofArchive(t)+" GROUP BY 1", func(rows *sql.Rows) error {
			var id string
			var n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			if id == "" {
				without = n
				return nil
			}
			totals[id] += n
			if _, known := checkpoints[id]; !known {
				strangers[id] = n
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("counting rows of %s: %w", t.Name, err)
		}
		if without > 0 && !mayLackCheckpoint[t.Name] {
			o.found.Found(sinks.Damage, "ledger", t.Name, "", "%s without checkpoint_id", units.Count(without, "row"))
		}
		if checkpoints == nil {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(strangers)) {
			o.found.Found(sinks.Damage, "ledger", t.Name, id, "%s of a checkpoint that is not in checkpoints", units.Count(strangers[id], "row"))
		}
	}
	return totals, nil
}

// checkArchives checks that ledger and checkpoints know the same.
func (o *output) checkArchives(ledger []archiveRow, checkpoints, forgotten map[string]string) {
	ids, sources := map[string]bool{}, map[string]bool{}
	for _, a := range ledger {
		if a.status.HasCheckpoint() {
			ids[a.id], sources[a.source] = true, true
		}
	}
	for _, a := range ledger {
		if !a.status.HasCheckpoint() {
			continue
		}
		_, gone := forgotten[a.id]
		if _, there := checkpoints[a.id]; a.id == "" {
			o.found.Found(sinks.Damage, "ledger", archivesTable, a.source, "its status is %s, and it has no checkpoint_id", a.status)
		} else if !there && !gone {
			o.found.Found(sinks.Damage, "ledger", checkpointsTable, a.id, "the checkpoint is not there, though the ledger has it as exported from %q", a.source)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(checkpoints)) {
		if id == "" {
			o.found.Found(sinks.Damage, "ledger", checkpointsTable, "", "a row has no checkpoint_id")
		} else if !ids[id] && !sources[checkpoints[id]] {
			o.found.Found(sinks.Damage, "ledger", archivesTable, id, "the ledger does not know the archive of the checkpoint, %q", checkpoints[id])
		}
	}
}

// checkRowCounts compares the rows that each source brought, as the ledger
// says, with those that are there. The pipeline counts the rows of all tables
// but the ledger and the global ones.
func (o *output) checkRowCounts(ctx context.Context, ledger []archiveRow, checkpoints map[string]string, totals map[string]int64, forgotten map[string]string) error {
	if len(o.found.Damaged) > 0 {
		return nil // rows are missing, and it has been said which
	}
	stated, there, forgot := map[string]int64{}, map[string]int64{}, map[string]bool{}
	for _, source := range forgotten {
		forgot[source] = true
	}
	for _, a := range ledger {
		stated[a.source] += a.rows
	}
	for id, n := range totals {
		if source, known := checkpoints[id]; known {
			there[source] += n
		}
	}
	if o.hasColumns(problemsTable, "source") {
		err := o.eachRow(ctx, "SELECT source, count(*) FROM problems WHERE checkpoint_id IS NULL GROUP BY 1", func(rows *sql.Rows) error {
			var source string
			var n int64
			err := rows.Scan(&source, &n)
			there[source] += n
			return err
		})
		if err != nil {
			return fmt.Errorf("counting problems: %w", err)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(stated)) {
		want, got := stated[source], there[source]
		if want != got && !forgot[source] {
			o.found.Found(sinks.Damage, "ledger", archivesTable, source, "the ledger says that %s came from it, and there are %d", units.Count(want, "row"), got)
		}
	}
	return nil
}

// checkOwnLedger checks that a ledger which is kept beside the tables knows
// whatever the rows are of.
func (o *output) checkOwnLedger(ctx context.Context, totals map[string]int64) error {
	ledger := o.found.Ledger
	for _, id := range slices.Sorted(maps.Keys(totals)) {
		if !ledger.Checkpoints[id] {
			o.found.Found(sinks.Damage, "ledger", o.tables[0].Name, id, "%s of a checkpoint that the ledger, which is no table, does not know", units.Count(totals[id], "row"))
		}
	}
	if !o.hasColumns(archivesTable, "source") {
		return nil
	}
	err := o.eachRow(ctx, "SELECT DISTINCT source FROM archives", func(rows *sql.Rows) error {
		var source string
		err := rows.Scan(&source)
		if _, known := ledger.Archives[source]; !known {
			o.found.Found(sinks.Damage, "ledger", archivesTable, source, "the ledger, which is no table, does not know it")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading archives: %w", err)
	}
	return nil
}
