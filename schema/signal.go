package schema

// SignalHandler is what a process does about a signal, where that is not the
// default.
type SignalHandler struct {
	_ struct{} `table:"signal_handlers" key:"checkpoint_id pid signal_code" doc:"What a process does about a signal, where that is not the default."`
	_ struct{} `compare:"pid signal_code" show:"signal disposition handler_path"`
	_ struct{} `ref:"pid handler_mapping_start to memory_mappings(pid start_address)"`

	PID                 uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	Signal              Enum    `arrow:"signal" doc:"signal; real-time ones are counted as kill -l does, from 34, which is SIGRTMIN" src:"core-*.img: position in task_core_entry.sigactions; SIGKILL and SIGSTOP are left out there"`
	Disposition         string  `arrow:"disposition" sensitive:"no" doc:"default, ignore, or handler"`
	Handler             *uint64 `arrow:"handler" range:"uint64" doc:"address of the handler; 0 for the default, 1 to ignore" src:"core-*.img: sa_entry.sigaction"`
	Flags               Flags   `arrow:"flags" doc:"SA_* flags" src:"core-*.img: sa_entry.flags"`
	Restorer            *uint64 `arrow:"restorer" range:"uint64" doc:"address of the code that returns from the handler" src:"core-*.img: sa_entry.restorer"`
	Mask                Flags   `arrow:"mask" doc:"signals blocked while the handler runs" src:"core-*.img: sa_entry.mask"`
	MaskExtended        *uint64 `arrow:"mask_extended" range:"uint64" doc:"signals 65 to 128; MIPS only" src:"core-*.img: sa_entry.mask_extended"`
	CompatSigaction     *bool   `arrow:"compat_sigaction" doc:"set by a 32-bit program" src:"core-*.img: sa_entry.compat_sigaction"`
	HandlerMappingStart *uint64 `arrow:"handler_mapping_start" encode:"delta" range:"uint64" doc:"mapping that holds the handler, see memory_mappings; NULL if none does"`
	HandlerMappingKind  *string `arrow:"handler_mapping_kind" sensitive:"no" doc:"kind of that mapping; a handler in anonymous memory was made at run time"`
	HandlerPath         Text    `arrow:"handler_path" encode:"bloom" sensitive:"no" doc:"file of that mapping; NULL for one without"`
	HandlerFileOffset   *uint64 `arrow:"handler_file_offset" encode:"delta" range:"uint64" doc:"offset of the handler in that file, in bytes"`
}

