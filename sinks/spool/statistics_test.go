package spool

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks/internal/parquetfile"
	"github.com/ckexport/ckexport/sinks/sinktest"
)

// TestStatistics checks what files of all tables say of values that are hard to
// compare, in row groups of several batches that differ in which values they have.
// Each column has one page in a row group, or many.
func TestStatistics(t *testing.T) {
	for _, pageRows := range []int{0, 30} {
		for _, table := range schema.Tables() {
			rows := 6000 / len(table.Columns)
			path := filepath.Join(t.TempDir(), table.Name+".parquet")
			w := singleFile(path, table)
			w.encoder = func() (*parquetfile.Encoder, error) {
				return parquetfile.NewEncoder(parquetfile.Options{ZstdLevel: zstdLevel, BloomBytes: bloomBytes, PageRows: pageRows})
			}
			random := rand.New(rand.NewPCG(1, 2))
			var want []arrow.RecordBatch
			for group := range 4 {
				for range 2 {
					batch := sinktest.Build(t, table, extremes(t, table, random, 1+rows>>(2*group)))
					want = append(want, batch)
					if err := w.add(batch); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.writeRowGroup(); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.finish(); err != nil {
				t.Fatal(err)
			}
			sinktest.CheckStatistics(t, path)
			all, err := Join(want)
			if err != nil {
				t.Fatal(err)
			}
			sinktest.CheckRows(t, path, all)
		}
	}
}

// TestStatisticsOfPages checks a row group of many pages, of texts that repeat
// and of others.
func TestStatisticsOfPages(t *testing.T) {
	table, _ := schema.Lookup("annotations")
	path := filepath.Join(t.TempDir(), "annotations.parquet")
	w := singleFile(path, table)
	for n := range 60 {
		rows := &schema.Rows{CheckpointID: fmt.Sprintf("%0100d", 100-n)}
		for i := range 1000 {
			key := ""
			if n%20 > 5 {
				key = strings.Repeat(fmt.Sprint(i%7), n)
			}
			rows.Annotations = append(rows.Annotations, schema.Annotation{Key: key, Value: strings.Repeat(fmt.Sprint(n*i), i%20)})
		}
		if err := w.add(sinktest.Build(t, table, rows)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	sinktest.CheckStatistics(t, path)
}

// extremes returns n rows of a table. Of a field they have one value, or a mix of
// many.
func extremes(t *testing.T, table *schema.Table, random *rand.Rand, n int) *schema.Rows {
	t.Helper()
	rows := &schema.Rows{CheckpointID: strings.Repeat("f", random.IntN(2)*32)}
	all := reflect.ValueOf(rows).Elem()
	for i := range all.NumField() {
		if all.Field(i).Kind() != reflect.Slice {
			continue
		}
		all.Field(i).Set(reflect.MakeSlice(all.Field(i).Type(), n, n))
		if table.Count(rows) == 0 {
			all.Field(i).SetZero()
			continue
		}
		for field := range all.Field(i).Index(0).NumField() {
			if !all.Field(i).Type().Elem().Field(field).IsExported() { // facts of the table
				continue
			}
			mixed, seed := random.IntN(2) == 0, random.Uint64()
			for row := range n {
				if mixed {
					seed++
				}
				setExtreme(all.Field(i).Index(row).Field(field), rand.New(rand.NewPCG(seed, 3)))
			}
		}
		return rows
	}
	t.Fatalf("no rows for table %s", table.Name)
	return nil
}

// setExtreme sets v to one of the values at the ends of its type.
func setExtreme(v reflect.Value, random *rand.Rand) {
	text := []string{"", "", "\x00", "a", "é", "\U0010ffff", "\xff", "\xff\xff"}[random.IntN(8)]
	if random.IntN(300) == 0 { // the first half is a bound, the whole is too long for one
		text = strings.Repeat("\xff", (1+random.IntN(2))*longText/2)
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix([]int64{0, -1 << 35, 1 << 37, 1}[random.IntN(4)], 1000).UTC()))
		return
	case []byte:
		if random.IntN(3) > 0 {
			v.SetBytes([]byte(text))
		}
		return
	case map[string]string:
		if random.IntN(3) > 0 {
			v.Set(reflect.ValueOf([]map[string]string{{}, {"": ""}, {text: "", "k": text}}[random.IntN(3)]))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				setExtreme(v.Field(i), random)
			}
		}
	case reflect.Pointer:
		if random.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			setExtreme(v.Elem(), random)
		}
	case reflect.Slice:
		if random.IntN(3) > 0 {
			n := random.IntN(4)
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				setExtreme(v.Index(i), random)
			}
		}
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.Float64:
		v.SetFloat([]float64{math.NaN(), 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), 1}[random.IntN(6)])
	case reflect.Int32, reflect.Int64:
		v.SetInt([]int64{0, -1, math.MinInt32, math.MaxInt32, 1}[random.IntN(5)])
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		most := uint64(1)<<(v.Type().Bits()-1) - 1 // of the signed type
		v.SetUint([]uint64{0, 1, most, most + 1, 2*most + 1}[random.IntN(5)])
	}
}

// longText is longer than arrow-go lets a bound be.
const longText = 5000

// singleFile returns a writer of one file for all row groups.
func singleFile(path string, table *schema.Table) *tableWriter {
	return &NewFile(path, table, FileOptions{
		Footer: func() ([][2]string, error) { return nil, nil }, Stamp: func(*os.File, string) error { return nil },
	}).writer
}
