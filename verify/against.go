package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ckexport/ckexport/pipeline"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/units"
)

// Against says what to compare an output with.
type Against struct {
	// Archives returns them. It is called when the temporary folder temp is
	// there and before anything of an archive is read, so that the process can
	// be confined first.
	Archives func(ctx context.Context, temp string) ([]source.Item, error)
	// TempDir is the folder in which the rows of the archives are written for
	// as long as the comparison takes; empty for that of the output. They are
	// for their owner alone, as outputs are.
	TempDir string
	// Format is the kind of output that they are written as.
	Format sinks.Format
	// Run says how to read archives. Its archives, sink and tables are set
	// here, and so is what the output shows of the flags it was made with.
	// Its PayloadLimit is for checkpoints of which the output does not tell.
	Run pipeline.Options
}

// Compared sums up a comparison with archives.
type Compared struct {
	Archives    int   `json:"archives"`
	Checkpoints int   `json:"checkpoints"` // those that both have
	Rows        int64 `json:"rows"`        // of these checkpoints, in the archives
	// Proven counts the archives that have the SHA-256 which the output recorded
	// when it was made from them.
	Proven int `json:"archives_proven"`
	// Others counts the checkpoints of the output that no archive given has.
	Others int `json:"checkpoints_not_compared"`
}

// String is the summary on a line.
func (c *Compared) String() string {
	return fmt.Sprintf("against %s: %s compared, %s; with the recorded SHA-256: %s; in the output only: %s",
		units.Count(c.Archives, "archive"), units.Count(c.Checkpoints, "checkpoint"), units.Count(c.Rows, "row"), units.Count(c.Proven, "archive"), units.Count(c.Others, "checkpoint"))
}

// known is what an output says of the archives it was made from.
type known struct {
	checkpoints map[string]bool                   // ids
	sources     map[string]map[schema.Status]bool // by source
	idsOf       map[string]map[string]bool        // checkpoint ids, by source
	forgotten   map[string]string                 // sources of checkpoints that were removed on purpose
	digests     map[string]map[string]bool        // SHA-256 of archives, by checkpoint id and by source
	unrecorded  map[string]bool                   // checkpoint ids and sources of archives without SHA-256
	contents    map[string][]sinks.Digest         // what was read of checkpoints, by the id of their images
}

func (k *known) add(source string, status schema.Status, id, digest string) {
	put(k.sources, source, status)
	if id == "" {
		return
	}
	put(k.idsOf, source, id)
	k.checkpoints[id] = true
	if digest == "" {
		k.unrecorded[id], k.unrecorded[source] = true, true
		return
	}
	put(k.digests, id, digest)
	put(k.digests, source, digest)
}

func put[V comparable](sets map[string]map[V]bool, key string, value V) {
	if sets[key] == nil {
		sets[key] = map[V]bool{}
	}
	sets[key][value] = true
}

// compare reads archives anew and compares them with the output.
func (o *output) compare(ctx context.Context, opts Options) (*Compared, error) {
	k, err := o.known(ctx)
	if err != nil {
		return nil, err
	}
	place, err := takeTemp(opts.Path, opts.Against.TempDir)
	if err != nil {
		return nil, err
	}
	archives, err := opts.Against.Archives(ctx, place.path)
	if err != nil {
		return nil, errors.Join(err, place.release())
	}
	compared, err := o.compareIn(ctx, opts, k, archives, place.rows(opts.Against.Format))
	return compared, errors.Join(err, place.release())
}

func (o *output) compareIn(ctx context.Context, opts Options, k *known, archives []source.Item, temp string) (*Compared, error) {
	limits, err := o.payloadLimits(ctx, opts.Against.Run.PayloadLimit)
	if err != nil {
		return nil, err
	}
	run := opts.Against.Run
	run.Raw = slices.ContainsFunc(o.tables, func(t *schema.Table) bool { return t.Raw && o.rows[t.Name] > 0 })
	for _, t := range o.tables {
		if t.Memory != "" && o.rows[t.Name] > 0 && !slices.Contains(run.Memory, t.Memory) {
			run.Memory = append(run.Memory, t.Memory)
		}
	}
	run.PayloadLimit = limits.reads[0]
	run.AllLogLines = o.found.AllLogLines
	run.Archives = archives
	run.Digests, run.WholePages = k.contents, true
	// Of several copies of a checkpoint the first one counts: let it be that
	// which the output was made from.
	slices.SortStableFunc(run.Archives, func(a, b source.Item) int {
		rank := func(a source.Item) int {
			if s := k.sources[decode.SourceText(a.Name())]; s[schema.StatusOK] || s[schema.StatusPartial] {
				return 0
			}
			return 1
		}
		return rank(a) - rank(b)
	})
	names, err := reread(ctx, run, o.tables, opts.Against.Format, temp)
	if err != nil {
		return nil, err
	}
	fresh, err := open(ctx, opts.Against.Format, temp, names)
	if err != nil {
		return nil, err
	}
	defer fresh.db.Close()
	c := &Compared{Archives: len(run.Archives)}
	m, err := o.compareArchives(ctx, fresh, k, run.Archives, c)
	if err != nil {
		return nil, err
	}
	c.Checkpoints, c.Others = len(m.common), len(k.checkpoints)-len(m.common)
	for _, t := range o.tables {
		if t.Scope != schema.ScopeCheckpoint || !fresh.hasColumns(t.Name, schema.CheckpointID) || t.Scan { // the output does not have the rules
			continue
		}
		if err := o.compareRows(ctx, fresh, t, m, c); err != nil {
			return nil, fmt.Errorf("comparing rows of %s: %w", t.Name, err)
		}
	}
	return c, o.comparePayloads(ctx, fresh, run, opts.Against.Format, limits, m.common, temp)
}

