package schema

import (
	"fmt"
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

	target *Table // that of the name
	// answers numbers what references may be answered by: those with the same
	// table, target columns and kind have the same.
	answers int
}

// String describes the reference in Markdown.
func (r Reference) String() string {
	s := "`" + strings.Join(r.Columns, "`, `") + "` to " + r.Table + " (`" + strings.Join(r.Target, "`, `") + "`)"
	if r.Kind != "" {
		s += " of kind " + r.Kind
	}
	return s
}

// to makes a reference of one column, or of several separated by commas.
func to(table, target, columns string) Reference {
	return Reference{Columns: strings.Split(columns, ","), Table: table, Target: strings.Split(target, ",")}
}

func toProcess(column string) Reference { return to("processes", "pid", column) }

func toThread() Reference { return to("threads", "pid,tid", "pid,tid") }

func toFile(column string) Reference { return to("files", "file_id", column) }

func toSocket(column string) Reference { return to("sockets", "file_id", column) }

func toMount(column string) Reference { return to("mounts", "mount_id", column) }

func toNamespace(kind, column string) Reference {
	r := to("namespaces", "namespace_id", column)
	r.Kind = kind
	return r
}

func toNetNs() []Reference { return []Reference{toNamespace("net", "net_ns_id")} }

// references lists the references of each table.
func references() map[string][]Reference {
	pid := []Reference{toProcess("pid")}
	return map[string][]Reference{
		"checkpoints": {
			toProcess("root_pid"),
			toNamespace("pid", "dumper_pid_ns_id"), toNamespace("net", "dumper_net_ns_id"), toNamespace("ipc", "dumper_ipc_ns_id"),
			toNamespace("uts", "dumper_uts_ns_id"), toNamespace("mnt", "dumper_mnt_ns_id"), toNamespace("user", "dumper_user_ns_id"),
			toNamespace("cgroup", "dumper_cgroup_ns_id"), toNamespace("time", "dumper_time_ns_id"),
		},
		"unknown_fields":      {to("archive_members", "path", "member")},
		"image_entries":       {to("archive_members", "path", "member")},
		"container_log_lines": {to("archive_members", "path", "member")},

		"processes": {
			toFile("exe_file_id"), toFile("cwd_file_id"), toFile("root_file_id"), to("cgroup_memberships", "cg_set", "cg_set"),
			toNamespace("pid", "pid_ns_id"), toNamespace("net", "net_ns_id"), toNamespace("ipc", "ipc_ns_id"), toNamespace("uts", "uts_ns_id"),
			toNamespace("mnt", "mnt_ns_id"), toNamespace("user", "user_ns_id"), toNamespace("cgroup", "cgroup_ns_id"), toNamespace("time", "time_ns_id"),
		},
		"threads": {
			toProcess("pid"), to("seccomp_filters", "filter", "seccomp_filter"), to("cgroup_memberships", "cg_set", "cg_set"),
			to("memory_mappings", "pid,start_address", "pid,ip_mapping_start"),
		},
		"credentials":        {toThread()},
		"environment":        pid,
		"resource_limits":    pid,
		"process_namespaces": {toProcess("pid"), to("namespaces", "kind,namespace_id", "kind,namespace_id")},
		"namespaces":         {toProcess("member_pids")},
		"registers":          {toThread()},
		"signal_handlers":    {toProcess("pid"), to("memory_mappings", "pid,start_address", "pid,handler_mapping_start")},
		"pending_signals":    {toProcess("pid"), toThread()},
		"timers":             pid,
		"auxiliary_vectors":  pid,
		"seccomp_filters":    {to("seccomp_filters", "filter", "prev_filter"), to("threads", "tid", "innermost_tids"), to("seccomp_programs", "program_sha256,byte_order", "program_sha256,byte_order")},
		"aio_rings":          pid,
		"tls_descriptors":    {toThread()},
		"id_mappings":        {toNamespace("user", "user_ns_id")},

		"memory_mappings": {toProcess("pid"), toFile("file_id"), to("shared_memory", "shmem_id", "shmem_id")},
		"shared_memory":   {toNamespace("ipc", "ipc_ns_id"), toProcess("mapper_pids")},

		"file_descriptors": {toProcess("pid"), toFile("file_id")},
		"files": {
			toFile("path_file_id"), toMount("mount_id"), to("ttys", "tty_id", "tty_info_id"),
			to("shared_memory", "memfd_inode_id", "memfd_inode_id"), toNamespace("net", "tun_net_ns_id"),
		},
		"ghost_files":        {toFile("file_ids"), toProcess("pids"), toProcess("exe_pids")},
		"file_remaps":        {toFile("file_id"), to("ghost_files", "ghost_id", "ghost_id"), toFile("link_file_id")},
		"filesystem_entries": {to("archive_members", "path", "member")},
		"file_locks":         {toProcess("pid"), toFile("file_id")},
		"epoll_targets":      {toFile("epoll_file_id"), toFile("target_file_id")},
		"file_watches":       {toFile("file_id"), toMount("mount_id"), toMount("mark_mount_id")},
		"pipe_buffers":       {toFile("file_ids"), toProcess("pids")},
		"ttys":               {toFile("file_ids")},
		"bpf_maps":           {toFile("file_id"), toProcess("pids")},

		"sockets":           {toFile("file_id"), toSocket("peer_file_id"), toProcess("pids"), toNamespace("net", "net_ns_id"), toMount("mount_id")},
		"socket_options":    {toSocket("file_id")},
		"tcp_streams":       {toSocket("file_id")},
		"socket_queues":     {toSocket("file_id"), toFile("passed_file_ids")},
		"mounts":            {toNamespace("mnt", "mnt_ns_id"), to("archive_members", "path", "content_member")},
		"network_devices":   toNetNs(),
		"network_addresses": toNetNs(),
		"routes":            toNetNs(),
		"routing_rules":     toNetNs(),
		"firewall_rules":    toNetNs(),
		"conntrack_entries": toNetNs(),
		"sysctls":           {to("namespaces", "kind,namespace_id", "namespace_kind,namespace_id")},
		"ipc_objects":       {toNamespace("ipc", "ipc_ns_id")},
	}
}

// addReferences gives each table its references, and checks that they name
// tables and columns that exist.
func addReferences(tables []*Table) error {
	byName := map[string]*Table{}
	for _, t := range tables {
		byName[t.Name] = t
	}
	answers := map[string]int{}
	for name, list := range references() {
		t := byName[name]
		if t == nil {
			return fmt.Errorf("references of %s, which is no table", name)
		}
		for i, r := range list {
			target := byName[r.Table]
			if target == nil || !t.hasColumns(r.Columns) || !target.hasColumns(r.Target) || len(r.Columns) != len(r.Target) {
				return fmt.Errorf("table %s: reference of %s names what does not exist", name, r)
			}
			_, answer, _ := strings.Cut(r.String(), " to ")
			if _, known := answers[answer]; !known {
				answers[answer] = len(answers)
			}
			list[i].target, list[i].answers = target, answers[answer]
		}
		t.References = list
	}
	return nil
}

func (t *Table) hasColumns(names []string) bool {
	for _, n := range names {
		if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == n }) {
			return false
		}
	}
	return true
}
