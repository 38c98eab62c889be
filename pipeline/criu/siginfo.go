package criu

import (
	"encoding/binary"
	"fmt"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
)

// Siginfo is a decoded siginfo_t. What its kind does not have is nil.
type Siginfo struct {
	Signal, Errno, Code    int32
	SenderPID, SenderUID   *uint32
	Value                  *uint64
	TimerID, TimerOverrun  *int32
	ChildStatus            *int32
	ChildUser, ChildSystem *int64
	FaultAddress           *uint64
	PollBand               *int64
	PollFD                 *int32
	SyscallAddress         *uint64
	SyscallNumber          *int32
	SyscallArch            *uint32
}

// ParseSiginfo decodes a siginfo_t of a host of that architecture and byte
// order. Source: asm-generic/siginfo.h, and arch/mips for the order of code
// and errno. CRIU is a program of 64 bits but on arm, and the kernel gives it
// its own layout, whatever the process is.
func ParseSiginfo(data []byte, order binary.ByteOrder, arch core.CoreEntryMarch) (*Siginfo, error) {
	word, union := 8, 16
	if arch == core.CoreEntry_ARM {
		word, union = 4, 12
	}
	if need := union + 8 + 3*word; len(data) < need { // the longest, that of a child's end
		return nil, fmt.Errorf("siginfo of %d bytes, at least %d are needed", len(data), need)
	}
	int32At := func(at int) *int32 { return ptr(int32(order.Uint32(data[at:]))) }
	uint32At := func(at int) *uint32 { return ptr(order.Uint32(data[at:])) }
	longAt := func(at int) *uint64 {
		if word == 4 {
			return ptr(uint64(order.Uint32(data[at:])))
		}
		return ptr(order.Uint64(data[at:]))
	}
	signedAt := func(at int) *int64 {
		if word == 4 {
			return ptr(int64(*int32At(at)))
		}
		return ptr(int64(*longAt(at)))
	}
	s := &Siginfo{Signal: *int32At(0), Errno: *int32At(4), Code: *int32At(8)}
	if arch == core.CoreEntry_MIPS {
		s.Errno, s.Code = s.Code, s.Errno
	}
	switch siginfoLayout(arch, s.Signal, s.Code) {
	case layoutTimer:
		s.TimerID, s.TimerOverrun, s.Value = int32At(union), int32At(union+4), longAt(union+8)
	case layoutQueue:
		s.SenderPID, s.SenderUID, s.Value = uint32At(union), uint32At(union+4), longAt(union+8)
	case layoutChild:
		s.SenderPID, s.SenderUID, s.ChildStatus = uint32At(union), uint32At(union+4), int32At(union+8)
		times := union + 8 + word // the status takes a whole word
		s.ChildUser, s.ChildSystem = signedAt(times), signedAt(times+word)
	case layoutFault:
		s.FaultAddress = longAt(union)
	case layoutPoll:
		s.PollBand, s.PollFD = signedAt(union), int32At(union+word)
	case layoutSyscall:
		s.SyscallAddress, s.SyscallNumber, s.SyscallArch = longAt(union), int32At(union+word), uint32At(union+word+4)
	default:
		s.SenderPID, s.SenderUID = uint32At(union), uint32At(union+4)
	}
	return s, nil
}

type layout int

const (
	layoutKill layout = iota
	layoutTimer
	layoutQueue
	layoutChild
	layoutFault
	layoutPoll
	layoutSyscall
)

// Codes of siginfo_t that mean the same for every signal. Source:
// asm-generic/siginfo.h.
const (
	siUser   = 0
	siKernel = 0x80
	siTimer  = -2
	siSigio  = -5
)

// siginfoLayout returns which member of the union is in use. Source: Linux
// kernel/signal.c, siginfo_layout.
func siginfoLayout(arch core.CoreEntryMarch, signal, code int32) layout {
	timer := int32(siTimer)
	if arch == core.CoreEntry_MIPS {
		timer = -3
	}
	switch {
	case code == timer:
		return layoutTimer
	case code == siSigio:
		return layoutPoll
	case code < siUser:
		return layoutQueue
	case code == siUser || code >= siKernel:
		return layoutKill
	}
	name := DialectOf(arch).Signal.Names[uint64(signal)]
	e := signalCodes[name]
	if e == nil || e.Names[uint64(code)] == "" {
		if _, polled := siginfoPollCode.Names[uint64(code)]; polled {
			return layoutPoll // of a signal chosen with F_SETSIG
		}
		return layoutKill
	}
	switch name {
	case "SIGCHLD":
		return layoutChild
	case "SIGIO":
		return layoutPoll
	case "SIGSYS":
		return layoutSyscall
	}
	return layoutFault
}

// SiginfoCodeName names si_code, whose positive values depend on the signal.
func SiginfoCodeName(arch core.CoreEntryMarch, signal, code int32) string {
	general := &siginfoCode
	if arch == core.CoreEntry_MIPS {
		general = &siginfoCodeMIPS
	}
	if name, ok := general.Names[uint64(code)]; ok {
		return name
	}
	e := signalCodes[DialectOf(arch).Signal.Names[uint64(signal)]]
	if e == nil {
		e = &siginfoPollCode
	}
	if name, ok := e.Names[uint64(code)]; ok {
		return name
	}
	return fmt.Sprintf("UNKNOWN(%d)", code)
}
