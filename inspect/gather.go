package inspect

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/sqltext"
)

// section is SQL for rows of all checkpoints, each with its checkpoint_id first.
type section struct {
	tables []string
	sql    string
}

// The sections that are rows. Columns that a process's own rows repeat are left out.
var (
	factsSection = section{[]string{"checkpoints"}, `SELECT checkpoint_id, archive_name, pod_namespace, pod_name, container_name, container_id, image, image_id, engine, engine_version, runtime, runtime_version,
  created_at, started_at, checkpointed_at, dumped_at, restored_at, status, dump_kind, criu_version, kernel_release, host_distribution, host_distribution_version, host_nodename, hostname, arch, ip_addresses,
  checkpoint_bytes, memory_pages_bytes, rootfs_diff_bytes, process_count, thread_count, zombie_count, file_count, socket_count, vma_count, mount_count
FROM checkpoints ORDER BY pod_namespace, pod_name, container_name, coalesce(checkpointed_at, dumped_at), checkpoint_id`}
	statisticsSection = section{[]string{"checkpoints"}, `SELECT checkpoint_id, freezing_us, frozen_us, memdump_us, memwrite_us, irmap_resolve_us, pages_scanned, pages_skipped_parent, pages_written, pages_lazy, page_pipes, page_pipe_bufs,
  shpages_scanned, shpages_skipped_parent, shpages_written, restore_forking_us, restore_us, restore_pages_compared, restore_pages_skipped_cow, restore_pages_restored
FROM checkpoints`}
	networksSection    = section{[]string{"container_networks"}, "SELECT * FROM container_networks ORDER BY ALL"}
	annotationsSection = section{[]string{"annotations"}, "SELECT checkpoint_id, kind, key, value FROM annotations ORDER BY ALL"}
	problemsSection    = section{[]string{"problems"}, `SELECT checkpoint_id, severity, code, member, message FROM problems WHERE checkpoint_id IS NOT NULL
ORDER BY checkpoint_id, CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, member, code, message`}
	mountsSection     = section{[]string{"container_mounts"}, "SELECT checkpoint_id, origin, destination, type, source, options, read_only FROM container_mounts ORDER BY checkpoint_id, origin, position"}
	mountTableSection = section{[]string{"mounts"}, "SELECT checkpoint_id, mnt_ns_id, mount_id, parent_mount_id, mountpoint, fs_type, source, root, options, mount_flags_names, read_only, propagation FROM mounts ORDER BY checkpoint_id, mnt_ns_id, mount_id"}
	processesSection  = section{[]string{"processes"}, `SELECT checkpoint_id, pid, ppid, comm, state, exit_code, cmdline, cmdline_status, argv, exe, exe_deleted, cwd, root, uid, euid, gid, no_new_privs, seccomp_mode, lsm_profile,
  thread_count, fd_count, vma_count, virtual_bytes, own_pages_present
FROM processes ORDER BY checkpoint_id, tree_path, pid`}
	environmentSection = section{[]string{"environment"}, "SELECT checkpoint_id, pid, name, value FROM environment ORDER BY checkpoint_id, pid, position"}
	filesSection       = section{[]string{"file_descriptors"}, "SELECT checkpoint_id, pid, fd, type, path, deleted, access, position, file_id FROM file_descriptors ORDER BY checkpoint_id, pid, fd"}
	socketsSection     = section{[]string{"sockets", "file_descriptors", "socket_options"}, `SELECT checkpoint_id, d.pid, d.fd, s.protocol, s.family, s.type, s.state, s.local_address, s.local_port, s.remote_address, s.remote_port, s.name, s.peer_inode, s.inode,
  s.interface_name, s.queued_bytes, o.send_buffer_bytes, o.receive_buffer_bytes, file_id
FROM file_descriptors d JOIN sockets s USING (checkpoint_id, file_id) LEFT JOIN socket_options o USING (checkpoint_id, file_id) ORDER BY checkpoint_id, d.pid, d.fd`}
	listeningSection = section{[]string{"sockets"}, `SELECT checkpoint_id, coalesce(protocol, type) || ' ' || CASE WHEN local_address LIKE '%:%' THEN '[' || local_address || ']' ELSE local_address END || ':' || local_port AS listens
FROM sockets WHERE state = 'LISTEN' AND local_port > 0 GROUP BY ALL ORDER BY ALL`}
)

