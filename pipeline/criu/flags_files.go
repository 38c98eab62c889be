package criu

import "github.com/ckexport/ckexport/pipeline/kernel"

// EpollEvents names eventpoll_tfd_entry.events.
var EpollEvents = Flags{"epoll_events", "linux/eventpoll.h", []Flag{
	{Value: kernel.EPOLLIN, Name: "EPOLLIN"}, {Value: kernel.EPOLLPRI, Name: "EPOLLPRI"}, {Value: kernel.EPOLLOUT, Name: "EPOLLOUT"},
	{Value: kernel.EPOLLERR, Name: "EPOLLERR"}, {Value: kernel.EPOLLHUP, Name: "EPOLLHUP"}, {Value: kernel.POLLNVAL, Name: "EPOLLNVAL"},
	{Value: kernel.EPOLLRDNORM, Name: "EPOLLRDNORM"}, {Value: kernel.EPOLLRDBAND, Name: "EPOLLRDBAND"},
	{Value: kernel.EPOLLWRNORM, Name: "EPOLLWRNORM"}, {Value: kernel.EPOLLWRBAND, Name: "EPOLLWRBAND"}, {Value: kernel.EPOLLMSG, Name: "EPOLLMSG"},
	{Value: kernel.EPOLLRDHUP, Name: "EPOLLRDHUP"}, {Value: kernel.EPOLLEXCLUSIVE, Name: "EPOLLEXCLUSIVE"},
	{Value: kernel.EPOLLWAKEUP, Name: "EPOLLWAKEUP"}, {Value: kernel.EPOLLONESHOT, Name: "EPOLLONESHOT"}, {Value: kernel.EPOLLET, Name: "EPOLLET"},
}}

// InotifyMask names inotify_wd_entry.mask.
var InotifyMask = Flags{"inotify_mask", "linux/inotify.h", []Flag{
	{Value: kernel.IN_ACCESS, Name: "IN_ACCESS"}, {Value: kernel.IN_MODIFY, Name: "IN_MODIFY"}, {Value: kernel.IN_ATTRIB, Name: "IN_ATTRIB"},
	{Value: kernel.IN_CLOSE_WRITE, Name: "IN_CLOSE_WRITE"}, {Value: kernel.IN_CLOSE_NOWRITE, Name: "IN_CLOSE_NOWRITE"},
	{Value: kernel.IN_OPEN, Name: "IN_OPEN"}, {Value: kernel.IN_MOVED_FROM, Name: "IN_MOVED_FROM"}, {Value: kernel.IN_MOVED_TO, Name: "IN_MOVED_TO"},
	{Value: kernel.IN_CREATE, Name: "IN_CREATE"}, {Value: kernel.IN_DELETE, Name: "IN_DELETE"}, {Value: kernel.IN_DELETE_SELF, Name: "IN_DELETE_SELF"},
	{Value: kernel.IN_MOVE_SELF, Name: "IN_MOVE_SELF"}, {Value: kernel.IN_UNMOUNT, Name: "IN_UNMOUNT"}, {Value: kernel.IN_Q_OVERFLOW, Name: "IN_Q_OVERFLOW"},
	{Value: kernel.IN_IGNORED, Name: "IN_IGNORED"}, {Value: kernel.IN_ONLYDIR, Name: "IN_ONLYDIR"}, {Value: kernel.IN_DONT_FOLLOW, Name: "IN_DONT_FOLLOW"},
	{Value: kernel.IN_EXCL_UNLINK, Name: "IN_EXCL_UNLINK"}, {Value: kernel.IN_MASK_CREATE, Name: "IN_MASK_CREATE"},
	{Value: kernel.IN_MASK_ADD, Name: "IN_MASK_ADD"}, {Value: kernel.IN_ISDIR, Name: "IN_ISDIR"}, {Value: kernel.IN_ONESHOT, Name: "IN_ONESHOT"},
}}

