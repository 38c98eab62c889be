package decode

import (
	"fmt"
	"slices"

	"github.com/ckexport/ckexport/schema"
)

// noteDangling notes the references within a checkpoint that was read in full
// which nothing answers, where the decoder of the table has not done so. Of
// others, what is missing has been said. It comes when all other rows are there.
func (s *imageSet) noteDangling() {
	known := s.rows.Problems
	if s.main {
		known = slices.Concat(s.problems, known)
	}
	if len(s.limits) > 0 || s.main && len(s.container.limits) > 0 || slices.ContainsFunc(known, isError) {
		return
	}
	for _, d := range schema.DanglingReferences(&s.rows, s.decoder.plan.tables) {
		noted := slices.ContainsFunc(known, func(p schema.Problem) bool {
			return p.Code == DanglingReference && p.TableName != nil && *p.TableName == d.Table
		})
		if !noted {
			s.rowProblem(d.Table, d.Example, Warning, DanglingReference,
				fmt.Sprintf("%d times it refers to a row of %s that the checkpoint does not have", d.Rows, d.Reference.Table))
		}
	}
}
