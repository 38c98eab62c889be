package schema

import (
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"
)

// Table describes one table.
type Table struct {
	Name string
	// Doc says what one row is and where it comes from.
	Doc string
	// Key lists the columns that tell rows apart; empty where rows have no
	// natural key.
	Key []string
	// Scope is what the rows belong to.
	Scope Scope
	// Global marks a table whose rows belong to no checkpoint, by its scope: it
	// gets no checkpoint_id.
	Global bool
	// Raw marks a table that has rows only with --raw.
	Raw bool
	// Memory is a kind of content of memory: the table has rows only where
	// --memory names it. It is empty for all other tables.
	Memory string
	// Scan marks a table that has rows only with --scan.
	Scan    bool
	Columns []Column
	// References are the columns that name rows of other tables. Besides, every
	// checkpoint_id names a row of checkpoints.
	References []Reference
	// Comparison says how rows are compared between checkpoints; nil where they
	// are not, and NotCompared says why.
	Comparison  *Comparison
	NotCompared string

	// schemas returns Schema and BatchSchema, which are made when first asked for: a
	// process has 76 tables, and mostly rows of a few.
	schemas func() (whole, batches *arrow.Schema)

	row   reflect.Type
	field int // of Rows that holds the rows
	sizer *sizer
}

// Tables returns every table, in the order of the documentation. The tables
// are shared and must not be changed.
var Tables = sync.OnceValue(func() []*Table {
	tables, err := tablesOf(reflect.TypeFor[Rows]())
	if err != nil {
		panic("schema: " + err.Error()) // a mistake in a row struct, found by any test
	}
	return tables
})

// MemoryKinds returns what --memory may name: the kinds of content of memory
// that have tables.
func MemoryKinds() []string {
	var kinds []string
	for _, t := range Tables() {
		if t.Memory != "" && !slices.Contains(kinds, t.Memory) {
			kinds = append(kinds, t.Memory)
		}
	}
	return kinds
}

// Lookup returns the table of that name.
func Lookup(name string) (*Table, bool) {
	i := slices.IndexFunc(Tables(), func(t *Table) bool { return t.Name == name })
	if i < 0 {
		return nil, false
	}
	return Tables()[i], true
}

// TableOf returns the table with rows of that type.
func TableOf(row reflect.Type) (*Table, bool) {
	t, ok := byRow()[row]
	return t, ok
}

var byRow = sync.OnceValue(func() map[reflect.Type]*Table {
	tables := map[reflect.Type]*Table{}
	for _, t := range Tables() {
		tables[t.row] = t
	}
	return tables
})

// tablesOf derives the tables whose rows are in the slices of a struct.
func tablesOf(rows reflect.Type) ([]*Table, error) {
	var fields []int
	for i := range rows.NumField() {
		if rows.Field(i).Type.Kind() == reflect.Slice {
			fields = append(fields, i)
		}
	}
	tables := make([]*Table, len(fields))
	var each errgroup.Group // a process begins with this: side by side it takes half as long
	for i, field := range fields {
		each.Go(func() (err error) {
			row := rows.Field(field).Type.Elem()
			if tables[i], err = newTable(row); err != nil {
				return fmt.Errorf("%v: %w", row, err)
			}
			tables[i].field = field
			return nil
		})
	}
	if err := each.Wait(); err != nil {
		return nil, err
	}
	for i, t := range tables {
		if slices.ContainsFunc(tables[:i], func(other *Table) bool { return other.Name == t.Name }) {
			return nil, fmt.Errorf("%v: there is a table %s already", t.row, t.Name)
		}
	}
	for _, t := range tables {
		for i := range t.References {
			if err := t.References[i].resolve(t, tables); err != nil {
				return nil, fmt.Errorf("%v: %w", t.row, err)
			}
		}
		if err := t.resolveComparison(tables); err != nil {
			return nil, fmt.Errorf("%v: %w", t.row, err)
		}
	}
	return tables, nil
}

// newTable derives a table from its row struct, but for what other tables have
// to do with it.
func newTable(row reflect.Type) (*Table, error) {
	facts, references, err := parseTableTags(row)
	if err != nil {
		return nil, err
	}
	t := &Table{Name: facts.get("table"), Doc: facts.get("doc"), Key: facts.columns("key"), Memory: facts.get("memory"), row: row}
	if t.Name == "" || t.Doc == "" {
		return nil, fmt.Errorf("it has no blank field with tags table and doc")
	}
	if t.Raw, err = facts.flag("raw", "yes"); err != nil {
		return nil, err
	}
	if t.Scan, err = facts.flag("scan", "yes"); err != nil {
		return nil, err
	}
	if t.Scope, err = scopeOf(facts.get("scope")); err != nil {
		return nil, err
	}
	t.Global = t.Scope.isGlobal()
	if !t.Global {
		t.Columns = append(make([]Column, 0, 1+countColumns(row)), checkpointID)
	}
	if t.Columns, err = appendColumns(t.Columns, row, columnTags); err != nil {
		return nil, err
	}
	if err := t.checkColumns(); err != nil {
		return nil, err
	}
	if err := t.parseReferences(references); err != nil {
		return nil, err
	}
	if err := t.parseComparison(facts); err != nil {
		return nil, err
	}
	t.sizer = newSizer(row)
	t.schemas = sync.OnceValues(t.makeSchemas)
	return t, nil
}

