package schema

// Rows holds the rows of one checkpoint, a slice a table. Row structs have no
// checkpoint_id of their own: the builder adds it.
type Rows struct {
	// CheckpointID is 32 hexadecimal digits, or empty where there is no
	// checkpoint: then only archives and problems have rows.
	CheckpointID string

	Archives          []Archive
	Runs              []Run
	Forgotten         []ForgottenCheckpoint
	Checkpoints       []Checkpoint
	Problems          []Problem
	ArchiveMembers    []ArchiveMember
	UnknownFields     []UnknownField
	ImageEntries      []ImageEntry
	LogLines          []LogLine
	ContainerLogLines []ContainerLogLine
	EnumValues        []EnumValue
	ContainerSpecs    []ContainerSpec
	Annotations       []Annotation
	ContainerMounts   []ContainerMount
	ContainerDevices  []ContainerDevice
	ContainerNetworks []ContainerNetwork
	Processes         []Process
	Threads           []Thread
	Credentials       []Credential
	Environment       []EnvironmentVariable
	ResourceLimits    []ResourceLimit
	ProcessNamespaces []ProcessNamespace
	Namespaces        []Namespace
	CgroupMemberships []CgroupMembership
	Registers         []Register
	SignalHandlers    []SignalHandler
	PendingSignals    []PendingSignal
	Timers            []Timer
	AuxiliaryVectors  []AuxiliaryValue
	SeccompFilters    []SeccompFilter
	SeccompPrograms   []SeccompProgram
	ApparmorProfiles  []ApparmorProfile
	AIORings          []AIORing
	TLSDescriptors    []TLSDescriptor
	CPUInfo           []CPU
	IDMappings        []IDMapping
	CgroupProperties  []CgroupProperty
	MemoryMappings    []MemoryMapping
	Pagemaps          []Pagemap
	SharedMemory      []SharedMemory
	FileDescriptors   []FileDescriptor
	Files             []File
	GhostFiles        []GhostFile
	FileRemaps        []FileRemap
	FilesystemEntries []FilesystemEntry
	FileLocks         []FileLock
	EpollTargets      []EpollTarget
	FileWatches       []FileWatch
	PipeBuffers       []PipeBuffer
	TTYs              []TTY
	BPFMaps           []BPFMap
	IrmapCache        []IrmapEntry
	Sockets           []Socket
	SocketOptions     []SocketOptions
	TCPStreams        []TCPStream
	SocketQueues      []QueuedPacket
	IPCObjects        []IPCObject
	AutofsMounts      []AutofsMount
	BinfmtMiscEntries []BinfmtMiscEntry
	GPUDevices        []GPUDevice
	GPUBuffers        []GPUBuffer
	Mounts            []Mount
	NetworkDevices    []NetworkDevice
	NetworkAddresses  []NetworkAddress
	Routes            []Route
	RoutingRules      []RoutingRule
	FirewallRules     []FirewallRule
	ConntrackEntries  []ConntrackEntry
	Sysctls           []Sysctl
}

