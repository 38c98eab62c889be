package sinktest

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ckexport/ckexport/schema"
)

// Batch returns n rows of a table, filled with values of every kind: NULLs
// where a column has them, the largest numbers, text beyond ASCII, bytes that
// are not text. The rows differ by seed. The test releases the batch.
func Batch(t testing.TB, table *schema.Table, n, seed int) arrow.RecordBatch {
	t.Helper()
	return Build(t, table, rowsOf(t, table, n, seed))
}

// rowsOf returns n filled rows of a table.
func rowsOf(t testing.TB, table *schema.Table, n, seed int) *schema.Rows {
	t.Helper()
	rows := &schema.Rows{CheckpointID: fmt.Sprintf("%032x", seed)}
	v := reflect.ValueOf(rows).Elem()
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.Slice {
			continue
		}
		v.Field(i).Set(reflect.MakeSlice(v.Field(i).Type(), n, n))
		if table.Count(rows) == 0 {
			v.Field(i).SetZero()
			continue
		}
		for j := range n {
			fill(v.Field(i).Index(j), seed+j)
		}
	}
	if table.Count(rows) != n {
		t.Fatalf("no rows for table %s", table.Name)
	}
	return rows
}

// Build returns the table's rows of r as a batch.
func Build(t testing.TB, table *schema.Table, rows *schema.Rows) arrow.RecordBatch {
	t.Helper()
	b := table.NewBuilder()
	b.Append(rows)
	batch := b.NewBatch()
	t.Cleanup(batch.Release)
	return batch
}

// Archive returns a batch of one row of table archives.
func Archive(t testing.TB, checkpoint string, a schema.Archive) arrow.RecordBatch {
	t.Helper()
	table, ok := schema.Lookup("archives")
	if !ok {
		t.Fatal("no table archives")
	}
	return Build(t, table, &schema.Rows{CheckpointID: checkpoint, Archives: []schema.Archive{a}})
}

// fill sets v to a value that depends on n.
func fill(v reflect.Value, n int) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, n%60, (123456+n)*1000, time.UTC)))
		return
	case []byte:
		if n%3 != 0 {
			v.SetBytes([]byte{0, 0xff, byte(n), 0, 'x'})
		}
		return
	case map[string]string:
		if n%3 != 0 {
			v.Set(reflect.ValueOf(map[string]string{"team": fmt.Sprint("größe ", n), "empty": ""}))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			switch field := v.Type().Field(i); {
			case field.Name == "_": // facts of the table
			case field.Tag.Get("range") == "int64":
				fillInt64(v.Field(i), n+i)
			default:
				fill(v.Field(i), n+i)
			}
		}
	case reflect.Pointer:
		if n%3 != 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), n)
		}
	case reflect.Slice: // NULL, empty and filled in turn
		if n%3 != 0 {
			v.Set(reflect.MakeSlice(v.Type(), n%3-1+n%2, n%3+1))
			for i := range v.Len() {
				fill(v.Index(i), n+i+1)
			}
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("naïve '日本' \"%d\"\n", n))
	case reflect.Bool:
		v.SetBool(n%2 == 0)
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.25)
	case reflect.Int32, reflect.Int64:
		v.SetInt(math.MinInt32 + int64(n))
	case reflect.Uint64:
		v.SetUint(math.MaxUint64 - uint64(n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint((1<<v.Type().Bits() - 1) - uint64(n%200))
	default:
		panic(fmt.Sprintf("sinktest: no value for %v", v.Type()))
	}
}

// fillInt64 fills a number without sign that never passes the greatest with one.
func fillInt64(v reflect.Value, n int) {
	fill(v, n)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.IsValid() {
		v.SetUint(math.MaxInt64 - uint64(n))
	}
}

// Values returns the rows of a batch as plain values, a slice a row: nil,
// bool, int64, uint64, float64, string, []byte, time.Time, []any and
// map[string]any, which stands for structs too.
func Values(batch arrow.RecordBatch) [][]any {
	rows := make([][]any, batch.NumRows())
	for i := range rows {
		rows[i] = make([]any, batch.NumCols())
		for j := range rows[i] {
			rows[i][j] = value(batch.Column(j), i)
		}
	}
	return rows
}

func value(column arrow.Array, i int) any {
	if column.IsNull(i) {
		return nil
	}
	switch c := column.(type) {
	case *array.Boolean:
		return c.Value(i)
	case *array.String, *array.Dictionary:
		return schema.TextsOf(c).Value(i)
	case *array.Binary:
		return append([]byte{}, c.Value(i)...)
	case *array.Int32:
		return int64(c.Value(i))
	case *array.Int64:
		return c.Value(i)
	case *array.Uint8:
		return uint64(c.Value(i))
	case *array.Uint16:
		return uint64(c.Value(i))
	case *array.Uint32:
		return uint64(c.Value(i))
	case *array.Uint64:
		return c.Value(i)
	case *array.Float64:
		return c.Value(i)
	case *array.Timestamp:
		return time.UnixMicro(int64(c.Value(i))).UTC()
	case *array.Map:
		m := map[string]any{}
		from, to := c.ValueOffsets(i)
		for k := from; k < to; k++ {
			m[c.Keys().(*array.String).Value(int(k))] = value(c.Items(), int(k))
		}
		return m
	case *array.Struct:
		m := map[string]any{}
		for f, field := range c.DataType().(*arrow.StructType).Fields() {
			m[field.Name] = value(c.Field(f), i)
		}
		return m
	case *array.List:
		from, to := c.ValueOffsets(i)
		list := []any{}
		for k := from; k < to; k++ {
			list = append(list, value(c.ListValues(), int(k)))
		}
		return list
	default:
		panic(fmt.Sprintf("sinktest: no value for %T", column))
	}
}
