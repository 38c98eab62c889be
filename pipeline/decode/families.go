package decode

// family is a group of tables that are decoded together. It can be tested alone
// on an image set, and is left out of a run that wants none of its tables.
type family struct {
	name   string
	tables []string
	needs  need
	decode func(*set)
}

// families lists the families in the order they are decoded in, which decides
// who tells first of an image that several of them read. The order matters for
// nothing else.
//
// To add a table: its struct in package schema, and a line here; images and
// members that are read by no other family are named in the line.
var families = []family{
	{"processes", list("processes"), needs(treeFact, coresFact, idsFact, spacesFact, textsFact, foldersFact, filesFact, criuLogMember), (*set).decodeProcesses},
	{"environment", list("environment"), needs(treeFact, coresFact, spacesFact, textsFact), (*set).decodeEnvironment},
	{"resource limits", list("resource_limits"), needs(treeFact, coresFact), (*set).decodeResourceLimits},
	{"threads", list("threads", "credentials"), needs(inventoryFact, treeFact, coresFact, idsFact, spacesFact, filesFact, filtersFact, idMapsFact), (*set).decodeThreads},
	{"registers", list("registers", "tls_descriptors"), needs(inventoryFact, treeFact, coresFact), (*set).decodeRegisters},
	{"signals", list("signal_handlers", "pending_signals", "timers"), needs(inventoryFact, treeFact, coresFact, spacesFact, filesFact), (*set).decodeSignals},
	{"auxiliary vectors", list("auxiliary_vectors"), needs(treeFact, spacesFact, textsFact), (*set).decodeAuxiliaryVectors},
	{"AIO rings", list("aio_rings"), needs(treeFact, spacesFact, filesFact), (*set).decodeAIORings},
	{"seccomp", list("seccomp_filters", "seccomp_programs"), needs(inventoryFact, treeFact, coresFact, filtersFact), (*set).decodeSeccomp},
	{"AppArmor", list("apparmor_profiles"), needs(images("APPARMOR")), (*set).decodeApparmor},
	{"CPUs", list("cpu_info"), needs(images("CPUINFO")), (*set).decodeCPUInfo},
	{"control groups", list("cgroup_memberships", "cgroup_properties"), needs(images("CGROUP")), (*set).decodeCgroups},

	{"process namespaces", list("process_namespaces"), needs(inventoryFact, treeFact, coresFact, idsFact), (*set).decodeProcessNamespaces},
	{"namespaces", list("namespaces"), needs(namespacesFact), (*set).decodeNamespaces},
	{"id mappings", list("id_mappings"), needs(idMapsFact), (*set).decodeIDMappings},
	{"interfaces", list("network_devices", "network_addresses"), needs(inventoryFact, devicesFact, images("IFADDR")), (*set).decodeInterfaces},
	{"routes", list("routes"), needs(inventoryFact, devicesFact, images("ROUTE", "ROUTE6")), (*set).decodeRoutes},
	{"routing rules", list("routing_rules"), needs(inventoryFact, images("RULE")), (*set).decodeRoutingRules},
	{"firewalls", list("firewall_rules"), needs(images("IPTABLES", "IP6TABLES", "NFTABLES")), (*set).decodeFirewalls},
	{"connection tracking", list("conntrack_entries"), needs(inventoryFact, images("NETNS_CT", "NETNS_EXP")), (*set).decodeConntrack},
	{"sysctls", list("sysctls"), needs(inventoryFact, idsFact, devicesFact, networksFact, images("IPC_VAR")), (*set).decodeSysctls},
	{"IPC objects", list("ipc_objects"), needs(segmentsFact, images("IPCNS_SEM", "IPCNS_MSG")), (*set).decodeIPC},

	{"mappings", list("memory_mappings"), needs(treeFact, coresFact, spacesFact, filesFact, sharedPagemapsFact), (*set).decodeMappings},
	{"page maps", list("pagemaps"), needs(treeFact, spacesFact, sharedPagemapsFact), (*set).decodePagemaps},
	{"shared memory", list("shared_memory"), needs(treeFact, spacesFact, filesFact, segmentsFact, sharedPagemapsFact), (*set).decodeSharedMemory},

	{"files", list("files", "file_descriptors", "file_remaps"), needs(treeFact, idsFact, spacesFact, foldersFact, filesFact, queuesFact), (*set).decodeDescriptors},
	{"ghosts", list("ghost_files"), needs(spacesFact, filesFact, ghostMembers), (*set).decodeGhosts},
	{"locks", list("file_locks"), needs(idsFact, filesFact, images("FILE_LOCKS")), (*set).decodeLocks},
	{"watches", list("epoll_targets", "file_watches"), needs(inventoryFact, idsFact, filesFact), (*set).decodeWatches},
	{"inode paths", list("irmap_cache"), needs(images("IRMAP_CACHE")), (*set).decodeIrmap},
	{"pipes", list("pipe_buffers"), needs(filesFact, images("PIPES_DATA", "FIFO_DATA")), (*set).decodePipes},
	{"terminals", list("ttys"), needs(inventoryFact, filesFact, images("TTY_INFO", "TTY_DATA")), (*set).decodeTTYs},
	{"BPF maps", list("bpf_maps"), needs(filesFact, images("BPFMAP_DATA")), (*set).decodeBPFMaps},
	{"sockets", list("sockets", "socket_options"), needs(inventoryFact, filesFact, queuesFact), (*set).decodeSockets},
	{"TCP streams", list("tcp_streams"), needs(filesFact, images("TCP_STREAM")), (*set).decodeTCPStreams},
	{"socket queues", list("socket_queues"), needs(filesFact, queuesFact), (*set).decodeSocketQueues},

	{"mounts", list("mounts"), needs(mountsFact), (*set).decodeMounts},
	{"automounts", list("autofs_mounts", "binfmt_misc_entries"), needs(mountsFact, images("AUTOFS", "BINFMT_MISC")), (*set).decodeAutomounts},
	{"changed files", list("filesystem_entries"), needs(mountsFact, metadataMembers, capturedMembers), (*set).decodeCaptures},
	{"GPUs", list("gpu_devices", "gpu_buffers"), needs(inventoryFact, images("AMDGPU_KFD", "AMDGPU_RENDERD", "AMDGPU_DMABUF")), (*set).decodeGPUs},

	{"container", list("container_specs", "annotations", "container_mounts", "container_devices", "container_networks"), needs(metadataMembers), (*set).decodeContainer},
	{"CRIU's log", list("log_lines"), needs(criuLogMember), (*set).takeLogLines},
	{"container's log", list("container_log_lines"), needs(containerLogMember), (*set).takeOutputLines},
	{"checkpoint", list("checkpoints"), needs(inventoryFact, treeFact, coresFact, idsFact, spacesFact, filesFact, mountsFact, namespacesFact, sharedPagemapsFact, metadataMembers, criuLogMember, images("STATS")), (*set).decodeCheckpoint},

	// What tells of the archive itself tells of all that it holds.
	{"archive", list("archive_members", "problems", "unknown_fields", "image_entries"), needs(everything), (*set).decodeOthers},
}

func list(tables ...string) []string { return tables }
