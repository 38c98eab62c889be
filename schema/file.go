package schema

import "time"

// FileDescriptor is one descriptor of one process.
type FileDescriptor struct {
	_ struct{} `table:"file_descriptors" key:"checkpoint_id pid fd" doc:"A file descriptor of a process."`
	_ struct{} `compare:"pid fd" show:"type path access"`

	PID          uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	FD           int32   `arrow:"fd" doc:"number of the descriptor" src:"fdinfo-*.img: fdinfo_entry.fd"`
	FileID       uint32  `arrow:"file_id" ref:"files(file_id)" compare:"no" doc:"open file description, see files; descriptors with the same one share position and flags" src:"fdinfo-*.img: fdinfo_entry.id"`
	FilesID      *uint32 `arrow:"files_id" compare:"no" doc:"descriptor table; processes may share one" src:"fdinfo-*.img: name"`
	Type         string  `arrow:"type" sensitive:"no" doc:"CRIU's name of the kind: REG, PIPE, FIFO, INETSK, UNIXSK, EVENTFD, EVENTPOLL, ..." src:"fdinfo-*.img: fdinfo_entry.type"`
	TypeCode     int32   `arrow:"type_code" doc:"number of the kind"`
	Path         Text    `arrow:"path" encode:"bloom" sensitive:"no" doc:"what readlink /proc/PID/fd/N shows inside the container, without (deleted); NULL where CRIU keeps too little" src:"files.img"`
	Deleted      bool    `arrow:"deleted" doc:"readlink would add (deleted): the file has no name any more; always for a memfd" src:"remap-fpath.img"`
	Access       *string `arrow:"access" sensitive:"no" doc:"r, w or rw; NULL for O_PATH and where no flags are kept" src:"files.img"`
	OpenFlags    Flags   `arrow:"open_flags" doc:"flags of the open file" src:"files.img"`
	CloseOnExec  bool    `arrow:"close_on_exec" doc:"closed when another program is started" src:"fdinfo-*.img: fdinfo_entry.flags"`
	FDFlags      uint32  `arrow:"fd_flags" doc:"flags of the descriptor: 1 is FD_CLOEXEC" src:"fdinfo-*.img: fdinfo_entry.flags"`
	Position     *uint64 `arrow:"position" range:"uint64" doc:"position in the file, in bytes; of REG, MEMFD, BPFMAP, TUNF" src:"files.img"`
	Peer         *string `arrow:"peer" sensitive:"no" doc:"other end of a connected socket: ADDRESS:PORT, or socket:[inode] of a unix one" src:"files.img"`
	SelinuxLabel Text    `arrow:"selinux_label" sensitive:"no" doc:"SELinux label" src:"fdinfo-*.img: fdinfo_entry.xattr_security_selinux"`
}

