package criu

import (
	"debug/elf"
	"maps"
	"strings"

	"github.com/ckexport/ckexport/pipeline/kernel"
)

// Enums lists every enumeration, for the table enum_values.
func Enums() []*Enum {
	enums := []*Enum{
		&TaskState, &SeccompMode, &LSMType, &PreDumpMode, &NetworkLock, &SchedPolicy, &Signal, &Resource,
		&SocketFamily, &SocketType, &SocketState, &SocketShutdown, &IPProtocol, &NetlinkProtocol, &EtherType,
		&FSType, &NamespaceFlag, &Clock, &RemapType, &FileType,
		&DeviceType, &SysctlType, &MacvlanMode, &TunnelEncap, &SitProtocol, &RouteType, &RouteProtocol, &RouteScope, &RoutePreference,
		&RouteEncap, &RouteMetric, &RuleAction, &AddressProtocol, &ConntrackTCPState, &ConntrackSCTPState,
		&signalMIPS, &resourceMIPS, &socketTypeMIPS, &TimerNotify, &siginfoCode, &siginfoCodeMIPS, &AuxiliaryType, &CPUVendor, &Endianness, &seccompReturn,
		&FileLockKind, &FileLockType, &FanotifyMarkType, &TTYType, &BPFMapType, &PacketVersion, &PacketMembership, &AutofsMode,
		&ELFType, &ELFMachine,
	}
	for _, e := range signalCodes {
		enums = append(enums, e)
	}
	return enums
}

// TaskState names task_core_entry.task_state.
var TaskState = Enum{"task_state", "CRIU compel/include/uapi/task-state.h",
	map[uint64]string{1: "alive", 2: "dead", 3: "stopped", 6: "zombie"}}

// SeccompMode names thread_core_entry.seccomp_mode.
var SeccompMode = Enum{"seccomp_mode", "core.proto: seccomp_mode", map[uint64]string{
	kernel.SECCOMP_MODE_DISABLED: "disabled", kernel.SECCOMP_MODE_STRICT: "strict", kernel.SECCOMP_MODE_FILTER: "filter"}}

// LSMType names inventory_entry.lsmtype.
var LSMType = Enum{"lsm_type", "inventory.proto: lsmtype", numbered("none", "selinux", "apparmor")}

// PreDumpMode names inventory_entry.pre_dump_mode.
var PreDumpMode = Enum{"pre_dump_mode", "CRIU criu/include/cr_options.h", map[uint64]string{1: "splice", 2: "read"}}

// NetworkLock names inventory_entry.network_lock_method.
var NetworkLock = Enum{"network_lock_method", "CRIU criu/include/cr_options.h", numbered("iptables", "nftables", "skip")}

// SchedPolicy names thread_core_entry.sched_policy: sched_getscheduler(2) adds a bit to
// the policy of a thread whose children do not inherit it.
var SchedPolicy = Enum{"sched_policy", "linux/sched.h", func() map[uint64]string {
	names := map[uint64]string{
		kernel.SCHED_NORMAL: "OTHER", kernel.SCHED_FIFO: "FIFO", kernel.SCHED_RR: "RR", kernel.SCHED_BATCH: "BATCH",
		kernel.SCHED_IDLE: "IDLE", kernel.SCHED_DEADLINE: "DEADLINE", 7: "EXT",
	}
	for policy, name := range maps.Clone(names) {
		names[policy|kernel.SCHED_RESET_ON_FORK] = name + "|RESET_ON_FORK"
	}
	return names
}()}

// Signal names signal numbers, as on all architectures but MIPS.
var Signal = Enum{"signal", "asm-generic/signal.h", func() map[uint64]string {
	names := withRealTime(numbered("", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT",
		"SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD",
		"SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH",
		"SIGIO", "SIGPWR", "SIGSYS"))
	names[64] = "SIGRTMAX"
	return names
}()}

// SignalSet names the bits of a signal mask: bit n-1 is signal n.
var SignalSet = Flags{"signal_set", Signal.Source, signalBits(&Signal)}

// Resource names resource limits by their position, as on all architectures
// but MIPS.
var Resource = Enum{"resource", "asm-generic/resource.h", numbered("CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE",
	"MEMLOCK", "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME")}

