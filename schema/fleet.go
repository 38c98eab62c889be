package schema

import "time"

// Archive is a row of the ledger: one archive read in one run.
type Archive struct {
	_ struct{} `table:"archives" key:"run_id source" scope:"archive" doc:"The ledger: an archive read in a run."`
	_ struct{} `notcompared:"tells of a run, not of a checkpoint"`

	RunID         string     `arrow:"run_id" sensitive:"no" doc:"the run that read the archive: its start in UTC and a random suffix"`
	Source        string     `arrow:"source" encode:"bloom" sensitive:"no" doc:"path of the archive, absolute; or its URL: s3://, oci://"`
	ArchiveName   string     `arrow:"archive_name" sensitive:"no" doc:"base name of the source"`
	SizeBytes     *uint64    `arrow:"size_bytes" range:"int64" doc:"size of the file, or sum of the files of an unpacked folder or an image, in bytes; NULL where it could not be read"`
	ModifiedAt    *time.Time `arrow:"modified_at" doc:"modification time of the file, or newest one within an unpacked folder"`
	ETag          *string    `arrow:"etag" sensitive:"no" doc:"what tells the content from other content of the same name: the ETag of an object in a store, the digest of an image in a registry; NULL of files and folders"`
	Format        *string    `arrow:"format" sensitive:"no" doc:"tar, or folder for an unpacked archive; NULL where it is neither"`
	Compression   *string    `arrow:"compression" sensitive:"no" doc:"outer compression, recognised by content: none, gzip, zstd, xz, bzip2"`
	Status        Status     `arrow:"status" doc:"ok; partial: something could not be read (see problems); failed: nothing could; duplicate: its checkpoint was in the output already"`
	Error         *string    `arrow:"error" sensitive:"no" doc:"the first error, for partial and failed"`
	RowCount      uint64     `arrow:"row_count" range:"int64" doc:"rows written for the archive, over all tables whose rows belong to checkpoints"`
	BytesRead     uint64     `arrow:"bytes_read" range:"int64" doc:"bytes read from the file; less than its size where a plain tar was seeked over"`
	ExpandedBytes uint64     `arrow:"expanded_bytes" range:"int64" doc:"bytes that were decompressed or read, those of tars within it included"`
	StartedAt     time.Time  `arrow:"started_at" doc:"when reading began"`
	Seconds       float64    `arrow:"seconds" doc:"how long reading and decoding took, in seconds"`
	ToolVersion   string     `arrow:"tool_version" sensitive:"no" doc:"version of ckexport"`
	SchemaVersion uint32     `arrow:"schema_version" doc:"version of the tables' layout"`
	SHA256        *string    `arrow:"sha256" encode:"plain,bloom" sensitive:"no" doc:"SHA-256 of the file, whole, lower-case hexadecimal; NULL without --sha256, and of an unpacked folder"`
	// NotCompared is not nil if a checkpoint of the archive was in the output already.
	NotCompared []string `arrow:"not_compared" sensitive:"no" doc:"where the output had a checkpoint of the archive already: what of it was not read of both, and may differ: pages (memory), files (captured ones); empty where all is equal, NULL where the output had none"`
}

// CheckpointDigest is what an archive was found to hold of a checkpoint beside
// its images and metadata.
type CheckpointDigest struct {
	_ struct{} `table:"checkpoint_digests" key:"run_id source checkpoint_id" scope:"archive" doc:"The ledger of contents: what a run read of a checkpoint beside its images and metadata, so that a copy is told from an archive with other content. A copy has a row only if it was read further than those before. Under --redact the digests are keyed."`
	_ struct{} `notcompared:"tells of reading, and two checkpoints never have the same content"`

	RunID        string  `arrow:"run_id" sensitive:"no" doc:"the run that read the archive"`
	Source       string  `arrow:"source" encode:"bloom" sensitive:"no" doc:"path of the archive, absolute"`
	ImagesID     string  `arrow:"images_id" sensitive:"no" doc:"128 bits of SHA-256 over images and metadata: the checkpoint_id of the first checkpoint with these; others, with other content, have ids of their own"`
	PagesSHA256  *string `arrow:"pages_sha256" encode:"plain" sensitive:"no" doc:"SHA-256 over the list of pages images, each with its size and SHA-256; NULL where they were not read whole, as large ones in plain tars are not without --sha256"`
	TextsSHA256  *string `arrow:"texts_sha256" encode:"plain" sensitive:"no" doc:"SHA-256 over the parts of memory that were read in any case: arguments, environment, texts of the auxiliary vector; NULL where no table has them"`
	FilesSHA256  *string `arrow:"files_sha256" encode:"plain" sensitive:"no" doc:"SHA-256 over the captured files, each with what filesystem_entries has of it; NULL where no table has them"`
	ErrorsSHA256 *string `arrow:"errors_sha256" encode:"plain" sensitive:"no" doc:"SHA-256 over what could not be read, as problems has it; NULL where that is nothing"`
}

