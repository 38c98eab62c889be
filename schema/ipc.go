package schema

// IPCObject is one SysV shared memory segment, semaphore set or message queue.
type IPCObject struct {
	IpcNsID         uint32   `arrow:"ipc_ns_id" doc:"IPC namespace" src:"ipcns-shm-*.img, ipcns-sem-*.img, ipcns-msg-*.img: name"`
	Kind            string   `arrow:"kind" doc:"shm: shared memory segment; sem: semaphore set; msg: message queue"`
	ID              uint32   `arrow:"id" doc:"its number, as ipcs shows it" src:"ipcns-*.img: ipc_desc_entry.id"`
	Key             uint32   `arrow:"key" doc:"key it is found by; 0 is private" src:"ipcns-*.img: ipc_desc_entry.key"`
	UID             uint32   `arrow:"uid" doc:"owner, inside the container" src:"ipcns-*.img: ipc_desc_entry.uid"`
	GID             uint32   `arrow:"gid" doc:"group" src:"ipcns-*.img: ipc_desc_entry.gid"`
	CreatorUID      uint32   `arrow:"creator_uid" doc:"user who made it" src:"ipcns-*.img: ipc_desc_entry.cuid"`
	CreatorGID      uint32   `arrow:"creator_gid" doc:"group who made it" src:"ipcns-*.img: ipc_desc_entry.cgid"`
	Mode            uint32   `arrow:"mode" doc:"permission bits" src:"ipcns-*.img: ipc_desc_entry.mode"`
	SegmentBytes    *uint64  `arrow:"segment_bytes" doc:"shm: size, in bytes" src:"ipcns-shm-*.img: ipc_shm_entry.size"`
	InPagemaps      *bool    `arrow:"in_pagemaps" doc:"shm: the content is in pagemap-shmem-*; else, in old images, behind the entry" src:"ipcns-shm-*.img: ipc_shm_entry.in_pagemaps"`
	HugetlbFlag     *uint32  `arrow:"hugetlb_flag" doc:"shm: huge page size bits" src:"ipcns-shm-*.img: ipc_shm_entry.hugetlb_flag"`
	SemaphoreCount  *uint32  `arrow:"semaphore_count" doc:"sem: semaphores" src:"ipcns-sem-*.img: ipc_sem_entry.nsems"`
	SemaphoreValues []uint16 `arrow:"semaphore_values" doc:"sem: value of each; NULL where cut short" src:"ipcns-sem-*.img: behind ipc_sem_entry"`
	QueueMaxBytes   *uint32  `arrow:"queue_max_bytes" doc:"msg: bytes it can hold" src:"ipcns-msg-*.img: ipc_msg_entry.qbytes"`
	MessageCount    *uint32  `arrow:"message_count" doc:"msg: messages that wait" src:"ipcns-msg-*.img: ipc_msg_entry.qnum"`
	MessageTypes    []uint64 `arrow:"message_types" doc:"msg: type of each, in the order of the queue; fewer than message_count where cut short" src:"ipcns-msg-*.img: ipc_msg.mtype"`
	MessageSizes    []uint32 `arrow:"message_sizes" doc:"msg: bytes of each" src:"ipcns-msg-*.img: ipc_msg.msize"`
	MessageSHA256   []string `arrow:"message_sha256" sensitive:"payloads" doc:"msg: SHA-256 of each, lower-case hexadecimal"`
	Messages        [][]byte `arrow:"messages" sensitive:"payloads" doc:"msg: content of each; NULL without --payloads, each cut at --payload-limit"`
	Size            *uint64  `arrow:"size_bytes" doc:"bytes of content in the image: messages, or a segment behind its entry; NULL where content stands elsewhere or was cut short"`
	SHA256          *string  `arrow:"sha256" sensitive:"payloads" doc:"SHA-256 of that content, messages one behind another, lower-case hexadecimal"`
	Data            []byte   `arrow:"data" sensitive:"payloads" doc:"shm: content behind the entry; NULL without --payloads, cut at --payload-limit"`
}

// AutofsMount is the automounter's side of one autofs mount.
type AutofsMount struct {
	Device     Device `arrow:"device" doc:"device of the mount, see mounts" src:"autofs-*.img: name"`
	Mountpoint Text   `arrow:"mountpoint" doc:"where it is mounted"`
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
	Position    uint32 `arrow:"position" doc:"position in the image, from 0"`
	Device      Device `arrow:"device" doc:"device of the binfmt_misc mount; in the names of old images only" src:"binfmt-misc-*.img: name"`
	Name        Text   `arrow:"name" doc:"name it is registered under" src:"binfmt-misc.img: binfmt_misc_entry.name"`
	Enabled     bool   `arrow:"enabled" doc:"it is in force" src:"binfmt-misc.img: binfmt_misc_entry.enabled"`
	Interpreter Text   `arrow:"interpreter" doc:"program that is started" src:"binfmt-misc.img: binfmt_misc_entry.interpreter"`
	Flags       Text   `arrow:"flags" doc:"letters: P keep argv[0], O open the program, C credentials of the program, F open the interpreter at once" src:"binfmt-misc.img: binfmt_misc_entry.flags"`
	Extension   Text   `arrow:"extension" doc:"ending of the names it applies to" src:"binfmt-misc.img: binfmt_misc_entry.extension"`
	Magic       Text   `arrow:"magic" doc:"bytes that such a program has at offset, in hexadecimal" src:"binfmt-misc.img: binfmt_misc_entry.magic"`
	Mask        Text   `arrow:"mask" doc:"bits of them that count, in hexadecimal" src:"binfmt-misc.img: binfmt_misc_entry.mask"`
	Offset      *int32 `arrow:"offset" doc:"place of the magic, in bytes" src:"binfmt-misc.img: binfmt_misc_entry.offset"`
}
