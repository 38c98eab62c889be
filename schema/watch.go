package schema

// FileLock is one lock on a file. CRIU keeps locks only with --file-locks.
type FileLock struct {
	_ struct{} `table:"file_locks" key:"checkpoint_id position" doc:"A lock on a file."`
	_ struct{} `compare:"pid fd path kind start" show:"type length"`

	Position uint32  `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	Kind     Enum    `arrow:"kind" doc:"POSIX (fcntl), FLOCK, OFD (open file description), LEASE" src:"filelocks.img: file_lock_entry.flag"`
	Type     Enum    `arrow:"type" doc:"RDLCK shared, WRLCK exclusive, UNLCK; BREAKING_ in front: a lease being broken; MAND_...: a mandatory flock" src:"filelocks.img: file_lock_entry.type"`
	PID      int32   `arrow:"pid" ref:"processes(pid)" doc:"process that holds it; of FLOCK and OFD one that holds the open file" src:"filelocks.img: file_lock_entry.pid"`
	FD       int32   `arrow:"fd" doc:"its descriptor of the file" src:"filelocks.img: file_lock_entry.fd"`
	FileID   *uint32 `arrow:"file_id" ref:"files(file_id)" compare:"no" doc:"open file, see files; NULL where the process has no such descriptor"`
	Path     Text    `arrow:"path" encode:"bloom" sensitive:"no" doc:"path of the file"`
	Start    int64   `arrow:"start" doc:"first locked byte" src:"filelocks.img: file_lock_entry.start"`
	Length   int64   `arrow:"length" doc:"locked bytes; 0: to the end of the file, however it grows" src:"filelocks.img: file_lock_entry.len"`
}

// EpollTarget is one descriptor that an epoll watches.
type EpollTarget struct {
	_ struct{} `table:"epoll_targets" key:"checkpoint_id epoll_file_id position" doc:"A descriptor that an epoll watches."`
	_ struct{} `compare:"target_fd" through:"epoll_file_id to file_descriptors(file_id): pid fd" show:"events_names"`

	EpollFileID    uint32  `arrow:"epoll_file_id" ref:"files(file_id)" doc:"the epoll, see files" src:"files.img: eventpoll_file_entry.id"`
	Position       uint32  `arrow:"position" compare:"no" doc:"position among those of the epoll, from 0"`
	OwnID          *uint32 `arrow:"own_id" compare:"no" doc:"the epoll as the target itself names it; 0 in files.img, where it stands within the epoll" src:"files.img: eventpoll_tfd_entry.id"`
	TargetFD       uint32  `arrow:"target_fd" doc:"descriptor watched, of a process that holds the epoll" src:"files.img: eventpoll_tfd_entry.tfd"`
	TargetFileID   *uint32 `arrow:"target_file_id" ref:"files(file_id)" compare:"no" doc:"open file behind the descriptor, see files; NULL where the holders of the epoll have none of that number, or different ones"`
	Events         Flags   `arrow:"events" doc:"events waited for" src:"files.img: eventpoll_tfd_entry.events"`
	Data           uint64  `arrow:"data" range:"uint64" doc:"value the program gave: often a pointer, or the descriptor" src:"files.img: eventpoll_tfd_entry.data"`
	TargetDevice   Device  `arrow:"target_device" compare:"no" doc:"device of the target's inode" src:"files.img: eventpoll_tfd_entry.dev"`
	TargetInode    *uint64 `arrow:"target_inode" compare:"no" range:"uint64" doc:"inode of the target" src:"files.img: eventpoll_tfd_entry.inode"`
	TargetPosition *uint64 `arrow:"target_position" compare:"no" range:"uint64" doc:"position in the target, in bytes" src:"files.img: eventpoll_tfd_entry.pos"`
}

// FileWatch is one watch of an inotify, or mark of a fanotify.
type FileWatch struct {
	_ struct{} `table:"file_watches" key:"checkpoint_id file_id position" doc:"A watch of an inotify, or mark of a fanotify."`
	_ struct{} `compare:"kind watch_descriptor mark_type path mark_mount_path" through:"file_id to file_descriptors(file_id): pid fd" show:"mask_names"`

	FileID          uint32  `arrow:"file_id" ref:"files(file_id)" doc:"the inotify or fanotify, see files" src:"files.img: inotify_file_entry.id, fanotify_file_entry.id"`
	Kind            string  `arrow:"kind" sensitive:"no" doc:"inotify or fanotify"`
	Position        uint32  `arrow:"position" compare:"no" doc:"position among those of the file, from 0"`
	OwnID           *uint32 `arrow:"own_id" compare:"no" doc:"the file as the watch itself names it; 0 in files.img, where it stands within the file" src:"files.img: inotify_wd_entry.id, fanotify_mark_entry.id"`
	WatchDescriptor *uint32 `arrow:"watch_descriptor" doc:"inotify: number of the watch" src:"files.img: inotify_wd_entry.wd"`
	MarkType        Enum    `arrow:"mark_type" doc:"fanotify: INODE or MOUNT" src:"files.img: fanotify_mark_entry.type"`
	MarkFlags       Flags   `arrow:"mark_flags" doc:"fanotify: how it was marked" src:"files.img: fanotify_mark_entry.mflags"`
	Mask            Flags   `arrow:"mask" doc:"events told of" src:"files.img: inotify_wd_entry.mask, fanotify_mark_entry.mask"`
	IgnoredMask     Flags   `arrow:"ignored_mask" doc:"events left out" src:"files.img: inotify_wd_entry.ignored_mask, fanotify_mark_entry.ignored_mask"`
	Device          Device  `arrow:"device" compare:"no" doc:"device of the watched inode" src:"files.img: inotify_wd_entry.s_dev, fanotify_mark_entry.s_dev"`
	Inode           *uint64 `arrow:"inode" compare:"no" range:"uint64" doc:"watched inode; NULL of a mount" src:"files.img: inotify_wd_entry.i_ino, fanotify_inode_mark_entry.i_ino"`
	Path            Text    `arrow:"path" encode:"bloom" sensitive:"no" doc:"path of what is watched, inode or mount, where CRIU found one" src:"files.img: fh_entry.path"`
	MountID         *uint32 `arrow:"mount_id" ref:"mounts(mount_id)" compare:"no" doc:"mount the watched inode is on, see mounts; or the mount that is watched" src:"files.img: fh_entry.mnt_id"`
	MarkMountID     *uint32 `arrow:"mark_mount_id" ref:"mounts(mount_id)" compare:"no" doc:"fanotify: mount that is watched as a whole" src:"files.img: fanotify_mount_mark_entry.mnt_id"`
	MarkMountPath   Text    `arrow:"mark_mount_path" encode:"bloom" sensitive:"no" doc:"fanotify: where that mount is" src:"files.img: fanotify_mount_mark_entry.path"`
	HandleType      *uint32 `arrow:"handle_type" compare:"no" doc:"type of the file handle; its meaning is the file system's" src:"files.img: fh_entry.type"`
	HandleBytes     *uint32 `arrow:"handle_bytes" compare:"no" doc:"length of the file handle" src:"files.img: fh_entry.bytes"`
	Handle          []byte  `arrow:"handle" compare:"no" sensitive:"no" doc:"the file handle, as open_by_handle_at(2) takes it" src:"files.img: fh_entry.handle"`
}

// IrmapEntry is one inode whose path CRIU looked up during a pre-dump.
type IrmapEntry struct {
	_ struct{} `table:"irmap_cache" key:"checkpoint_id position" doc:"An inode whose path CRIU looked up during a pre-dump."`
	_ struct{} `compare:"path"`

	Position uint32 `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	Device   Device `arrow:"device" compare:"no" doc:"device of the inode" src:"irmap-cache.img: irmap_cache_entry.dev"`
	Inode    uint64 `arrow:"inode" range:"uint64" doc:"inode" src:"irmap-cache.img: irmap_cache_entry.inode"`
	Path     Text   `arrow:"path" encode:"bloom" sensitive:"no" doc:"a path of it" src:"irmap-cache.img: irmap_cache_entry.path"`
}
