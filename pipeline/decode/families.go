package decode

// family is a group of tables that are decoded together. It can be tested alone
// on an image set, and is left out of a run that wants none of its tables.
type family struct {
	name   string
	tables []string
	needs  need
	decode func(*imageSet)
}

// families lists the families in the order they are decoded in, which decides
// who tells first of an image that several of them read. The order matters for
// nothing else.
//
// To add a table: its struct in package schema, and a line here; images and
// members that are read by no other family are named in the line.
var families = []family{
	{"processes", list("processes"), needs(treeFact, coresFact, idsFact, spacesFact, textsFact, foldersFact, filesFact, criuLogMember), (*imageSet).decodeProcesses},
	{"environment", list("environment"), needs(treeFact, coresFact, spacesFact, textsFact), (*imageSet).decodeEnvironment},
	{"resource limits", list("resource_limits"), needs(treeFact, coresFact), (*imageSet).decodeResourceLimits},
	{"threads", list("threads", "credentials"), needs(inventoryFact, treeFact, coresFact, idsFact, spacesFact, filesFact, filtersFact, idMapsFact), (*imageSet).decodeThreads},
	{"registers", list("registers", "tls_descriptors"), needs(inventoryFact, treeFact, coresFact), (*imageSet).decodeRegisters},
	{"signals", list("signal_handlers", "pending_signals", "timers"), needs(inventoryFact, treeFact, coresFact, spacesFact, filesFact), (*imageSet).decodeSignals},
	{"auxiliary vectors", list("auxiliary_vectors"), needs(treeFact, spacesFact, textsFact), (*imageSet).decodeAuxiliaryVectors},
	{"AIO rings", list("aio_rings"), needs(treeFact, spacesFact, filesFact), (*imageSet).decodeAIORings},
	{"seccomp", list("seccomp_filters", "seccomp_programs"), needs(inventoryFact, treeFact, coresFact, filtersFact), (*imageSet).decodeSeccomp},
	{"AppArmor", list("apparmor_profiles"), needs(images("APPARMOR")), (*imageSet).decodeApparmor},
	{"CPUs", list("cpu_info"), needs(images("CPUINFO")), (*imageSet).decodeCPUInfo},
	{"control groups", list("cgroup_memberships", "cgroup_properties"), needs(images("CGROUP")), (*imageSet).decodeCgroups},

	{"process namespaces", list("process_namespaces"), needs(inventoryFact, treeFact, coresFact, idsFact), (*imageSet).decodeProcessNamespaces},
	{"namespaces", list("namespaces"), needs(namespacesFact), (*imageSet).decodeNamespaces},
	{"id mappings", list("id_mappings"), needs(idMapsFact), (*imageSet).decodeIDMappings},
	{"interfaces", list("network_devices", "network_addresses"), needs(inventoryFact, devicesFact, images("IFADDR")), (*imageSet).decodeInterfaces},
	{"routes", list("routes"), needs(inventoryFact, devicesFact, images("ROUTE", "ROUTE6")), (*imageSet).decodeRoutes},
	{"routing rules", list("routing_rules"), needs(inventoryFact, images("RULE")), (*imageSet).decodeRoutingRules},
	{"firewalls", list("firewall_rules"), needs(images("IPTABLES", "IP6TABLES", "NFTABLES")), (*imageSet).decodeFirewalls},
	{"connection tracking", list("conntrack_entries"), needs(inventoryFact, images("NETNS_CT", "NETNS_EXP")), (*imageSet).decodeConntrack},
	{"sysctls", list("sysctls"), needs(inventoryFact, idsFact, devicesFact, networksFact, images("IPC_VAR")), (*imageSet).decodeSysctls},
	{"IPC objects", list("ipc_objects"), needs(inventoryFact, idsFact, segmentsFact, images("IPCNS_SEM", "IPCNS_MSG")), (*imageSet).decodeIPC},

	{"mappings", list("memory_mappings"), needs(treeFact, coresFact, spacesFact, filesFact, sharedPagemapsFact), (*imageSet).decodeMappings},
	{"page maps", list("pagemaps"), needs(treeFact, spacesFact, sharedPagemapsFact), (*imageSet).decodePagemaps},
	{"shared memory", list("shared_memory"), needs(treeFact, spacesFact, filesFact, segmentsFact, sharedPagemapsFact), (*imageSet).decodeSharedMemory},

	{"ELF headers in memory", list("memory_elf_headers"), contentSpacesFact, (*imageSet).decodeELFHeaders},
	{"pages of memory", list("memory_pages"), contentSpacesFact, (*imageSet).decodePages},
	{"texts in memory", list("memory_strings"), contentSpacesFact, (*imageSet).decodeStrings},

	{"files", list("files", "file_descriptors", "file_remaps"), needs(treeFact, idsFact, spacesFact, foldersFact, filesFact, queuesFact), (*imageSet).decodeDescriptors},
	{"ghosts", list("ghost_files"), needs(spacesFact, filesFact, ghostMembers), (*imageSet).decodeGhosts},
	{"locks", list("file_locks"), needs(idsFact, filesFact, images("FILE_LOCKS")), (*imageSet).decodeLocks},
	{"watches", list("epoll_targets", "file_watches"), needs(inventoryFact, idsFact, filesFact), (*imageSet).decodeWatches},
	{"inode paths", list("irmap_cache"), needs(images("IRMAP_CACHE")), (*imageSet).decodeIrmap},
	{"pipes", list("pipe_buffers"), needs(filesFact, images("PIPES_DATA", "FIFO_DATA")), (*imageSet).decodePipes},
	{"terminals", list("ttys"), needs(inventoryFact, filesFact, images("TTY_INFO", "TTY_DATA")), (*imageSet).decodeTTYs},
	{"BPF maps", list("bpf_maps"), needs(filesFact, images("BPFMAP_DATA")), (*imageSet).decodeBPFMaps},
	{"sockets", list("sockets", "socket_options"), needs(inventoryFact, filesFact, queuesFact), (*imageSet).decodeSockets},
	{"TCP streams", list("tcp_streams"), needs(filesFact, images("TCP_STREAM")), (*imageSet).decodeTCPStreams},
	{"socket queues", list("socket_queues"), needs(filesFact, queuesFact), (*imageSet).decodeSocketQueues},

	{"mounts", list("mounts"), needs(mountsFact), (*imageSet).decodeMounts},
	{"automounts", list("autofs_mounts", "binfmt_misc_entries"), needs(mountsFact, images("AUTOFS", "BINFMT_MISC")), (*imageSet).decodeAutomounts},
	{"changed files", list("filesystem_entries"), needs(mountsFact, metadataMembers, capturedMembers), (*imageSet).decodeCaptures},
	{"stacks", list("stack_frames"), needs(contentSpacesFact, coresFact, mountsFact, metadataMembers, capturedMembers, ghostMembers), (*imageSet).decodeStacks},
	{"GPUs", list("gpu_devices", "gpu_buffers"), needs(inventoryFact, images("AMDGPU_KFD", "AMDGPU_RENDERD", "AMDGPU_DMABUF")), (*imageSet).decodeGPUs},

	{"matches of rules", list("memory_matches"), contentSpacesFact, (*imageSet).decodeMatches}, // behind what it takes rows of

	{"container", list("container_specs", "annotations", "container_mounts", "container_devices", "container_networks"), needs(metadataMembers), (*imageSet).decodeContainer},
	{"CRIU's log", list("log_lines", "log_phases"), needs(criuLogMember), (*imageSet).takeLogLines},
	{"container's log", list("container_log_lines"), needs(containerLogMember), (*imageSet).takeOutputLines},
	{"checkpoint", list("checkpoints"), needs(inventoryFact, treeFact, coresFact, idsFact, spacesFact, filesFact, mountsFact, namespacesFact, sharedPagemapsFact, metadataMembers, criuLogMember, images("STATS")), (*imageSet).decodeCheckpoint},

	// What tells of the archive itself tells of all that it holds.
	{"archive", list("archive_members", "problems", "unknown_fields", "image_entries"), needs(everything), (*imageSet).decodeOthers},
}

func list(tables ...string) []string { return tables }
