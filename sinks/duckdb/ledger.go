//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/staging"
)

const (
	latestArchives = `SELECT source, size_bytes, modified_at, status, coalesce(error, ''), coalesce(checkpoint_id, '')
FROM archives
QUALIFY row_number() OVER (PARTITION BY source ORDER BY started_at DESC, rowid DESC) = 1`

	archiveCheckpoints = `SELECT DISTINCT checkpoint_id FROM archives
WHERE checkpoint_id IS NOT NULL AND status IN ('ok', 'partial', 'duplicate')
UNION SELECT checkpoint_id FROM forgotten_checkpoints`

	// An archive may hold several checkpoints, of which its row in archives
	// names one.
	allCheckpoints = archiveCheckpoints + ` UNION SELECT checkpoint_id FROM checkpoints WHERE checkpoint_id IS NOT NULL`
)

// readLedger fills a ledger from the attached database.
func readLedger(ctx context.Context, db *sql.DB, ledger *sinks.Ledger, tables []string) error {
	err := eachRow(ctx, db, latestArchives, func(rows *sql.Rows) error {
		var (
			source   string
			size     sql.Null[uint64]
			modified sql.NullTime
			a        sinks.LedgerArchive
		)
		if err := rows.Scan(&source, &size, &modified, &a.Status, &a.Error, &a.CheckpointID); err != nil {
			return err
		}
		a.SizeBytes = size.V
		if modified.Valid {
			a.ModifiedAt = modified.Time.UTC()
		}
		ledger.Archives[source] = a
		return nil
	})
	if err != nil {
		return err
	}
	query := archiveCheckpoints
	if slices.Contains(tables, "checkpoints") {
		query = allCheckpoints
	}
	err = eachRow(ctx, db, query, func(rows *sql.Rows) error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ledger.Checkpoints[id] = true
		return nil
	})
	if err != nil || !slices.Contains(tables, staging.ProgramsTable) {
		return err
	}
	return eachRow(ctx, db, "SELECT program_sha256, byte_order FROM "+staging.ProgramsTable, func(rows *sql.Rows) error {
		var p sinks.Program
		err := rows.Scan(&p.SHA256, &p.ByteOrder)
		ledger.Programs[p] = true
		return err
	})
}

func eachRow(ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