// list names every table, in the order of the documentation.
func list() []*Table {
	return []*Table{
		table("archives", func(r *Rows) *[]Archive { return &r.Archives },
			"The ledger: an archive read in a run.", "run_id", "source"),
		global(table("runs", func(r *Rows) *[]Run { return &r.Runs },
			"A run that added to the output: who, where, when, how, and from what.", "run_id")),
		global(table("forgotten_checkpoints", func(r *Rows) *[]ForgottenCheckpoint { return &r.Forgotten },
			"A checkpoint that ckexport forget removed: only that it was here is known.", "checkpoint_id")),
		table("checkpoints", func(r *Rows) *[]Checkpoint { return &r.Checkpoints },
			"A checkpoint: one set of CRIU images, with what is known of its container.", CheckpointID),
		table("problems", func(r *Rows) *[]Problem { return &r.Problems },
			"A thing that could not be read, or does not fit together."),
		table("archive_members", func(r *Rows) *[]ArchiveMember { return &r.ArchiveMembers },
			"A member of an archive.", CheckpointID, "position"),
		table("unknown_fields", func(r *Rows) *[]UnknownField { return &r.UnknownFields },
			"A protobuf field that no known message has: from a newer CRIU.", CheckpointID, "member", "entry_index", "path", "position"),
		table("image_entries", func(r *Rows) *[]ImageEntry { return &r.ImageEntries },
			"A protobuf message of any CRIU image, as JSON that keeps every byte; only with --raw.", CheckpointID, "member", "entry_index"),
		table("log_lines", func(r *Rows) *[]LogLine { return &r.LogLines },
			"A line of CRIU's dump.log or restore.log.", CheckpointID, "log_name", "line_number"),
		table("container_log_lines", func(r *Rows) *[]ContainerLogLine { return &r.ContainerLogLines },
			"A line of the container's own output.", CheckpointID, "member", "line_number"),
		global(table("enum_values", func(r *Rows) *[]EnumValue { return &r.EnumValues },
			"A known value of an enumeration, or bit of a flag set; the same for every checkpoint.", "domain", "value", "name")),

		table("container_specs", func(r *Rows) *[]ContainerSpec { return &r.ContainerSpecs },
			"The OCI specification of a checkpoint's container.", CheckpointID),
		table("annotations", func(r *Rows) *[]Annotation { return &r.Annotations },
			"An annotation or label of a container.", CheckpointID, "kind", "key"),
		table("container_mounts", func(r *Rows) *[]ContainerMount { return &r.ContainerMounts },
			"A mount that the specification asks for, or an entry of bind.mounts.", CheckpointID, "origin", "position"),
		table("container_devices", func(r *Rows) *[]ContainerDevice { return &r.ContainerDevices },
			"A device node or device rule of the specification.", CheckpointID, "origin", "position"),
		table("container_networks", func(r *Rows) *[]ContainerNetwork { return &r.ContainerNetworks },
			"An address of a container or its pod."),

		table("processes", func(r *Rows) *[]Process { return &r.Processes },
			"A process.", CheckpointID, "pid"),
		table("threads", func(r *Rows) *[]Thread { return &r.Threads },
			"A thread of a live process, its leader included.", CheckpointID, "tid"),
		table("credentials", func(r *Rows) *[]Credential { return &r.Credentials },
			"The identity and rights of a thread.", CheckpointID, "tid"),
		table("environment", func(r *Rows) *[]EnvironmentVariable { return &r.Environment },
			"An entry of a process's environment, from its memory: the initial block, as /proc/PID/environ shows it.", CheckpointID, "pid", "position"),
		table("resource_limits", func(r *Rows) *[]ResourceLimit { return &r.ResourceLimits },
			"A resource limit of a process.", CheckpointID, "pid", "resource"),
		table("process_namespaces", func(r *Rows) *[]ProcessNamespace { return &r.ProcessNamespaces },
			"The namespace of a kind that a process is in.", CheckpointID, "pid", "kind"),
		table("namespaces", func(r *Rows) *[]Namespace { return &r.Namespaces },
			"A namespace that the checkpoint refers to.", CheckpointID, "kind", "namespace_id"),
		table("cgroup_memberships", func(r *Rows) *[]CgroupMembership { return &r.CgroupMemberships },
			"The place of a set of control groups in a hierarchy.", CheckpointID, "cg_set", "hierarchy"),
		table("registers", func(r *Rows) *[]Register { return &r.Registers },
			"A register of a thread. Parts of the processor's state that the image lacks have no rows.", CheckpointID, "tid", "register_set", "register"),
		table("signal_handlers", func(r *Rows) *[]SignalHandler { return &r.SignalHandlers },
			"What a process does about a signal, where that is not the default.", CheckpointID, "pid", "signal_code"),
		table("pending_signals", func(r *Rows) *[]PendingSignal { return &r.PendingSignals },
			"A signal that was sent and not yet delivered.", CheckpointID, "pid", "tid", "position"),
		table("timers", func(r *Rows) *[]Timer { return &r.Timers },
			"An interval timer or POSIX timer of a process. Timers that are file descriptors are in files.", CheckpointID, "pid", "kind", "timer_id"),
		table("auxiliary_vectors", func(r *Rows) *[]AuxiliaryValue { return &r.AuxiliaryVectors },
			"A value of a process's auxiliary vector: what the kernel told the program at its start.", CheckpointID, "pid", "position"),
		table("seccomp_filters", func(r *Rows) *[]SeccompFilter { return &r.SeccompFilters },
			"A filter of system calls.", CheckpointID, "filter"),
		global(table("seccomp_programs", func(r *Rows) *[]SeccompProgram { return &r.SeccompPrograms },
			"A program of seccomp filters, once for all checkpoints that have it.", "program_sha256", "byte_order")),
		table("apparmor_profiles", func(r *Rows) *[]ApparmorProfile { return &r.ApparmorProfiles },
			"An AppArmor policy of the container's own policy namespaces.", CheckpointID, "namespace_path", "profile"),
		table("aio_rings", func(r *Rows) *[]AIORing { return &r.AIORings },
			"A context of asynchronous I/O of a process.", CheckpointID, "pid", "context_id"),
		table("tls_descriptors", func(r *Rows) *[]TLSDescriptor { return &r.TLSDescriptors },
			"A segment descriptor for thread-local storage; x86 only.", CheckpointID, "tid", "position"),
		table("cpu_info", func(r *Rows) *[]CPU { return &r.CPUInfo },
			"A description of the host's processors; CRIU writes it only when asked to.", CheckpointID, "arch", "position"),
		table("id_mappings", func(r *Rows) *[]IDMapping { return &r.IDMappings },
			"An extent of a user namespace's map of users or groups.", CheckpointID, "user_ns_id", "kind", "position"),
		table("cgroup_properties", func(r *Rows) *[]CgroupProperty { return &r.CgroupProperties },
			"A property of a control group, with its directory and hierarchy.", CheckpointID, "controller_position", "path", "property"),

		table("memory_mappings", func(r *Rows) *[]MemoryMapping { return &r.MemoryMappings },
			"A memory mapping (VMA) of a process.", CheckpointID, "pid", "start_address"),
		table("pagemaps", func(r *Rows) *[]Pagemap { return &r.Pagemaps },
			"A run of pages of a process or shared object, with the place of their content.", CheckpointID, "kind", "pagemap_id", "position"),
		table("shared_memory", func(r *Rows) *[]SharedMemory { return &r.SharedMemory },
			"A shared memory object: memfd, anonymous shared mapping, SysV segment.", CheckpointID, "kind", "shmem_id"),

		table("file_descriptors", func(r *Rows) *[]FileDescriptor { return &r.FileDescriptors },
			"A file descriptor of a process.", CheckpointID, "pid", "fd"),
		table("files", func(r *Rows) *[]File { return &r.Files },
			"An open file description, also those that only a mapping, program, folder or message refers to.", CheckpointID, "file_id"),
		table("ghost_files", func(r *Rows) *[]GhostFile { return &r.GhostFiles },
			"A deleted file that was still in use, whose content was saved.", CheckpointID, "ghost_id"),
		table("file_remaps", func(r *Rows) *[]FileRemap { return &r.FileRemaps },
			"Where the content of an open file is whose path no longer names it.", CheckpointID, "file_id"),
		table("filesystem_entries", func(r *Rows) *[]FilesystemEntry { return &r.FilesystemEntries },
			"A file that the archive holds, or a deletion it records.", CheckpointID, "member", "position"),
		table("file_locks", func(r *Rows) *[]FileLock { return &r.FileLocks },
			"A lock on a file.", CheckpointID, "position"),
		table("epoll_targets", func(r *Rows) *[]EpollTarget { return &r.EpollTargets },
			"A descriptor that an epoll watches.", CheckpointID, "epoll_file_id", "position"),
		table("file_watches", func(r *Rows) *[]FileWatch { return &r.FileWatches },
			"A watch of an inotify, or mark of a fanotify.", CheckpointID, "file_id", "position"),
		table("pipe_buffers", func(r *Rows) *[]PipeBuffer { return &r.PipeBuffers },
			"What waits in a pipe or FIFO.", CheckpointID, "kind", "position"),
		table("ttys", func(r *Rows) *[]TTY { return &r.TTYs },
			"A terminal.", CheckpointID, "tty_id"),
		table("bpf_maps", func(r *Rows) *[]BPFMap { return &r.BPFMaps },
			"An open BPF map, with its content."),
		table("irmap_cache", func(r *Rows) *[]IrmapEntry { return &r.IrmapCache },
			"An inode whose path CRIU looked up during a pre-dump.", CheckpointID, "position"),

		table("sockets", func(r *Rows) *[]Socket { return &r.Sockets },
			"A socket of any family.", CheckpointID, "file_id"),
		table("socket_options", func(r *Rows) *[]SocketOptions { return &r.SocketOptions },
			"The options of a socket.", CheckpointID, "file_id"),
		table("tcp_streams", func(r *Rows) *[]TCPStream { return &r.TCPStreams },
			"The state of a TCP connection.", CheckpointID, "inode"),
		table("socket_queues", func(r *Rows) *[]QueuedPacket { return &r.SocketQueues },
			"A packet or record that waits in a socket to be read.", CheckpointID, "position"),
		table("mounts", func(r *Rows) *[]Mount { return &r.Mounts },
			"A mount of a mount namespace.", CheckpointID, "mnt_ns_id", "mount_id"),
		table("network_devices", func(r *Rows) *[]NetworkDevice { return &r.NetworkDevices },
			"A network interface of a network namespace. Namespaces provided from outside, as of most pods, are not in a checkpoint.", CheckpointID, "net_ns_id", "position"),
		table("network_addresses", func(r *Rows) *[]NetworkAddress { return &r.NetworkAddresses },
			"An address of a network interface.", CheckpointID, "net_ns_id", "position"),
		table("routes", func(r *Rows) *[]Route { return &r.Routes },
			"A route of a network namespace, of those ip route save shows: the main table.", CheckpointID, "net_ns_id", "position"),
		table("routing_rules", func(r *Rows) *[]RoutingRule { return &r.RoutingRules },
			"A rule for the choice of a routing table.", CheckpointID, "net_ns_id", "position"),
		table("firewall_rules", func(r *Rows) *[]FirewallRule { return &r.FirewallRules },
			"A line of the firewall's rules, CRIU's own marked.", CheckpointID, "net_ns_id", "backend", "line_number"),
		table("conntrack_entries", func(r *Rows) *[]ConntrackEntry { return &r.ConntrackEntries },
			"A connection, or expected connection, that the kernel tracks.", CheckpointID, "net_ns_id", "image", "position"),
		table("sysctls", func(r *Rows) *[]Sysctl { return &r.Sysctls },
			"A kernel setting of a network or IPC namespace.", CheckpointID, "namespace_kind", "namespace_id", "field", "interface_index", "position"),
		table("ipc_objects", func(r *Rows) *[]IPCObject { return &r.IPCObjects },
			"A SysV shared memory segment, semaphore set or message queue.", CheckpointID, "ipc_ns_id", "kind", "id"),
		table("autofs_mounts", func(r *Rows) *[]AutofsMount { return &r.AutofsMounts },
			"The automounter's side of an autofs mount.", CheckpointID, "device"),
		table("binfmt_misc_entries", func(r *Rows) *[]BinfmtMiscEntry { return &r.BinfmtMiscEntries },
			"A kind of program that an interpreter is registered for."),
		table("gpu_devices", func(r *Rows) *[]GPUDevice { return &r.GPUDevices },
			"A GPU device file, or a node of the topology behind it, of CRIU's amdgpu plugin.", CheckpointID, "image", "kind", "position"),
		table("gpu_buffers", func(r *Rows) *[]GPUBuffer { return &r.GPUBuffers },
			"A buffer object of a GPU.", CheckpointID, "image", "position"),
	}
}
