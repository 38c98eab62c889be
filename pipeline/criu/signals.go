package criu

import (
	"fmt"

	"github.com/ckexport/ckexport/pipeline/kernel"
)

// signalMIPS names signal numbers on MIPS.
var signalMIPS = Enum{"signal_mips", "arch/mips/include/uapi/asm/signal.h", withRealTime(numbered("",
	"SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGEMT", "SIGFPE", "SIGKILL", "SIGBUS",
	"SIGSEGV", "SIGSYS", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPWR", "SIGWINCH", "SIGURG", "SIGIO",
	"SIGSTOP", "SIGTSTP", "SIGCONT", "SIGTTIN", "SIGTTOU", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGXFSZ"))}

// withRealTime adds the names of real-time signals, as kill -l and systemd count them:
// from 34, as the C library keeps 32 and 33 for threads. Source: signal(7), nptl(7).
func withRealTime(names map[uint64]string) map[uint64]string {
	names[32], names[33], names[34] = "SIG32", "SIG33", "SIGRTMIN"
	for n := uint64(35); n <= 64; n++ {
		names[n] = fmt.Sprintf("SIGRTMIN+%d", n-34)
	}
	return names
}

// signalSetMIPS names the bits of a signal mask on MIPS.
var signalSetMIPS = Flags{"signal_set_mips", signalMIPS.Source, signalBits(&signalMIPS)}

// signalBits makes the flags of a signal mask: bit n-1 is signal n.
func signalBits(signals *Enum) []Flag {
	var bits []Flag
	for n := uint64(1); n <= 64; n++ {
		bits = append(bits, Flag{Value: 1 << (n - 1), Name: signals.Names[n]})
	}
	return bits
}

// sigactionFlags names sa_entry.flags.
var sigactionFlags = Flags{"sigaction_flags", "asm-generic/signal-defs.h", []Flag{
	{Value: 0x1, Name: "SA_NOCLDSTOP"}, {Value: 0x2, Name: "SA_NOCLDWAIT"}, {Value: 0x4, Name: "SA_SIGINFO"}, {Value: 0x400, Name: "SA_UNSUPPORTED"},
	{Value: 0x800, Name: "SA_EXPOSE_TAGBITS"}, {Value: 0x04000000, Name: "SA_RESTORER"}, {Value: 0x08000000, Name: "SA_ONSTACK"},
	{Value: 0x10000000, Name: "SA_RESTART"}, {Value: 0x40000000, Name: "SA_NODEFER"}, {Value: 0x80000000, Name: "SA_RESETHAND"},
}}

// sigactionFlagsMIPS names sa_entry.flags on MIPS.
var sigactionFlagsMIPS = Flags{"sigaction_flags_mips", "arch/mips/include/uapi/asm/signal.h", []Flag{
	{Value: 0x1, Name: "SA_NOCLDSTOP"}, {Value: 0x8, Name: "SA_SIGINFO"}, {Value: 0x10000, Name: "SA_NOCLDWAIT"},
	{Value: 0x08000000, Name: "SA_ONSTACK"}, {Value: 0x10000000, Name: "SA_RESTART"}, {Value: 0x40000000, Name: "SA_NODEFER"},
	{Value: 0x80000000, Name: "SA_RESETHAND"},
}}

// TimerNotify names posix_timer_entry.it_sigev_notify.
var TimerNotify = Enum{"timer_notify", "asm-generic/siginfo.h", map[uint64]string{
	0: "SIGEV_SIGNAL", 1: "SIGEV_NONE", 2: "SIGEV_THREAD", 4: "SIGEV_THREAD_ID"}}

// negative returns a negative number as the names of an enumeration have it.
func negative(n int64) uint64 { return uint64(-n) }

// siginfoCode names the values of si_code that all signals share.
var siginfoCode = Enum{"siginfo_code", "asm-generic/siginfo.h", map[uint64]string{
	siUser: "SI_USER", siKernel: "SI_KERNEL", negative(1): "SI_QUEUE", negative(2): "SI_TIMER", negative(3): "SI_MESGQ", negative(4): "SI_ASYNCIO",
	negative(5): "SI_SIGIO", negative(6): "SI_TKILL", negative(7): "SI_DETHREAD", negative(60): "SI_ASYNCNL"}}

// siginfoCodeMIPS names them on MIPS.
var siginfoCodeMIPS = Enum{"siginfo_code_mips", "arch/mips/include/uapi/asm/siginfo.h", map[uint64]string{
	siUser: "SI_USER", siKernel: "SI_KERNEL", negative(1): "SI_QUEUE", negative(2): "SI_ASYNCIO", negative(3): "SI_TIMER", negative(4): "SI_MESGQ",
	negative(5): "SI_SIGIO", negative(6): "SI_TKILL", negative(7): "SI_DETHREAD", negative(60): "SI_ASYNCNL"}}

// siginfoPollCode names si_code of SIGIO, and of signals that take its place.
var siginfoPollCode = Enum{"siginfo_code_sigio", siginfoCode.Source, numbered("", "POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP")}

// signalCodes are the values of si_code that depend on the signal.
var signalCodes = map[string]*Enum{
	"SIGIO": &siginfoPollCode,
	"SIGILL": {"siginfo_code_sigill", siginfoCode.Source, numbered("", "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC",
		"ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR", "ILL_BREAK", "ILL_BNDMOD")},
	"SIGFPE": {"siginfo_code_sigfpe", siginfoCode.Source, numbered("", "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND",
		"FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB", "FPE_DECOVF", "FPE_DECDIV", "FPE_DECERR", "FPE_INVASC", "FPE_INVDEC", "FPE_FLTUNK",
		"FPE_CONDTRAP")},
	"SIGSEGV": {"siginfo_code_sigsegv", siginfoCode.Source, numbered("", "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR",
		"SEGV_ACCADI", "SEGV_ADIDERR", "SEGV_ADIPERR", "SEGV_MTEAERR", "SEGV_MTESERR", "SEGV_CPERR")},
	"SIGBUS":  {"siginfo_code_sigbus", siginfoCode.Source, numbered("", "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO")},
	"SIGTRAP": {"siginfo_code_sigtrap", siginfoCode.Source, numbered("", "TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF")},
	"SIGCHLD": {"siginfo_code_sigchld", siginfoCode.Source, numbered("", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED")},
	"SIGSYS":  {"siginfo_code_sigsys", siginfoCode.Source, numbered("", "SYS_SECCOMP", "SYS_USER_DISPATCH")},
	"SIGEMT":  {"siginfo_code_sigemt", siginfoCode.Source, numbered("", "EMT_TAGOVF")},
}

// SeccompFlags names seccomp_filter.flags.
var SeccompFlags = Flags{"seccomp_flags", "linux/seccomp.h", []Flag{
	{Value: kernel.SECCOMP_FILTER_FLAG_TSYNC, Name: "TSYNC"}, {Value: kernel.SECCOMP_FILTER_FLAG_LOG, Name: "LOG"},
	{Value: kernel.SECCOMP_FILTER_FLAG_SPEC_ALLOW, Name: "SPEC_ALLOW"}, {Value: kernel.SECCOMP_FILTER_FLAG_NEW_LISTENER, Name: "NEW_LISTENER"},
	{Value: kernel.SECCOMP_FILTER_FLAG_TSYNC_ESRCH, Name: "TSYNC_ESRCH"},
	{Value: kernel.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Name: "WAIT_KILLABLE_RECV"},
}}