// Tables returns the names of the tables that the sections need, but for those of
// findings.
func (s Sections) Tables() []string {
	var names []string
	for _, w := range s.wanted(nil) {
		names = append(names, w.tables...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// part is a section, and where its rows go.
type part struct {
	section
	add func(c *Checkpoint, row Row)
}

// wanted returns what is asked, the checkpoints first.
func (s Sections) wanted(processes map[string]map[string]*Process) []part {
	list := func(of func(*Checkpoint) *[]Row) func(*Checkpoint, Row) {
		return func(c *Checkpoint, row Row) { *of(c) = append(*of(c), row) }
	}
	ofProcess := func(of func(*Process) *[]Row) func(*Checkpoint, Row) {
		return func(c *Checkpoint, row Row) {
			if p := processes[c.ID][row.Text("pid")]; p != nil {
				*of(p) = append(*of(p), row[1:])
			}
		}
	}
	parts := []part{
		{factsSection, func(c *Checkpoint, row Row) { c.Facts = row }},
		{networksSection, list(func(c *Checkpoint) *[]Row { return &c.Networks })},
	}
	for _, p := range []struct {
		wanted bool
		part   part
	}{
		{s.Statistics, part{statisticsSection, func(c *Checkpoint, row Row) { c.Statistics = row }}},
		{s.Metadata, part{annotationsSection, list(func(c *Checkpoint) *[]Row { return &c.Annotations })}},
		{s.Problems, part{problemsSection, list(func(c *Checkpoint) *[]Row { return &c.Problems })}},
		{s.Mounts, part{mountsSection, list(func(c *Checkpoint) *[]Row { return &c.Mounts })}},
		{s.Mounts, part{mountTableSection, list(func(c *Checkpoint) *[]Row { return &c.MountTable })}},
		{s.Short, part{listeningSection, func(c *Checkpoint, row Row) { c.listening = append(c.listening, row.Text("listens")) }}},
		{s.hasProcesses(), part{processesSection, func(c *Checkpoint, row Row) { addProcess(processes, c, row) }}},
		{s.Environment, part{environmentSection, ofProcess(func(p *Process) *[]Row { return &p.Environment })}},
		{s.Files, part{filesSection, ofProcess(func(p *Process) *[]Row { return &p.Files })}},
		{s.Sockets, part{socketsSection, ofProcess(func(p *Process) *[]Row { return &p.Sockets })}},
	} {
		if p.wanted {
			parts = append(parts, p.part)
		}
	}
	return parts
}

// addProcess adds a process behind its parent, which comes before it.
func addProcess(processes map[string]map[string]*Process, c *Checkpoint, row Row) {
	if processes[c.ID] == nil {
		processes[c.ID] = map[string]*Process{}
	}
	p := &Process{Facts: row}
	processes[c.ID][row.Text("pid")] = p
	c.processCount++
	if parent := processes[c.ID][row.Text("ppid")]; parent != nil && parent != p {
		parent.Children = append(parent.Children, p)
		return
	}
	c.Processes = append(c.Processes, p)
}

// Gather asks what is to be told, of all checkpoints that the database has.
func Gather(ctx context.Context, db *sql.DB, s Sections) ([]*Checkpoint, error) {
	var all []*Checkpoint
	byID := map[string]*Checkpoint{}
	for i, w := range s.wanted(map[string]map[string]*Process{}) {
		err := eachRow(ctx, db, w.sql, func(id string, row Row) {
			if i == 0 {
				byID[id] = &Checkpoint{ID: id}
				all = append(all, byID[id])
			}
			if c := byID[id]; c != nil {
				w.add(c, row)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("asking %s: %w", strings.Join(w.tables, ", "), err)
		}
	}
	for _, c := range all {
		c.Archive, c.Name = c.Facts.Text("archive_name"), name(c.Facts)
	}
	if s.Findings {
		if err := find(ctx, db, byID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// name returns namespace/pod/container, as far as they are known.
func name(facts Row) string {
	var parts []string
	for _, n := range []string{"pod_namespace", "pod_name", "container_name"} {
		if text := facts.Text(n); text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return facts.Text("archive_name")
	}
	return strings.Join(parts, "/")
}

// eachRow calls f with the first column, and the others but for those that are NULL.
func eachRow(ctx context.Context, db *sql.DB, query string, f func(id string, row Row)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	return sqltext.Each(rows, func(names []string, values []any) error {
		id, _ := values[0].(string)
		var row Row
		for i, v := range values[1:] {
			if v != nil {
				row = append(row, Column{names[i+1], v})
			}
		}
		f(id, row)
		return nil
	})
}
