//go:build !noduckdb

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sinks/internal/contents"
	"github.com/ckexport/ckexport/sqltext"
)

const (
	// A database of an earlier tool has no etag.
	latestArchives = `SELECT source, size_bytes, modified_at, coalesce(etag, ''), status, coalesce(error, ''), coalesce(checkpoint_id, '')
FROM (SELECT *, rowid AS place FROM archives UNION ALL BY NAME SELECT NULL::VARCHAR AS etag WHERE false)
QUALIFY row_number() OVER (PARTITION BY source ORDER BY started_at DESC, place DESC) = 1`

	digestRows = `SELECT checkpoint_id, images_id, source, coalesce(pages_sha256, ''), coalesce(texts_sha256, ''), coalesce(files_sha256, ''),
coalesce(errors_sha256, '') FROM checkpoint_digests`

	archiveCheckpoints = `SELECT DISTINCT checkpoint_id FROM archives
WHERE checkpoint_id IS NOT NULL AND status IN ('ok', 'partial', 'duplicate')
UNION SELECT checkpoint_id FROM forgotten_checkpoints`

	// An archive may hold several checkpoints, of which its row in archives
	// names one.
	allCheckpoints = archiveCheckpoints + ` UNION SELECT checkpoint_id FROM checkpoints WHERE checkpoint_id IS NOT NULL`
)

// readLedger fills a ledger from the attached database, which has these tables.
func readLedger(ctx context.Context, db *sql.DB, ledger *sinks.Ledger, tables []*schema.Table) error {
	has := func(name string) bool {
		return slices.ContainsFunc(tables, func(t *schema.Table) bool { return t.Name == name })
	}
	runs, checkpoints := "SELECT DISTINCT run_id FROM archives", archiveCheckpoints
	if has(contents.Runs) {
		runs += " UNION SELECT run_id FROM runs"
	}
	if has(contents.Checkpoints) {
		checkpoints = allCheckpoints
	}
	if err := readArchives(ctx, db, ledger); err != nil {
		return err
	}
	if err := readDigests(ctx, db, ledger); err != nil {
		return err
	}
	for _, ids := range []struct {
		query string
		into  map[string]bool
	}{{"SELECT checkpoint_id FROM forgotten_checkpoints", ledger.Forgotten}, {runs, ledger.Runs}, {checkpoints, ledger.Checkpoints}} {
		if err := readIDs(ctx, db, ids.query, ids.into); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if t.Scope == schema.ScopeContent {
			if err := readContents(ctx, db, ledger, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// readArchives adds the latest row of each archive.
func readArchives(ctx context.Context, db *sql.DB, ledger *sinks.Ledger) error {
	return eachRow(ctx, db, latestArchives, func(rows *sql.Rows) error {
		var (
			source   string
			size     sql.Null[uint64]
			modified sql.NullTime
			a        sinks.LedgerArchive
		)
		if err := rows.Scan(&source, &size, &modified, &a.Tag, &a.Status, &a.Error, &a.CheckpointID); err != nil {
			return err
		}
		a.SizeBytes = size.V
		if modified.Valid {
			a.ModifiedAt = modified.Time.UTC()
		}
		ledger.Archives[source] = a
		return nil
	})
}

// readDigests adds what was read of checkpoints.
func readDigests(ctx context.Context, db *sql.DB, ledger *sinks.Ledger) error {
	return eachRow(ctx, db, digestRows, func(rows *sql.Rows) error {
		var images string
		var d sinks.Digest
		if err := rows.Scan(&d.CheckpointID, &images, &d.Source, &d.Pages, &d.Texts, &d.Files, &d.Errors); err != nil {
			return err
		}
		ledger.AddDigest(images, d)
		return nil
	})
}

// readIDs adds the ids that a query returns.
func readIDs(ctx context.Context, db *sql.DB, query string, into map[string]bool) error {
	return eachRow(ctx, db, query, func(rows *sql.Rows) error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		into[id] = true
		return nil
	})
}

// readContents adds the keys of a content-addressed table.
func readContents(ctx context.Context, db *sql.DB, ledger *sinks.Ledger, table *schema.Table) error {
	columns := make([]string, len(table.Key))
	values, at := make([]string, len(table.Key)), make([]any, len(table.Key))
	for i, name := range table.Key {
		columns[i], at[i] = sqltext.Identifier(name)+"::VARCHAR", &values[i]
	}
	return eachRow(ctx, db, "SELECT "+strings.Join(columns, ", ")+" FROM "+sqltext.Identifier(table.Name), func(rows *sql.Rows) error {
		if err := rows.Scan(at...); err != nil {
			return err
		}
		ledger.AddContent(table.Name, sinks.ContentKeyOf(values...))
		return nil
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
