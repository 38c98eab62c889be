package criu

import "github.com/ckexport/ckexport/pipeline/kernel"

// FlagSets lists every set of flags, for the table enum_values.
func FlagSets() []*Flags {
	return []*Flags{
		&Capabilities, &SecureBits, &SignalSet, &Personality, &TaskFlags, &Membarrier, &SigaltstackFlags, &OpenFlags, &TimerfdFlags,
		&Prot, &MapFlags, &VMAStatus, &Madvise, &MemfdSeals, &MountFlags, &UnixSocketFlags, &TCPOptions, &PageFlags,
		&DeviceFlags, &TunFlags, &MacvlanFlags, &SitFlags, &TunnelEncapFlags, &AddressFlags, &RouteFlags, &RuleFlags,
		&ConntrackStatus, &ConntrackTCPFlags, &ExpectFlags,
		&signalSetMIPS, &sigactionFlags, &sigactionFlagsMIPS, &SeccompFlags, &XFeatures,
		&openFlagsARM, &openFlagsPPC64, &openFlagsMIPS, &mapFlagsPPC64, &mapFlagsMIPS,
		&termiosInputPPC64, &termiosOutputPPC64, &termiosControlPPC64, &termiosLocalPPC64, &termiosLocalMIPS,
		&EpollEvents, &InotifyMask, &FanotifyMask, &FanotifyMarkFlags, &FanotifyInit, &TermiosInput, &TermiosOutput, &TermiosControl, &TermiosLocal,
		&BPFMapFlags, &SocketBufferLock, &Timestamping, &KFDAlloc, &GEMCreate, &GEMDomains,
	}
}

// Capabilities names the bits of a capability set.
var Capabilities = Flags{"capabilities", "linux/capability.h", []Flag{
	{Value: 1 << kernel.CAP_CHOWN, Name: "CAP_CHOWN"}, {Value: 1 << kernel.CAP_DAC_OVERRIDE, Name: "CAP_DAC_OVERRIDE"},
	{Value: 1 << kernel.CAP_DAC_READ_SEARCH, Name: "CAP_DAC_READ_SEARCH"}, {Value: 1 << kernel.CAP_FOWNER, Name: "CAP_FOWNER"},
	{Value: 1 << kernel.CAP_FSETID, Name: "CAP_FSETID"}, {Value: 1 << kernel.CAP_KILL, Name: "CAP_KILL"},
	{Value: 1 << kernel.CAP_SETGID, Name: "CAP_SETGID"}, {Value: 1 << kernel.CAP_SETUID, Name: "CAP_SETUID"},
	{Value: 1 << kernel.CAP_SETPCAP, Name: "CAP_SETPCAP"}, {Value: 1 << kernel.CAP_LINUX_IMMUTABLE, Name: "CAP_LINUX_IMMUTABLE"},
	{Value: 1 << kernel.CAP_NET_BIND_SERVICE, Name: "CAP_NET_BIND_SERVICE"}, {Value: 1 << kernel.CAP_NET_BROADCAST, Name: "CAP_NET_BROADCAST"},
	{Value: 1 << kernel.CAP_NET_ADMIN, Name: "CAP_NET_ADMIN"}, {Value: 1 << kernel.CAP_NET_RAW, Name: "CAP_NET_RAW"},
	{Value: 1 << kernel.CAP_IPC_LOCK, Name: "CAP_IPC_LOCK"}, {Value: 1 << kernel.CAP_IPC_OWNER, Name: "CAP_IPC_OWNER"},
	{Value: 1 << kernel.CAP_SYS_MODULE, Name: "CAP_SYS_MODULE"}, {Value: 1 << kernel.CAP_SYS_RAWIO, Name: "CAP_SYS_RAWIO"},
	{Value: 1 << kernel.CAP_SYS_CHROOT, Name: "CAP_SYS_CHROOT"}, {Value: 1 << kernel.CAP_SYS_PTRACE, Name: "CAP_SYS_PTRACE"},
	{Value: 1 << kernel.CAP_SYS_PACCT, Name: "CAP_SYS_PACCT"}, {Value: 1 << kernel.CAP_SYS_ADMIN, Name: "CAP_SYS_ADMIN"},
	{Value: 1 << kernel.CAP_SYS_BOOT, Name: "CAP_SYS_BOOT"}, {Value: 1 << kernel.CAP_SYS_NICE, Name: "CAP_SYS_NICE"},
	{Value: 1 << kernel.CAP_SYS_RESOURCE, Name: "CAP_SYS_RESOURCE"}, {Value: 1 << kernel.CAP_SYS_TIME, Name: "CAP_SYS_TIME"},
	{Value: 1 << kernel.CAP_SYS_TTY_CONFIG, Name: "CAP_SYS_TTY_CONFIG"}, {Value: 1 << kernel.CAP_MKNOD, Name: "CAP_MKNOD"},
	{Value: 1 << kernel.CAP_LEASE, Name: "CAP_LEASE"}, {Value: 1 << kernel.CAP_AUDIT_WRITE, Name: "CAP_AUDIT_WRITE"},
	{Value: 1 << kernel.CAP_AUDIT_CONTROL, Name: "CAP_AUDIT_CONTROL"}, {Value: 1 << kernel.CAP_SETFCAP, Name: "CAP_SETFCAP"},
	{Value: 1 << kernel.CAP_MAC_OVERRIDE, Name: "CAP_MAC_OVERRIDE"}, {Value: 1 << kernel.CAP_MAC_ADMIN, Name: "CAP_MAC_ADMIN"},
	{Value: 1 << kernel.CAP_SYSLOG, Name: "CAP_SYSLOG"}, {Value: 1 << kernel.CAP_WAKE_ALARM, Name: "CAP_WAKE_ALARM"},
	{Value: 1 << kernel.CAP_BLOCK_SUSPEND, Name: "CAP_BLOCK_SUSPEND"}, {Value: 1 << kernel.CAP_AUDIT_READ, Name: "CAP_AUDIT_READ"},
	{Value: 1 << kernel.CAP_PERFMON, Name: "CAP_PERFMON"}, {Value: 1 << kernel.CAP_BPF, Name: "CAP_BPF"},
	{Value: 1 << kernel.CAP_CHECKPOINT_RESTORE, Name: "CAP_CHECKPOINT_RESTORE"},
}}

