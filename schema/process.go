package schema

// Process is one process of the checkpointed tree.
type Process struct {
	_ struct{} `table:"processes" key:"checkpoint_id pid" doc:"A process."`
	_ struct{} `compare:"pid" show:"ppid comm cmdline exe uid"`

	PID              uint32   `arrow:"pid" doc:"process id, inside the container" src:"pstree.img: pstree_entry.pid"`
	PPID             uint32   `arrow:"ppid" doc:"parent; 0 for the root" src:"pstree.img: pstree_entry.ppid"`
	PGID             uint32   `arrow:"pgid" doc:"process group; 0 where its leader is outside" src:"pstree.img: pstree_entry.pgid"`
	SID              uint32   `arrow:"sid" doc:"session; 0 where its leader is outside" src:"pstree.img: pstree_entry.sid"`
	HostPID          *int32   `arrow:"host_pid" compare:"no" doc:"process id on the host" src:"dump.log"`
	ParentExists     bool     `arrow:"parent_exists" compare:"no" doc:"the parent is in the checkpoint; false for the root"`
	Depth            *uint32  `arrow:"depth" compare:"no" doc:"distance from the root, 0 for it; NULL where the parents form a loop"`
	TreePath         []uint32 `arrow:"tree_path" compare:"no" doc:"pids from the root to the process; NULL in a loop or below depth 64"`
	State            Enum     `arrow:"state" doc:"alive, stopped, dead (a zombie too is written as dead), or zombie" src:"core-*.img: task_core_entry.task_state"`
	ExitCode         *uint32  `arrow:"exit_code" doc:"raw wait status; 0 while it lives" src:"core-*.img: task_core_entry.exit_code"`
	ExitStatus       *uint32  `arrow:"exit_status" doc:"status it exited with; NULL while it lives or if a signal killed it"`
	ExitSignal       *uint32  `arrow:"exit_signal" doc:"signal that killed it; NULL if none did"`
	Comm             Text     `arrow:"comm" sensitive:"no" doc:"name of the process, at most 15 bytes" src:"core-*.img: task_core_entry.comm"`
	Argv             TextList `arrow:"argv" sensitive:"args" doc:"command line as /proc/PID/cmdline shows it, from memory; NULL for the dead and where a page is not in the archive" src:"pages-*.img at mm_entry.mm_arg_start"`
	Cmdline          *string  `arrow:"cmdline" sensitive:"args" doc:"argv joined with spaces"`
	CmdlineStatus    *string  `arrow:"cmdline_status" sensitive:"no" doc:"ok; empty; missing: a page is in a parent checkpoint or was left on the host; unmapped: the range is not mapped or not kept; inconsistent: end before start; too_long: over the limit; NULL without memory"`
	EnvironStatus    *string  `arrow:"environ_status" sensitive:"no" doc:"the same of the environment"`
	Exe              Text     `arrow:"exe" encode:"bloom" sensitive:"no" doc:"program file, inside the container" src:"files.img at mm_entry.exe_file_id"`
	ExeFileID        *uint32  `arrow:"exe_file_id" ref:"files(file_id)" compare:"no" doc:"its row in files" src:"mm-*.img: mm_entry.exe_file_id"`
	ExeDeleted       *bool    `arrow:"exe_deleted" doc:"the program file had been deleted" src:"remap-fpath.img"`
	ExeMemfd         *bool    `arrow:"exe_memfd" doc:"the program ran from a memfd: no file at all"`
	ExeBuildID       *string  `arrow:"exe_build_id" encode:"bloom" sensitive:"no" doc:"ELF build id of the program, in hexadecimal" src:"files.img: reg_file_entry.build_id"`
	Cwd              Text     `arrow:"cwd" sensitive:"no" doc:"working directory" src:"files.img at fs_entry.cwd_id"`
	CwdFileID        *uint32  `arrow:"cwd_file_id" ref:"files(file_id)" compare:"no" doc:"its row in files" src:"fs-*.img: fs_entry.cwd_id"`
	Root             Text     `arrow:"root" sensitive:"no" doc:"root directory, inside the container" src:"files.img at fs_entry.root_id"`
	RootFileID       *uint32  `arrow:"root_file_id" ref:"files(file_id)" compare:"no" doc:"its row in files" src:"fs-*.img: fs_entry.root_id"`
	Umask            *uint32  `arrow:"umask" doc:"file mode mask" src:"fs-*.img: fs_entry.umask"`
	UID              *uint32  `arrow:"uid" doc:"real user of the leader thread, inside the container; NULL for the dead" src:"core-*.img: creds_entry.uid"`
	EUID             *uint32  `arrow:"euid" doc:"effective user" src:"core-*.img: creds_entry.euid"`
	GID              *uint32  `arrow:"gid" doc:"real group" src:"core-*.img: creds_entry.gid"`
	EGID             *uint32  `arrow:"egid" doc:"effective group" src:"core-*.img: creds_entry.egid"`
	LoginUID         *uint32  `arrow:"login_uid" doc:"user who logged in, for audit; NULL if unset" src:"core-*.img: task_core_entry.loginuid"`
	SeccompMode      Enum     `arrow:"seccomp_mode" doc:"disabled, strict, or filter; of the leader thread" src:"core-*.img: thread_core_entry.seccomp_mode, task_core_entry.old_seccomp_mode"`
	NoNewPrivs       *bool    `arrow:"no_new_privs" doc:"setuid programs gain nothing; of the leader thread" src:"core-*.img: creds_entry.no_new_privs"`
	CapEffective     *uint64  `arrow:"cap_effective" range:"uint64" doc:"effective capabilities of the leader thread, a bit each; credentials has the names" src:"core-*.img: creds_entry.cap_eff"`
	LSMProfile       Text     `arrow:"lsm_profile" sensitive:"no" doc:"AppArmor profile or SELinux label of the leader thread" src:"core-*.img: creds_entry.lsm_profile"`
	ThreadCount      uint32   `arrow:"thread_count" compare:"no" doc:"threads; 0 for the dead" src:"pstree.img: pstree_entry.threads"`
	FDCount          uint32   `arrow:"fd_count" compare:"no" doc:"open file descriptors" src:"fdinfo-*.img"`
	VMACount         uint32   `arrow:"vma_count" compare:"no" doc:"memory mappings" src:"mm-*.img: mm_entry.vmas"`
	Personality      Flags    `arrow:"personality" doc:"execution domain and its flags" src:"core-*.img: task_core_entry.personality"`
	TaskFlags        Flags    `arrow:"task_flags" doc:"the kernel's PF_* flags, as field 9 of /proc/PID/stat; their numbers vary with the kernel" src:"core-*.img: task_core_entry.flags"`
	BlockedSignals   Flags    `arrow:"blocked_signals" doc:"signals blocked by the leader thread" src:"core-*.img: task_core_entry.blk_sigset"`
	BlockedSigExt    *uint64  `arrow:"blocked_signals_extended" range:"uint64" doc:"signals 65 to 128; MIPS only" src:"core-*.img: task_core_entry.blk_sigset_extended"`
	OOMScoreAdj      *int32   `arrow:"oom_score_adj" doc:"preference of the out-of-memory killer, -1000 to 1000" src:"core-*.img: task_core_entry.oom_score_adj"`
	ChildSubreaper   *bool    `arrow:"child_subreaper" doc:"orphans below become its children" src:"core-*.img: task_core_entry.child_subreaper"`
	StopSignal       Enum     `arrow:"stop_signal" doc:"signal that stopped it; NULL for none" src:"core-*.img: task_core_entry.stop_signo"`
	Membarrier       Flags    `arrow:"membarrier" doc:"membarrier commands it registered for" src:"core-*.img: task_core_entry.membarrier_registration_mask"`
	CgSet            *uint32  `arrow:"cg_set" ref:"cgroup_memberships(cg_set)" compare:"no" doc:"set of control groups, see cgroup_memberships" src:"core-*.img: thread_core_entry.cg_set, task_core_entry.cg_set"`
	VMID             *uint32  `arrow:"vm_id" compare:"no" doc:"address space" src:"ids-*.img: task_kobj_ids_entry.vm_id"`
	FilesID          *uint32  `arrow:"files_id" compare:"no" doc:"descriptor table; processes may share one" src:"ids-*.img: task_kobj_ids_entry.files_id"`
	FsID             *uint32  `arrow:"fs_id" compare:"no" doc:"file system context" src:"ids-*.img: task_kobj_ids_entry.fs_id"`
	SighandID        *uint32  `arrow:"sighand_id" compare:"no" doc:"signal handler table" src:"ids-*.img: task_kobj_ids_entry.sighand_id"`
	PidNsID          *uint32  `arrow:"pid_ns_id" ref:"namespaces(namespace_id) of kind pid" compare:"no" doc:"PID namespace: CRIU's number, within the checkpoint" src:"ids-*.img: task_kobj_ids_entry.pid_ns_id"`
	NetNsID          *uint32  `arrow:"net_ns_id" ref:"namespaces(namespace_id) of kind net" compare:"no" doc:"network namespace" src:"ids-*.img: task_kobj_ids_entry.net_ns_id"`
	IpcNsID          *uint32  `arrow:"ipc_ns_id" ref:"namespaces(namespace_id) of kind ipc" compare:"no" doc:"IPC namespace" src:"ids-*.img: task_kobj_ids_entry.ipc_ns_id"`
	UtsNsID          *uint32  `arrow:"uts_ns_id" ref:"namespaces(namespace_id) of kind uts" compare:"no" doc:"UTS namespace" src:"ids-*.img: task_kobj_ids_entry.uts_ns_id"`
	MntNsID          *uint32  `arrow:"mnt_ns_id" ref:"namespaces(namespace_id) of kind mnt" compare:"no" doc:"mount namespace" src:"ids-*.img: task_kobj_ids_entry.mnt_ns_id"`
	UserNsID         *uint32  `arrow:"user_ns_id" ref:"namespaces(namespace_id) of kind user" compare:"no" doc:"user namespace" src:"ids-*.img: task_kobj_ids_entry.user_ns_id"`
	CgroupNsID       *uint32  `arrow:"cgroup_ns_id" ref:"namespaces(namespace_id) of kind cgroup" compare:"no" doc:"cgroup namespace" src:"ids-*.img: task_kobj_ids_entry.cgroup_ns_id"`
	TimeNsID         *uint32  `arrow:"time_ns_id" ref:"namespaces(namespace_id) of kind time" compare:"no" doc:"time namespace" src:"ids-*.img: task_kobj_ids_entry.time_ns_id"`
	Arch             *string  `arrow:"arch" sensitive:"no" doc:"processor architecture, CRIU's name in lower case" src:"core-*.img: core_entry.mtype"`
	IsCompat         *bool    `arrow:"is_compat" doc:"a 32-bit process on x86_64" src:"core-*.img: user_x86_regs_entry.mode"`
	StartCode        *uint64  `arrow:"start_code" encode:"delta" range:"uint64" doc:"address where code begins" src:"mm-*.img: mm_entry.mm_start_code"`
	EndCode          *uint64  `arrow:"end_code" encode:"delta" range:"uint64" doc:"address where code ends" src:"mm-*.img: mm_entry.mm_end_code"`
	StartData        *uint64  `arrow:"start_data" encode:"delta" range:"uint64" doc:"address where data begins" src:"mm-*.img: mm_entry.mm_start_data"`
	EndData          *uint64  `arrow:"end_data" encode:"delta" range:"uint64" doc:"address where data ends" src:"mm-*.img: mm_entry.mm_end_data"`
	StartStack       *uint64  `arrow:"start_stack" encode:"delta" range:"uint64" doc:"address of the bottom of the stack" src:"mm-*.img: mm_entry.mm_start_stack"`
	StartBrk         *uint64  `arrow:"start_brk" encode:"delta" range:"uint64" doc:"address where the heap begins" src:"mm-*.img: mm_entry.mm_start_brk"`
	Brk              *uint64  `arrow:"brk" compare:"no" range:"uint64" doc:"address where the heap ends" src:"mm-*.img: mm_entry.mm_brk"`
	ArgStart         *uint64  `arrow:"arg_start" encode:"delta" range:"uint64" doc:"address where arguments begin" src:"mm-*.img: mm_entry.mm_arg_start"`
	ArgEnd           *uint64  `arrow:"arg_end" encode:"delta" range:"uint64" doc:"address where arguments end" src:"mm-*.img: mm_entry.mm_arg_end"`
	EnvStart         *uint64  `arrow:"env_start" encode:"delta" range:"uint64" doc:"address where the environment begins" src:"mm-*.img: mm_entry.mm_env_start"`
	EnvEnd           *uint64  `arrow:"env_end" encode:"delta" range:"uint64" doc:"address where the environment ends" src:"mm-*.img: mm_entry.mm_env_end"`
	Dumpable         *int32   `arrow:"dumpable" doc:"whether it may dump core: 0 no, 1 yes, 2 for root only" src:"mm-*.img: mm_entry.dumpable"`
	THPDisabled      *bool    `arrow:"thp_disabled" doc:"transparent huge pages are off" src:"mm-*.img: mm_entry.thp_disabled"`
	VirtualBytes     uint64   `arrow:"virtual_bytes" compare:"no" range:"uint64" doc:"sum of its mappings, in bytes" src:"mm-*.img: mm_entry.vmas"`
	OwnPagesPresent  uint64   `arrow:"own_pages_present" was:"pages_present" compare:"no" range:"uint64" doc:"pages of its own whose content is in this checkpoint" src:"pagemap-*.img"`
	OwnPagesParent   uint64   `arrow:"own_pages_parent" was:"pages_parent" compare:"no" range:"uint64" doc:"pages whose content is in the parent checkpoint" src:"pagemap-*.img"`
	OwnPagesLazyOnly uint64   `arrow:"own_pages_lazy_only" was:"pages_lazy_only" compare:"no" range:"uint64" doc:"pages that were left on the host" src:"pagemap-*.img"`
	PagesID          *uint32  `arrow:"pages_id" compare:"no" doc:"number of the pages image that holds them" src:"pagemap-*.img: pagemap_head.pages_id"`
}