// File is one open file description: what an open() made, shared by dup and fork.
type File struct {
	_ struct{} `table:"files" key:"checkpoint_id file_id" doc:"An open file description, also those that only a mapping, program, folder or message refers to."`
	_ struct{} `compare:"type path" through:"file_id to file_descriptors(file_id): pid fd" show:"roles access"`

	FileID            uint32   `arrow:"file_id" doc:"CRIU's number of it, within the checkpoint" src:"files.img: file_entry.id"`
	OwnID             *uint32  `arrow:"own_id" compare:"no" doc:"the number as the message of its kind repeats it: file_id, in sound images" src:"files.img: reg_file_entry.id, inet_sk_entry.id, ns_file_entry.id, packet_sock_entry.id, netlink_sk_entry.id, eventfd_file_entry.id, eventpoll_file_entry.id, signalfd_entry.id, tunfile_entry.id, timerfd_entry.id, inotify_file_entry.id, fanotify_file_entry.id, ext_file_entry.id, unix_sk_entry.id, fifo_entry.id, pipe_entry.id, tty_file_entry.id, memfd_file_entry.id, bpfmap_file_entry.id, pidfd_entry.id"`
	Type              string   `arrow:"type" sensitive:"no" doc:"CRIU's name of the kind" src:"files.img: file_entry.type"`
	TypeCode          int32    `arrow:"type_code" doc:"number of the kind"`
	Path              Text     `arrow:"path" encode:"bloom" sensitive:"no" doc:"what readlink /proc/PID/fd/N shows, without (deleted); NULL where CRIU keeps too little" src:"files.img: reg_file_entry.name, ..."`
	Deleted           bool     `arrow:"deleted" doc:"the file has no name any more" src:"remap-fpath.img"`
	Roles             []string `arrow:"roles" sensitive:"no" doc:"what refers to it: fd, mapping, exe, cwd, root, fifo_path, tty_path, in_flight, remap_target"`
	DescriptorCount   uint32   `arrow:"descriptor_count" compare:"no" doc:"descriptors that refer to it, over all processes"`
	Access            *string  `arrow:"access" sensitive:"no" doc:"r, w or rw; NULL for O_PATH and where no flags are kept"`
	OpenFlags         Flags    `arrow:"open_flags" doc:"flags of the open file" src:"files.img: reg_file_entry.flags, pipe_entry.flags, tty_file_entry.flags, inet_sk_entry.flags, unix_sk_entry.flags, netlink_sk_entry.flags, packet_sock_entry.flags, eventfd_file_entry.flags, eventpoll_file_entry.flags, signalfd_entry.flags, timerfd_entry.flags, inotify_file_entry.flags, fanotify_file_entry.flags, memfd_file_entry.flags, bpfmap_file_entry.flags, pidfd_entry.flags, ns_file_entry.flags"`
	Position          *uint64  `arrow:"position" range:"uint64" doc:"position in the file, in bytes; of REG, MEMFD, BPFMAP, TUNF" src:"files.img: reg_file_entry.pos, memfd_file_entry.pos, bpfmap_file_entry.pos"`
	SizeBytes         *uint64  `arrow:"size_bytes" range:"uint64" doc:"size of a regular file or memfd, in bytes" src:"files.img: reg_file_entry.size; memfd.img: memfd_inode_entry.size"`
	Mode              *uint32  `arrow:"mode" doc:"permission bits with setuid, setgid, sticky" src:"files.img: reg_file_entry.mode"`
	FileKind          *string  `arrow:"file_kind" sensitive:"no" doc:"file, directory, char_device, block_device, fifo, socket, symlink" src:"files.img: reg_file_entry.mode"`
	MountID           *int32   `arrow:"mount_id" ref:"mounts(mount_id)" compare:"no" doc:"mount it was opened through, see mounts" src:"files.img: reg_file_entry.mnt_id, bpfmap_file_entry.mnt_id"`
	External          *bool    `arrow:"external" doc:"provided from outside at restore" src:"files.img: reg_file_entry.ext"`
	BuildID           *string  `arrow:"build_id" encode:"bloom" sensitive:"no" doc:"ELF build id, in hexadecimal" src:"files.img: reg_file_entry.build_id"`
	ChecksumCRC32C    *uint32  `arrow:"checksum_crc32c" doc:"checksum of the content" src:"files.img: reg_file_entry.checksum"`
	ChecksumConfig    *uint32  `arrow:"checksum_config" doc:"which bytes it covers" src:"files.img: reg_file_entry.checksum_config"`
	ChecksumParameter *uint32  `arrow:"checksum_parameter" doc:"parameter of that choice" src:"files.img: reg_file_entry.checksum_parameter"`
	OwnerUID          *uint32  `arrow:"fown_uid" doc:"user who set the owner of its signals" src:"files.img: fown_entry.uid"`
	OwnerEUID         *uint32  `arrow:"fown_euid" doc:"effective user who set it" src:"files.img: fown_entry.euid"`
	OwnerSignal       Enum     `arrow:"fown_signal" doc:"signal sent when it becomes ready; NULL for the default" src:"files.img: fown_entry.signum"`
	OwnerPIDType      *uint32  `arrow:"fown_pid_type" doc:"who gets the signal: 0 thread, 1 process, 2 process group" src:"files.img: fown_entry.pid_type"`
	OwnerPID          *uint32  `arrow:"fown_pid" doc:"receiver of the signal; NULL if none" src:"files.img: fown_entry.pid"`
	PipeID            *uint32  `arrow:"pipe_id" compare:"no" doc:"inode of the pipe or FIFO; both ends have the same" src:"files.img: pipe_entry.pipe_id, fifo_entry.pipe_id"`
	PathFileID        *uint32  `arrow:"path_file_id" ref:"files(file_id)" compare:"no" doc:"row in files that has the path of a FIFO or TTY" src:"files.img: fifo_entry.regf_id, tty_file_entry.regf_id"`
	EventfdCounter    *uint64  `arrow:"eventfd_counter" range:"uint64" doc:"counter of an eventfd" src:"files.img: eventfd_file_entry.counter"`
	SignalfdMask      Flags    `arrow:"signalfd_mask" doc:"signals a signalfd waits for" src:"files.img: signalfd_entry.sigmask"`
	TimerfdClock      Enum     `arrow:"timerfd_clock" doc:"clock of a timerfd" src:"files.img: timerfd_entry.clockid"`
	TimerfdTicks      *uint64  `arrow:"timerfd_ticks" compare:"no" range:"uint64" doc:"expirations not yet read" src:"files.img: timerfd_entry.ticks"`
	TimerfdFlags      Flags    `arrow:"timerfd_settime_flags" doc:"how it was set" src:"files.img: timerfd_entry.settime_flags"`
	TimerfdValueNS    *uint64  `arrow:"timerfd_value_ns" compare:"no" range:"uint64" doc:"time until it expires, in nanoseconds" src:"files.img: timerfd_entry.vsec, vnsec"`
	TimerfdIntervalNS *uint64  `arrow:"timerfd_interval_ns" range:"uint64" doc:"its period, in nanoseconds; 0 for once" src:"files.img: timerfd_entry.isec, insec"`
	EpollTargets      *uint32  `arrow:"epoll_target_count" doc:"descriptors an epoll watches" src:"files.img: eventpoll_file_entry.tfd"`
	WatchCount        *uint32  `arrow:"watch_count" doc:"watches or marks of an inotify or fanotify" src:"files.img: inotify_file_entry.wd, fanotify_file_entry.mark"`
	FanotifyFlags     Flags    `arrow:"fanotify_flags" doc:"flags of fanotify_init" src:"files.img: fanotify_file_entry.faflags"`
	FanotifyEvFlags   Flags    `arrow:"fanotify_event_flags" doc:"flags of the descriptors it makes" src:"files.img: fanotify_file_entry.evflags"`
	PidfdInode        *uint32  `arrow:"pidfd_inode" compare:"no" doc:"inode of a pidfd" src:"files.img: pidfd_entry.ino"`
	PidfdPID          *int32   `arrow:"pidfd_pid" doc:"process it refers to, inside the container; -1 for one that is gone" src:"files.img: pidfd_entry.nspid"`
	NamespaceID       *uint32  `arrow:"namespace_id" compare:"no" doc:"namespace an open /proc/PID/ns file refers to" src:"files.img: ns_file_entry.ns_id"`
	NamespaceKind     Enum     `arrow:"namespace_kind" doc:"kind of that namespace" src:"files.img: ns_file_entry.ns_cflag"`
	TunDevice         Text     `arrow:"tun_device" sensitive:"no" doc:"interface of a tun or tap file" src:"files.img: tunfile_entry.netdev"`
	TunDetached       *bool    `arrow:"tun_detached" doc:"its queue is detached" src:"files.img: tunfile_entry.detached"`
	TunNetNsID        *uint32  `arrow:"tun_net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"its network namespace" src:"files.img: tunfile_entry.ns_id"`
	TTYInfoID         *uint32  `arrow:"tty_info_id" ref:"ttys(tty_id)" compare:"no" doc:"terminal, see ttys" src:"files.img: tty_file_entry.tty_info_id"`
	MemfdInodeID      *uint32  `arrow:"memfd_inode_id" ref:"shared_memory(memfd_inode_id)" compare:"no" doc:"memfd, see shared_memory" src:"files.img: memfd_file_entry.inode_id"`
	BPFMapID          *uint32  `arrow:"bpf_map_id" compare:"no" doc:"id of a BPF map" src:"files.img: bpfmap_file_entry.map_id"`
	BPFMapType        *uint32  `arrow:"bpf_map_type" doc:"type of it: 1 hash, 2 array" src:"files.img: bpfmap_file_entry.map_type"`
	BPFMapName        Text     `arrow:"bpf_map_name" sensitive:"no" doc:"name of it" src:"files.img: bpfmap_file_entry.map_name"`
}

