package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ckexport/ckexport/sqltext"
	"github.com/ckexport/ckexport/units"
)

// Section is what the page tells of one checkpoint.
type Section struct {
	ID, Name string
	Taken    string
	Facts    []Fact
	Findings []finding
	Tables   []Table
}

// ranked is a checkpoint, with what decides whether it has a section.
type ranked struct {
	id       string
	taken    time.Time
	findings *findings
}

// before is the order of checkpoints on the page: the most severe findings first,
// then the newest.
func before(a, b ranked) int {
	for i := range a.findings.counts[:3] { // info is none
		if c := cmp.Compare(b.findings.counts[i], a.findings.counts[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(b.taken.Compare(a.taken), cmp.Compare(a.id, b.id))
}

// checkpoints fills the list of checkpoints, and their sections.
func (g *gatherer) checkpoints(ctx context.Context, r *Report) error {
	r.List = Table{Caption: "Checkpoints", More: g.command("fleet")}
	if r.List.Missing = g.missing([]string{"checkpoints"}); r.List.Missing != "" {
		return nil
	}
	none := &findings{}
	var all []ranked
	err := g.read(ctx, "SELECT checkpoint_id, coalesce(checkpointed_at, dumped_at) FROM checkpoints", func(_ []string, values []any) error {
		id, _ := values[0].(string)
		taken, _ := values[1].(time.Time)
		c := ranked{id: id, taken: taken, findings: none}
		if f := g.found[id]; f != nil {
			c.findings = f
		}
		all = append(all, c)
		return nil
	})
	if err != nil {
		return fmt.Errorf("listing checkpoints: %w", err)
	}
	slices.SortFunc(all, before)
	r.Checkpoints = len(all)
	if len(all) == 0 {
		return nil
	}
	chosen := choose(all)
	var listed []ranked // those chosen, and as many others as there is room for
	for room := maxListed - len(chosen); len(all) > 0; all = all[1:] {
		if c := all[0]; chosen[c.id] {
			listed = append(listed, c)
		} else if room > 0 {
			listed, room = append(listed, c), room-1
		}
	}
	sections, err := g.list(ctx, r, listed)
	if err != nil {
		return fmt.Errorf("listing checkpoints: %w", err)
	}
	r.Sections = slices.DeleteFunc(sections, func(s Section) bool { return !chosen[s.ID] })
	return g.fill(ctx, r.Sections)
}

// choose returns the checkpoints that have a section. A hundred replicas with
// the same findings would fill the page, and hide what else there is: so it
// takes the first of each set of findings, then the second of each, and so on.
func choose(all []ranked) map[string]bool {
	type turn struct{ nth, place int }
	turns := make([]turn, len(all))
	seen := map[string]int{}
	for i, c := range all {
		key := ""
		for _, f := range c.findings.list {
			key += f.Name + " "
		}
		turns[i] = turn{seen[key], i}
		seen[key]++
	}
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Or(cmp.Compare(a.nth, b.nth), cmp.Compare(a.place, b.place)) })
	chosen := map[string]bool{}
	for _, t := range turns[:min(len(turns), maxSections)] {
		chosen[all[t.place].id] = true
	}
	return chosen
}

// list fills the list with checkpoints, and returns their sections, still
// without tables, in the same order.
func (g *gatherer) list(ctx context.Context, r *Report, listed []ranked) ([]Section, error) {
	place := map[string]int{}
	ids := make([]string, len(listed))
	for i, c := range listed {
		place[c.id], ids[i] = i, c.id
	}
	rows := make([][]any, len(listed))
	sections := make([]Section, len(listed))
	err := g.read(ctx, `SELECT checkpoint_id, coalesce(checkpointed_at, dumped_at) AS taken_at, container_name, image, pod_namespace, pod_name, engine,
  process_count, socket_count, memory_pages_bytes::DOUBLE AS memory, frozen_us::DOUBLE / 1000 AS frozen, status, container_id, hostname, ip_addresses,
  concat_ws(' ', runtime, runtime_version) AS runtime, criu_version, kernel_release, arch, archive_name
FROM checkpoints WHERE checkpoint_id IN (`+sqltext.Literals(ids)+`)`, func(names []string, values []any) error {
		i := place[fmt.Sprint(values[0])]
		at := func(name string) any { return values[column(names, name)] }
		get := func(name string) string { return text(at(name)) }
		memory, frozen := "", ""
		if v, ok := at("memory").(float64); ok {
			memory = units.Bytes(v)
		}
		if v, ok := at("frozen").(float64); ok {
			frozen = fmt.Sprintf("%.0f ms", v)
		}
		pod := strings.Trim(get("pod_namespace")+"/"+get("pod_name"), "/")
		f := listed[i].findings
		rows[i] = []any{listed[i].id, at("taken_at"), at("container_name"), nilIfEmpty(summary(f)), nilIfEmpty(pod), at("image"), at("engine"), at("process_count"), at("socket_count"),
			nilIfEmpty(memory), nilIfEmpty(frozen), at("status")}
		s := Section{ID: listed[i].id, Name: cmp.Or(strings.Trim(pod+"/"+get("container_name"), "/"), clip(get("container_id")), listed[i].id), Taken: get("taken_at"), Findings: f.list}
		for _, fact := range []Fact{
			{Name: "Checkpoint", Value: text(listed[i].id)}, {Name: "Container", Value: get("container_id")}, {Name: "Image", Value: get("image")}, {Name: "Pod", Value: pod},
			{Name: "Host name", Value: get("hostname")}, {Name: "Addresses", Value: get("ip_addresses")}, {Name: "Engine", Value: get("engine")}, {Name: "Runtime", Value: get("runtime")},
			{Name: "CRIU", Value: get("criu_version")}, {Name: "Kernel", Value: get("kernel_release")}, {Name: "Architecture", Value: get("arch")}, {Name: "Memory", Value: memory},
			{Name: "Frozen", Value: frozen}, {Name: "Archive", Value: get("archive_name")}, {Name: "Status", Value: get("status"), Alarm: get("status") != "ok"},
		} {
			if fact.Value != "" {
				s.Facts = append(s.Facts, fact)
			}
		}
		sections[i] = s
		return nil
	})
	if err != nil {
		return nil, err
	}
	b := newTable(r.List.Caption, r.List.More, []string{checkpointID, "taken_at", "container", "findings", "pod", "image", "engine", "processes", "sockets", "memory", "frozen", "status"}, maxListed, 10*tableBytes)
	for _, row := range rows {
		b.add(row)
	}
	r.List = b.table()
	r.List.Total = r.Checkpoints
	for i := range r.List.Columns {
		if n := r.List.Columns[i].Name; n == "memory" || n == "frozen" {
			r.List.Columns[i].Kind = "number"
		}
	}
	return sections, nil
}

// summary counts what was found in a checkpoint, by severity.
func summary(f *findings) string {
	var parts []string
	for i, n := range f.counts[:3] {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, severities[i]))
		}
	}
	return strings.Join(parts, ", ")
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// sectionTable is a table in the section of each checkpoint. The first two
// columns of the SQL are the checkpoint and how many rows it has in all; %s
// stands for the ids.
type sectionTable struct {
	caption string
	needs   []string
	rows    int
	query   string
	more    string // SQL for all rows of a checkpoint, whose id stands for %s
}