// Thread is one thread of a process, its leader included.
type Thread struct {
	_ struct{} `table:"threads" key:"checkpoint_id tid" doc:"A thread of a live process, its leader included."`
	_ struct{} `compare:"pid tid" show:"comm"`
	_ struct{} `ref:"pid instruction_mapping_start to memory_mappings(pid start_address)"`

	PID                     uint32   `arrow:"pid" ref:"processes(pid)" doc:"process" src:"pstree.img: pstree_entry.pid"`
	TID                     uint32   `arrow:"tid" doc:"thread id, inside the container" src:"pstree.img: pstree_entry.threads"`
	Position                uint32   `arrow:"position" compare:"no" doc:"position among the process's threads, from 0"`
	IsLeader                bool     `arrow:"is_leader" doc:"tid equals pid"`
	Comm                    Text     `arrow:"comm" sensitive:"no" doc:"name of the thread, at most 15 bytes" src:"core-*.img: thread_core_entry.comm, task_core_entry.comm"`
	SchedPolicy             Enum     `arrow:"sched_policy" doc:"scheduling policy; absent in the image is SCHED_OTHER and left NULL" src:"core-*.img: thread_core_entry.sched_policy"`
	SchedNice               *int32   `arrow:"sched_nice" doc:"nice value, -20 to 19" src:"core-*.img: thread_core_entry.sched_nice"`
	SchedPriority           *uint32  `arrow:"sched_priority" doc:"real-time priority" src:"core-*.img: thread_core_entry.sched_prio"`
	BlockedSignals          Flags    `arrow:"blocked_signals" doc:"signals it blocks" src:"core-*.img: thread_core_entry.blk_sigset"`
	BlockedSigExt           *uint64  `arrow:"blocked_signals_extended" range:"uint64" doc:"signals 65 to 128; MIPS only" src:"core-*.img: thread_core_entry.blk_sigset_extended"`
	PdeathSignal            Enum     `arrow:"pdeath_signal" doc:"signal it gets when its parent dies; NULL for none" src:"core-*.img: thread_core_entry.pdeath_sig"`
	RobustListHead          *uint64  `arrow:"robust_list_head" range:"uint64" doc:"address of its list of robust futexes" src:"core-*.img: thread_core_entry.futex_rla"`
	RobustListLen           *uint32  `arrow:"robust_list_len" doc:"size of the list's head, in bytes; 0 without one" src:"core-*.img: thread_core_entry.futex_rla_len"`
	SigaltstackSP           *uint64  `arrow:"sigaltstack_sp" range:"uint64" doc:"address of its stack for signals" src:"core-*.img: thread_sas_entry.ss_sp"`
	SigaltstackSize         *uint64  `arrow:"sigaltstack_size" range:"uint64" doc:"size of that stack, in bytes" src:"core-*.img: thread_sas_entry.ss_size"`
	SigaltstackFlags        Flags    `arrow:"sigaltstack_flags" doc:"state of that stack" src:"core-*.img: thread_sas_entry.ss_flags"`
	RseqABIPointer          *uint64  `arrow:"rseq_abi_pointer" encode:"delta" range:"uint64" doc:"address of its restartable-sequences area" src:"core-*.img: rseq_entry.rseq_abi_pointer"`
	RseqABISize             *uint32  `arrow:"rseq_abi_size" doc:"size of that area, in bytes" src:"core-*.img: rseq_entry.rseq_abi_size"`
	RseqSignature           *uint32  `arrow:"rseq_signature" doc:"signature of that area" src:"core-*.img: rseq_entry.signature"`
	RseqCSPointer           *uint64  `arrow:"rseq_cs_pointer" encode:"delta" range:"uint64" doc:"address of the critical section it is in" src:"core-*.img: rseq_entry.rseq_cs_pointer"`
	ClearTIDAddr            *uint64  `arrow:"clear_tid_addr" encode:"delta" range:"uint64" doc:"address the kernel clears when it exits" src:"core-*.img: thread_info_x86.clear_tid_addr, thread_info_arm.clear_tid_addr, thread_info_aarch64.clear_tid_addr, thread_info_ppc64.clear_tid_addr, thread_info_s390.clear_tid_addr, thread_info_mips.clear_tid_addr, thread_info_loongarch64.clear_tid_addr, thread_info_riscv64.clear_tid_addr"`
	TLSBase                 *uint64  `arrow:"tls_base" range:"uint64" doc:"address of thread-local storage" src:"core-*.img: registers"`
	SeccompMode             Enum     `arrow:"seccomp_mode" doc:"disabled, strict, or filter, as the image has it: CRIU keeps a chain that all threads share on the leader only" src:"core-*.img: thread_core_entry.seccomp_mode, task_core_entry.old_seccomp_mode"`
	EffectiveSeccompMode    Enum     `arrow:"effective_seccomp_mode" doc:"the leader's mode where its chain is shared by all threads, else its own"`
	SeccompFilter           *uint32  `arrow:"seccomp_filter" ref:"seccomp_filters(filter)" compare:"no" doc:"innermost filter, by position in seccomp.img" src:"core-*.img: thread_core_entry.seccomp_filter, task_core_entry.old_seccomp_filter"`
	CgSet                   *uint32  `arrow:"cg_set" ref:"cgroup_memberships(cg_set)" compare:"no" doc:"set of control groups, see cgroup_memberships" src:"core-*.img: thread_core_entry.cg_set"`
	InstructionPointer      *uint64  `arrow:"instruction_pointer" encode:"delta" compare:"no" range:"uint64" doc:"address it executes" src:"core-*.img: registers"`
	StackPointer            *uint64  `arrow:"stack_pointer" encode:"delta" compare:"no" range:"uint64" doc:"address of the top of its stack" src:"core-*.img: registers"`
	FramePointer            *uint64  `arrow:"frame_pointer" encode:"delta" compare:"no" range:"uint64" doc:"frame pointer register" src:"core-*.img: registers"`
	SyscallNumber           *int64   `arrow:"syscall_number" compare:"no" doc:"system call it sits in; NULL if none" src:"core-*.img: registers"`
	SyscallName             *string  `arrow:"syscall_name" compare:"no" sensitive:"no" doc:"its name, for x86_64 and aarch64"`
	SyscallArgs             []uint64 `arrow:"syscall_args" compare:"no" range:"uint64" doc:"the six argument registers; NULL if it sits in no system call" src:"core-*.img: registers"`
	InstructionMappingStart *uint64  `arrow:"instruction_mapping_start" was:"ip_mapping_start" encode:"delta" compare:"no" range:"uint64" doc:"mapping under the instruction pointer, see memory_mappings"`
	InstructionPath         *string  `arrow:"instruction_path" was:"ip_path" encode:"bloom" compare:"no" sensitive:"no" doc:"file of that mapping; NULL for one without"`
	InstructionFileOffset   *uint64  `arrow:"instruction_file_offset" was:"ip_file_offset" encode:"delta" compare:"no" range:"uint64" doc:"offset of the instruction in that file, in bytes"`
}

