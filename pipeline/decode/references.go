package decode

import (
	"fmt"
	"slices"

	"github.com/ckexport/ckexport/schema"
)

// noteDangling notes the references within a checkpoint that was read in full
// which nothing answers, where the decoder of the table has not done so. Of
// others, what is missing has been said.
func (ar *archiveReader) noteDangling(rows *schema.Rows) {
	if firstError(rows.Problems) != nil {
		return
	}
	for _, d := range schema.DanglingReferences(rows, ar.decoder.plan.tables) {
		noted := slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool {
			return p.Code == DanglingReference && p.TableName != nil && *p.TableName == d.Table
		})
		if noted {
			continue
		}
		rows.Problems = append(rows.Problems, schema.Problem{
			Source: ar.source, TableName: &d.Table, RowKey: &d.Example, Severity: Warning, Code: DanglingReference,
			Message: fmt.Sprintf("%d times it refers to a row of %s that the checkpoint does not have", d.Rows, d.Reference.Table),
		})
	}
}