// Run is one run that added to the output: who made the rows, where, when and
// how.
type Run struct {
	_ struct{} `table:"runs" key:"run_id" scope:"run" doc:"A run that added to the output: who, where, when, how, and from what."`
	_ struct{} `notcompared:"tells of a run, not of a checkpoint"`

	RunID         string            `arrow:"run_id" sensitive:"no" doc:"the run: its start in UTC and a random suffix"`
	StartedAt     time.Time         `arrow:"started_at" doc:"when it began"`
	FinishedAt    time.Time         `arrow:"finished_at" doc:"when all archives were read, just before the output was changed"`
	UserName      *string           `arrow:"user_name" sensitive:"no" doc:"name of the user it ran as; NULL where the system does not tell"`
	UID           int64             `arrow:"uid" doc:"effective user id; -1 where the system has none"`
	Hostname      *string           `arrow:"hostname" was:"host_name" sensitive:"no" doc:"name of the machine it ran on"`
	WorkingFolder *string           `arrow:"working_folder" sensitive:"no" doc:"folder that relative paths of the command line start from"`
	CommandLine   []string          `arrow:"command_line" sensitive:"no" doc:"the program and its arguments"`
	ToolVersion   string            `arrow:"tool_version" sensitive:"no" doc:"version of ckexport"`
	ToolCommit    *string           `arrow:"tool_commit" sensitive:"no" doc:"commit it was built from; NULL where the build does not tell"`
	GoVersion     string            `arrow:"go_version" sensitive:"no" doc:"version of Go it was built with"`
	Platform      string            `arrow:"platform" sensitive:"no" doc:"operating system and architecture, such as linux/amd64"`
	SchemaVersion uint32            `arrow:"schema_version" doc:"version of the tables' layout"`
	Labels        map[string]string `arrow:"labels" sensitive:"no" doc:"labels given by --label"`
	Redaction     *string           `arrow:"redaction" sensitive:"no" doc:"policy of --redact, and the fingerprint of its key; NULL where nothing was redacted"`
	Logs          *string           `arrow:"logs" sensitive:"no" doc:"lines of CRIU's logs that log_lines has of its archives, as --logs says: outline or all; NULL where it read none"`
	Memory        []string          `arrow:"memory" sensitive:"no" doc:"kinds of content of memory that it looked for, as --memory names them; NULL for none"`
	PayloadLimit  *uint64           `arrow:"payload_limit" range:"int64" doc:"bytes of each content that it exported at most, as --payload-limit says; NULL where it ran without --payloads"`
	ScanRules     []string          `arrow:"scan_rules" sensitive:"no" doc:"files of YARA rules that it scanned with: the namespace of each, a space, and its SHA-256; NULL for none"`
	Inputs        []RunInput        `arrow:"inputs" doc:"the archives it read and wrote down, in order; archives that the output knew are not among them"`
}

// RunInput is one archive that a run read.
type RunInput struct {
	Source    string  `arrow:"source" sensitive:"no" doc:"path, absolute"`
	SizeBytes *uint64 `arrow:"size_bytes" range:"int64" doc:"size in bytes"`
	SHA256    *string `arrow:"sha256" sensitive:"no" doc:"SHA-256; NULL without --sha256"`
	Status    Status  `arrow:"status" doc:"as archives.status"`
}

// ForgottenCheckpoint is a checkpoint whose rows were removed on purpose.
type ForgottenCheckpoint struct {
	_ struct{} `table:"forgotten_checkpoints" key:"checkpoint_id" scope:"run" doc:"A checkpoint that ckexport forget removed: only that it was here is known."`
	_ struct{} `notcompared:"tells of a run, not of a checkpoint"`

	CheckpointID string    `arrow:"checkpoint_id" sensitive:"no" doc:"the checkpoint; archives that hold it are not exported again"`
	Source       *string   `arrow:"source" sensitive:"no" doc:"path of the archive it came from; NULL where the output does not tell"`
	RunID        string    `arrow:"run_id" sensitive:"no" doc:"the run of ckexport forget that removed it, see runs"`
	ForgottenAt  time.Time `arrow:"forgotten_at" doc:"when it was removed"`
}

