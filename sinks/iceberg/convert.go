//go:build !noiceberg

package iceberg

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ckexport/ckexport/schema"
)

// convert returns rows of one table as the other has them, which has the same
// columns with other types: Iceberg's for those of schema, or the reverse. The
// caller releases them.
func convert(rows arrow.RecordBatch, to *schema.Table) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, len(to.Columns))
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
	}()
	for i, c := range to.Columns {
		var err error
		if columns[i], err = convertColumn(rows.Column(i), to.BatchSchema().Field(i).Type); err != nil {
			return nil, fmt.Errorf("column %s.%s: %w", to.Name, c.Name, err)
		}
	}
	return array.NewRecordBatch(to.BatchSchema(), columns, rows.NumRows()), nil
}

// convertColumn returns a column with another type, which the caller releases.
func convertColumn(column arrow.Array, to arrow.DataType) (arrow.Array, error) {
	if arrow.TypeEqual(column.DataType(), to) {
		column.Retain()
		return column, nil
	}
	switch to := to.(type) {
	case *arrow.ListType:
		list, ok := column.(*array.List)
		if !ok {
			break
		}
		elements, err := convertColumn(list.ListValues(), to.Elem())
		if err != nil {
			return nil, err
		}
		defer elements.Release()
		return withChildren(column, to, elements), nil
	case *arrow.StructType:
		return convertStruct(column, to)
	}
	switch c := column.(type) {
	case *array.Uint8:
		return signed[int32](c, to)
	case *array.Uint16:
		return signed[int32](c, to)
	case *array.Uint32:
		return signed[int64](c, to)
	case *array.Uint64:
		if to.ID() == arrow.DECIMAL128 {
			return decimals(c, to)
		}
		return signed[int64](c, to)
	case *array.Int32:
		return unsigned(c, to)
	case *array.Int64:
		return unsigned(c, to)
	case *array.Decimal128:
		return wholes(c, to)
	}
	return nil, fmt.Errorf("%v can't become %v", column.DataType(), to)
}

func convertStruct(column arrow.Array, to *arrow.StructType) (arrow.Array, error) {
	if column.DataType().ID() != arrow.STRUCT || len(column.Data().Children()) != to.NumFields() {
		return nil, fmt.Errorf("%v can't become %v", column.DataType(), to)
	}
	fields := make([]arrow.Array, to.NumFields())
	for i, child := range column.Data().Children() {
		field := array.MakeFromData(child)
		defer field.Release()
		var err error
		if fields[i], err = convertColumn(field, to.Field(i).Type); err != nil {
			return nil, err
		}
		defer fields[i].Release()
	}
	return withChildren(column, to, fields...), nil
}

// withChildren returns a list or struct with other elements or fields.
func withChildren(column arrow.Array, to arrow.DataType, children ...arrow.Array) arrow.Array {
	of := make([]arrow.ArrayData, len(children))
	for i, c := range children {
		of[i] = c.Data()
	}
	was := column.Data()
	data := array.NewData(to, was.Len(), was.Buffers(), of, was.NullN(), was.Offset())
	defer data.Release()
	return array.MakeFromData(data)
}

// numbers is a column of numbers.
type numbers[T any] interface {
	arrow.Array
	Value(int) T
}

// builder is what gets them.
type builder[T any] interface {
	array.Builder
	Append(T)
}

// mapped appends the values of a column to a builder, and returns the new one.
func mapped[From, To any](column numbers[From], b array.Builder, value func(From) (To, error)) (arrow.Array, error) {
	defer b.Release()
	out, ok := b.(builder[To])
	if !ok {
		return nil, fmt.Errorf("%v can't become %v", column.DataType(), b.Type())
	}
	out.Reserve(column.Len())
	for i := range column.Len() {
		if column.IsNull(i) {
			out.AppendNull()
			continue
		}
		v, err := value(column.Value(i))
		if err != nil {
			return nil, err
		}
		out.Append(v)
	}
	return out.NewArray(), nil
}

// signed returns numbers without sign as such with one.
func signed[To int32 | int64, From uint8 | uint16 | uint32 | uint64](column numbers[From], to arrow.DataType) (arrow.Array, error) {
	return mapped(column, array.NewBuilder(memory.DefaultAllocator, to), func(v From) (To, error) {
		if uint64(v) > math.MaxInt64 {
			return 0, fmt.Errorf("%d is above the greatest number that a long can hold", v)
		}
		return To(v), nil
	})
}

func decimals(column *array.Uint64, to arrow.DataType) (arrow.Array, error) {
	return mapped(column, array.NewBuilder(memory.DefaultAllocator, to), func(v uint64) (decimal128.Num, error) {
		return decimal128.FromU64(v), nil
	})
}

// unsigned returns numbers that were without sign as they were.
func unsigned[From int32 | int64](column numbers[From], to arrow.DataType) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, to)
	switch to.ID() {
	case arrow.UINT8:
		return mapped(column, b, inRange[From, uint8])
	case arrow.UINT16:
		return mapped(column, b, inRange[From, uint16])
	case arrow.UINT32:
		return mapped(column, b, inRange[From, uint32])
	default:
		return mapped(column, b, inRange[From, uint64])
	}
}

func inRange[From int32 | int64, To uint8 | uint16 | uint32 | uint64](v From) (To, error) {
	if v < 0 || uint64(To(v)) != uint64(v) {
		return 0, fmt.Errorf("%d is no value of the column", v)
	}
	return To(v), nil
}

func wholes(column *array.Decimal128, to arrow.DataType) (arrow.Array, error) {
	return mapped(column, array.NewBuilder(memory.DefaultAllocator, to), func(v decimal128.Num) (uint64, error) {
		if v.HighBits() != 0 {
			return 0, fmt.Errorf("%v is no value of the column", v.BigInt())
		}
		return v.LowBits(), nil
	})
}