// GhostFile is a deleted file whose content CRIU saved.
type GhostFile struct {
	_ struct{} `table:"ghost_files" key:"checkpoint_id ghost_id" doc:"A deleted file that was still in use, whose content was saved."`
	_ struct{} `compare:"paths" show:"size_bytes sha256 pids"`

	GhostID       uint32     `arrow:"ghost_id" compare:"no" doc:"CRIU's number of it" src:"ghost-file-*.img: name, in hexadecimal"`
	Paths         TextList   `arrow:"paths" sensitive:"no" doc:"paths it had" src:"files.img: reg_file_entry.name"`
	FileIDs       []uint32   `arrow:"file_ids" ref:"files(file_id)" compare:"no" doc:"open files that refer to it" src:"remap-fpath.img: remap_file_path_entry.orig_id"`
	PIDs          []uint32   `arrow:"pids" ref:"processes(pid)" doc:"processes that use it, by descriptor, mapping or as program; ascending"`
	ExePIDs       []uint32   `arrow:"exe_pids" ref:"processes(pid)" doc:"processes that run it; ascending"`
	UID           uint32     `arrow:"uid" doc:"owner, inside the container" src:"ghost-file-*.img: ghost_file_entry.uid"`
	GID           uint32     `arrow:"gid" doc:"group" src:"ghost-file-*.img: ghost_file_entry.gid"`
	Mode          uint32     `arrow:"mode" doc:"permission bits with setuid, setgid, sticky" src:"ghost-file-*.img: ghost_file_entry.mode"`
	FileKind      *string    `arrow:"file_kind" sensitive:"no" doc:"file, directory, symlink, fifo, ..." src:"ghost-file-*.img: ghost_file_entry.mode"`
	Device        Device     `arrow:"device" compare:"no" doc:"device it was on" src:"ghost-file-*.img: ghost_file_entry.dev"`
	Inode         *uint64    `arrow:"inode" compare:"no" range:"uint64" doc:"inode it had" src:"ghost-file-*.img: ghost_file_entry.ino"`
	RDevice       Device     `arrow:"rdev" doc:"device number of a device node" src:"ghost-file-*.img: ghost_file_entry.rdev"`
	AccessedAt    *time.Time `arrow:"atime" was:"accessed_at" compare:"no" doc:"when it was last read" src:"ghost-file-*.img: ghost_file_entry.atim, timeval.tv_sec, tv_usec"`
	ModifiedAt    *time.Time `arrow:"mtime" was:"modified_at" doc:"when it was last written" src:"ghost-file-*.img: ghost_file_entry.mtim, timeval.tv_sec, tv_usec"`
	Chunked       bool       `arrow:"chunked" compare:"no" doc:"saved in pieces, with holes" src:"ghost-file-*.img: ghost_file_entry.chunks"`
	ChunkCount    *uint32    `arrow:"chunk_count" compare:"no" doc:"pieces; NULL if saved whole"`
	ChunkOffsets  []uint64   `arrow:"chunk_offsets" compare:"no" range:"uint64" doc:"offset of each piece in the file, in bytes; NULL if saved whole, or in more pieces than are listed" src:"ghost-file-*.img: ghost_chunk_entry.off"`
	ChunkSizes    []uint64   `arrow:"chunk_sizes" compare:"no" range:"uint64" doc:"bytes of each piece; the last may reach beyond the file's end" src:"ghost-file-*.img: ghost_chunk_entry.len"`
	SizeBytes     *uint64    `arrow:"size_bytes" range:"uint64" doc:"size of the file, in bytes; NULL for other kinds" src:"ghost-file-*.img: ghost_file_entry.size"`
	StoredBytes   uint64     `arrow:"stored_bytes" compare:"no" range:"int64" doc:"bytes of content in the image; holes are not stored"`
	SHA256        *string    `arrow:"sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of the file, holes as zeros, lower-case hexadecimal; NULL where its content is not whole"`
	SymlinkTarget Text       `arrow:"symlink_target" sensitive:"no" doc:"target of a symbolic link" src:"ghost-file-*.img: ghost_file_entry.symlnk_target"`
	Data          []byte     `arrow:"data" compare:"no" payload:"yes" sensitive:"payloads" doc:"the content, holes as zeros; NULL without --payloads, cut at --payload-limit" src:"ghost-file-*.img: behind ghost_file_entry"`
	IsSetuid      *bool      `arrow:"is_setuid" doc:"setuid bit of a file" src:"ghost-file-*.img: ghost_file_entry.mode"`
	IsSetgid      *bool      `arrow:"is_setgid" doc:"setgid bit of a file" src:"ghost-file-*.img: ghost_file_entry.mode"`
	FileContent
}