// SocketFamily names address families.
var SocketFamily = Enum{"socket_family", "linux/socket.h", map[uint64]string{
	kernel.AF_UNIX: "unix", kernel.AF_INET: "inet", kernel.AF_INET6: "inet6", kernel.AF_NETLINK: "netlink", kernel.AF_PACKET: "packet"}}

// SocketType names socket types, as on all architectures but MIPS.
var SocketType = Enum{"socket_type", "linux/net.h", map[uint64]string{
	kernel.SOCK_STREAM: "stream", kernel.SOCK_DGRAM: "dgram", kernel.SOCK_RAW: "raw", kernel.SOCK_RDM: "rdm",
	kernel.SOCK_SEQPACKET: "seqpacket", kernel.SOCK_DCCP: "dccp", kernel.SOCK_PACKET: "packet"}}

// SocketState names socket states; TCP's, used by the kernel for others too.
var SocketState = Enum{"socket_state", "net/tcp_states.h", map[uint64]string{
	kernel.BPF_TCP_ESTABLISHED: "ESTABLISHED", kernel.BPF_TCP_SYN_SENT: "SYN_SENT", kernel.BPF_TCP_SYN_RECV: "SYN_RECV",
	kernel.BPF_TCP_FIN_WAIT1: "FIN_WAIT1", kernel.BPF_TCP_FIN_WAIT2: "FIN_WAIT2", kernel.BPF_TCP_TIME_WAIT: "TIME_WAIT",
	kernel.BPF_TCP_CLOSE: "CLOSE", kernel.BPF_TCP_CLOSE_WAIT: "CLOSE_WAIT", kernel.BPF_TCP_LAST_ACK: "LAST_ACK",
	kernel.BPF_TCP_LISTEN: "LISTEN", kernel.BPF_TCP_CLOSING: "CLOSING", kernel.BPF_TCP_NEW_SYN_RECV: "NEW_SYN_RECV"}}

// SocketShutdown names the directions of a socket that were shut down.
var SocketShutdown = Enum{"socket_shutdown", "sk-opts.proto: sk_shutdown", numbered("NONE", "READ", "WRITE", "BOTH")}

// IPProtocol names protocols of inet sockets.
var IPProtocol = Enum{"ip_protocol", "linux/in.h", map[uint64]string{
	kernel.IPPROTO_IP: "ip", kernel.IPPROTO_ICMP: "icmp", kernel.IPPROTO_IGMP: "igmp", kernel.IPPROTO_TCP: "tcp", kernel.IPPROTO_UDP: "udp",
	kernel.IPPROTO_DCCP: "dccp", kernel.IPPROTO_GRE: "gre", kernel.IPPROTO_ESP: "esp", kernel.IPPROTO_AH: "ah", kernel.IPPROTO_ICMPV6: "icmpv6",
	kernel.IPPROTO_SCTP: "sctp", kernel.IPPROTO_UDPLITE: "udplite", kernel.IPPROTO_RAW: "raw", kernel.IPPROTO_MPTCP: "mptcp"}}

// NetlinkProtocol names families of netlink sockets.
var NetlinkProtocol = Enum{"netlink_protocol", "linux/netlink.h", map[uint64]string{
	kernel.NETLINK_ROUTE: "route", kernel.NETLINK_USERSOCK: "usersock", kernel.NETLINK_FIREWALL: "firewall", kernel.NETLINK_SOCK_DIAG: "sock_diag",
	kernel.NETLINK_NFLOG: "nflog", kernel.NETLINK_XFRM: "xfrm", kernel.NETLINK_SELINUX: "selinux", kernel.NETLINK_ISCSI: "iscsi",
	kernel.NETLINK_AUDIT: "audit", kernel.NETLINK_FIB_LOOKUP: "fib_lookup", kernel.NETLINK_CONNECTOR: "connector",
	kernel.NETLINK_NETFILTER: "netfilter", kernel.NETLINK_IP6_FW: "ip6_fw", kernel.NETLINK_KOBJECT_UEVENT: "kobject_uevent",
	kernel.NETLINK_GENERIC: "generic", kernel.NETLINK_SCSITRANSPORT: "scsitransport", kernel.NETLINK_RDMA: "rdma", kernel.NETLINK_CRYPTO: "crypto"}}

