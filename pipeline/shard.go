package pipeline

import (
	"fmt"
	"slices"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// A shard does not know what the others read, so it settles nothing: it stages the
// rows of every checkpoint, and says what it read of it. Merge then identifies all
// checkpoints of all shards one after another, as one run would.
//
// Only what comes to the same whatever the others read is left out: a checkpoint
// of which exactly the same was read before, in this shard or as the output tells.
// The ledger never takes two such for different checkpoints. It might where less
// was read of one: a third one, in another shard, may agree with that and differ
// from the other.

// see takes in one archive of a shard.
func (c *collector) see(d decodedArchive) error {
	seen := sinks.SeenArchive{Key: d.archive.Key(), Archive: c.complete(d), Problems: d.result.Problems}
	for i, r := range d.result.Checkpoints {
		checkpoint, staged := c.seeCheckpoint(&seen.Archive, r, d.result.Digests[i])
		seen.Checkpoints = append(seen.Checkpoints, checkpoint)
		if staged {
			c.summary.Checkpoints++
			c.batcher.append([]*schema.Rows{r})
		}
	}
	c.countProblems(d.result)
	c.summary.BytesRead += seen.Archive.BytesRead
	c.summary.ExpandedBytes += seen.Archive.ExpandedBytes
	c.report(reportOf(d, seen))
	if err := c.shard.Saw(seen); err != nil {
		return fmt.Errorf("staging what was read of %s: %w", d.archive.Name(), err)
	}
	return nil
}

func reportOf(d decodedArchive, seen sinks.SeenArchive) Report {
	report := Report{Archive: d.archive, Status: seen.Archive.Status, Error: deref(seen.Archive.Error)}
	for _, c := range seen.Checkpoints {
		report.Rows += c.Rows
	}
	if report.Rows == 0 && len(seen.Checkpoints) > 0 && report.Status == schema.StatusOK {
		report.Status = schema.StatusDuplicate
	}
	return report
}

// seeCheckpoint names the rows of a checkpoint, and tells whether they are staged.
func (c *collector) seeCheckpoint(a *schema.Archive, r *schema.Rows, row schema.CheckpointDigest) (_ sinks.SeenCheckpoint, staged bool) {
	images, digest := r.CheckpointID, digestOf(a, row)
	row.RunID, row.Source = c.opts.Run.RunID, a.Source
	seen := sinks.SeenCheckpoint{ImagesID: images, Digest: row}
	known := c.ledger.Digests[images]
	if slices.ContainsFunc(known, func(k sinks.Digest) bool { return isSame(k, digest) }) {
		return seen, false
	}
	if len(known) > 0 || c.ledger.Checkpoints[images] {
		r.CheckpointID = otherID(images, digest)
	}
	digest.CheckpointID = r.CheckpointID
	c.ledger.AddDigest(images, digest)
	r.SeccompPrograms = slices.DeleteFunc(r.SeccompPrograms, c.hasProgram)
	seen.StagedAs, seen.Rows = r.CheckpointID, c.batcher.count(r)
	return seen, true
}

// isSame reports whether exactly the same was read of two archives.
func isSame(a, b sinks.Digest) bool {
	return a.Pages == b.Pages && a.Texts == b.Texts && a.Files == b.Files && a.Errors == b.Errors
}
