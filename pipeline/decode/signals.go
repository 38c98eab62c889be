package decode

import (
	"fmt"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	sa "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-sa"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/siginfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timer"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// decodeSignals fills signal_handlers, pending_signals and timers.
func (s *imageSet) decodeSignals() {
	for _, p := range s.tree() {
		pid := p.GetPid()
		tc := s.cores()[pid].GetTc()
		arch := s.cores()[pid].GetMtype()
		s.handlerRows(pid, arch, tc.GetSigactions())
		s.pendingRows(pid, nil, arch, tc.GetSignalsS())
		for _, tid := range liveThreads(p) {
			s.pendingRows(pid, &tid, arch, s.cores()[tid].GetThreadCore().GetSignalsP())
		}
		s.timerRows(pid, arch, tc.GetTimers())
	}
}

// maxSignal is the highest number of a signal: that of MIPS.
const maxSignal = 128

// handlerRows fills signal_handlers. The actions stand in the order of the
// signals; SIGKILL and SIGSTOP have none. Source: CRIU
// criu/parasite-syscall.c, parasite_dump_sigacts_seized.
func (s *imageSet) handlerRows(pid uint32, arch core.CoreEntryMarch, actions []*sa.SaEntry) {
	const kill = 9
	names := criu.DialectOf(arch)
	number := uint32(0)
	for _, a := range actions {
		number++
		for number == kill || number == names.StopSignal {
			number++
		}
		if number > maxSignal {
			s.rowProblem("signal_handlers", pidKey(pid), Warning, Inconsistent, fmt.Sprintf("%d actions, more than there are signals", len(actions)))
			return
		}
		if a.GetSigaction() == 0 && a.GetFlags() == 0 && a.GetMask() == 0 && a.GetMaskExtended() == 0 && a.GetRestorer() == 0 && !a.GetCompatSigaction() {
			continue // nothing but the default
		}
		row := schema.SignalHandler{
			PID: pid, Signal: enum(names.Signal, number), Handler: a.Sigaction, Flags: optionalFlags(names.Sigaction, a.Flags),
			Restorer: a.Restorer, Mask: optionalFlags(names.SignalSet, a.Mask), MaskExtended: a.MaskExtended, CompatSigaction: a.CompatSigaction,
		}
		switch a.GetSigaction() {
		case 0:
			row.Disposition = "default"
		case 1:
			row.Disposition = "ignore"
		default:
			row.Disposition = "handler"
			s.handlerMapping(&row)
		}
		add(&s.notes, &s.rows.SignalHandlers, row)
	}
}

// handlerMapping fills in the mapping that holds a handler.
func (s *imageSet) handlerMapping(row *schema.SignalHandler) {
	v := s.mappingAt(row.PID, *row.Handler)
	if v == nil {
		return
	}
	file := s.mappedFile(v)
	row.HandlerMappingStart, row.HandlerMappingKind = v.Start, ptr(s.mappingKind(v, file))
	if file != nil {
		row.HandlerPath = file.pathText()
		row.HandlerFileOffset = ptr(v.GetPgoff() + *row.Handler - v.GetStart())
	}
}

// pendingRows fills pending_signals with one queue: a thread's, or with no
// thread that of the process.
func (s *imageSet) pendingRows(pid uint32, tid *uint32, arch core.CoreEntryMarch, queue *siginfo.SignalQueueEntry) {
	name := "shared"
	if tid != nil {
		name = "private"
	}
	signals := criu.DialectOf(arch).Signal
	for i, entry := range queue.GetSignals() {
		row := schema.PendingSignal{PID: pid, TID: tid, Queue: name, Position: uint32(i), Siginfo: notNil(entry.GetSiginfo())}
		info, err := criu.ParseSiginfo(entry.GetSiginfo(), s.hostOrder(), arch)
		if err != nil {
			s.rowProblem("pending_signals", fmt.Sprintf("pid=%d,queue=%s,position=%d", pid, name, i), Error, Malformed, err.Error())
			add(&s.notes, &s.rows.PendingSignals, row)
			continue
		}
		row.Signal = enum(signals, uint32(info.Signal))
		row.Errno = &info.Errno
		row.Code = schema.Enum{Name: ptr(criu.SiginfoCodeName(arch, info.Signal, info.Code)), Code: ptr(int64(info.Code))}
		row.SenderPID, row.SenderUID, row.Sigval = info.SenderPID, info.SenderUID, info.Value
		row.TimerID, row.TimerOverrun = info.TimerID, info.TimerOverrun
		row.ChildStatus, row.ChildUserTicks, row.ChildSysTicks = info.ChildStatus, info.ChildUser, info.ChildSystem
		row.FaultAddress, row.PollBand, row.PollFD = info.FaultAddress, info.PollBand, info.PollFD
		row.SyscallAddress, row.SyscallNumber, row.SyscallArch = info.SyscallAddress, info.SyscallNumber, info.SyscallArch
		add(&s.notes, &s.rows.PendingSignals, row)
	}
}

// timerRows fills timers.
func (s *imageSet) timerRows(pid uint32, arch core.CoreEntryMarch, timers *timer.TaskTimersEntry) {
	keep := func(row schema.Timer, key string) {
		s.checkTimes("timers", fmt.Sprintf("pid=%d,kind=%s", pid, key), row.ValueNS, row.IntervalNS)
		add(&s.notes, &s.rows.Timers, row)
	}
	for _, t := range []struct {
		kind  string
		timer *timer.ItimerEntry
	}{{"real", timers.GetReal()}, {"virtual", timers.GetVirt()}, {"prof", timers.GetProf()}} {
		if t.timer == nil {
			continue
		}
		keep(schema.Timer{
			PID: pid, Kind: t.kind, IsArmed: t.timer.GetVsec() != 0 || t.timer.GetVusec() != 0,
			ValueNS: nanosecondsOfMicros(t.timer.GetVsec(), t.timer.GetVusec()), IntervalNS: nanosecondsOfMicros(t.timer.GetIsec(), t.timer.GetIusec()),
		}, t.kind)
	}
	signals := criu.DialectOf(arch).Signal
	for _, t := range timers.GetPosix() {
		keep(schema.Timer{
			PID: pid, Kind: "posix", TimerID: t.ItId, IsArmed: t.GetVsec() != 0 || t.GetVnsec() != 0,
			ValueNS: nanoseconds(t.GetVsec(), t.GetVnsec()), IntervalNS: nanoseconds(t.GetIsec(), t.GetInsec()),
			Clock: optionalEnum(&criu.Clock, t.ClockId), Notify: optionalEnum(&criu.TimerNotify, t.ItSigevNotify),
			Signal: optionalSignal(signals, t.SiSigno), Sigval: t.SivalPtr, Overrun: t.Overrun, NotifyTID: t.NotifyThreadId,
		}, fmt.Sprintf("posix,timer_id=%d", t.GetItId()))
	}
}
