package schema

// MemoryMatch is a place where a string of a YARA rule matched.
type MemoryMatch struct {
	_ struct{} `table:"memory_matches" scan:"yes" doc:"A place in memory, or in other content of the checkpoint, where a string of a YARA rule matched whose condition is true; a rule that holds without a string has one row for each content. Conditions are evaluated over a process, a shared object, a file or a message as a whole. With --scan only."`
	_ struct{} `compare:"origin pid path namespace rule string_id" order:"address file_offset" show:"length"`

	Origin      string   `arrow:"origin" sensitive:"no" doc:"memory: of a process; shared_memory; environment: the part of a process's memory that its environment began with; file: of filesystem_entries; ghost: of ghost_files; payload: of queues, pipes, terminals, SysV segments and BPF maps; container_log"`
	PID         *uint32  `arrow:"pid" ref:"processes(pid)" doc:"process; NULL for other content"`
	ShmemID     *uint64  `arrow:"shmem_id" ref:"shared_memory(shmem_id)" compare:"no" range:"uint64" doc:"shared object, see shared_memory; NULL for other content"`
	Address     *uint64  `arrow:"address" range:"uint64" doc:"where it begins; in a shared object, the offset; NULL for content that is no memory" src:"pages-*.img"`
	MappingKind *string  `arrow:"mapping_kind" sensitive:"no" doc:"kind of the mapping, see memory_mappings.kind, or of the shared object, see shared_memory.kind"`
	Perms       *string  `arrow:"perms" sensitive:"no" doc:"of the mapping, as memory_mappings.perms"`
	Path        Text     `arrow:"path" encode:"bloom" sensitive:"no" doc:"file in the container, or member of the archive for a log; of memory the file, device or memfd mapped"`
	FileOffset  *uint64  `arrow:"file_offset" range:"uint64" doc:"where it begins in the file or content; of memory, in the mapped file"`
	SourceTable *string  `arrow:"source_table" sensitive:"no" doc:"table of which a row has the content; NULL for memory"`
	SourceKey   *string  `arrow:"source_key" sensitive:"no" compare:"no" doc:"that row, as problems.row_key names rows"`
	Rule        string   `arrow:"rule" sensitive:"no" doc:"rule"`
	Namespace   string   `arrow:"namespace" sensitive:"no" doc:"file of the rule, as --scan found it; builtin/... for the rules that ship"`
	Tags        []string `arrow:"tags" sensitive:"no" doc:"tags of the rule"`
	Meta        string   `arrow:"meta" sensitive:"no" doc:"the rule's meta section, as a JSON object; of a name that occurs more often, the last"`
	StringID    *string  `arrow:"string_id" sensitive:"no" doc:"string of the rule that matched; NULL for a rule without"`
	Length      *uint32  `arrow:"length" doc:"how many bytes matched"`
	Matched     []byte   `arrow:"matched" compare:"no" payload:"yes" sensitive:"payloads" doc:"the first 64 of these bytes; NULL without --payloads, cut at --payload-limit"`
}