// SecureBits names the bits of creds_entry.secbits.
var SecureBits = Flags{"secure_bits", "linux/securebits.h", bitNames("NOROOT", "NOROOT_LOCKED", "NO_SETUID_FIXUP",
	"NO_SETUID_FIXUP_LOCKED", "KEEP_CAPS", "KEEP_CAPS_LOCKED", "NO_CAP_AMBIENT_RAISE", "NO_CAP_AMBIENT_RAISE_LOCKED")}

// Personality names execution domains (the low byte) and their flags.
var Personality = Flags{"personality", "linux/personality.h", []Flag{
	{Value: 0x8, Name: "PER_LINUX32", Mask: 0xff}, {Value: 0x0020000, Name: "UNAME26"}, {Value: 0x0040000, Name: "ADDR_NO_RANDOMIZE"},
	{Value: 0x0080000, Name: "FDPIC_FUNCPTRS"}, {Value: 0x0100000, Name: "MMAP_PAGE_ZERO"}, {Value: 0x0200000, Name: "ADDR_COMPAT_LAYOUT"},
	{Value: 0x0400000, Name: "READ_IMPLIES_EXEC"}, {Value: 0x0800000, Name: "ADDR_LIMIT_32BIT"}, {Value: 0x1000000, Name: "SHORT_INODE"},
	{Value: 0x2000000, Name: "WHOLE_SECONDS"}, {Value: 0x4000000, Name: "STICKY_TIMEOUTS"}, {Value: 0x8000000, Name: "ADDR_LIMIT_3GB"},
}}

// TaskFlags names those PF_* flags of the kernel that kept their number for
// many years; the others vary with the version and stay numbers.
var TaskFlags = Flags{"task_flags", "linux/sched.h (Linux 6.1)", []Flag{
	{Value: 0x4, Name: "PF_EXITING"}, {Value: 0x40, Name: "PF_FORKNOEXEC"}, {Value: 0x100, Name: "PF_SUPERPRIV"},
	{Value: 0x200, Name: "PF_DUMPCORE"}, {Value: 0x400, Name: "PF_SIGNALED"}, {Value: 0x200000, Name: "PF_KTHREAD"},
	{Value: 0x400000, Name: "PF_RANDOMIZE"},
}}

