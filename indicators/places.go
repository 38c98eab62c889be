package indicators

// Content is what a column holds that an indicator can be in.
type Content int

// The contents of columns.
const (
	Digests   Content = iota // SHA-256, in hexadecimal
	Addresses                // an address of IPv4 or IPv6
	Paths                    // a path in the container, or a list of paths
	Texts                    // text, or a list of texts, with anything in it
)

// Place is a column in which indicators can stand.
type Place struct {
	Table, Column string
	Holds         Content
}

// Places lists them, in the order in which they are searched. A new table with such a
// column has a line here.
var Places = []Place{
	{"filesystem_entries", "sha256", Digests},
	{"filesystem_entries", "path", Paths},
	{"filesystem_entries", "link_target", Paths},
	{"filesystem_entries", "script_interpreter", Paths},
	{"ghost_files", "sha256", Digests},
	{"ghost_files", "paths", Paths},
	{"pipe_buffers", "sha256", Digests},
	{"socket_queues", "sha256", Digests},
	{"ipc_objects", "sha256", Digests},
	{"processes", "exe", Paths},
	{"processes", "cwd", Paths},
	{"processes", "cmdline", Texts},
	{"environment", "value", Texts},
	{"files", "path", Paths},
	{"memory_mappings", "path", Paths},
	{"memory_elf_headers", "path", Paths},
	{"memory_pages", "sha256", Digests},
	{"memory_strings", "value", Texts},
	{"memory_matches", "path", Paths},
	{"stack_frames", "path", Paths},
	{"sockets", "local_address", Addresses},
	{"sockets", "remote_address", Addresses},
	{"sockets", "name", Paths},
	{"conntrack_entries", "original_source_address", Addresses},
	{"conntrack_entries", "original_destination_address", Addresses},
	{"conntrack_entries", "reply_source_address", Addresses},
	{"conntrack_entries", "reply_destination_address", Addresses},
	{"network_addresses", "address", Addresses},
	{"routes", "gateway", Addresses},
	{"routes", "next_hop_gateways", Addresses},
	{"container_networks", "address", Addresses},
	{"container_specs", "args", Texts},
	{"container_specs", "env", Texts},
	{"container_mounts", "source", Paths},
	{"container_mounts", "destination", Paths},
	{"mounts", "source", Texts},
	{"annotations", "value", Texts},
	{"container_log_lines", "message", Texts},
}