// Checkpoint is one checkpoint: one CRIU image set.
type Checkpoint struct {
	_ struct{} `table:"checkpoints" key:"checkpoint_id" doc:"A checkpoint: one set of CRIU images, with what is known of its container."`
	_ struct{} `compare:"" show:"container_name engine image"`

	Source                   string            `arrow:"source" encode:"bloom" compare:"no" provenance:"yes" sensitive:"no" doc:"path of the archive, absolute"`
	ArchiveName              string            `arrow:"archive_name" compare:"no" provenance:"yes" sensitive:"no" doc:"base name of the archive"`
	ImageDir                 string            `arrow:"image_dir" compare:"no" sensitive:"no" doc:"folder of the CRIU images within the archive: checkpoint, pre-checkpoint, or empty for a bare image folder"`
	ContainerMember          *string           `arrow:"container_member" compare:"no" sensitive:"no" doc:"archive within the archive that holds it: the layer of a container image, or a container's archive in that of a pod; NULL for an archive of its own"`
	CheckpointImageNames     []string          `arrow:"checkpoint_image_names" compare:"no" sensitive:"no" doc:"names of the container image that the checkpoint was packed into; NULL where it is in none, or has no name" src:"index.json: manifests.annotations org.opencontainers.image.ref.name; manifest.json: RepoTags"`
	CheckpointImageDigest    *string           `arrow:"checkpoint_image_digest" compare:"no" sensitive:"no" doc:"digest of that image's manifest; NULL in a docker archive, which has none" src:"name of the manifest's blob"`
	CheckpointImageCreatedAt *time.Time        `arrow:"checkpoint_image_created_at" compare:"no" doc:"when that image was made" src:"image configuration: created"`
	CheckpointName           *string           `arrow:"checkpoint_name" compare:"no" sensitive:"no" doc:"name that the user gave the checkpoint; Docker only" src:"config.json: name"`
	CheckpointOptions        []string          `arrow:"checkpoint_options" sensitive:"no" doc:"options the checkpoint was made with, such as exit or open_tcp, by containerd's names; Docker and ctr only, NULL for others" src:"config.json: tcp, unixSockets, shell, exit, emptyNS"`
	Status                   Status            `arrow:"status" compare:"no" doc:"ok, or partial: something could not be read (see problems)"`
	Engine                   string            `arrow:"engine" sensitive:"no" doc:"podman, cri-o, containerd, docker, or unknown" src:"spec.dump: annotations"`
	ContainerName            *string           `arrow:"container_name" sensitive:"no" doc:"name of the container" src:"config.dump: name; spec.dump: annotations"`
	ContainerID              *string           `arrow:"container_id" encode:"bloom" sensitive:"no" doc:"id of the container" src:"config.dump: id"`
	Image                    *string           `arrow:"image" sensitive:"no" doc:"name of the container's image" src:"config.dump: rootfsImageName"`
	ImageID                  *string           `arrow:"image_id" encode:"bloom" sensitive:"no" doc:"id or digest of the image" src:"config.dump: rootfsImageRef, rootfsImageID"`
	ImageRequested           *string           `arrow:"image_requested" sensitive:"no" doc:"name of the container's image as the user gave it" src:"image annotations: *.checkpoint.rawImageName, rootfsImageUserRequested"`
	Runtime                  *string           `arrow:"runtime" sensitive:"no" doc:"low-level runtime (runc, crun, ...)" src:"config.dump: runtime; image annotations: *.checkpoint.runtime.name"`
	RuntimeVersion           *string           `arrow:"runtime_version" sensitive:"no" doc:"version of the low-level runtime" src:"image annotations: *.checkpoint.runtime.version"`
	EngineVersion            *string           `arrow:"engine_version" sensitive:"no" doc:"version of the engine" src:"image annotations: *.checkpoint.podman.version, cri-o.version, engine.version"`
	ConmonVersion            *string           `arrow:"conmon_version" sensitive:"no" doc:"version of conmon, the container monitor" src:"image annotations: *.checkpoint.conmon.version"`
	PodName                  *string           `arrow:"pod_name" sensitive:"no" doc:"name of the pod" src:"spec.dump: annotations"`
	PodNamespace             *string           `arrow:"pod_namespace" sensitive:"no" doc:"Kubernetes namespace of the pod" src:"spec.dump: annotations"`
	PodUID                   *string           `arrow:"pod_uid" encode:"bloom" sensitive:"no" doc:"Kubernetes uid of the pod" src:"spec.dump: annotations"`
	PodSandboxID             *string           `arrow:"pod_sandbox_id" sensitive:"no" doc:"id of the pod's sandbox, or of Podman's pod" src:"spec.dump: annotations; config.dump: pod"`
	Attempt                  *uint32           `arrow:"attempt" doc:"how often the container was restarted before" src:"spec.dump: annotations; status.dump: metadata.attempt"`
	CreatedAt                *time.Time        `arrow:"created_at" doc:"when the container was created" src:"config.dump: createdTime"`
	StartedAt                *time.Time        `arrow:"started_at" doc:"when the container was started; containerd only" src:"status.dump: started_at"`
	CheckpointedAt           *time.Time        `arrow:"checkpointed_at" compare:"no" doc:"when the checkpoint was made; Podman does not keep it" src:"config.dump: checkpointedTime; config.json: created (Docker)"`
	DumpedAt                 *time.Time        `arrow:"dumped_at" compare:"no" doc:"modification time of inventory.img, which CRIU writes late in the dump: the best time there is for Podman" src:"tar header"`
	RestoredAt               *time.Time        `arrow:"restored_at" doc:"when the container had been restored from an earlier checkpoint; NULL if never" src:"config.dump: restoredTime"`
	Restored                 *bool             `arrow:"restored" doc:"whether the container had been restored from an earlier checkpoint" src:"config.dump: restored"`
	Labels                   map[string]string `arrow:"labels" provenance:"yes" sensitive:"no" doc:"labels of the run that exported it (--label key=value)"`
	IPAddresses              []string          `arrow:"ip_addresses" sensitive:"no" doc:"addresses of the container or its pod" src:"network.status; spec.dump: annotations io.kubernetes.cri-o.IP.N"`
	CheckpointBytes          uint64            `arrow:"checkpoint_bytes" compare:"no" range:"uint64" doc:"sum of the files of the image folder, in bytes"`
	MemoryPagesBytes         uint64            `arrow:"memory_pages_bytes" compare:"no" range:"uint64" doc:"sum of its pages-*.img, in bytes"`
	RootfsDiffBytes          *uint64           `arrow:"rootfs_diff_bytes" compare:"no" range:"int64" doc:"size of rootfs-diff.tar as stored, in bytes; NULL without one"`
	FreezingUS               *uint32           `arrow:"freezing_us" compare:"no" doc:"time to freeze the processes, in microseconds" src:"stats-dump: dump_stats_entry.freezing_time"`
	FrozenUS                 *uint32           `arrow:"frozen_us" compare:"no" doc:"time the processes stood still, in microseconds" src:"stats-dump: dump_stats_entry.frozen_time"`
	MemdumpUS                *uint32           `arrow:"memdump_us" compare:"no" doc:"time to collect memory, in microseconds" src:"stats-dump: dump_stats_entry.memdump_time"`
	MemwriteUS               *uint32           `arrow:"memwrite_us" compare:"no" doc:"time to write memory, in microseconds" src:"stats-dump: dump_stats_entry.memwrite_time"`
	IrmapResolveUS           *uint32           `arrow:"irmap_resolve_us" compare:"no" doc:"time to resolve inode numbers to paths, in microseconds" src:"stats-dump: dump_stats_entry.irmap_resolve"`
	PagesScanned             *uint64           `arrow:"pages_scanned" compare:"no" range:"uint64" doc:"pages looked at" src:"stats-dump: dump_stats_entry.pages_scanned"`
	PagesSkippedParent       *uint64           `arrow:"pages_skipped_parent" compare:"no" range:"uint64" doc:"pages not written because the parent checkpoint has them" src:"stats-dump: dump_stats_entry.pages_skipped_parent"`
	PagesWritten             *uint64           `arrow:"pages_written" compare:"no" range:"uint64" doc:"pages written" src:"stats-dump: dump_stats_entry.pages_written"`
	PagesLazy                *uint64           `arrow:"pages_lazy" compare:"no" range:"uint64" doc:"pages that may be restored lazily" src:"stats-dump: dump_stats_entry.pages_lazy"`
	PagePipes                *uint64           `arrow:"page_pipes" compare:"no" range:"uint64" doc:"pipes used to move pages" src:"stats-dump: dump_stats_entry.page_pipes"`
	PagePipeBufs             *uint64           `arrow:"page_pipe_bufs" compare:"no" range:"uint64" doc:"buffers of those pipes" src:"stats-dump: dump_stats_entry.page_pipe_bufs"`
	ShpagesScanned           *uint64           `arrow:"shpages_scanned" compare:"no" range:"uint64" doc:"shared pages looked at" src:"stats-dump: dump_stats_entry.shpages_scanned"`
	ShpagesSkipped           *uint64           `arrow:"shpages_skipped_parent" compare:"no" range:"uint64" doc:"shared pages the parent checkpoint has" src:"stats-dump: dump_stats_entry.shpages_skipped_parent"`
	ShpagesWritten           *uint64           `arrow:"shpages_written" compare:"no" range:"uint64" doc:"shared pages written" src:"stats-dump: dump_stats_entry.shpages_written"`
	RestoreForkingUS         *uint32           `arrow:"restore_forking_us" compare:"no" doc:"of a restore from this folder: time to make the processes, in microseconds" src:"stats-restore: restore_stats_entry.forking_time"`
	RestoreUS                *uint32           `arrow:"restore_us" compare:"no" doc:"of a restore: time of the whole, in microseconds" src:"stats-restore: restore_stats_entry.restore_time"`
	RestorePagesCompared     *uint64           `arrow:"restore_pages_compared" compare:"no" range:"uint64" doc:"of a restore: pages compared with those of the parent process" src:"stats-restore: restore_stats_entry.pages_compared"`
	RestorePagesSkippedCOW   *uint64           `arrow:"restore_pages_skipped_cow" compare:"no" range:"uint64" doc:"of a restore: pages left shared with the parent process, because they were equal" src:"stats-restore: restore_stats_entry.pages_skipped_cow"`
	RestorePagesRestored     *uint64           `arrow:"restore_pages_restored" compare:"no" range:"uint64" doc:"of a restore: pages written to memory" src:"stats-restore: restore_stats_entry.pages_restored"`
	Hostname                 Text              `arrow:"hostname" sensitive:"no" doc:"host name of the container's UTS namespace; NULL in the host's" src:"utsns-*.img: utsns_entry.nodename"`
	Arch                     *string           `arrow:"arch" sensitive:"no" doc:"processor architecture, CRIU's name in lower case" src:"core-*.img: core_entry.mtype"`
	PageSize                 *uint32           `arrow:"page_size" doc:"page size of the checkpointed host, in bytes" src:"mm-*.img: AT_PAGESZ of mm_entry.mm_saved_auxv"`
	PageSizeSource           *string           `arrow:"page_size_source" compare:"no" sensitive:"no" doc:"where page_size comes from: auxv, or default (4096) where no process tells"`
	DumpKind                 string            `arrow:"dump_kind" compare:"no" sensitive:"no" doc:"full; incremental: pages are in a parent checkpoint; predump: memory only; lazy: pages were left on the host; unknown: no inventory"`
	ParentLink               *string           `arrow:"parent_link" compare:"no" sensitive:"no" doc:"where the symbolic link parent points to, in incremental checkpoints; never followed"`
	ImgVersion               *uint32           `arrow:"img_version" doc:"version of the image format: 1 is 1.0, 2 is 1.1" src:"inventory.img: inventory_entry.img_version"`
	FdinfoPerID              *bool             `arrow:"fdinfo_per_id" doc:"fdinfo images are named by descriptor table" src:"inventory.img: inventory_entry.fdinfo_per_id"`
	NsPerID                  *bool             `arrow:"ns_per_id" doc:"namespace images are named by namespace" src:"inventory.img: inventory_entry.ns_per_id"`
	RootCgSet                *uint32           `arrow:"root_cg_set" compare:"no" doc:"cgroup set of CRIU itself, absent from cgroup_memberships" src:"inventory.img: inventory_entry.root_cg_set"`
	LSMType                  Enum              `arrow:"lsm_type" doc:"security module of the host" src:"inventory.img: inventory_entry.lsmtype"`
	DumpUptimeUS             *uint64           `arrow:"dump_uptime_us" compare:"no" range:"uint64" doc:"uptime of the host at the dump, in microseconds; only with memory tracking" src:"inventory.img: inventory_entry.dump_uptime"`
	PreDumpMode              Enum              `arrow:"pre_dump_mode" doc:"how a pre-dump reads memory" src:"inventory.img: inventory_entry.pre_dump_mode"`
	TCPClose                 *bool             `arrow:"tcp_close" doc:"TCP connections were left out on purpose" src:"inventory.img: inventory_entry.tcp_close"`
	NetworkLockMethod        Enum              `arrow:"network_lock_method" doc:"how the network was locked during the dump" src:"inventory.img: inventory_entry.network_lock_method"`
	AllowUprobes             *bool             `arrow:"allow_uprobes" doc:"uprobes were allowed" src:"inventory.img: inventory_entry.allow_uprobes"`
	CRIURunID                *string           `arrow:"criu_run_id" compare:"no" sensitive:"no" doc:"id CRIU gave the dump" src:"inventory.img: inventory_entry.dump_criu_run_id"`
	Plugins                  []string          `arrow:"plugins" sensitive:"no" doc:"CRIU plugins used; NULL where the image is too old to tell" src:"inventory.img: plugins_entry.plugins"`
	DumperPidNsID            *uint32           `arrow:"dumper_pid_ns_id" ref:"namespaces(namespace_id) of kind pid" compare:"no" doc:"namespace of CRIU itself; a process with the same id is not isolated" src:"inventory.img: inventory_entry.root_ids"`
	DumperNetNsID            *uint32           `arrow:"dumper_net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"as dumper_pid_ns_id" src:"inventory.img: inventory_entry.root_ids"`
	DumperIpcNsID            *uint32           `arrow:"dumper_ipc_ns_id" ref:"namespaces(namespace_id) of kind ipc" compare:"no" doc:"as dumper_pid_ns_id" src:"inventory.img: inventory_entry.root_ids"`
	DumperUtsNsID            *uint32           `arrow:"dumper_uts_ns_id" ref:"namespaces(namespace_id) of kind uts" compare:"no" doc:"as dumper_pid_ns_id" src:"inventory.img: inventory_entry.root_ids"`
	DumperMntNsID            *uint32           `arrow:"dumper_mnt_ns_id" ref:"namespaces(namespace_id) of kind mnt" compare:"no" doc:"as dumper_pid_ns_id" src:"inventory.img: inventory_entry.root_ids"`
	DumperUserNsID           *uint32           `arrow:"dumper_user_ns_id" ref:"namespaces(namespace_id) of kind user" compare:"no" doc:"as dumper_pid_ns_id" src:"inventory.img: inventory_entry.root_ids"`
	DumperCgroupNsID         *uint32           `arrow:"dumper_cgroup_ns_id" ref:"namespaces(namespace_id) of kind cgroup" compare:"no" doc:"as dumper_pid_ns_id" src:"inventory.img: inventory_entry.root_ids"`
	DumperTimeNsID           *uint32           `arrow:"dumper_time_ns_id" ref:"namespaces(namespace_id) of kind time" compare:"no" doc:"as dumper_pid_ns_id" src:"inventory.img: inventory_entry.root_ids"`
	CRIUVersion              *string           `arrow:"criu_version" sensitive:"no" doc:"version of CRIU; no image holds it. As dump.log tells it (4.2), or where there is none the number of the annotation (40200), in which engines count a build from git as the next minor version" src:"dump.log; image annotations: *.checkpoint.criu.version"`
	CRIUGitID                *string           `arrow:"criu_gitid" sensitive:"no" doc:"commit of CRIU" src:"dump.log"`
	KernelRelease            *string           `arrow:"kernel_release" sensitive:"no" doc:"kernel of the host" src:"dump.log; image annotations: *.checkpoint.host.kernel"`
	KernelVersion            *string           `arrow:"kernel_version" sensitive:"no" doc:"build of the kernel" src:"dump.log"`
	HostArch                 *string           `arrow:"host_arch" sensitive:"no" doc:"architecture of the host, by Go's name (amd64)" src:"image annotations: *.checkpoint.host.arch"`
	HostDistribution         *string           `arrow:"host_distribution" sensitive:"no" doc:"distribution of the host" src:"image annotations: *.checkpoint.distribution.name"`
	HostDistributionVersion  *string           `arrow:"host_distribution_version" sensitive:"no" doc:"version of it" src:"image annotations: *.checkpoint.distribution.version"`
	CgroupVersion            *string           `arrow:"cgroup_version" sensitive:"no" doc:"version of control groups on the host: v1 or v2" src:"image annotations: *.checkpoint.cgroups.version"`
	HostNodename             *string           `arrow:"host_nodename" sensitive:"no" doc:"host name of the machine that made the checkpoint" src:"dump.log"`
	ByteOrder                *string           `arrow:"byte_order" sensitive:"no" doc:"byte order of the images: little or big" src:"inventory.img: magic"`
	KubeletPod               *string           `arrow:"kubelet_pod" compare:"no" provenance:"yes" sensitive:"no" doc:"pod name in a file named by kubelet (checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar)" src:"archive name"`
	KubeletRest              *string           `arrow:"kubelet_namespace_container" compare:"no" provenance:"yes" sensitive:"no" doc:"NAMESPACE-CONTAINER of that name; both may hold dashes, so the border is not known" src:"archive name"`
	KubeletAt                *time.Time        `arrow:"kubelet_at" compare:"no" provenance:"yes" doc:"time in that name" src:"archive name"`
	KubeletNameMismatch      *bool             `arrow:"kubelet_name_mismatch" compare:"no" provenance:"yes" doc:"that name disagrees with pod and container of the metadata; NULL where there is nothing to compare"`
	RootPID                  *uint32           `arrow:"root_pid" ref:"processes(pid)" doc:"pid of the process whose parent is outside the checkpoint" src:"pstree.img"`
	ProcessCount             uint32            `arrow:"process_count" compare:"no" doc:"processes"`
	ThreadCount              uint32            `arrow:"thread_count" compare:"no" doc:"threads of live processes"`
	ZombieCount              uint32            `arrow:"zombie_count" compare:"no" doc:"dead processes not yet reaped"`
	FileCount                uint32            `arrow:"file_count" compare:"no" doc:"open file descriptions"`
	SocketCount              uint32            `arrow:"socket_count" compare:"no" doc:"sockets"`
	VMACount                 uint32            `arrow:"vma_count" compare:"no" doc:"memory mappings"`
	MountCount               uint32            `arrow:"mount_count" compare:"no" doc:"mounts"`
	ProcessPagesPresent      uint64            `arrow:"process_pages_present" was:"pages_present" compare:"no" range:"uint64" doc:"pages of processes whose content is in this checkpoint" src:"pagemap-*.img"`
	ProcessPagesParent       uint64            `arrow:"process_pages_parent" was:"pages_parent" compare:"no" range:"uint64" doc:"pages of processes whose content is in the parent checkpoint" src:"pagemap-*.img"`
	ProcessPagesLazyOnly     uint64            `arrow:"process_pages_lazy_only" was:"pages_lazy_only" compare:"no" range:"uint64" doc:"pages of processes that were left on the host" src:"pagemap-*.img"`
}