// Membarrier names commands a process registered for.
var Membarrier = Flags{"membarrier", "linux/membarrier.h", []Flag{
	{Value: 1 << 2, Name: "GLOBAL_EXPEDITED"}, {Value: 1 << 4, Name: "PRIVATE_EXPEDITED"},
	{Value: 1 << 6, Name: "PRIVATE_EXPEDITED_SYNC_CORE"}, {Value: 1 << 8, Name: "PRIVATE_EXPEDITED_RSEQ"},
}}

// SigaltstackFlags names thread_sas_entry.ss_flags.
var SigaltstackFlags = Flags{"sigaltstack_flags", "linux/signal.h", []Flag{
	{Value: 1, Name: "SS_ONSTACK"}, {Value: 2, Name: "SS_DISABLE"}, {Value: 1 << 31, Name: "SS_AUTODISARM"},
}}

// TimerfdFlags names timerfd_entry.settime_flags.
var TimerfdFlags = Flags{"timerfd_flags", "linux/timerfd.h", []Flag{
	{Value: kernel.TFD_TIMER_ABSTIME, Name: "TFD_TIMER_ABSTIME"}, {Value: kernel.TFD_TIMER_CANCEL_ON_SET, Name: "TFD_TIMER_CANCEL_ON_SET"},
}}

// Prot names vma_entry.prot.
var Prot = Flags{"prot", "asm-generic/mman-common.h", []Flag{
	{Value: kernel.PROT_READ, Name: "PROT_READ"}, {Value: kernel.PROT_WRITE, Name: "PROT_WRITE"}, {Value: kernel.PROT_EXEC, Name: "PROT_EXEC"},
	{Value: kernel.PROT_GROWSDOWN, Name: "PROT_GROWSDOWN"}, {Value: kernel.PROT_GROWSUP, Name: "PROT_GROWSUP"},
}}

// Bits of vma_entry.status.
const (
	VMAVsyscall    = 1 << 2
	VMAVdso        = 1 << 3
	VMAHeap        = 1 << 5
	VMAFilePrivate = 1 << 6
	VMAFileShared  = 1 << 7
	VMAAnonShared  = 1 << 8
	VMAAnonPrivate = 1 << 9
	VMASysVIPC     = 1 << 10
	VMASocket      = 1 << 11
	VMAVvar        = 1 << 12
	VMAAIORing     = 1 << 13
	VMAMemfd       = 1 << 14
)

// VMAStatus names vma_entry.status.
var VMAStatus = Flags{"vma_status", "CRIU criu/include/image.h", func() []Flag {
	named := bitNames("REGULAR", "STACK", "VSYSCALL", "VDSO", "", "HEAP", "FILE_PRIVATE", "FILE_SHARED", "ANON_SHARED", "ANON_PRIVATE",
		"SYSVIPC", "SOCKET", "VVAR", "AIORING", "MEMFD", "SHSTK", "GUARD", "UPROBES")
	return append(named, Flag{Value: 1 << 27, Name: "EXT_PLUGIN"}, Flag{Value: 1 << 28, Name: "CLOSE"},
		Flag{Value: 1 << 29, Name: "NO_PROT_WRITE"}, Flag{Value: 1 << 30, Name: "PREMMAPED"}, Flag{Value: 1 << 31, Name: "UNSUPP"})
}()}

// Madvise names vma_entry.madv: the bit is the number of the advice.
var Madvise = Flags{"madvise", "asm-generic/mman-common.h", []Flag{
	{Value: 1 << kernel.MADV_RANDOM, Name: "MADV_RANDOM"}, {Value: 1 << kernel.MADV_SEQUENTIAL, Name: "MADV_SEQUENTIAL"},
	{Value: 1 << kernel.MADV_DONTFORK, Name: "MADV_DONTFORK"}, {Value: 1 << kernel.MADV_MERGEABLE, Name: "MADV_MERGEABLE"},
	{Value: 1 << kernel.MADV_HUGEPAGE, Name: "MADV_HUGEPAGE"}, {Value: 1 << kernel.MADV_NOHUGEPAGE, Name: "MADV_NOHUGEPAGE"},
	{Value: 1 << kernel.MADV_DONTDUMP, Name: "MADV_DONTDUMP"}, {Value: 1 << kernel.MADV_WIPEONFORK, Name: "MADV_WIPEONFORK"},
}}

