package queries

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ckexport/ckexport/schema"
	"github.com/ckexport/ckexport/sinks"
	"github.com/ckexport/ckexport/sqltext"
)

// fullTables are the tables that have a FullView: the ten that most files of queries
// and the manual name behind FROM and JOIN. Not counted are checkpoints, which the views
// join, the tables of reading (archives, problems), and those that take --memory.
var fullTables = []string{
	"processes", "sockets", "filesystem_entries", "memory_mappings", "container_specs", "environment",
	"file_descriptors", "container_mounts", "ghost_files", "mounts",
}

// FullView is a view of the rows of a table with what one always joins: the
// container, and where the row is of a process, that.
type FullView struct {
	Of    *schema.Table
	Front []FrontColumn // in front of the other columns of the table
	// PerProcess says that a row with a list of processes has a row for each of them.
	PerProcess bool
	// needsProcess says that the process is joined.
	needsProcess bool
}

// FrontColumn is a column that stands in front.
type FrontColumn struct {
	schema.Column
	value string // in SQL, where t is the table, c the checkpoint and p the process
}

// FullViews returns the views, in the order of their tables.
var FullViews = sync.OnceValue(func() []FullView {
	var list []FullView
	for _, t := range schema.Tables() {
		if slices.Contains(fullTables, t.Name) {
			list = append(list, fullViewOf(t))
		}
	}
	return list
})

// LookupFull returns the view of that name.
func LookupFull(name string) (FullView, bool) {
	i := slices.IndexFunc(FullViews(), func(v FullView) bool { return v.Name() == name })
	if i < 0 {
		return FullView{}, false
	}
	return FullViews()[i], true
}

func fullViewOf(t *schema.Table) FullView {
	checkpoints, _ := schema.Lookup("checkpoints")
	processes, _ := schema.Lookup("processes")
	v := FullView{Of: t, PerProcess: t.Column("pids") != nil}
	v.needsProcess = t != processes && (v.PerProcess || t.Column("pid") != nil)
	v.take(t, "t.", schema.CheckpointID)
	v.take(checkpoints, "c.", "pod_namespace", "pod_name", "container_name", "image")
	taken := *checkpoints.Column("checkpointed_at")
	taken.Name, taken.Doc, taken.Source = "taken_at", "when the checkpoint was made: checkpointed_at, or where the engine keeps none, as Podman does, dumped_at", ""
	v.Front = append(v.Front, FrontColumn{taken, "coalesce(c.checkpointed_at, c.dumped_at)"})
	switch {
	case t == processes:
		v.take(t, "t.", "pid", "comm", "cmdline")
	case v.PerProcess:
		holder := *processes.Column("pid")
		holder.Nullable, holder.Doc, holder.Source = true, "one of pids; NULL where there are none", ""
		v.Front = append(v.Front, FrontColumn{holder, "t.pid"})
	case v.needsProcess:
		v.take(t, "t.", "pid")
	}
	if v.needsProcess {
		v.take(processes, "p.", "comm", "cmdline")
	}
	return v
}

// take puts columns of a table in front.
func (v *FullView) take(from *schema.Table, alias string, names ...string) {
	for _, name := range names {
		c := *from.Column(name)
		c.Nullable = c.Nullable || from != v.Of // the row to join may be missing
		v.Front = append(v.Front, FrontColumn{c, alias + name})
	}
}

// Name returns the name of the view.
func (v FullView) Name() string { return v.Of.Name + "_full" }

// Tables returns the tables that the view needs.
func (v FullView) Tables() []string {
	tables := []string{v.Of.Name, "checkpoints"}
	if v.needsProcess {
		tables = append(tables, "processes")
	}
	return tables
}

// Columns returns the columns, in order.
func (v FullView) Columns() []schema.Column {
	var list []schema.Column
	for _, c := range v.Front {
		list = append(list, c.Column)
	}
	return append(list, v.Others()...)
}

// Others returns the columns of the table that do not stand in front.
func (v FullView) Others() []schema.Column {
	return slices.DeleteFunc(slices.Clone(v.Of.Columns), func(c schema.Column) bool { return v.InFront(c.Name) })
}

// InFront reports whether a column stands in front.
func (v FullView) InFront(name string) bool {
	return slices.ContainsFunc(v.Front, func(c FrontColumn) bool { return c.Name == name })
}

// Doc says what a row of the view is.
func (v FullView) Doc() string {
	with := "its container"
	if v.needsProcess {
		with += " and process"
	}
	doc := fmt.Sprintf("A row of %s with %s.", v.Of.Name, with)
	if v.PerProcess {
		doc += " What several processes hold has a row for each of them, what none holds one without."
	}
	return doc
}

// SQL returns the SELECT. A row stays also where there is nothing to join with it.
func (v FullView) SQL() string {
	var front, own []string
	for _, c := range v.Front {
		front = append(front, c.value+" AS "+c.Name)
		if v.PerProcess && c.Name == "pid" || v.Of.Column(c.Name) != nil {
			own = append(own, c.Name)
		}
	}
	rows := sqltext.Identifier(v.Of.Name)
	if v.PerProcess { // unnest has no row for a list without elements
		kind := v.Of.Column("pids").SQLType()
		rows = fmt.Sprintf("(SELECT *, unnest(CASE WHEN len(pids) > 0 THEN pids ELSE [NULL]::%s END) AS pid FROM %s)", kind, rows)
	}
	text := fmt.Sprintf("SELECT %s, t.* EXCLUDE (%s)\nFROM %s t\nLEFT JOIN checkpoints c ON c.checkpoint_id = t.checkpoint_id",
		strings.Join(front, ", "), strings.Join(own, ", "), rows)
	if v.needsProcess {
		text += "\nLEFT JOIN processes p ON p.checkpoint_id = t.checkpoint_id AND p.pid = t.pid"
	}
	return text
}

// Views returns the names of the views that the query builds on.
func (q Query) Views() []string {
	var names []string
	for _, v := range FullViews() {
		if strings.Contains(q.SQL, v.Name()) {
			names = append(names, v.Name())
		}
	}
	for _, u := range q.Uses {
		names = append(names, strings.ReplaceAll(u, "-", "_"))
	}
	return names
}

// Views returns all views of an output: those of tables, then the queries, which may
// build on them.
func Views() []sinks.View {
	var list []sinks.View
	for _, v := range FullViews() {
		list = append(list, sinks.View{Name: v.Name(), Comment: v.Doc(), SQL: v.SQL(), Tables: v.Tables()})
	}
	for _, q := range All() {
		list = append(list, sinks.View{Name: q.ViewName(), Comment: q.Comment(), SQL: q.MacroSQL(), Tables: q.Tables, Params: q.MacroParams()})
	}
	return list
}