// Problem is a thing that could not be read or does not fit together.
type Problem struct {
	_ struct{} `table:"problems" doc:"A thing that could not be read, or does not fit together."`
	_ struct{} `notcompared:"tells of reading; the report warns of what could not be read"`

	Source    string   `arrow:"source" encode:"bloom" provenance:"yes" sensitive:"no" doc:"path of the archive, absolute"`
	Member    Text     `arrow:"member" sensitive:"no" doc:"member of the archive, by its clean_path, or path where that is NULL; NULL where the archive as a whole is meant"`
	Offset    *uint64  `arrow:"offset" encode:"delta" range:"int64" doc:"byte offset within the member"`
	TableName *string  `arrow:"table_name" sensitive:"no" doc:"table whose rows are missing or NULL for it"`
	RowKey    *string  `arrow:"row_key" sensitive:"no" doc:"key of the row meant, such as pid=12"`
	Severity  Severity `arrow:"severity" doc:"error: data is missing; warning: data may be missing or does not fit together; info: worth knowing, nothing is missing"`
	Code      string   `arrow:"code" sensitive:"no" doc:"kind of the problem, such as truncated or bad_magic; docs/problems.md lists them"`
	Message   string   `arrow:"message" encode:"plain" sensitive:"no" doc:"the problem in words"`
}