// FanotifyMask names fanotify_mark_entry.mask.
var FanotifyMask = Flags{"fanotify_mask", "linux/fanotify.h", []Flag{
	{Value: kernel.FAN_ACCESS, Name: "FAN_ACCESS"}, {Value: kernel.FAN_MODIFY, Name: "FAN_MODIFY"}, {Value: kernel.FAN_ATTRIB, Name: "FAN_ATTRIB"},
	{Value: kernel.FAN_CLOSE_WRITE, Name: "FAN_CLOSE_WRITE"}, {Value: kernel.FAN_CLOSE_NOWRITE, Name: "FAN_CLOSE_NOWRITE"},
	{Value: kernel.FAN_OPEN, Name: "FAN_OPEN"}, {Value: kernel.FAN_MOVED_FROM, Name: "FAN_MOVED_FROM"}, {Value: kernel.FAN_MOVED_TO, Name: "FAN_MOVED_TO"},
	{Value: kernel.FAN_CREATE, Name: "FAN_CREATE"}, {Value: kernel.FAN_DELETE, Name: "FAN_DELETE"}, {Value: kernel.FAN_DELETE_SELF, Name: "FAN_DELETE_SELF"},
	{Value: kernel.FAN_MOVE_SELF, Name: "FAN_MOVE_SELF"}, {Value: kernel.FAN_OPEN_EXEC, Name: "FAN_OPEN_EXEC"},
	{Value: kernel.FAN_Q_OVERFLOW, Name: "FAN_Q_OVERFLOW"}, {Value: kernel.FAN_FS_ERROR, Name: "FAN_FS_ERROR"},
	{Value: kernel.FAN_OPEN_PERM, Name: "FAN_OPEN_PERM"}, {Value: kernel.FAN_ACCESS_PERM, Name: "FAN_ACCESS_PERM"},
	{Value: kernel.FAN_OPEN_EXEC_PERM, Name: "FAN_OPEN_EXEC_PERM"}, {Value: kernel.FAN_EVENT_ON_CHILD, Name: "FAN_EVENT_ON_CHILD"},
	{Value: kernel.FAN_RENAME, Name: "FAN_RENAME"}, {Value: kernel.FAN_ONDIR, Name: "FAN_ONDIR"},
}}

// FanotifyMarkFlags names fanotify_mark_entry.mflags.
var FanotifyMarkFlags = Flags{"fanotify_mark_flags", "linux/fanotify.h", []Flag{
	{Value: kernel.FAN_MARK_ADD, Name: "FAN_MARK_ADD"}, {Value: kernel.FAN_MARK_REMOVE, Name: "FAN_MARK_REMOVE"},
	{Value: kernel.FAN_MARK_DONT_FOLLOW, Name: "FAN_MARK_DONT_FOLLOW"}, {Value: kernel.FAN_MARK_ONLYDIR, Name: "FAN_MARK_ONLYDIR"},
	{Value: kernel.FAN_MARK_MOUNT, Name: "FAN_MARK_MOUNT"}, {Value: kernel.FAN_MARK_IGNORED_MASK, Name: "FAN_MARK_IGNORED_MASK"},
	{Value: kernel.FAN_MARK_IGNORED_SURV_MODIFY, Name: "FAN_MARK_IGNORED_SURV_MODIFY"}, {Value: kernel.FAN_MARK_FLUSH, Name: "FAN_MARK_FLUSH"},
	{Value: kernel.FAN_MARK_FILESYSTEM, Name: "FAN_MARK_FILESYSTEM"}, {Value: kernel.FAN_MARK_EVICTABLE, Name: "FAN_MARK_EVICTABLE"},
	{Value: kernel.FAN_MARK_IGNORE, Name: "FAN_MARK_IGNORE"},
}}

// FanotifyInit names fanotify_file_entry.faflags.
var FanotifyInit = Flags{"fanotify_init", "linux/fanotify.h", []Flag{
	{Value: kernel.FAN_CLASS_NOTIF, Name: "FAN_CLASS_NOTIF", Mask: 0xc}, {Value: kernel.FAN_CLASS_CONTENT, Name: "FAN_CLASS_CONTENT", Mask: 0xc},
	{Value: kernel.FAN_CLASS_PRE_CONTENT, Name: "FAN_CLASS_PRE_CONTENT", Mask: 0xc},
	{Value: kernel.FAN_CLOEXEC, Name: "FAN_CLOEXEC"}, {Value: kernel.FAN_NONBLOCK, Name: "FAN_NONBLOCK"},
	{Value: kernel.FAN_UNLIMITED_QUEUE, Name: "FAN_UNLIMITED_QUEUE"}, {Value: kernel.FAN_UNLIMITED_MARKS, Name: "FAN_UNLIMITED_MARKS"},
	{Value: kernel.FAN_ENABLE_AUDIT, Name: "FAN_ENABLE_AUDIT"}, {Value: kernel.FAN_REPORT_PIDFD, Name: "FAN_REPORT_PIDFD"},
	{Value: kernel.FAN_REPORT_TID, Name: "FAN_REPORT_TID"}, {Value: kernel.FAN_REPORT_FID, Name: "FAN_REPORT_FID"},
	{Value: kernel.FAN_REPORT_DIR_FID, Name: "FAN_REPORT_DIR_FID"}, {Value: kernel.FAN_REPORT_NAME, Name: "FAN_REPORT_NAME"},
	{Value: kernel.FAN_REPORT_TARGET_FID, Name: "FAN_REPORT_TARGET_FID"},
}}

