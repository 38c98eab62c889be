//go:build !noiceberg

package iceberg

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/ckexport/ckexport/schema"
)

// wide is the type of numbers that may pass the greatest 64-bit number with a
// sign: Iceberg has none without, and as a long they would be negative.
var wide = iceberg.DecimalTypeOf(20, 0)

// schemaOf returns a table's schema. Its field ids are provisional: a table that
// is made gives out its own.
func schemaOf(t *schema.Table) (*iceberg.Schema, error) {
	ids := &numbering{}
	fields, err := ids.fields(t.Columns)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.Name, err)
	}
	return iceberg.NewSchema(0, fields...), nil
}

// numbering gives out field ids.
type numbering struct{ last int }

func (n *numbering) next() int {
	n.last++
	return n.last
}

func (n *numbering) fields(columns []schema.Column) ([]iceberg.NestedField, error) {
	fields := make([]iceberg.NestedField, len(columns))
	for i, c := range columns {
		fields[i] = iceberg.NestedField{ID: n.next(), Name: c.Name, Required: !c.Nullable, Doc: c.Comment()}
		var err error
		if fields[i].Type, err = n.typeOf(c); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	return fields, nil
}

// typeOf returns the type of a column.
func (n *numbering) typeOf(c schema.Column) (iceberg.Type, error) {
	switch t := c.Type.(type) {
	case *arrow.ListType:
		list := &iceberg.ListType{ElementID: n.next(), ElementRequired: !t.ElemField().Nullable}
		var err error
		if c.Elements != nil {
			var fields []iceberg.NestedField
			fields, err = n.fields(c.Elements)
			list.Element = &iceberg.StructType{FieldList: fields}
		} else {
			list.Element, err = primitive(t.Elem(), c.FitsInt64)
		}
		return list, err
	case *arrow.MapType:
		m := &iceberg.MapType{KeyID: n.next(), ValueID: n.next(), ValueRequired: !t.ItemField().Nullable}
		var err error
		if m.KeyType, err = primitive(t.KeyType(), c.FitsInt64); err != nil {
			return nil, err
		}
		m.ValueType, err = primitive(t.ItemType(), c.FitsInt64)
		return m, err
	}
	return primitive(c.Type, c.FitsInt64)
}

func primitive(t arrow.DataType, fitsInt64 bool) (iceberg.Type, error) {
	switch t.ID() {
	case arrow.STRING:
		return iceberg.PrimitiveTypes.String, nil
	case arrow.BINARY:
		return iceberg.PrimitiveTypes.Binary, nil
	case arrow.BOOL:
		return iceberg.PrimitiveTypes.Bool, nil
	case arrow.UINT8, arrow.UINT16, arrow.INT32:
		return iceberg.PrimitiveTypes.Int32, nil
	case arrow.UINT32, arrow.INT64:
		return iceberg.PrimitiveTypes.Int64, nil
	case arrow.UINT64:
		if fitsInt64 {
			return iceberg.PrimitiveTypes.Int64, nil
		}
		return wide, nil
	case arrow.FLOAT64:
		return iceberg.PrimitiveTypes.Float64, nil
	case arrow.TIMESTAMP:
		return iceberg.PrimitiveTypes.TimestampTz, nil
	}
	return nil, fmt.Errorf("no type of Iceberg for %v", t)
}

// keptAs returns a table as its files have it: with the types and the field ids
// of an Iceberg schema.
func keptAs(t *schema.Table, s *iceberg.Schema) (*schema.Table, error) {
	kept, err := table.SchemaToArrowSchema(s, nil, true, false)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.Name, err)
	}
	fields := slices.Clone(kept.Fields())
	for i := range fields {
		id, _ := fields[i].Metadata.GetValue(table.ArrowParquetFieldIDKey) // the comment is the column's
		fields[i].Metadata = arrow.NewMetadata([]string{table.ArrowParquetFieldIDKey}, []string{id})
	}
	return t.WithFields(fields)
}

// missing returns the columns of a table that an Iceberg schema lacks: those
// that a later tool added.
func missing(t *schema.Table, s *iceberg.Schema) []schema.Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c schema.Column) bool {
		_, known := s.FindFieldByName(c.Name)
		return known
	})
}

// evolve adds to a table's schema what it lacks, within a transaction. Rows that
// are there have NULL in such a column.
func evolve(txn *table.Transaction, t *schema.Table, s *iceberg.Schema) error {
	lacks := missing(t, s)
	if len(lacks) == 0 {
		return nil
	}
	update := txn.UpdateSchema(true, false)
	for _, c := range lacks {
		kind, err := (&numbering{}).typeOf(c)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		update = update.AddColumn([]string{c.Name}, kind, c.Comment(), false, nil)
	}
	return update.Commit()
}

// sortOrder is the order that files have after compaction: by checkpoint, of
// tables whose rows belong to one.
func sortOrder(s *iceberg.Schema) (table.SortOrder, error) {
	field, ok := s.FindFieldByName(schema.CheckpointID)
	if !ok {
		return table.UnsortedSortOrder, nil
	}
	return table.NewSortOrder(1, []table.SortField{{
		SourceIDs: []int{field.ID}, Transform: iceberg.IdentityTransform{}, Direction: table.SortASC, NullOrder: table.NullsLast,
	}})
}