// ArchiveMember is one member of an archive.
type ArchiveMember struct {
	_ struct{} `table:"archive_members" key:"checkpoint_id position" doc:"A member of an archive."`
	_ struct{} `notcompared:"tells of the archive; what its members hold is in the other tables"`

	Path            Text       `arrow:"path" encode:"bloom" sensitive:"no" doc:"name of the member as it stands, but for the / behind that of a folder"`
	CleanPath       Text       `arrow:"clean_path" encode:"bloom" sensitive:"no" doc:"the name by which it is told what the member is, and which other tables have: without leading ./ and /, with .. resolved; NULL where the name leads out of the archive"`
	ContainerMember *string    `arrow:"container_member" sensitive:"no" doc:"archive within the archive that it is a member of: the layer of a container image, a container's archive in that of a pod, or the stream of images that it came out of; NULL in the archive itself"`
	Position        uint32     `arrow:"position" doc:"position in the order of reading, from 0; the members of an archive within the archive follow it"`
	Offset          *uint64    `arrow:"offset" encode:"delta" range:"int64" doc:"offset of its content within its tar, in bytes; NULL in an unpacked folder"`
	Type            string     `arrow:"type" sensitive:"no" doc:"file, directory, symlink, hardlink, char_device, block_device, fifo, or other"`
	SizeBytes       uint64     `arrow:"size_bytes" range:"int64" doc:"size of the content, in bytes"`
	Mode            uint32     `arrow:"mode" doc:"permission bits with setuid, setgid, sticky"`
	UID             uint32     `arrow:"uid" doc:"numeric owner"`
	GID             uint32     `arrow:"gid" doc:"numeric group"`
	ModifiedAt      *time.Time `arrow:"mtime" was:"modified_at" doc:"modification time"`
	LinkTarget      Text       `arrow:"link_target" sensitive:"no" doc:"target of a symbolic or hard link; never followed"`
	Kind            string     `arrow:"kind" sensitive:"no" doc:"what the member is: CRIU's image type (CORE, MM, PAGEMAP, ...), PAGES for memory, a metadata file (config.dump, ...), or unknown"`
	ImageDir        *string    `arrow:"image_dir" sensitive:"no" doc:"folder of images it belongs to; NULL for other members"`
	Magic           *uint32    `arrow:"magic" doc:"type magic of a CRIU image"`
	Layout          *string    `arrow:"layout" sensitive:"no" doc:"framing of a CRIU image: v1_1, v1_0, service, raw"`
	EntryCount      *uint64    `arrow:"entry_count" range:"int64" doc:"protobuf entries of a CRIU image"`
	DecodeStatus    string     `arrow:"decode_status" sensitive:"no" doc:"ok; truncated; bad_magic; malformed; unknown: no decoder knows it; no_table: its framing is right, and nothing is made of it; unsafe_name: its name leads out of the archive; encrypted: an image that CRIU encrypted; unsupported: a form that is not decoded; behind_end: it stands behind the end mark; not_read: content not wanted (memory pages, files)"`
	SHA256          *string    `arrow:"sha256" encode:"plain,bloom" sensitive:"any" doc:"SHA-256 of the content, lower-case hexadecimal; of images other than pages, and metadata"`
}