// Credential is the identity and rights of one thread.
type Credential struct {
	_ struct{} `table:"credentials" key:"checkpoint_id tid" doc:"The identity and rights of a thread."`
	_ struct{} `compare:"pid tid" show:"uid gid no_new_privs"`
	_ struct{} `ref:"pid tid to threads(pid tid)"`

	PID            uint32   `arrow:"pid" doc:"process"`
	TID            uint32   `arrow:"tid" doc:"thread"`
	UID            uint32   `arrow:"uid" doc:"real user, inside the container" src:"core-*.img: creds_entry.uid"`
	EUID           uint32   `arrow:"euid" doc:"effective user" src:"core-*.img: creds_entry.euid"`
	SUID           uint32   `arrow:"suid" doc:"saved user" src:"core-*.img: creds_entry.suid"`
	FSUID          uint32   `arrow:"fsuid" doc:"user for file access" src:"core-*.img: creds_entry.fsuid"`
	GID            uint32   `arrow:"gid" doc:"real group" src:"core-*.img: creds_entry.gid"`
	EGID           uint32   `arrow:"egid" doc:"effective group" src:"core-*.img: creds_entry.egid"`
	SGID           uint32   `arrow:"sgid" doc:"saved group" src:"core-*.img: creds_entry.sgid"`
	FSGID          uint32   `arrow:"fsgid" doc:"group for file access" src:"core-*.img: creds_entry.fsgid"`
	Groups         []uint32 `arrow:"groups" doc:"further groups" src:"core-*.img: creds_entry.groups"`
	HostUID        *uint32  `arrow:"host_uid" doc:"real user as the host sees it; NULL where no mapping of the user namespace tells" src:"userns-*.img"`
	HostGID        *uint32  `arrow:"host_gid" doc:"real group as the host sees it" src:"userns-*.img"`
	CapInheritable Flags    `arrow:"cap_inheritable" doc:"inheritable capabilities" src:"core-*.img: creds_entry.cap_inh"`
	CapPermitted   Flags    `arrow:"cap_permitted" doc:"permitted capabilities" src:"core-*.img: creds_entry.cap_prm"`
	CapEffective   Flags    `arrow:"cap_effective" doc:"effective capabilities" src:"core-*.img: creds_entry.cap_eff"`
	CapBounding    Flags    `arrow:"cap_bounding" doc:"bounding capabilities" src:"core-*.img: creds_entry.cap_bnd"`
	CapAmbient     Flags    `arrow:"cap_ambient" doc:"ambient capabilities" src:"core-*.img: creds_entry.cap_amb"`
	SecureBits     Flags    `arrow:"secure_bits" doc:"secure bits" src:"core-*.img: creds_entry.secbits"`
	NoNewPrivs     bool     `arrow:"no_new_privs" doc:"setuid programs gain nothing" src:"core-*.img: creds_entry.no_new_privs"`
	LSMProfile     Text     `arrow:"lsm_profile" sensitive:"no" doc:"AppArmor profile or SELinux label" src:"core-*.img: creds_entry.lsm_profile"`
	LSMSockcreate  Text     `arrow:"lsm_sockcreate" sensitive:"no" doc:"SELinux label for new sockets" src:"core-*.img: creds_entry.lsm_sockcreate"`
	ApparmorData   []byte   `arrow:"apparmor_data" sensitive:"no" doc:"AppArmor policy of old images, as it is" src:"core-*.img: creds_entry.apparmor_data"`
}

