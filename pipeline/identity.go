package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
)

// A checkpoint is named by its images and metadata. Two archives may agree on
// these, and differ in what is not part of the name as it is not always read:
// pages of memory, captured files. So what was read of these is in the ledger,
// and a checkpoint is a copy of another only if all that was read of both is
// equal, and equally much could not be read. Else it is one of its own, and both
// have a problem that says so.

// identify settles which checkpoint rows are of, and whether the output lacks it.
// The rows come with the id of their images. What is news to the ledger is added
// to the rows.
func (c *collector) identify(a *schema.Archive, r *schema.Rows, row schema.CheckpointDigest) (isNew bool) {
	images, digest := r.CheckpointID, digestOf(a, row)
	known := c.ledger.Digests[images]
	if id, ok := match(known, digest); ok {
		r.CheckpointID = id
	} else if len(known) > 0 {
		r.CheckpointID = otherID(images, digest)
	}
	isNew = !c.ledger.Checkpoints[r.CheckpointID]
	if isNew && len(known) > 0 && r.CheckpointID != known[0].CheckpointID {
		c.tellDifference(a, r, known[0], digest)
	}
	if !isNew {
		a.NotCompared = notCompared(a.NotCompared, known, r.CheckpointID, digest)
	}
	if digest.CheckpointID = r.CheckpointID; isNew || addsTo(known, digest) {
		c.ledger.AddDigest(images, digest)
		row.RunID, row.Source = c.opts.Run.RunID, a.Source
		r.Digests = []schema.CheckpointDigest{row}
	}
	return isNew
}

// digestOf returns what was read of a checkpoint.
func digestOf(a *schema.Archive, row schema.CheckpointDigest) sinks.Digest {
	return sinks.Digest{
		Source: a.Source, Pages: deref(row.PagesSHA256), Texts: deref(row.TextsSHA256), Files: deref(row.FilesSHA256), Errors: deref(row.ErrorsSHA256),
	}
}

// match returns the first checkpoint from which nothing tells a digest apart.
// Several archives may have told of it.
func match(known []sinks.Digest, d sinks.Digest) (id string, ok bool) {
	differs := map[string]bool{}
	for _, k := range known {
		differs[k.CheckpointID] = differs[k.CheckpointID] || len(differences(k, d)) > 0
	}
	for _, k := range known {
		if !differs[k.CheckpointID] {
			return k.CheckpointID, true
		}
	}
	return "", false
}

// differences names what differs of what was read of both.
func differences(a, b sinks.Digest) (what []string) {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	if differ(a.Pages, b.Pages) || differ(a.Texts, b.Texts) {
		what = append(what, "memory pages")
	}
	if differ(a.Files, b.Files) {
		what = append(what, "captured files")
	}
	if a.Errors != b.Errors {
		what = append(what, "parts that could not be read")
	}
	return what
}

// otherID makes the id of a checkpoint whose images others have too.
func otherID(images string, d sinks.Digest) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{images, d.Pages, d.Texts, d.Files, d.Errors}, "\n")))
	return hex.EncodeToString(sum[:16])
}

// parts are the digests of a checkpoint that may be missing.
var parts = []struct {
	name string
	of   func(sinks.Digest) string
}{
	{"pages", func(d sinks.Digest) string { return d.Pages }},
	{"texts", func(d sinks.Digest) string { return d.Texts }},
	{"files", func(d sinks.Digest) string { return d.Files }},
}

// isRead reports whether a part of a checkpoint was read of an archive before.
func isRead(known []sinks.Digest, id string, part func(sinks.Digest) string) bool {
	return slices.ContainsFunc(known, func(k sinks.Digest) bool { return k.CheckpointID == id && part(k) != "" })
}

// notCompared adds to what may differ between copies of a checkpoint; the result
// is not nil. Texts are in pages.
func notCompared(what []string, known []sinks.Digest, id string, d sinks.Digest) []string {
	if what == nil {
		what = []string{}
	}
	for _, p := range parts {
		if p.name != "texts" && (p.of(d) == "" || !isRead(known, id, p.of)) && !slices.Contains(what, p.name) {
			what = append(what, p.name)
		}
	}
	return what
}

// addsTo reports whether more was read than of the copies before.
func addsTo(known []sinks.Digest, d sinks.Digest) bool {
	for _, p := range parts {
		if p.of(d) != "" && !isRead(known, d.CheckpointID, p.of) {
			return true
		}
	}
	return false
}

// tellDifference notes on both sides that two checkpoints share their images.
func (c *collector) tellDifference(a *schema.Archive, r *schema.Rows, first, digest sinks.Digest) {
	what := strings.Join(differences(first, digest), ", ")
	if what == "" { // from the first nothing, but from copies of it
		what = "pages or files of a copy"
	}
	tell := func(id, source, otherID, otherSource string) {
		c.differences = append(c.differences, &schema.Rows{CheckpointID: id, Problems: []schema.Problem{{
			Source: source, Severity: decode.Warning, Code: decode.OtherContent,
			Message: fmt.Sprintf("checkpoint %s of %q has the same images and metadata, and differs in: %s", otherID, otherSource, what),
		}}})
	}
	tell(r.CheckpointID, a.Source, first.CheckpointID, first.Source)
	if c.ledger.Checkpoints[first.CheckpointID] && !c.ledger.Forgotten[first.CheckpointID] {
		tell(first.CheckpointID, first.Source, r.CheckpointID, a.Source)
	}
}