// UnknownField is a protobuf field that the linked messages do not know.
type UnknownField struct {
	_ struct{} `table:"unknown_fields" key:"checkpoint_id member entry_index path position" doc:"A protobuf field that no known message has: from a newer CRIU."`
	_ struct{} `notcompared:"has no names of things, and what belongs together differs with each version of CRIU"`

	Member      string  `arrow:"member" ref:"archive_members(clean_path)" sensitive:"no" doc:"image it stands in"`
	EntryIndex  uint32  `arrow:"entry_index" doc:"entry of the image, from 0"`
	Path        string  `arrow:"path" encode:"bloom" sensitive:"no" doc:"message it stands in, from the entry on: tc.timers.posix[3]; empty for the entry itself"`
	Position    uint32  `arrow:"position" doc:"position among the unknown fields of that message, from 0"`
	FieldNumber uint32  `arrow:"field_number" doc:"number of the field"`
	WireType    string  `arrow:"wire_type" sensitive:"no" doc:"VARINT, FIXED64, BYTES, GROUP, or FIXED32"`
	NumberValue *uint64 `arrow:"number_value" sensitive:"any" range:"uint64" doc:"value of a number"`
	BytesValue  []byte  `arrow:"bytes_value" sensitive:"any" doc:"value of bytes or a group"`
}

