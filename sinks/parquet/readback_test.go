package parquet_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	pq "github.com/parquet-go/parquet-go"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// readRows reads a file with parquet-go, assembling lists and maps from their
// levels: 0 is NULL, 1 empty, and above that an element.
func readRows(t testing.TB, path string, table *schema.Table) [][]any {
	t.Helper()
	file := sinktest.OpenParquet(t, path)
	if got := len(file.Schema().Fields()); got != len(table.Columns) {
		t.Fatalf("%s: %d columns, want %d", path, got, len(table.Columns))
	}
	var columnOf []int         // by leaf
	var fieldOf []*arrow.Field // by leaf: of a list's structs, else nil
	for i, c := range table.Columns {
		columnOf, fieldOf = append(columnOf, i), append(fieldOf, nil)
		if c.Type.ID() == arrow.MAP {
			columnOf, fieldOf = append(columnOf, i), append(fieldOf, nil)
		}
		for f := range structFields(c.Type) {
			if f > 0 {
				columnOf, fieldOf = append(columnOf, i), append(fieldOf, nil)
			}
			fieldOf[len(fieldOf)-1] = &structFields(c.Type)[f]
		}
	}
	rows := [][]any{}
	for _, group := range file.RowGroups() {
		reader := group.Rows()
		buffer := make([]pq.Row, 100)
		for {
			n, err := reader.ReadRows(buffer)
			for _, r := range buffer[:n] {
				row := make([]any, len(table.Columns))
				var key string
				element := map[int]int{} // of a list of structs, by leaf
				for _, v := range r {
					i := columnOf[v.Column()]
					if f := fieldOf[v.Column()]; f != nil {
						assembleStruct(&row[i], element[v.Column()], f, v)
						element[v.Column()]++
						continue
					}
					isValue := v.Column() > 0 && columnOf[v.Column()-1] == i
					assemble(&row[i], &key, v, table.Columns[i].Type, isValue)
				}
				rows = append(rows, row)
			}
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// assemble adds one leaf value to a field of a row.
func assemble(field *any, key *string, v pq.Value, kind arrow.DataType, isValue bool) {
	level := v.DefinitionLevel()
	switch kind := kind.(type) {
	case *arrow.ListType:
		switch {
		case level == 0:
		case level == 1:
			*field = []any{}
		default:
			list, _ := (*field).([]any)
			*field = append(list, plain(v, kind.Elem()))
		}
	case *arrow.MapType:
		if level == 0 {
			return
		}
		if *field == nil {
			*field = map[string]any{}
		}
		if level == 1 {
			return
		}
		// parquet-go gives all keys of a row, then all values, so the test
		// data's maps are matched by order.
		m := (*field).(map[string]any)
		if !isValue {
			*key += v.String() + "\x00"
			return
		}
		name, rest := cut(*key)
		*key = rest
		m[name] = plain(v, kind.ItemType())
	default:
		*field = plain(v, kind)
	}
}

// structFields returns the fields of a list's structs, none for other types.
func structFields(t arrow.DataType) []arrow.Field {
	if list, ok := t.(*arrow.ListType); ok {
		if s, ok := list.Elem().(*arrow.StructType); ok {
			return s.Fields()
		}
	}
	return nil
}

// assembleStruct adds one leaf value to the nth struct of a list. All values of
// a leaf come together, those of the first one make the structs.
func assembleStruct(field *any, n int, of *arrow.Field, v pq.Value) {
	switch v.DefinitionLevel() {
	case 0:
		return
	case 1:
		*field = []any{}
		return
	}
	list, _ := (*field).([]any)
	if n == len(list) {
		list = append(list, map[string]any{})
		*field = list
	}
	list[n].(map[string]any)[of.Name] = plain(v, of.Type)
}

func cut(keys string) (first, rest string) {
	for i := range keys {
		if keys[i] == 0 {
			return keys[:i], keys[i+1:]
		}
	}
	return keys, ""
}

// plain returns a leaf value as sinktest.Values has it.
func plain(v pq.Value, kind arrow.DataType) any {
	if v.IsNull() {
		return nil
	}
	switch kind.ID() {
	case arrow.BOOL:
		return v.Boolean()
	case arrow.UINT8, arrow.UINT16, arrow.UINT32:
		return uint64(v.Uint32())
	case arrow.UINT64:
		return v.Uint64()
	case arrow.INT32:
		return int64(v.Int32())
	case arrow.INT64:
		return v.Int64()
	case arrow.FLOAT64:
		return v.Double()
	case arrow.TIMESTAMP:
		return time.UnixMicro(v.Int64()).UTC()
	case arrow.STRING:
		return string(v.ByteArray())
	default:
		return append([]byte{}, v.ByteArray()...)
	}
}
