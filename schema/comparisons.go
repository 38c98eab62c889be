package schema

import "strings"

// by makes a comparison with a key of columns, separated by spaces. Without
// any, a checkpoint has one row.
func by(key string) Comparison { return Comparison{Key: strings.Fields(key)} }

func (c Comparison) inOrderOf(columns string) Comparison {
	c.Order = strings.Fields(columns)
	return c
}

func (c Comparison) without(columns string) Comparison {
	c.Ignored = append(c.Ignored, strings.Fields(columns)...)
	return c
}

func (c Comparison) showing(columns string) Comparison {
	c.Shown = strings.Fields(columns)
	return c
}

// heldBy names an open file by the first descriptor that refers to it.
func (c Comparison) heldBy(column string) Comparison {
	c.Through = &Through{Column: column, Table: "file_descriptors", Target: "file_id", Columns: []string{"pid", "fd"}}
	return c.without(column)
}

// ofSocket names what belongs to an internet socket by its addresses.
func (c Comparison) ofSocket(column string) Comparison {
	c.Through = &Through{Column: column, Table: "sockets", Target: "file_id", Columns: strings.Fields("local_address local_port remote_address remote_port")}
	return c.without(column)
}

// NotCompared says of each table that ckexport diff leaves out, why.
func NotCompared() map[string]string {
	return map[string]string{
		"archives":              "tells of a run, not of a checkpoint",
		"runs":                  "tells of a run, not of a checkpoint",
		"forgotten_checkpoints": "tells of a run, not of a checkpoint",
		"enum_values":           "is the same for every checkpoint",
		"seccomp_programs":      "is of all checkpoints; seccomp_filters names its rows",
		"problems":              "tells of reading; the report warns of what could not be read",
		"archive_members":       "tells of the archive; what its members hold is in the other tables",
		"unknown_fields":        "has no names of things, and what belongs together differs with each version of CRIU",
		"image_entries":         "repeats the other tables, numbers that CRIU gives anew at each dump included",
		"log_lines":             "tells of the dump, not of the container",
		"registers":             "is the state of a moment: it differs whenever a thread runs",
		"pagemaps":              "tells where pages lie within the images; memory_mappings has the mappings",
	}
}