// ImageEntry is one protobuf message of a CRIU image, whole.
type ImageEntry struct {
	_ struct{} `table:"image_entries" key:"checkpoint_id member entry_index" raw:"yes" doc:"A protobuf message of any CRIU image, as JSON that keeps every byte; only with --raw."`
	_ struct{} `notcompared:"repeats the other tables, numbers that CRIU gives anew at each dump included"`

	Member     string `arrow:"member" ref:"archive_members(clean_path)" sensitive:"no" doc:"image it stands in"`
	EntryIndex uint32 `arrow:"entry_index" doc:"entry of the image, from 0"`
	Offset     uint64 `arrow:"offset" encode:"delta" range:"int64" doc:"byte offset of the entry in the image"`
	SizeBytes  uint64 `arrow:"size_bytes" range:"int64" doc:"size of the message, in bytes"`
	Message    string `arrow:"message" encode:"plain" sensitive:"no" doc:"type of the message, such as core_entry"`
	EntryJSON  string `arrow:"entry_json" encode:"plain" sensitive:"any" doc:"the message as JSON: fields by their CRIU names, absent ones left out; bytes, text that is not UTF-8, and the unknown fields as {\"base64\": ...}"`
}

// LogLine is one line of dump.log or restore.log.
type LogLine struct {
	_ struct{} `table:"log_lines" key:"checkpoint_id log_name line_number" doc:"A line of CRIU's dump.log or restore.log. Without --logs all only those that warn, fail or tell a fact that another table has, with what goes on from them; log_phases outlines the rest."`
	_ struct{} `notcompared:"tells of the dump, not of the container"`

	LogName    string  `arrow:"log_name" sensitive:"no" doc:"dump.log or restore.log"`
	LineNumber uint32  `arrow:"line_number" doc:"line, from 1"`
	ElapsedUS  *uint64 `arrow:"elapsed_us" encode:"delta" range:"uint64" doc:"microseconds since CRIU started; not a clock time"`
	Level      string  `arrow:"level" sensitive:"no" doc:"error, warn, info (CRIU's log does not tell info from debug), or unknown for lines without CRIU's prefix"`
	SourceFile *string `arrow:"source_file" sensitive:"no" doc:"C file that logged it; errors and warnings only"`
	SourceLine *uint32 `arrow:"source_line" doc:"line in that file"`
	Subsystem  *string `arrow:"subsystem" sensitive:"no" doc:"part of CRIU that logged it, such as mnt or sk tcp"`
	PID        *int32  `arrow:"pid" doc:"process it is about; restore only"`
	Message    Text    `arrow:"message" encode:"plain" sensitive:"logs" doc:"the line without time, level and place"`
}