// EtherType names what packet sockets listen to, in host byte order.
var EtherType = Enum{"ether_type", "linux/if_ether.h", map[uint64]string{
	kernel.ETH_P_ALL: "all", kernel.ETH_P_IP: "ip", kernel.ETH_P_ARP: "arp", kernel.ETH_P_IPV6: "ipv6", kernel.ETH_P_8021Q: "8021q",
	kernel.ETH_P_LLDP: "lldp", kernel.ETH_P_PAE: "pae", kernel.ETH_P_802_2: "802_2", kernel.ETH_P_LOOP: "loop"}}

// FSType names mnt_entry.fstype as mountinfo names the file system. AUTO means
// that mnt_entry.fsname has the name.
var FSType = Enum{"fs_type", "mnt.proto: fstype", map[uint64]string{
	0: "UNSUPPORTED", 1: "proc", 2: "sysfs", 3: "devtmpfs", 4: "binfmt_misc", 5: "tmpfs", 6: "devpts", 7: "simfs", 8: "pstore",
	9: "securityfs", 10: "fusectl", 11: "debugfs", 12: "cgroup", 13: "aufs", 14: "mqueue", 15: "fuse", 16: "AUTO", 17: "overlay",
	18: "autofs", 19: "tracefs", 23: "cgroup2"}}

// NamespaceFlag names kinds of namespaces by their clone flag.
var NamespaceFlag = Enum{"namespace_flag", "linux/sched.h", map[uint64]string{
	kernel.CLONE_NEWNS: "mnt", kernel.CLONE_NEWUTS: "uts", kernel.CLONE_NEWIPC: "ipc", kernel.CLONE_NEWUSER: "user", kernel.CLONE_NEWPID: "pid",
	kernel.CLONE_NEWNET: "net", kernel.CLONE_NEWCGROUP: "cgroup", kernel.CLONE_NEWTIME: "time"}}

// Clock names clocks of timers.
var Clock = Enum{"clock", "linux/time.h", map[uint64]string{
	kernel.CLOCK_REALTIME: "REALTIME", kernel.CLOCK_MONOTONIC: "MONOTONIC", kernel.CLOCK_PROCESS_CPUTIME_ID: "PROCESS_CPUTIME_ID",
	kernel.CLOCK_THREAD_CPUTIME_ID: "THREAD_CPUTIME_ID", kernel.CLOCK_MONOTONIC_RAW: "MONOTONIC_RAW",
	kernel.CLOCK_REALTIME_COARSE: "REALTIME_COARSE", kernel.CLOCK_MONOTONIC_COARSE: "MONOTONIC_COARSE", kernel.CLOCK_BOOTTIME: "BOOTTIME",
	kernel.CLOCK_REALTIME_ALARM: "REALTIME_ALARM", kernel.CLOCK_BOOTTIME_ALARM: "BOOTTIME_ALARM", kernel.CLOCK_TAI: "TAI",
	// what the kernel makes of the clocks of the calling process and thread; linux/posix-timers.h
	1<<32 - 6: "PROCESS_CPUTIME_ID", 1<<32 - 2: "THREAD_CPUTIME_ID"}}

// RemapType names remap_file_path_entry.remap_type.
var RemapType = Enum{"remap_type", "remap-file-path.proto: remap_type", numbered("LINKED", "GHOST", "PROCFS")}

// FileType names the kinds of open files.
var FileType = Enum{"file_type", "fdinfo.proto: fd_types", numbered("UND", "REG", "PIPE", "FIFO", "INETSK", "UNIXSK", "EVENTFD",
	"EVENTPOLL", "INOTIFY", "SIGNALFD", "PACKETSK", "TTY", "FANOTIFY", "NETLINKSK", "NS", "TUNF", "EXT", "TIMERFD", "MEMFD",
	"BPFMAP", "PIDFD")}

// ELFType names the type of an ELF file.
var ELFType = Enum{"elf_type", "elf.h: e_type", numbered("NONE", "REL", "EXEC", "DYN", "CORE")}

// ELFMachine names the processor of an ELF file.
var ELFMachine = Enum{"elf_machine", "elf.h: e_machine", func() map[uint64]string {
	names := map[uint64]string{uint64(elf.EM_ALPHA): "ALPHA"} // alone in the range of unofficial numbers
	for n := range uint64(512) {
		name, known := strings.CutPrefix(elf.Machine(n).String(), "EM_")
		if known && !strings.Contains(name, "+") { // what has no name is called the one before, plus a number
			names[n] = name
		}
	}
	return names
}()}