// known reads what the output says of archives: its ledger, in a table or kept
// beside the tables.
func (o *output) known(ctx context.Context) (*known, error) {
	k := &known{
		checkpoints: map[string]bool{}, sources: map[string]map[schema.Status]bool{}, idsOf: map[string]map[string]bool{},
		digests: map[string]map[string]bool{}, unrecorded: map[string]bool{},
	}
	var err error
	if k.forgotten, err = o.forgotten(ctx); err != nil {
		return nil, err
	}
	if ledger := o.found.Ledger; ledger != nil {
		k.checkpoints = maps.Clone(ledger.Checkpoints)
		k.contents = ledger.Digests
		for source, a := range ledger.Archives {
			k.add(source, a.Status, a.CheckpointID, "")
		}
		return k, nil
	}
	if k.contents, err = o.contents(ctx); err != nil {
		return nil, err
	}
	if o.hasColumns(archivesTable, schema.CheckpointID, "source", "status") {
		digest := "''"
		if o.hasColumns(archivesTable, "sha256") {
			digest = "coalesce(sha256, '')"
		}
		err := o.eachRow(ctx, "SELECT source, status, coalesce(checkpoint_id, ''), "+digest+" FROM archives", func(rows *sql.Rows) error {
			var source, id, digest string
			var status schema.Status
			err := rows.Scan(&source, &status, &id, &digest)
			k.add(source, status, id, digest)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
	}
	if o.hasColumns(checkpointsTable, schema.CheckpointID, "source") {
		// Where the table is there it decides; an archive may hold several.
		k.checkpoints = map[string]bool{}
		err := o.eachRow(ctx, "SELECT checkpoint_id, source FROM checkpoints WHERE checkpoint_id IS NOT NULL", func(rows *sql.Rows) error {
			var id, source string
			err := rows.Scan(&id, &source)
			k.checkpoints[id] = true
			for digest := range k.digests[source] {
				k.add(source, schema.StatusOK, id, digest)
			}
			if k.unrecorded[source] {
				k.unrecorded[id] = true
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading checkpoints: %w", err)
		}
	}
	return k, nil
}

// contents reads what was read of checkpoints, by the id of their images.
func (o *output) contents(ctx context.Context) (map[string][]sinks.Digest, error) {
	all := map[string][]sinks.Digest{}
	if !o.hasColumns(digestsTable, schema.CheckpointID, "images_id", "source", "pages_sha256", "texts_sha256", "files_sha256", "errors_sha256") {
		return all, nil
	}
	query := "SELECT checkpoint_id, images_id, source, coalesce(pages_sha256, ''), coalesce(texts_sha256, ''), coalesce(files_sha256, ''), coalesce(errors_sha256, '') FROM checkpoint_digests ORDER BY run_id"
	err := o.eachRow(ctx, query, func(rows *sql.Rows) error {
		var images string
		var d sinks.Digest
		err := rows.Scan(&d.CheckpointID, &images, &d.Source, &d.Pages, &d.Texts, &d.Files, &d.Errors)
		all[images] = append(all[images], d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is known of contents: %w", err)
	}
	return all, nil
}

// imagesOf returns the id of the images of each checkpoint.
func (o *output) imagesOf(ctx context.Context) (map[string]string, error) {
	contents, err := o.contents(ctx)
	ids := map[string]string{}
	for images, digests := range contents {
		for _, d := range digests {
			ids[d.CheckpointID] = images
		}
	}
	return ids, err
}

// reread exports the archives to an output of the same tables, and of those
// that tell what became of each archive. It returns their names.
func reread(ctx context.Context, run pipeline.Options, tables []*schema.Table, format sinks.Format, path string) ([]string, error) {
	var wanted []*schema.Table
	var names []string
	for _, t := range schema.Tables() {
		if t.Name == archivesTable || t.Name == checkpointsTable || t.Name == digestsTable || slices.Contains(tables, t) && t.Scope == schema.ScopeCheckpoint {
			wanted, names = append(wanted, t), append(names, t.Name)
		}
	}
	sink, err := format.Open(ctx, path, sinks.Options{Tables: wanted, RunID: run.Run.RunID, Version: run.Run.ToolVersion})
	if err != nil {
		return nil, fmt.Errorf("making room for the rows of the archives: %w", err)
	}
	run.Tables, run.Sink = wanted, sink
	if _, err := pipeline.Run(ctx, run); err != nil {
		return nil, errors.Join(fmt.Errorf("reading archives: %w", err), sink.Close())
	}
	if err := errors.Join(ctx.Err(), sink.Close()); err != nil {
		return nil, fmt.Errorf("reading archives: %w", err)
	}
	return names, nil
}
