package schema

import (
	"fmt"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
)

// WithFields returns the table as files of a format keep it that lacks some of
// its types: each column has the type and the metadata of the field of its name.
// Rows must be converted to it; Append and NewBuilder are for the table itself.
func (t *Table) WithFields(fields []arrow.Field) (*Table, error) {
	other := *t
	other.Columns = slices.Clone(t.Columns)
	for i := range other.Columns {
		c := &other.Columns[i]
		at := slices.IndexFunc(fields, func(f arrow.Field) bool { return f.Name == c.Name })
		if at < 0 {
			return nil, fmt.Errorf("table %s: no field for column %s", t.Name, c.Name)
		}
		c.Type, c.metadata = fields[at].Type, fields[at].Metadata
		c.Encoding.Delta = c.Encoding.Delta && c.Type.ID() != arrow.DECIMAL128
	}
	other.schemas = sync.OnceValues(other.makeSchemas)
	return &other, nil
}
