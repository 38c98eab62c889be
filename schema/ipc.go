package schema

// IPCObject is one SysV shared memory segment, semaphore set or message queue.
type IPCObject struct {
	_ struct{} `table:"ipc_objects" key:"checkpoint_id ipc_ns_id kind id" doc:"A SysV shared memory segment, semaphore set or message queue."`
	_ struct{} `compare:"kind key id" show:"uid mode segment_bytes message_count semaphore_count"`

	IpcNsID         uint32   `arrow:"ipc_ns_id" ref:"namespaces(namespace_id) of kind ipc" compare:"no" doc:"IPC namespace" src:"ipcns-shm-*.img, ipcns-sem-*.img, ipcns-msg-*.img: name"`
	Kind            string   `arrow:"kind" sensitive:"no" doc:"shm: shared memory segment; sem: semaphore set; msg: message queue"`
	ID              uint32   `arrow:"id" doc:"its number, as ipcs shows it" src:"ipcns-*.img: ipc_desc_entry.id"`
	Key             uint32   `arrow:"key" doc:"key it is found by; 0 is private" src:"ipcns-*.img: ipc_desc_entry.key"`
	UID             uint32   `arrow:"uid" doc:"owner, inside the container" src:"ipcns-*.img: ipc_desc_entry.uid"`
	GID             uint32   `arrow:"gid" doc:"group" src:"ipcns-*.img: ipc_desc_entry.gid"`
	CreatorUID      uint32   `arrow:"creator_uid" doc:"user who made it" src:"ipcns-*.img: ipc_desc_entry.cuid"`
	CreatorGID      uint32   `arrow:"creator_gid" doc:"group who made it" src:"ipcns-*.img: ipc_desc_entry.cgid"`
	Mode            uint32   `arrow:"mode" doc:"permission bits" src:"ipcns-*.img: ipc_desc_entry.mode"`
	SegmentBytes    *uint64  `arrow:"segment_bytes" range:"uint64" doc:"shm: size, in bytes" src:"ipcns-shm-*.img: ipc_shm_entry.size"`
	InPagemaps      *bool    `arrow:"in_pagemaps" compare:"no" doc:"shm: the content is in pagemap-shmem-*; else, in old images, behind the entry" src:"ipcns-shm-*.img: ipc_shm_entry.in_pagemaps"`
	HugetlbFlag     *uint32  `arrow:"hugetlb_flag" doc:"shm: huge page size bits" src:"ipcns-shm-*.img: ipc_shm_entry.hugetlb_flag"`
	SemaphoreCount  *uint32  `arrow:"semaphore_count" doc:"sem: semaphores" src:"ipcns-sem-*.img: ipc_sem_entry.nsems"`
	SemaphoreValues []uint16 `arrow:"semaphore_values" doc:"sem: value of each; NULL where cut short" src:"ipcns-sem-*.img: behind ipc_sem_entry"`
	QueueMaxBytes   *uint32  `arrow:"queue_max_bytes" doc:"msg: bytes it can hold" src:"ipcns-msg-*.img: ipc_msg_entry.qbytes"`
	MessageCount    *uint32  `arrow:"message_count" doc:"msg: messages that wait" src:"ipcns-msg-*.img: ipc_msg_entry.qnum"`
	MessageTypes    []uint64 `arrow:"message_types" range:"uint64" doc:"msg: type of each, in the order of the queue; fewer than message_count where cut short" src:"ipcns-msg-*.img: ipc_msg.mtype"`
	MessageSizes    []uint32 `arrow:"message_sizes" doc:"msg: bytes of each" src:"ipcns-msg-*.img: ipc_msg.msize"`
	MessageSHA256   []string `arrow:"message_sha256" sensitive:"payloads" doc:"msg: SHA-256 of each, lower-case hexadecimal"`
	Messages        [][]byte `arrow:"messages" compare:"no" payload:"yes" sensitive:"payloads" doc:"msg: content of each; NULL without --payloads, each cut at --payload-limit"`
	Size            *uint64  `arrow:"size_bytes" range:"int64" doc:"bytes of content in the image: messages, or a segment behind its entry; NULL where content stands elsewhere or was cut short"`
	SHA256          *string  `arrow:"sha256" encode:"plain,bloom" sensitive:"payloads" doc:"SHA-256 of that content, messages one behind another, lower-case hexadecimal"`
	Data            []byte   `arrow:"data" compare:"no" payload:"yes" sensitive:"payloads" doc:"shm: content behind the entry; NULL without --payloads, cut at --payload-limit"`
}

