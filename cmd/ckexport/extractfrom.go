package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ckexport/ckexport/compare"
	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/extract"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// extractFrom is what is extracted from: archives, or those that the ledger of an
// output names.
type extractFrom struct {
	listing *source.Listing
	wanted  map[extract.Checkpoint]string // with the ids that the user knows; nil for all
	// Of an output: where its checkpoints are from, and what is no longer there.
	ledger []ledgerEntry
	gone   []string
}

// ledgerEntry is an archive as an output knows it, with a checkpoint that it holds.
type ledgerEntry struct {
	checkpoint, images string // ids: of the output, and of the archive's images
	source             string
	version            archive.Version
}

// names is what an extraction calls the checkpoint.
func (e *ledgerEntry) names() extract.Checkpoint {
	return extract.Checkpoint{Source: e.source, ImagesID: e.images}
}

// findArchives lists the archives, without opening any.
func findArchives(ctx context.Context, opts *extractOptions, std streams) (*extractFrom, error) {
	from := &extractFrom{}
	if len(opts.inputs) == 1 {
		format, err := formats(opts.places).At(ctx, opts.inputs[0])
		if err == nil {
			return from, from.readLedger(ctx, &output{opts.inputs[0], format}, opts)
		}
	}
	to := opts.folder
	if to == "-" {
		to = ""
	}
	var err error
	from.listing, err = source.List(ctx, providers(to, opts.places), opts.inputs, std.in)
	return from, err
}

// readLedger lists the archives that hold the checkpoints of an output. That is done
// before the process is confined, as for an export that adds to one: only then it is
// known what must be readable.
func (from *extractFrom) readLedger(ctx context.Context, o *output, opts *extractOptions) error {
	db, err := o.openSQL(ctx, sinks.SQLOptions{Named: []string{"archives", "checkpoints", "checkpoint_digests"}}, confinement{off: true})
	if err != nil {
		return err
	}
	defer db.Close()
	known, err := compare.Open(ctx, db)
	if err != nil {
		return err
	}
	all, err := known.Checkpoints(ctx)
	if err != nil {
		return err
	}
	if opts.checkpoint != "" {
		one, err := compare.Find(all, opts.checkpoint)
		if err != nil {
			return nameError(err)
		}
		all = []compare.Checkpoint{one}
	}
	from.listing, from.wanted = &source.Listing{}, map[extract.Checkpoint]string{}
	for _, c := range all {
		if err := from.addEntries(ctx, db, c.ID); err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
	}
	for _, e := range from.ledger {
		l, err := source.List(ctx, providers("", opts.places), []string{e.source}, nil)
		if err != nil { // that it is not there is told if no copy is
			continue
		}
		from.listing.Add(l)
	}
	return nil
}

// addEntries adds the archives of a checkpoint, as they were when last read.
func (from *extractFrom) addEntries(ctx context.Context, db *sql.DB, id string) error {
	rows, err := db.QueryContext(ctx, `SELECT source, arg_max(size_bytes, started_at), arg_max(modified_at, started_at), coalesce(arg_max(etag, started_at), ''),
       coalesce((SELECT any_value(images_id) FROM checkpoint_digests WHERE checkpoint_id = $1), $1)
FROM (FROM archives UNION ALL BY NAME SELECT NULL::VARCHAR AS etag WHERE false)
WHERE checkpoint_id = $1 AND status <> 'failed' AND size_bytes IS NOT NULL GROUP BY source ORDER BY min(started_at), source`, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e := ledgerEntry{checkpoint: id}
		var size uint64
		var modified sql.NullTime
		var tag string
		if err := rows.Scan(&e.source, &size, &modified, &tag, &e.images); err != nil {
			return err
		}
		e.version = archive.Version{Size: int64(size), ModTime: modified.Time, Tag: tag}
		from.ledger = append(from.ledger, e)
	}
	return rows.Err()
}

// look chooses the archives that are read. Of copies of a checkpoint, the first that
// is what it was.
func (from *extractFrom) look(ctx context.Context, opts *extractOptions) ([]source.Item, error) {
	found, err := from.listing.Look(ctx)
	if err != nil {
		return nil, err
	}
	if from.ledger == nil {
		if opts.checkpoint == "" {
			return found.Archives, nil
		}
		return from.choose(ctx, opts, found.Archives)
	}
	var archives []source.Item
	done := map[string]bool{}
	for n, e := range from.ledger {
		if done[e.checkpoint] {
			continue
		}
		item, reason := e.among(found.Archives)
		if reason == "" {
			done[e.checkpoint] = true
			from.wanted[e.names()] = e.checkpoint
			if !slices.ContainsFunc(archives, func(a source.Item) bool { return a.Name() == item.Name() }) {
				archives = append(archives, item)
			}
			continue
		}
		if n+1 == len(from.ledger) || from.ledger[n+1].checkpoint != e.checkpoint {
			from.gone = append(from.gone, fmt.Sprintf("%s, of checkpoint %s: %s", quotedPath(e.source), e.checkpoint, reason))
		}
	}
	return archives, nil
}

// among returns the archive of an entry, or why it is not to be had.
func (e *ledgerEntry) among(archives []source.Item) (item source.Item, reason string) {
	i := slices.IndexFunc(archives, func(a source.Item) bool { return decode.SourceText(a.Name()) == e.source })
	if i < 0 {
		return item, "it is gone"
	}
	item = archives[i]
	is := item.Version
	is.ModTime = is.ModTime.Truncate(time.Microsecond) // as columns have it
	if !is.Equal(e.version) {
		return item, fmt.Sprintf("it has changed: now it is %s, the output was made of %s", is, e.version)
	}
	return item, ""
}

// tellGone says which archives of the ledger are not what they were.
func (from *extractFrom) tellGone(hold map[extract.Checkpoint]bool, std streams) bool {
	for _, e := range from.ledger {
		if from.wanted[e.names()] == e.checkpoint && !hold[e.names()] {
			from.gone = append(from.gone, fmt.Sprintf("%s: it has changed: it does not hold checkpoint %s", quotedPath(e.source), e.checkpoint))
		}
	}
	for _, g := range from.gone {
		fmt.Fprintf(std.err, "ckexport: %s\n", g)
	}
	return len(from.gone) > 0
}

// choose finds the one checkpoint that is named among archives. They are read for
// that, but for pages and files where they can be passed over.
func (from *extractFrom) choose(ctx context.Context, opts *extractOptions, archives []source.Item) ([]source.Item, error) {
	table, ok := schema.Lookup("checkpoints")
	if !ok {
		return nil, errors.New("there is no table of checkpoints")
	}
	d := &decode.Decoder{Limits: opts.limits, Tables: []*schema.Table{table}}
	var all []compare.Checkpoint
	of := map[string]source.Item{}
	for _, a := range archives {
		result, err := d.Decode(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, rows := range result.Checkpoints {
			for i := range rows.Checkpoints {
				c := compare.CheckpointOf(rows.CheckpointID, &rows.Checkpoints[i], &result.Archive)
				if _, copied := of[c.ID]; !copied {
					of[c.ID] = a
					all = append(all, c)
				}
			}
		}
	}
	compare.Number(all)
	one, err := compare.Find(all, opts.checkpoint)
	if err != nil {
		return nil, nameError(err)
	}
	from.wanted = map[extract.Checkpoint]string{{Source: one.Sources[0], ImagesID: one.ID}: one.ID}
	return []source.Item{of[one.ID]}, nil
}