// FileContent is what the bytes of a file tell of it. Only its first 64 KiB
// decide on the kind; all columns are NULL where the content is not whole.
type FileContent struct {
	ContentKind       *string `arrow:"content_kind" sensitive:"no" doc:"what the bytes are: empty, elf, script (begins with #!), executable (of another kind), archive (also a package or a single compressed file), private_key, certificate, public_key, keystore, database, document, media, font, text, or data"`
	ContentFormat     *string `arrow:"content_format" sensitive:"no" doc:"format within the kind: gzip, zip, tar, ...; pe, java_class, ...; pem, der, openssh; of text its encoding (ascii, utf-8, utf-16, iso-8859)"`
	ELFClass          *string `arrow:"elf_class" sensitive:"no" doc:"word size of an ELF file: ELF32 or ELF64" src:"ELF header: e_ident[EI_CLASS]"`
	ELFByteOrder      *string `arrow:"elf_byte_order" sensitive:"no" doc:"its byte order: little or big" src:"ELF header: e_ident[EI_DATA]"`
	ELFType           Enum    `arrow:"elf_type" doc:"EXEC: a program at fixed addresses; DYN: a position-independent program or a library; REL: an object file or kernel module; CORE: a core dump" src:"ELF header: e_type"`
	ELFMachine        Enum    `arrow:"elf_machine" doc:"processor it is made for: X86_64, AARCH64, ..." src:"ELF header: e_machine"`
	ELFInterpreter    Text    `arrow:"elf_interpreter" sensitive:"no" doc:"program loader; NULL for static programs and libraries, and where it stands too far into the file" src:"ELF segment PT_INTERP"`
	ELFBuildID        *string `arrow:"elf_build_id" encode:"bloom" sensitive:"no" doc:"build id, in hexadecimal; NULL without one" src:"ELF note NT_GNU_BUILD_ID"`
	ELFStripped       *bool   `arrow:"elf_stripped" doc:"it has no symbol table (.symtab); NULL of core dumps" src:"ELF section headers"`
	ScriptInterpreter Text    `arrow:"script_interpreter" sensitive:"payloads" doc:"program that runs a script" src:"first line, behind #!"`
	ScriptArguments   Text    `arrow:"script_arguments" sensitive:"payloads" doc:"what stands behind it; the kernel passes it as one argument" src:"first line"`
}