// BPFMapFlags names bpfmap_file_entry.map_flags.
var BPFMapFlags = Flags{"bpf_map_flags", "linux/bpf.h", bitNames("NO_PREALLOC", "NO_COMMON_LRU", "NUMA_NODE", "RDONLY", "WRONLY", "STACK_BUILD_ID",
	"ZERO_SEED", "RDONLY_PROG", "WRONLY_PROG", "CLONE", "MMAPABLE", "PRESERVE_ELEMS", "INNER_MAP", "LINK", "PATH_FD", "VTYPE_BTF_OBJ_FD",
	"TOKEN_FD", "SEGV_ON_FAULT", "NO_USER_CONV")}

// SocketBufferLock names sk_opts_entry.so_buf_lock.
var SocketBufferLock = Flags{"socket_buffer_lock", "linux/socket.h", []Flag{
	{Value: kernel.SOCK_SNDBUF_LOCK, Name: "SNDBUF"}, {Value: kernel.SOCK_RCVBUF_LOCK, Name: "RCVBUF"},
}}

// Timestamping names packet_sock_entry.timestamp.
var Timestamping = Flags{"timestamping", "linux/net_tstamp.h", bitNames("TX_HARDWARE", "TX_SOFTWARE", "RX_HARDWARE", "RX_SOFTWARE", "SOFTWARE",
	"SYS_HARDWARE", "RAW_HARDWARE")}

// KFDAlloc names kfd_bo_entry.alloc_flags.
var KFDAlloc = Flags{"kfd_alloc", "linux/kfd_ioctl.h (KFD_IOC_ALLOC_MEM_FLAGS_*)", append(
	bitNames("VRAM", "GTT", "USERPTR", "DOORBELL", "MMIO_REMAP"),
	Flag{Value: 1 << 23, Name: "CONTIGUOUS"}, Flag{Value: 1 << 24, Name: "EXT_COHERENT"}, Flag{Value: 1 << 25, Name: "UNCACHED"},
	Flag{Value: 1 << 26, Name: "COHERENT"}, Flag{Value: 1 << 27, Name: "AQL_QUEUE_MEM"}, Flag{Value: 1 << 28, Name: "NO_SUBSTITUTE"},
	Flag{Value: 1 << 29, Name: "PUBLIC"}, Flag{Value: 1 << 30, Name: "EXECUTABLE"}, Flag{Value: 1 << 31, Name: "WRITABLE"})}

// GEMCreate names drm_bo_entry.alloc_flags.
var GEMCreate = Flags{"gem_create", "drm/amdgpu_drm.h (AMDGPU_GEM_CREATE_*)", bitNames("CPU_ACCESS_REQUIRED", "NO_CPU_ACCESS", "CPU_GTT_USWC",
	"VRAM_CLEARED", "", "VRAM_CONTIGUOUS", "VM_ALWAYS_VALID", "EXPLICIT_SYNC", "CP_MQD_GFX9", "VRAM_WIPE_ON_RELEASE", "ENCRYPTED",
	"PREEMPTIBLE", "DISCARDABLE", "COHERENT", "UNCACHED", "EXT_COHERENT", "GFX12_DCC")}

// GEMDomains names drm_bo_entry.preferred_domains.
var GEMDomains = Flags{"gem_domains", "drm/amdgpu_drm.h (AMDGPU_GEM_DOMAIN_*)", bitNames("CPU", "GTT", "VRAM", "GDS", "GWS", "OA", "DOORBELL", "MMIO_REMAP")}