// PendingSignal is one signal that was sent and not yet delivered.
type PendingSignal struct {
	_ struct{} `table:"pending_signals" key:"checkpoint_id pid tid position" doc:"A signal that was sent and not yet delivered."`
	_ struct{} `compare:"pid tid queue signal_code" order:"position" show:"signal code sender_pid"`
	_ struct{} `ref:"pid tid to threads(pid tid)"`

	PID            uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	TID            *uint32 `arrow:"tid" doc:"thread it was sent to; NULL for one to the process"`
	Queue          string  `arrow:"queue" sensitive:"no" doc:"shared: to the process; private: to one thread" src:"core-*.img: task_core_entry.signals_s, thread_core_entry.signals_p"`
	Position       uint32  `arrow:"position" doc:"position in the queue, from 0" src:"core-*.img: signal_queue_entry.signals"`
	Signal         Enum    `arrow:"signal" doc:"signal, named as in signal_handlers" src:"core-*.img: siginfo_entry.siginfo (si_signo)"`
	Errno          *int32  `arrow:"errno" doc:"error number that goes with it, mostly 0" src:"core-*.img: siginfo_entry.siginfo (si_errno)"`
	Code           Enum    `arrow:"code" doc:"why it was sent: SI_USER by kill, SI_QUEUE by sigqueue, SI_TIMER, ..." src:"core-*.img: siginfo_entry.siginfo (si_code)"`
	SenderPID      *uint32 `arrow:"sender_pid" doc:"process that sent it, or the child it tells of; 0 for one outside the PID namespace" src:"core-*.img: siginfo_entry.siginfo (si_pid)"`
	SenderUID      *uint32 `arrow:"sender_uid" doc:"real user of that process" src:"core-*.img: siginfo_entry.siginfo (si_uid)"`
	Sigval         *uint64 `arrow:"sigval" range:"uint64" doc:"value that the sender or timer gave; a number of 32 bits is in the lower half, whose upper half is then chance" src:"core-*.img: siginfo_entry.siginfo (si_value)"`
	TimerID        *int32  `arrow:"timer_id" doc:"POSIX timer that expired, see timers" src:"core-*.img: siginfo_entry.siginfo (si_timerid)"`
	TimerOverrun   *int32  `arrow:"timer_overrun" doc:"how often it expired since" src:"core-*.img: siginfo_entry.siginfo (si_overrun)"`
	ChildStatus    *int32  `arrow:"child_status" doc:"SIGCHLD: exit status, or signal that ended or stopped the child" src:"core-*.img: siginfo_entry.siginfo (si_status)"`
	ChildUserTicks *int64  `arrow:"child_user_ticks" doc:"SIGCHLD: processor time of the child in user mode, in clock ticks (AT_CLKTCK a second)" src:"core-*.img: siginfo_entry.siginfo (si_utime)"`
	ChildSysTicks  *int64  `arrow:"child_system_ticks" doc:"SIGCHLD: the same in the kernel" src:"core-*.img: siginfo_entry.siginfo (si_stime)"`
	FaultAddress   *uint64 `arrow:"fault_address" encode:"delta" range:"uint64" doc:"SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP: address of the fault" src:"core-*.img: siginfo_entry.siginfo (si_addr)"`
	PollBand       *int64  `arrow:"poll_band" doc:"SIGIO: events, as poll(2) has them" src:"core-*.img: siginfo_entry.siginfo (si_band)"`
	PollFD         *int32  `arrow:"poll_fd" doc:"SIGIO: file descriptor" src:"core-*.img: siginfo_entry.siginfo (si_fd)"`
	SyscallAddress *uint64 `arrow:"syscall_address" encode:"delta" range:"uint64" doc:"SIGSYS: address of the system call" src:"core-*.img: siginfo_entry.siginfo (si_call_addr)"`
	SyscallNumber  *int32  `arrow:"syscall_number" doc:"SIGSYS: number of the system call" src:"core-*.img: siginfo_entry.siginfo (si_syscall)"`
	SyscallArch    *uint32 `arrow:"syscall_arch" doc:"SIGSYS: its architecture (AUDIT_ARCH_*)" src:"core-*.img: siginfo_entry.siginfo (si_arch)"`
	Siginfo        []byte  `arrow:"siginfo" sensitive:"no" doc:"the whole siginfo_t, in the host's byte order" src:"core-*.img: siginfo_entry.siginfo"`
}

// Timer is one interval timer or POSIX timer of a process.
type Timer struct {
	_ struct{} `table:"timers" key:"checkpoint_id pid kind timer_id" doc:"An interval timer or POSIX timer of a process. Timers that are file descriptors are in files."`
	_ struct{} `compare:"pid kind timer_id" show:"interval_ns clock signal"`

	PID        uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	Kind       string  `arrow:"kind" sensitive:"no" doc:"real, virtual, prof: the interval timers, which each process has; posix: made by timer_create" src:"core-*.img: task_timers_entry.real, virt, prof, posix"`
	TimerID    *uint32 `arrow:"timer_id" doc:"posix: id of the timer" src:"core-*.img: posix_timer_entry.it_id"`
	IsArmed    bool    `arrow:"is_armed" doc:"it will expire"`
	ValueNS    *uint64 `arrow:"value_ns" compare:"no" range:"uint64" doc:"time until it expires, in nanoseconds; 0 if it is not armed; NULL if it does not fit" src:"core-*.img: itimer_entry.vsec, vusec, posix_timer_entry.vsec, vnsec"`
	IntervalNS *uint64 `arrow:"interval_ns" range:"uint64" doc:"time between expirations after that, in nanoseconds; 0 if it expires once" src:"core-*.img: itimer_entry.isec, iusec, posix_timer_entry.isec, insec"`
	Clock      Enum    `arrow:"clock" doc:"posix: clock it goes by" src:"core-*.img: posix_timer_entry.clock_id"`
	Notify     Enum    `arrow:"notify" doc:"posix: what it does when it expires" src:"core-*.img: posix_timer_entry.it_sigev_notify"`
	Signal     Enum    `arrow:"signal" doc:"posix: signal it sends; NULL for none. Interval timers send SIGALRM, SIGVTALRM and SIGPROF" src:"core-*.img: posix_timer_entry.si_signo"`
	Sigval     *uint64 `arrow:"sigval" range:"uint64" doc:"posix: value that goes with the signal" src:"core-*.img: posix_timer_entry.sival_ptr"`
	Overrun    *uint32 `arrow:"overrun" compare:"no" doc:"posix: expirations since its last signal was sent" src:"core-*.img: posix_timer_entry.overrun"`
	NotifyTID  *int32  `arrow:"notify_tid" doc:"posix: thread that gets the signal; NULL if any may" src:"core-*.img: posix_timer_entry.notify_thread_id"`
}