// FileRemap says where the content of an open file is whose path no longer names it.
type FileRemap struct {
	_ struct{} `table:"file_remaps" key:"checkpoint_id file_id" doc:"Where the content of an open file is whose path no longer names it."`
	_ struct{} `compare:"type path"`

	FileID     uint32  `arrow:"file_id" ref:"files(file_id)" compare:"no" doc:"open file, see files" src:"remap-fpath.img: remap_file_path_entry.orig_id"`
	Type       Enum    `arrow:"type" doc:"GHOST: its content was saved; LINKED: another name of it was left in the file system; PROCFS: it is in /proc of a dead process" src:"remap-fpath.img: remap_file_path_entry.remap_type"`
	RemapID    uint32  `arrow:"remap_id" compare:"no" doc:"number whose meaning depends on type" src:"remap-fpath.img: remap_file_path_entry.remap_id"`
	GhostID    *uint32 `arrow:"ghost_id" ref:"ghost_files(ghost_id)" compare:"no" doc:"saved content, see ghost_files; of GHOST"`
	LinkFileID *uint32 `arrow:"link_file_id" ref:"files(file_id)" compare:"no" doc:"row in files with the other name; of LINKED"`
	DeadPID    *uint32 `arrow:"dead_pid" doc:"dead process; of PROCFS"`
	Path       Text    `arrow:"path" encode:"bloom" sensitive:"no" doc:"path the file had"`
}

