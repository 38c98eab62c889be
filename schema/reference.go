package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Reference says that columns of a table name rows of another one, of the
// same checkpoint unless that table is global. NULL refers to nothing. A checkpoint that is partial, or has
// a row of problems with code dangling_reference for the table, may have
// values that no row answers.
//
// Numbers that may well mean something outside of the checkpoint, such as
// process groups and the parents of the first process and mount, are no
// references.
type Reference struct {
	// Columns are those of the referring table. Of a column that is a list,
	// each element refers.
	Columns []string
	// Table is the table referred to, and Target its columns, as Columns.
	Table  string
	Target []string
	// Kind, where not empty, is what column kind of the target has.
	Kind string

	columns       []*Column // those of the names
	target        *Table    // that of the name
	targetColumns []*Column // those of the names, and where Kind is set kindColumn
	answer        string    // what it may be answered by: equal for references that the same rows answer
}

// kindColumn is the column that Kind is about.
const kindColumn = "kind"

// String describes the reference in Markdown.
func (r Reference) String() string {
	return "`" + strings.Join(r.Columns, "`, `") + "` to " + r.targetText()
}

func (r Reference) targetText() string {
	s := r.Table + " (`" + strings.Join(r.Target, "`, `") + "`)"
	if r.Kind != "" {
		s += " of kind " + r.Kind
	}
	return s
}

var referenceSyntax = regexp.MustCompile(`^(?:([\w ]+) to )?(\w+)\(([\w ]+)\)(?: of kind (\w+))?$`)

// parseReference reads a tag: of a table, or of the column given.
func parseReference(tag, column string) (Reference, error) {
	parts := referenceSyntax.FindStringSubmatch(tag)
	if parts == nil || (column == "") == (parts[1] == "") {
		return Reference{}, fmt.Errorf(`reference %q: want "table(column)" of a column, "columns to table(columns)" of a table`, tag)
	}
	return Reference{Columns: strings.Fields(column + parts[1]), Table: parts[2], Target: strings.Fields(parts[3]), Kind: parts[4]}, nil
}

// resolve finds the table of a reference, and checks that all columns exist.
func (r *Reference) resolve(from *Table, tables []*Table) error {
	i := slices.IndexFunc(tables, func(t *Table) bool { return t.Name == r.Table })
	if len(r.Columns) > len(refKey{}) || r.Kind != "" && len(r.Columns) == len(refKey{}) {
		return fmt.Errorf("reference of %s has more columns than a key", r)
	}
	if i < 0 || len(r.Columns) != len(r.Target) || !from.hasColumns(r.Columns...) || !tables[i].hasColumns(r.Target...) ||
		r.Kind != "" && !tables[i].hasColumns(kindColumn) {
		return fmt.Errorf("reference of %s names what does not exist", r)
	}
	r.target, r.answer = tables[i], r.targetText()
	r.columns, r.targetColumns = from.columnsNamed(r.Columns), r.target.columnsNamed(r.Target)
	if r.Kind != "" {
		r.targetColumns = append(r.targetColumns, r.target.Column(kindColumn))
	}
	return nil
}