// LogPhase is a part of dump.log or restore.log, from a line that CRIU begins
// something with up to the next such line.
type LogPhase struct {
	_ struct{} `table:"log_phases" key:"checkpoint_id log_name position" doc:"A phase of what CRIU's dump.log or restore.log tells of: when it was, and how many lines it has."`
	_ struct{} `notcompared:"tells of the dump, not of the container"`

	LogName    string  `arrow:"log_name" sensitive:"no" doc:"dump.log or restore.log"`
	Position   uint32  `arrow:"position" doc:"position among the phases of the log, from 0"`
	Phase      string  `arrow:"phase" sensitive:"no" doc:"what begins, in CRIU's words: Dumping task, one for each process, Lock network, Writing stats, and others; start, for what comes before"`
	HostPID    *int32  `arrow:"host_pid" doc:"process id on the host, of Dumping task"`
	FirstLine  uint32  `arrow:"first_line" doc:"its first line, from 1"`
	LineCount  uint32  `arrow:"line_count" doc:"its lines; those of all phases together are those of the log"`
	StartedUS  *uint64 `arrow:"started_us" encode:"delta" range:"uint64" doc:"time of its first line that has one, as log_lines.elapsed_us; NULL where none has"`
	FinishedUS *uint64 `arrow:"finished_us" encode:"delta" range:"uint64" doc:"time of its last line that has one; until the next phase starts more may pass"`
}

// ContainerLogLine is one line of the container's own output.
type ContainerLogLine struct {
	_ struct{} `table:"container_log_lines" key:"checkpoint_id member line_number" doc:"A line of the container's own output."`
	_ struct{} `compare:"logged_at stream partial message"`

	Member     string     `arrow:"member" ref:"archive_members(clean_path)" compare:"no" sensitive:"no" doc:"ctr.log (Podman), container.log (containerd), io.kubernetes.cri-o.LogPath (CRI-O)"`
	LineNumber uint32     `arrow:"line_number" compare:"no" doc:"line, from 1"`
	LoggedAt   *time.Time `arrow:"logged_at" doc:"when it was written; NULL for a line not in the CRI or k8s-file format"`
	Stream     *string    `arrow:"stream" sensitive:"no" doc:"stdout or stderr"`
	Partial    *bool      `arrow:"partial" doc:"the line goes on in the next row (tag P)"`
	Message    Text       `arrow:"message" encode:"plain" sensitive:"logs" doc:"what was written"`
}

// EnumValue is one value of an enumeration, or one bit of a set of flags.
type EnumValue struct {
	_ struct{} `table:"enum_values" key:"domain value name" scope:"constant" doc:"A known value of an enumeration, or bit of a flag set; the same for every checkpoint."`
	_ struct{} `notcompared:"is the same for every checkpoint"`

	Domain    string `arrow:"domain" sensitive:"no" doc:"enumeration or flag set, such as socket_state"`
	Value     uint64 `arrow:"value" range:"uint64" doc:"the number; of a flag, its bits"`
	IsFlag    bool   `arrow:"is_flag" doc:"whether it is a bit of a set"`
	Name      string `arrow:"name" sensitive:"no" doc:"name of the value"`
	DefinedIn string `arrow:"defined_in" was:"source" sensitive:"no" doc:"header or message the number comes from"`
}