// FilesystemEntry is one file that an archive holds, or a deletion it records.
type FilesystemEntry struct {
	_ struct{} `table:"filesystem_entries" key:"checkpoint_id member position" doc:"A file that the archive holds, or a deletion it records."`
	_ struct{} `compare:"origin volume_name path" show:"change type mode uid size_bytes sha256"`

	Origin      string            `arrow:"origin" sensitive:"no" doc:"rootfs_diff, deleted_files, tmpfs, devshm, volume, artifact" src:"rootfs-diff.tar; deleted.files; tmpfs-dev-*.tar.gz.img; devshm-checkpoint.tar; volumes/*.tar; artifacts/"`
	Member      Text              `arrow:"member" ref:"archive_members(clean_path)" compare:"no" sensitive:"no" doc:"member of the archive it stands in"`
	Position    uint32            `arrow:"position" compare:"no" doc:"position in that member, from 0"`
	Change      *string           `arrow:"change" sensitive:"no" doc:"written: added or modified, the archive cannot tell which; deleted; NULL for whole captures such as tmpfs"`
	Path        Text              `arrow:"path" encode:"bloom" sensitive:"no" doc:"absolute path inside the container; NULL where the mount point of the capture is not known"`
	MemberPath  Text              `arrow:"member_path" encode:"bloom" compare:"no" sensitive:"no" doc:"name in the capture, as it stands there"`
	VolumeName  *string           `arrow:"volume_name" sensitive:"no" doc:"volume it belongs to"`
	Type        *string           `arrow:"type" sensitive:"no" doc:"file, directory, symlink, hardlink, char_device, block_device, fifo; NULL for a deletion"`
	Mode        *uint32           `arrow:"mode" doc:"permission bits with setuid, setgid, sticky"`
	IsSetuid    *bool             `arrow:"is_setuid" doc:"setuid bit of a file"`
	IsSetgid    *bool             `arrow:"is_setgid" doc:"setgid bit of a file"`
	UID         *uint32           `arrow:"uid" doc:"numeric owner"`
	GID         *uint32           `arrow:"gid" doc:"numeric group"`
	UserName    *string           `arrow:"user_name" sensitive:"no" doc:"name of the owner, if the tar has it: the host's, not the container's"`
	GroupName   *string           `arrow:"group_name" sensitive:"no" doc:"name of the group, likewise"`
	SizeBytes   *uint64           `arrow:"size_bytes" range:"int64" doc:"size in bytes; of files only"`
	SHA256      *string           `arrow:"sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of the content, lower-case hexadecimal; of files only, NULL where cut short"`
	ModifiedAt  *time.Time        `arrow:"mtime" doc:"modification time"`
	AccessedAt  *time.Time        `arrow:"atime" compare:"no" doc:"access time, if the tar has it"`
	ChangedAt   *time.Time        `arrow:"ctime" doc:"status change time, if the tar has it"`
	LinkTarget  Text              `arrow:"link_target" sensitive:"no" doc:"target of a symbolic link, or absolute path of a hard link's other name"`
	DeviceMajor *uint32           `arrow:"device_major" doc:"major number of a device node"`
	DeviceMinor *uint32           `arrow:"device_minor" doc:"minor number of a device node"`
	Xattrs      map[string]string `arrow:"xattrs" sensitive:"payloads" doc:"extended attributes: name and value, escaped where it is not text"`
	IsOpaque    bool              `arrow:"is_opaque" doc:"a whiteout that hides all that the image had in the folder (.wh..wh..opq)"`
	FileContent
	FileCapabilities   *string `arrow:"file_capabilities" sensitive:"no" doc:"rights that running the file gives, in the form of getcap: cap_net_raw=ep; NULL without" src:"extended attribute security.capability"`
	FileCapPermitted   Flags   `arrow:"file_cap_permitted" doc:"permitted capabilities as a bit set" src:"extended attribute security.capability: permitted"`
	FileCapInheritable Flags   `arrow:"file_cap_inheritable" doc:"inheritable capabilities as a bit set" src:"extended attribute security.capability: inheritable"`
	FileCapEffective   *bool   `arrow:"file_cap_effective" doc:"they are in effect from the start" src:"extended attribute security.capability: VFS_CAP_FLAGS_EFFECTIVE"`
	FileCapRootUID     *uint32 `arrow:"file_cap_root_uid" doc:"user, on the host, that is root of the user namespace they count in; of version 3" src:"extended attribute security.capability: rootid"`
	FileCapVersion     *uint32 `arrow:"file_cap_version" doc:"version of the attribute: 1, 2, 3" src:"extended attribute security.capability: magic_etc"`
}
