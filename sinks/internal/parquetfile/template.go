package parquetfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// magic is what files begin and end with.
const magic = "PAR1"

// leaf is a column as the schema in a footer describes it.
type leaf struct {
	path                         [][]byte // names, from the outermost
	physical                     physical
	width                        int // of values of a fixed one, in bytes
	maxDefinition, maxRepetition int
}

// template is the footer of a file without rows, and where in it that of a file
// with rows differs.
type template struct {
	footer []byte
	leaves []leaf
	// The fields num_rows and row_groups, which follow one another, and the head
	// of the list of pairs, and the end of that list.
	rowsFrom, groupsTo    int
	pairsFrom, pairsBegin int
	pairsTo               int
	pairs                 int
}

// element is a part of the schema. Source: SchemaElement in parquet.thrift.
type element struct {
	name       []byte
	physical   physical
	width      int64
	repetition int64
	children   int64
}

// Repetitions of parquet.thrift.
const (
	optional = 1
	repeated = 2
)

// parse reads a file without rows.
func parse(file []byte) (*template, error) {
	const tail = 4 + len(magic)
	if len(file) < len(magic)+tail || !bytes.HasSuffix(file, []byte(magic)) {
		return nil, errors.New("it is no Parquet file")
	}
	size := int64(binary.LittleEndian.Uint32(file[len(file)-tail:]))
	if size > int64(len(file)-len(magic)-tail) {
		return nil, errors.New("its footer is longer than the file")
	}
	t := &template{footer: file[len(file)-tail-int(size) : len(file)-tail]}
	var elements []element
	r := &reader{in: t.footer}
	last := 0
	r.fields(func(id int, kind byte) {
		if id != last+1 { // the ids that follow would have to be told anew
			r.fail()
		}
		last = id
		begin := r.at - 1
		switch id {
		case 2:
			n, _ := r.list()
			for ; n > 0 && r.err == nil; n-- {
				elements = append(elements, r.element())
			}
		case 3:
			t.rowsFrom = begin
			r.skip(kind)
		case 4:
			if n, _ := r.list(); n != 0 {
				r.fail()
			}
			t.groupsTo = r.at
		case 5:
			t.pairsFrom = begin
			t.pairs, _ = r.list()
			t.pairsBegin = r.at
			for range t.pairs {
				r.skip(kindStruct)
			}
			t.pairsTo = r.at
		default:
			r.skip(kind)
		}
	})
	if r.err != nil || len(elements) == 0 || last < 5 {
		return nil, errors.New("its footer is not one of a file without rows")
	}
	rest := elements[1:]
	for range elements[0].children {
		rest = t.addLeaves(rest, leaf{})
	}
	return t, nil
}

func (r *reader) element() (e element) {
	r.fields(func(id int, kind byte) {
		switch id {
		case 1:
			e.physical = physical(r.varint())
		case 2:
			e.width = r.varint()
		case 3:
			e.repetition = r.varint()
		case 4:
			e.name = r.blob()
		case 5:
			e.children = r.varint()
		default:
			r.skip(kind)
		}
	})
	return e
}

// addLeaves adds the leaves of the first element, and returns the elements that
// are not below it.
func (t *template) addLeaves(elements []element, of leaf) []element {
	if len(elements) == 0 {
		return nil
	}
	e, rest := elements[0], elements[1:]
	of.path = append(slices.Clip(of.path), e.name)
	switch e.repetition {
	case repeated:
		of.maxRepetition++
		of.maxDefinition++
	case optional:
		of.maxDefinition++
	}
	if e.children == 0 {
		of.physical, of.width = e.physical, int(min(max(0, e.width), 16))
		t.leaves = append(t.leaves, of)
	}
	for range e.children {
		rest = t.addLeaves(rest, of)
	}
	return rest
}

// finish completes a file, which is written up to its footer.
func (t *template) finish(file, groups []byte, rows int64, pairs [][2]string) []byte {
	begin := len(file)
	m := message{out: append(file, t.footer[:t.rowsFrom]...), last: 2}
	m.int64(3, rows)
	m.field(4, kindList)
	m.out = append(m.out, groups...)
	m.out = append(m.out, t.footer[t.groupsTo:t.pairsFrom]...)
	m.list(5, t.pairs+len(pairs), kindStruct)
	m.out = append(m.out, t.footer[t.pairsBegin:t.pairsTo]...)
	for _, p := range pairs {
		pair := m.element()
		m.binary(1, []byte(p[0]))
		m.binary(2, []byte(p[1]))
		m.end(pair)
	}
	m.out = append(m.out, t.footer[t.pairsTo:]...)
	m.out = binary.LittleEndian.AppendUint32(m.out, uint32(len(m.out)-begin))
	return append(m.out, magic...)
}