// EnvironmentVariable is one entry of a process's environment.
type EnvironmentVariable struct {
	_ struct{} `table:"environment" key:"checkpoint_id pid position" doc:"An entry of a process's environment, from its memory: the initial block, as /proc/PID/environ shows it."`
	_ struct{} `compare:"pid name" order:"position" show:"value"`

	PID       uint32 `arrow:"pid" ref:"processes(pid)" doc:"process"`
	Position  uint32 `arrow:"position" doc:"position in the environment, from 0" src:"pages-*.img at mm_entry.mm_env_start"`
	Name      Text   `arrow:"name" sensitive:"env:name_only" doc:"what stands before the first ="`
	Value     Text   `arrow:"value" sensitive:"env" doc:"what follows it; NULL for an entry without ="`
	Sensitive bool   `arrow:"sensitive" doc:"the name looks like that of a secret"`
}

// ResourceLimit is one resource limit of a process.
type ResourceLimit struct {
	_ struct{} `table:"resource_limits" key:"checkpoint_id pid resource" doc:"A resource limit of a process."`
	_ struct{} `compare:"pid resource" show:"soft hard"`

	PID          uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	Resource     string  `arrow:"resource" sensitive:"no" doc:"NOFILE, AS, ...: RLIMIT_* without the prefix"`
	ResourceCode uint32  `arrow:"resource_code" doc:"number of the resource" src:"core-*.img: position in task_rlimits_entry.rlimits"`
	Soft         *uint64 `arrow:"soft" range:"uint64" doc:"limit in force; NULL if unlimited. Bytes, seconds, microseconds or a count, as getrlimit(2) says" src:"core-*.img: rlimit_entry.cur"`
	Hard         *uint64 `arrow:"hard" range:"uint64" doc:"ceiling of the soft limit; NULL if unlimited" src:"core-*.img: rlimit_entry.max"`
}