// MemfdSeals names memfd_inode_entry.seals.
var MemfdSeals = Flags{"memfd_seals", "linux/fcntl.h", []Flag{
	{Value: kernel.F_SEAL_SEAL, Name: "F_SEAL_SEAL"}, {Value: kernel.F_SEAL_SHRINK, Name: "F_SEAL_SHRINK"},
	{Value: kernel.F_SEAL_GROW, Name: "F_SEAL_GROW"}, {Value: kernel.F_SEAL_WRITE, Name: "F_SEAL_WRITE"},
	{Value: kernel.F_SEAL_FUTURE_WRITE, Name: "F_SEAL_FUTURE_WRITE"}, {Value: kernel.F_SEAL_EXEC, Name: "F_SEAL_EXEC"},
}}

// MountFlags names mnt_entry.flags and sb_flags.
var MountFlags = Flags{"mount_flags", "linux/mount.h", []Flag{
	{Value: kernel.MS_RDONLY, Name: "MS_RDONLY"}, {Value: kernel.MS_NOSUID, Name: "MS_NOSUID"}, {Value: kernel.MS_NODEV, Name: "MS_NODEV"},
	{Value: kernel.MS_NOEXEC, Name: "MS_NOEXEC"}, {Value: kernel.MS_SYNCHRONOUS, Name: "MS_SYNCHRONOUS"},
	{Value: kernel.MS_MANDLOCK, Name: "MS_MANDLOCK"}, {Value: kernel.MS_DIRSYNC, Name: "MS_DIRSYNC"},
	{Value: kernel.MS_NOSYMFOLLOW, Name: "MS_NOSYMFOLLOW"}, {Value: kernel.MS_NOATIME, Name: "MS_NOATIME"},
	{Value: kernel.MS_NODIRATIME, Name: "MS_NODIRATIME"}, {Value: kernel.MS_BIND, Name: "MS_BIND"}, {Value: kernel.MS_MOVE, Name: "MS_MOVE"},
	{Value: kernel.MS_REC, Name: "MS_REC"}, {Value: kernel.MS_SILENT, Name: "MS_SILENT"}, {Value: kernel.MS_POSIXACL, Name: "MS_POSIXACL"},
	{Value: kernel.MS_UNBINDABLE, Name: "MS_UNBINDABLE"}, {Value: kernel.MS_PRIVATE, Name: "MS_PRIVATE"},
	{Value: kernel.MS_SLAVE, Name: "MS_SLAVE"}, {Value: kernel.MS_SHARED, Name: "MS_SHARED"}, {Value: kernel.MS_RELATIME, Name: "MS_RELATIME"},
	{Value: kernel.MS_KERNMOUNT, Name: "MS_KERNMOUNT"}, {Value: kernel.MS_I_VERSION, Name: "MS_I_VERSION"},
	{Value: kernel.MS_STRICTATIME, Name: "MS_STRICTATIME"}, {Value: kernel.MS_LAZYTIME, Name: "MS_LAZYTIME"},
}}

// UnixSocketFlags names unix_sk_entry.uflags.
var UnixSocketFlags = Flags{"unix_socket_flags", "CRIU criu/include/sockets.h", bitNames("EXTERN", "SERVICE", "CALLBACK", "INHERIT")}

// TCPOptions names tcp_stream_entry.opt_mask.
var TCPOptions = Flags{"tcp_options", "linux/tcp.h (TCPI_OPT_*)", bitNames("TIMESTAMPS", "SACK", "WSCALE", "ECN", "ECN_SEEN", "SYN_DATA")}

// PageFlags names pagemap_entry.flags.
var PageFlags = Flags{"page_flags", "CRIU criu/include/pagemap.h", []Flag{
	{Value: PageParent, Name: "PARENT"}, {Value: PageLazy, Name: "LAZY"}, {Value: PagePresent, Name: "PRESENT"},
}}
