package criu

import "github.com/ckexport/ckexport/pipeline/kernel"

// FileLockKind names file_lock_entry.flag.
var FileLockKind = Enum{"file_lock_kind", "CRIU criu/include/file-lock.h", map[uint64]string{1: "POSIX", 2: "FLOCK", 4: "OFD", 8: "LEASE"}}

// FileLockType names file_lock_entry.type: a lock's type, with CRIU's marks of
// a lease being broken (4) and a mandatory flock (32).
var FileLockType = Enum{"file_lock_type", "asm-generic/fcntl.h and CRIU criu/include/file-lock.h", map[uint64]string{
	kernel.F_RDLCK: "RDLCK", kernel.F_WRLCK: "WRLCK", kernel.F_UNLCK: "UNLCK",
	4 | kernel.F_RDLCK: "BREAKING_RDLCK", 4 | kernel.F_WRLCK: "BREAKING_WRLCK", 4 | kernel.F_UNLCK: "BREAKING_UNLCK",
	32: "MAND", 32 | 64: "MAND_READ", 32 | 128: "MAND_WRITE", 32 | 192: "MAND_RW"}}

// FanotifyMarkType names fanotify_mark_entry.type.
var FanotifyMarkType = Enum{"fanotify_mark_type", "fsnotify.proto: mark_type", map[uint64]string{1: "INODE", 2: "MOUNT"}}

// TTYType names tty_info_entry.type.
var TTYType = Enum{"tty_type", "tty.proto: TtyType", numbered("UNKNOWN", "PTY", "CONSOLE", "VT", "CTTY", "EXT_TTY", "SERIAL")}

// BPFMapType names bpfmap_file_entry.map_type.
var BPFMapType = Enum{"bpf_map_type", "linux/bpf.h", numbered("UNSPEC", "HASH", "ARRAY", "PROG_ARRAY", "PERF_EVENT_ARRAY", "PERCPU_HASH",
	"PERCPU_ARRAY", "STACK_TRACE", "CGROUP_ARRAY", "LRU_HASH", "LRU_PERCPU_HASH", "LPM_TRIE", "ARRAY_OF_MAPS", "HASH_OF_MAPS", "DEVMAP",
	"SOCKMAP", "CPUMAP", "XSKMAP", "SOCKHASH", "CGROUP_STORAGE", "REUSEPORT_SOCKARRAY", "PERCPU_CGROUP_STORAGE", "QUEUE", "STACK",
	"SK_STORAGE", "DEVMAP_HASH", "STRUCT_OPS", "RINGBUF", "INODE_STORAGE", "TASK_STORAGE", "BLOOM_FILTER", "USER_RINGBUF",
	"CGRP_STORAGE", "ARENA")}

// PacketVersion names packet_sock_entry.version.
var PacketVersion = Enum{"packet_version", "linux/if_packet.h", numbered("TPACKET_V1", "TPACKET_V2", "TPACKET_V3")}

// PacketMembership names packet_mclist.type.
var PacketMembership = Enum{"packet_membership", "linux/if_packet.h", map[uint64]string{
	kernel.PACKET_MR_MULTICAST: "MULTICAST", kernel.PACKET_MR_PROMISC: "PROMISC", kernel.PACKET_MR_ALLMULTI: "ALLMULTI", kernel.PACKET_MR_UNICAST: "UNICAST"}}

// AutofsMode names autofs_entry.mode.
var AutofsMode = Enum{"autofs_mode", "CRIU criu/autofs.c", numbered("direct", "indirect", "offset")}