// comparisons says how each table is compared. A column that is not named here
// is compared; Comparison explains what is left out.
func comparisons() map[string]Comparison {
	return map[string]Comparison{
		// Of the checkpoint itself, what tells of the container and its host; not
		// the archive, sizes, durations, and counts of what other tables have.
		"checkpoints": by("").without(`source archive_name image_dir container_member checkpoint_image_names checkpoint_image_digest checkpoint_image_created_at
			status checkpointed_at dumped_at checkpoint_bytes memory_pages_bytes rootfs_diff_bytes freezing_us frozen_us memdump_us memwrite_us irmap_resolve_us
			pages_scanned pages_skipped_parent pages_written pages_lazy page_pipes page_pipe_bufs shpages_scanned shpages_skipped_parent shpages_written
			restore_forking_us restore_us restore_pages_compared restore_pages_skipped_cow restore_pages_restored page_size_source dump_kind parent_link
			root_cg_set dump_uptime_us criu_run_id dumper_pid_ns_id dumper_net_ns_id dumper_ipc_ns_id dumper_uts_ns_id dumper_mnt_ns_id dumper_user_ns_id
			dumper_cgroup_ns_id dumper_time_ns_id kubelet_pod kubelet_namespace_container kubelet_at kubelet_name_mismatch
			process_count thread_count zombie_count file_count socket_count vma_count mount_count pages_present pages_parent pages_lazy_only`).showing("container_name engine image"),
		"container_log_lines": by("logged_at stream partial message").without("member line_number"),

		// The engine's own files repeat what other columns have, and its state
		// at the moment of the checkpoint.
		"container_specs": by("").without("config_json status_json containerd_status_json network_status_json stdio_descriptors_json pod_options_json pod_dump_json").
			showing("args cwd uid privileged"),
		"annotations":        by("kind key").showing("value"),
		"container_mounts":   by("origin destination").inOrderOf("position").showing("source type options"),
		"container_devices":  by("origin path type major minor").without("position").showing("access allow"),
		"container_networks": by("origin network_name interface address").without("address_bytes").showing("mac_address gateway"),

		"processes": by("pid").without(`host_pid parent_exists depth tree_path exe_file_id cwd_file_id root_file_id thread_count fd_count vma_count cg_set vm_id files_id fs_id
			sighand_id pid_ns_id net_ns_id ipc_ns_id uts_ns_id mnt_ns_id user_ns_id cgroup_ns_id time_ns_id brk virtual_bytes pages_present pages_parent
			pages_lazy_only pages_id`).showing("ppid comm cmdline exe uid"),
		"threads": by("pid tid").without(`position seccomp_filter cg_set instruction_pointer stack_pointer frame_pointer syscall_number syscall_name syscall_args
			ip_mapping_start ip_path ip_file_offset`).showing("comm"),
		"credentials":        by("pid tid").showing("uid gid no_new_privs"),
		"environment":        by("pid name").inOrderOf("position").showing("value"),
		"resource_limits":    by("pid resource").showing("soft hard"),
		"process_namespaces": by("pid kind").without("namespace_id").showing("shared_with_dumper"),
		"namespaces":         by("kind external_key").without("namespace_id member_pids monotonic_ns boottime_ns linked_ns_ids linked_nsids").showing("is_dumper hostname"),
		"cgroup_memberships": by("hierarchy").without("cg_set").showing("path"),
		"signal_handlers":    by("pid signal_code").showing("signal disposition handler_path"),
		"pending_signals":    by("pid tid queue signal_code").inOrderOf("position").showing("signal code sender_pid"),
		"timers":             by("pid kind timer_id").without("value_ns overrun").showing("interval_ns clock signal"),
		"auxiliary_vectors":  by("pid type_code").inOrderOf("position").showing("type value text"),
		"seccomp_filters":    by("program_sha256").without("filter prev_filter innermost_tids thread_count").showing("instruction_count actions"),
		"apparmor_profiles":  by("namespace_path profile").without("policy").showing("policy_sha256"),
		"aio_rings":          by("pid context_id").showing("nr_requests"),
		"tls_descriptors":    by("pid tid position").showing("base_address limit"),
		"cpu_info":           by("arch position").showing("model_name"),
		"id_mappings":        by("kind inside_first").without("user_ns_id position").showing("outside_first count"),
		// CRIU leaves mode and owner of freezer.state as they happened to be in memory.
		"cgroup_properties": by("controllers path property").without("controller_position depth property_mode property_uid property_gid").showing("value"),

		"memory_mappings": by("pid start_address").without(`file_id shmem_id pages_total pages_present pages_parent pages_lazy_only is_modified_code contains_ip`).
			showing("end_address perms kind path"),
		"shared_memory": by("kind name sysv_key").without("shmem_id memfd_inode_id ipc_ns_id in_pagemaps pages_id pages_present").showing("size_bytes mapper_pids"),

		"file_descriptors": by("pid fd").without("file_id files_id").showing("type path access"),
		"files": by("type path").heldBy("file_id").without("own_id descriptor_count mount_id path_file_id tun_net_ns_id tty_info_id memfd_inode_id timerfd_value_ns timerfd_ticks namespace_id pipe_id pidfd_inode bpf_map_id").
			showing("roles access"),
		"ghost_files":        by("paths").without("ghost_id file_ids device device_major device_minor inode accessed_at chunked chunk_count chunk_offsets chunk_sizes stored_bytes data").showing("size_bytes sha256 pids"),
		"file_remaps":        by("type path").without("file_id remap_id ghost_id link_file_id"),
		"filesystem_entries": by("origin volume_name path").without("member position member_path atime").showing("change type mode uid size_bytes sha256"),
		"file_locks":         by("pid fd path kind start").without("position file_id").showing("type length"),
		"epoll_targets":      by("target_fd").heldBy("epoll_file_id").without("position own_id target_file_id target_device target_device_major target_device_minor target_inode target_position").showing("events_names"),
		"file_watches":       by("kind watch_descriptor mark_type path mark_mount_path").heldBy("file_id").without("position own_id device device_major device_minor inode mount_id mark_mount_id handle_type handle_bytes handle").showing("mask_names"),
		"pipe_buffers":       by("kind path pids").without("pipe_id position file_ids data").showing("size_bytes sha256"),
		"ttys":               by("type path pty_index").without("tty_id file_ids device device_major device_minor rdev rdev_major rdev_minor control_characters_raw locked_control_characters_raw data").showing("session_id rows columns"),
		"bpf_maps":           by("name type").without("file_id map_id data keys values").showing("entry_count sha256"),
		"irmap_cache":        by("path").without("position device device_major device_minor"),

		"sockets": by("family type protocol local_address local_port remote_address remote_port name netlink_portid").
			without("file_id inode peer_inode peer_file_id net_ns_id mount_id").showing("state pids"),
		"socket_options": by("family").heldBy("file_id"),
		"tcp_streams": by("").ofSocket("file_id").without(`inode receive_seq send_seq timestamp snd_wl1 snd_wnd max_window rcv_wnd rcv_wup receive_data send_data`).
			showing("receive_queue_bytes send_queue_bytes"),
		"socket_queues": by("").heldBy("file_id").inOrderOf("queue_position").without("position data passed_file_ids").showing("size_bytes sha256"),
		"mounts": by("mountpoint").without("mnt_ns_id mount_id parent_mount_id device device_major device_minor shared_group master_group content_member").
			showing("fs_type source root options"),
		"network_devices":   by("name").without("net_ns_id position peer_interface_index peer_ns_id addresses").showing("device_type mac_address is_up"),
		"network_addresses": by("interface_name address prefix_length").without("net_ns_id position preferred_seconds valid_seconds created_hundredths updated_hundredths target_nsid").showing("scope"),
		"routes": by("family destination destination_prefix_length source source_prefix_length table_id output_interface priority").
			without("net_ns_id position expires_hundredths cache_error cache_references cache_used cache_last_use_hundredths").showing("route_type gateway"),
		"routing_rules": by("family priority source source_prefix_length destination destination_prefix_length input_interface output_interface fwmark").
			without("net_ns_id position").showing("action table_id"),
		"firewall_rules": by("backend kind family table_name chain object_name").without("net_ns_id line_number packets bytes").showing("rule_text"),
		"conntrack_entries": by("kind family protocol original_source_address original_source_port original_destination_address original_destination_port original_icmp_id zone").
			without(`net_ns_id image position is_repeat timeout_seconds connection_id reference_count original_packets original_bytes reply_packets reply_bytes
			started_ns stopped_ns`).showing("tcp_state status_names"),
		"sysctls":             by("namespace_kind scope ip_version device field position name").without("namespace_id interface_index").showing("value"),
		"ipc_objects":         by("kind key id").without("ipc_ns_id in_pagemaps messages data").showing("uid mode segment_bytes message_count semaphore_count"),
		"autofs_mounts":       by("mountpoint").without("device device_major device_minor").showing("timeout_seconds"),
		"binfmt_misc_entries": by("name").without("position device device_major device_minor").showing("interpreter enabled"),
		"gpu_devices":         by("kind gpu_id node_id pid").without("image file_id position private_data").showing("vram_bytes"),
		"gpu_buffers":         by("kind gpu_id address handle").without("image file_id position mmap_offset").showing("size_bytes"),
	}
}