// AutofsMount is the automounter's side of one autofs mount.
type AutofsMount struct {
	_ struct{} `table:"autofs_mounts" key:"checkpoint_id device" doc:"The automounter's side of an autofs mount."`
	_ struct{} `compare:"mountpoint" show:"timeout_seconds"`

	Device     Device `arrow:"device" compare:"no" doc:"device of the mount, see mounts" src:"autofs-*.img: name"`
	Mountpoint Text   `arrow:"mountpoint" sensitive:"no" doc:"where it is mounted"`
	FD         int32  `arrow:"fd" doc:"the daemon's descriptor of the pipe's end that the kernel writes to; -1 for none" src:"autofs-*.img: autofs_entry.fd"`
	PGID       int32  `arrow:"pgid" doc:"process group of the daemon" src:"autofs-*.img: autofs_entry.pgrp"`
	Timeout    int32  `arrow:"timeout_seconds" doc:"idle seconds before what it mounted is unmounted" src:"autofs-*.img: autofs_entry.timeout"`
	MinProto   int32  `arrow:"min_protocol" doc:"lowest version of the protocol" src:"autofs-*.img: autofs_entry.minproto"`
	MaxProto   int32  `arrow:"max_protocol" doc:"highest version of the protocol" src:"autofs-*.img: autofs_entry.maxproto"`
	Mode       Enum   `arrow:"mode" doc:"direct, indirect or offset" src:"autofs-*.img: autofs_entry.mode"`
	UID        *int32 `arrow:"uid" doc:"user it belongs to" src:"autofs-*.img: autofs_entry.uid"`
	GID        *int32 `arrow:"gid" doc:"group it belongs to" src:"autofs-*.img: autofs_entry.gid"`
	ReadFD     *int32 `arrow:"read_fd" doc:"the daemon's descriptor of the pipe's end it reads from" src:"autofs-*.img: autofs_entry.read_fd"`
}

// BinfmtMiscEntry is one kind of program that an interpreter is registered
// for: a way to have a program started unseen.
type BinfmtMiscEntry struct {
	_ struct{} `table:"binfmt_misc_entries" doc:"A kind of program that an interpreter is registered for."`
	_ struct{} `compare:"name" show:"interpreter enabled"`

	Position    uint32 `arrow:"position" compare:"no" doc:"position in the image, from 0"`
	Device      Device `arrow:"device" compare:"no" doc:"device of the binfmt_misc mount; in the names of old images only" src:"binfmt-misc-*.img: name"`
	Name        Text   `arrow:"name" sensitive:"no" doc:"name it is registered under" src:"binfmt-misc.img: binfmt_misc_entry.name"`
	Enabled     bool   `arrow:"enabled" doc:"it is in force" src:"binfmt-misc.img: binfmt_misc_entry.enabled"`
	Interpreter Text   `arrow:"interpreter" sensitive:"no" doc:"program that is started" src:"binfmt-misc.img: binfmt_misc_entry.interpreter"`
	Flags       Text   `arrow:"flags" sensitive:"no" doc:"letters: P keep argv[0], O open the program, C credentials of the program, F open the interpreter at once" src:"binfmt-misc.img: binfmt_misc_entry.flags"`
	Extension   Text   `arrow:"extension" sensitive:"no" doc:"ending of the names it applies to" src:"binfmt-misc.img: binfmt_misc_entry.extension"`
	Magic       Text   `arrow:"magic" sensitive:"no" doc:"bytes that such a program has at offset, in hexadecimal" src:"binfmt-misc.img: binfmt_misc_entry.magic"`
	Mask        Text   `arrow:"mask" sensitive:"no" doc:"bits of them that count, in hexadecimal" src:"binfmt-misc.img: binfmt_misc_entry.mask"`
	Offset      *int32 `arrow:"offset" doc:"place of the magic, in bytes" src:"binfmt-misc.img: binfmt_misc_entry.offset"`
}