// checkpointID is the first column of tables with rows of checkpoints.
var checkpointID = Column{
	Name: CheckpointID, Type: arrow.BinaryTypes.String, Nullable: true, Encoding: Encoding{Dictionary: true, Bloom: true},
	Doc: "the checkpoint the row belongs to: 128 bits in hexadecimal, made from its content (SHA-256 over its metadata and images), so that a renamed or recompressed archive keeps it; NULL where an archive could not be read as a checkpoint",
}

// checkColumns checks that columns have different names, and that the key is
// among them.
func (t *Table) checkColumns() error {
	for i := range t.Columns {
		if c := &t.Columns[i]; t.Column(c.Name) != c {
			return fmt.Errorf("column %s occurs twice", c.Name)
		}
	}
	if !t.hasColumns(t.Key...) {
		return fmt.Errorf("key %v: not all of these are columns", t.Key)
	}
	if t.Scope == ScopeContent && len(t.Key) == 0 {
		return fmt.Errorf("nothing tells rows apart that all checkpoints share: it needs a key")
	}
	return nil
}

// parseReferences gathers those of the columns, and those of several columns.
func (t *Table) parseReferences(ofTable []string) error {
	for _, c := range t.Columns {
		if c.reference != nil {
			t.References = append(t.References, *c.reference)
		}
	}
	for _, tag := range ofTable {
		r, err := parseReference(tag, "")
		if err != nil {
			return err
		}
		t.References = append(t.References, r)
	}
	return nil
}

func (t *Table) makeSchemas() (whole, batches *arrow.Schema) {
	fields := make([]arrow.Field, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = arrow.Field{
			Name: c.Name, Type: c.Type, Nullable: c.Nullable,
			Metadata: arrow.NewMetadata(append([]string{"comment"}, c.metadata.Keys()...), append([]string{c.Comment()}, c.metadata.Values()...)),
		}
	}
	meta := arrow.NewMetadata([]string{"comment"}, []string{t.Doc})
	whole = arrow.NewSchema(fields, &meta)
	for i, c := range t.Columns {
		fields[i].Type = c.batchType()
	}
	return whole, arrow.NewSchema(fields, &meta)
}

// Schema returns the table's Arrow schema, with the documentation of table
// and columns in its metadata (key "comment").
func (t *Table) Schema() *arrow.Schema {
	whole, _ := t.schemas()
	return whole
}

// BatchSchema returns the schema of the table's record batches: Schema, with
// dictionaries for texts that repeat.
func (t *Table) BatchSchema() *arrow.Schema {
	_, batches := t.schemas()
	return batches
}

// Column returns the table's column of that name, nil if it has none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Name == name {
			return c
		}
	}
	return nil
}

// Renamed returns the columns that had another name in earlier versions.
func (t *Table) Renamed(was string) []string {
	var names []string
	for _, c := range t.Columns {
		if c.was == was {
			names = append(names, c.Name)
		}
	}
	return names
}

func (t *Table) hasColumns(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return t.Column(name) == nil })
}

// rows returns the table's rows in r.
func (t *Table) rows(r *Rows) reflect.Value { return t.rowsIn(reflect.ValueOf(r).Elem()) }

// rowsIn returns the table's rows in the struct that the tables were derived of.
func (t *Table) rowsIn(all reflect.Value) reflect.Value { return all.Field(t.field) }

// Count returns how many rows of the table r holds.
func (t *Table) Count(r *Rows) int {
	n := t.rows(r).Len()
	if p := r.Packed[t.Name]; p != nil && p.Packed != nil {
		n += p.Len()
	}
	return n
}

// Drop lets go of the table's rows in r. Rows of other tables may be read meanwhile.
func (t *Table) Drop(r *Rows) {
	t.rows(r).SetZero()
	if p := r.Packed[t.Name]; p != nil {
		p.Packed = nil
	}
}

// RowSize returns about how many bytes of memory the row takes that a pointer
// leads to: the struct, twice, as a slice that grows is copied and has room to spare, and
// what its fields point to. What rows share, such as the path of a file in the
// row of each of its descriptors, counts in each: batches hold it as often.
func (t *Table) RowSize(row any) int {
	return t.sizer.fixed + t.sizer.size(reflect.ValueOf(row).UnsafePointer())
}