var sectionTables = []sectionTable{
	{"Processes", []string{"processes"}, 40, `SELECT checkpoint_id, count(*) OVER (PARTITION BY checkpoint_id), pid, ppid,
  repeat('  ', least(depth, 20)::INTEGER) || coalesce(nullif(cmdline, ''), '[' || coalesce(comm, '?') || ']') AS tree, exe, uid, state, thread_count AS threads
FROM processes WHERE checkpoint_id IN (%s)
QUALIFY row_number() OVER (PARTITION BY checkpoint_id ORDER BY tree_path, pid) <= 40 ORDER BY checkpoint_id, tree_path, pid`,
		"FROM process_tree WHERE checkpoint_id = %s"},
	{"Sockets", []string{"sockets", "processes"}, 25, `WITH shown AS (
  SELECT checkpoint_id, count(*) OVER (PARTITION BY checkpoint_id) AS total, row_number() OVER (PARTITION BY checkpoint_id
    ORDER BY CASE WHEN state = 'LISTEN' THEN 0 WHEN family IN ('inet', 'inet6') THEN 1 WHEN family <> 'unix' THEN 2 WHEN name IS NOT NULL THEN 3 ELSE 4 END, family, protocol, local_port, remote_port, file_id) AS place,
    coalesce(protocol, family) AS protocol, state,
    CASE WHEN local_address LIKE '%%:%%' THEN '[' || local_address || ']' ELSE local_address END || coalesce(':' || local_port, '') AS local_end, name,
    CASE WHEN remote_port > 0 THEN CASE WHEN remote_address LIKE '%%:%%' THEN '[' || remote_address || ']' ELSE remote_address END || ':' || remote_port END AS remote_end, pids
  FROM sockets WHERE checkpoint_id IN (%s) QUALIFY place <= 25
)
SELECT s.checkpoint_id, s.total, s.protocol, s.state, coalesce(s.local_end, s.name) AS local, s.remote_end AS remote, p.comm AS process, s.pids
FROM shown s LEFT JOIN processes p ON p.checkpoint_id = s.checkpoint_id AND p.pid = s.pids[1] ORDER BY s.checkpoint_id, s.place`,
		"FROM sockets WHERE checkpoint_id = %s"},
	{"Changed files", []string{"filesystem_entries"}, 25, `SELECT checkpoint_id, count(*) OVER (PARTITION BY checkpoint_id), change, path, type, to_base(mode::BIGINT, 8, 4) AS mode, uid, size_bytes, mtime, sha256
FROM filesystem_entries WHERE checkpoint_id IN (%s) AND change IS NOT NULL AND type IS DISTINCT FROM 'directory'
QUALIFY row_number() OVER (PARTITION BY checkpoint_id ORDER BY path, origin, position) <= 25 ORDER BY checkpoint_id, path, origin, position`,
		"FROM filesystem_entries WHERE change IS NOT NULL AND checkpoint_id = %s"},
	// what every container has comes last
	{"Mounts", []string{"mounts"}, 15, `WITH m AS (
  SELECT *, CASE WHEN regexp_matches(mountpoint, '^/(proc|sys|dev)(/|$)') THEN 1 ELSE 0 END AS usual FROM mounts WHERE checkpoint_id IN (%s)
)
SELECT checkpoint_id, count(*) OVER (PARTITION BY checkpoint_id), mountpoint, CASE WHEN read_only THEN 'ro' WHEN NOT read_only THEN 'rw' END AS access, nullif(fs_type, '') AS fs_type, source, root
FROM m QUALIFY row_number() OVER (PARTITION BY checkpoint_id ORDER BY usual, mountpoint, mount_id) <= 15 ORDER BY checkpoint_id, usual, mountpoint, mount_id`,
		"FROM mounts WHERE checkpoint_id = %s"},
}

// fill gives sections their tables.
func (g *gatherer) fill(ctx context.Context, sections []Section) error {
	ids := make([]string, len(sections))
	for i, s := range sections {
		ids[i] = s.ID
	}
	for _, t := range sectionTables {
		missing := g.missing(t.needs)
		builders := map[string]*tableBuilder{}
		if missing == "" {
			err := g.read(ctx, fmt.Sprintf(t.query, sqltext.Literals(ids)), func(names []string, values []any) error {
				id, _ := values[0].(string)
				total, _ := values[1].(int64)
				b := builders[id]
				if b == nil {
					b = newTable(t.caption, g.command(fmt.Sprintf(t.more, sqltext.Literal(id))), names[2:], t.rows, sectionBytes)
					builders[id] = b
				}
				b.add(values[2:])
				b.Total = int(total)
				return nil
			})
			if err != nil {
				return fmt.Errorf("%s of checkpoints: %w", strings.ToLower(t.caption), err)
			}
		}
		for i := range sections {
			table := Table{Caption: t.caption, Missing: missing}
			if b := builders[sections[i].ID]; b != nil {
				table = b.table()
			}
			sections[i].Tables = append(sections[i].Tables, table)
		}
	}
	return nil
}
