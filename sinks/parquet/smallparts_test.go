package parquet

import (
	"math/rand/v2"
	"testing"

	"github.com/ckexport/ckexport/sinks/spool"
)

// TestToJoin lets a table grow by the hour for a year: it keeps below 40 parts,
// and what is written anew is bounded.
func TestToJoin(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var parts []spool.Part
	var added, rewritten, most int64
	for run := range 365 * 24 {
		p := spool.Part{Bytes: 20_000 + random.Int64N(40_000)}
		if run%500 == 0 {
			p.Bytes = 10 << 20 // now and then there is an archive that is large
		}
		added += p.Bytes
		joins := toJoin(parts)
		stays := len(parts) - len(joins)
		var once int64
		for _, j := range joins {
			once += j.Bytes
		}
		rewritten, most = rewritten+once, max(most, once)
		p.Bytes += once
		parts = append(without(parts, joins), p)
		if len(parts) != stays+1 || len(parts) >= 40 {
			t.Fatalf("run %d: %d parts", run, len(parts))
		}
	}
	t.Logf("%d parts; a byte was written anew %.1f times, at most %d MiB in a run", len(parts), float64(rewritten)/float64(added), most>>20)
	if rewritten > 12*added || most > 2*smallPart {
		t.Errorf("%d bytes were written anew of %d, %d in one run", rewritten, added, most)
	}
}

// without removes some of the parts, which have no names here.
func without(parts, some []spool.Part) (rest []spool.Part) {
	gone := map[spool.Part]int{}
	for _, p := range some {
		gone[p]++
	}
	for _, p := range parts {
		if gone[p] > 0 {
			gone[p]--
			continue
		}
		rest = append(rest, p)
	}
	return rest
}
