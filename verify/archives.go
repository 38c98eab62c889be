package verify

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline/archive"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// matched is what an output and the archives both have.
type matched struct {
	common map[string]bool // checkpoint ids
	// limited has ids, and sources of archives, that met other limits in one
	// reading than in the other. The output does not tell the limits of its runs,
	// so what differs there may be no damage.
	limited map[string]bool
}

// compareArchives checks that the output knows each archive.
func (o *output) compareArchives(ctx context.Context, fresh *output, k *known, archives []source.Item, c *Compared) (*matched, error) {
	idsOf, failures, err := fresh.outcomes(ctx)
	if err != nil {
		return nil, err
	}
	imagesOf, err := fresh.imagesOf(ctx)
	if err != nil {
		return nil, err
	}
	limited, err := o.otherLimits(ctx, fresh)
	if err != nil {
		return nil, err
	}
	m := &matched{common: map[string]bool{}, limited: limited}
	var opener archive.Opener
	for _, a := range archives {
		name := decode.SourceText(a.Name())
		if failure, failed := failures[name]; failed {
			if !k.sources[name][schema.StatusFailed] {
				o.found.Found(sinks.Damage, "archive", "", name, "the output lacks it, and it cannot be read: %s", failure)
			}
			continue
		}
		for _, id := range idsOf[name] {
			if k.checkpoints[id] {
				m.common[id] = true
			} else {
				o.lacks(k, m, name, id, imagesOf[id])
			}
		}
		if err := o.compareDigest(ctx, &opener, k, a, idsOf[name], imagesOf, c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// outcomes returns the checkpoints of each archive that was read, by its source,
// and why others could not be read.
func (o *output) outcomes(ctx context.Context) (idsOf map[string][]string, failures map[string]string, err error) {
	idsOf, failures = map[string][]string{}, map[string]string{}
	add := func(source, id string) {
		if !slices.Contains(idsOf[source], id) {
			idsOf[source] = append(idsOf[source], id)
		}
	}
	err = o.eachRow(ctx, "SELECT checkpoint_id, source FROM checkpoints ORDER BY ALL", func(rows *sql.Rows) error {
		var id, source string
		err := rows.Scan(&id, &source)
		add(source, id)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	err = o.eachRow(ctx, "SELECT source, coalesce(error, ''), coalesce(checkpoint_id, '') FROM archives", func(rows *sql.Rows) error {
		var source, failure, id string
		err := rows.Scan(&source, &failure, &id)
		if id != "" {
			add(source, id)
		} else {
			failures[source] = failure
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the ledger: %w", err)
	}
	return idsOf, failures, nil
}

// otherLimits returns the checkpoints and sources for which the two outputs
// have other problems of limits.
func (o *output) otherLimits(ctx context.Context, fresh *output) (map[string]bool, error) {
	limited := map[string]bool{}
	if !o.hasColumns(problemsTable, "source", schema.CheckpointID, "code", "message") || !fresh.hasColumns(problemsTable, "source", schema.CheckpointID, "code", "message") {
		return limited, nil
	}
	const query = "SELECT name, string_agg(message, chr(10) ORDER BY message) FROM (SELECT unnest([source, checkpoint_id]) AS name, message FROM problems WHERE code = '" +
		decode.LimitExceeded + "') WHERE name IS NOT NULL GROUP BY 1"
	met := map[*output]map[string]string{o: {}, fresh: {}}
	for from, texts := range met {
		err := from.eachRow(ctx, query, func(rows *sql.Rows) error {
			var name, text string
			err := rows.Scan(&name, &text)
			texts[name] = text
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading problems: %w", err)
		}
	}
	for _, texts := range met {
		for name := range texts {
			if met[o][name] != met[fresh][name] {
				limited[name] = true
			}
		}
	}
	return limited, nil
}

// lacks tells of a checkpoint of an archive that the output does not have.
func (o *output) lacks(k *known, m *matched, name, id, images string) {
	tell := func(severity, format string, args ...any) {
		o.found.Found(severity, "archive", "", name, format, args...)
	}
	_, isForgotten := k.forgotten[id]
	switch {
	case isForgotten:
		tell(sinks.Warning, "its checkpoint %s was removed from the output by ckexport forget", id)
	case m.limited[name] || m.limited[id]:
		tell(sinks.Warning, "it met other limits (--max-...) when the output was made than now, and the output does not tell which were set: its checkpoint %s was not compared", id)
	case k.contents[images] != nil:
		tell(sinks.Damage, "the output lacks its checkpoint %s; the images and metadata are those of %s, and its memory pages, captured files, or what cannot be read of it are others",
			id, k.contents[images][0].CheckpointID)
	case len(k.idsOf[name]) > 0:
		tell(sinks.Damage, "the output lacks its checkpoint %s; from that path it has %s: the archive is not the one it was made from",
			id, strings.Join(slices.Sorted(maps.Keys(k.idsOf[name])), ", "))
	default:
		tell(sinks.Damage, "the output lacks its checkpoint %s", id)
	}
}

// compareDigest compares the SHA-256 of an archive with that which the output
// has of its path or, if it has none of that, of archives with the same
// checkpoints. It says nothing if one of those has none, as that may be the
// archive at hand.
func (o *output) compareDigest(ctx context.Context, opener *archive.Opener, k *known, a source.Item, ids []string, imagesOf map[string]string, c *Compared) error {
	name := decode.SourceText(a.Name())
	ofCopies, isOpen := map[string]bool{}, false
	for _, id := range ids {
		if same := k.contents[imagesOf[id]]; !k.checkpoints[id] && same != nil {
			id = same[0].CheckpointID
		}
		maps.Copy(ofCopies, k.digests[id])
		isOpen = isOpen || k.unrecorded[id]
	}
	recorded := k.digests[name]
	if len(recorded) == 0 {
		recorded = ofCopies
	} else {
		isOpen = false
	}
	if len(recorded) == 0 || a.Folder {
		return nil
	}
	digest, err := opener.Digest(ctx, a)
	if err != nil {
		return fmt.Errorf("reading archive %q: %w", name, err)
	}
	switch {
	case recorded[digest] || ofCopies[digest]:
		c.Proven++
	case !isOpen:
		o.found.Found(sinks.Damage, "archive", "", name, "its SHA-256 is %s, and that of the archive the output was made from was %s",
			digest, strings.Join(slices.Sorted(maps.Keys(recorded)), " or "))
	}
	return nil
}
