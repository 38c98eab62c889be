package decode_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	sa "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-sa"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/siginfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/timer"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// actions makes n actions of which the number is the handler, each with a mask.
func actions(n int) []*sa.SaEntry {
	var list []*sa.SaEntry
	for i := range n {
		list = append(list, &sa.SaEntry{Sigaction: proto.Uint64(uint64(0x1000 + i)), Flags: proto.Uint64(0x80000004 | 1<<40), Restorer: proto.Uint64(7),
			Mask: proto.Uint64(1 << 63), CompatSigaction: proto.Bool(true), MaskExtended: proto.Uint64(1)})
	}
	return list
}

// TestSignalNumbers: the actions are those of all signals but two, which on
// MIPS are others.
func TestSignalNumbers(t *testing.T) {
	for _, c := range []struct {
		arch           core.CoreEntryMarch
		missing, names string
		flags          string
	}{
		{core.CoreEntry_X86_64, "9 19", "SIGHUP SIGKILL SIGBUS SIGSTOP SIG33 SIGRTMIN SIGRTMIN+3 SIGRTMAX", "[SA_SIGINFO SA_RESETHAND 0x10000000000]"},
		{core.CoreEntry_MIPS, "9 23", "SIGHUP SIGKILL SIGEMT SIGPWR SIG33 SIGRTMIN SIGRTMIN+3 SIGRTMIN+30", "[SA_RESETHAND 0x10000000004]"},
	} {
		rows := withCore(t, func(e *core.CoreEntry) { e.Mtype, e.Tc.Sigactions = c.arch.Enum(), actions(62) })
		if len(rows.SignalHandlers) != 62 {
			t.Fatalf("%v: %d rows", c.arch, len(rows.SignalHandlers))
		}
		names, missing, next := strings.Fields(c.names), []string{}, int64(1)
		for _, h := range rows.SignalHandlers {
			for ; next < *h.Signal.Code; next++ {
				missing = append(missing, fmt.Sprint(next))
			}
			next++
			if i := map[int64]int{1: 0, 7: 2, 19: 3, 33: 4, 34: 5, 37: 6, 64: 7}[*h.Signal.Code]; i > 0 && *h.Signal.Name != names[i] {
				t.Errorf("%v: signal %d is %s, want %s", c.arch, *h.Signal.Code, *h.Signal.Name, names[i])
			}
			if fmt.Sprint(h.Flags.Names) != c.flags || h.Disposition != "handler" || *h.MaskExtended != 1 || !*h.CompatSigaction || h.Mask.Names[0] == "" {
				t.Errorf("%v: %+v", c.arch, h)
			}
		}
		if next != 65 || strings.Join(missing, " ") != c.missing {
			t.Errorf("%v: %v have no row, the last signal is %d", c.arch, missing, next-1)
		}
	}
	rows := withCore(t, func(e *core.CoreEntry) { e.Tc.Sigactions = actions(1 << 16) })
	if !tableHasProblem(rows, "signal_handlers", decode.Inconsistent) || len(rows.SignalHandlers) > 128 {
		t.Errorf("too many actions: %d rows, no problem", len(rows.SignalHandlers))
	}
}

// TestHandlerDispositions: what is the default, without flags, has no row.
func TestHandlerDispositions(t *testing.T) {
	rows := withCore(t, func(e *core.CoreEntry) {
		var list []*sa.SaEntry
		for _, v := range [][3]uint64{{0, 0, 0}, {0, 4, 0}, {0, 0, 2}, {1, 0, 0}, {1 << 40, 0, 0}} {
			list = append(list, &sa.SaEntry{Sigaction: &v[0], Flags: &v[1], Restorer: proto.Uint64(0), Mask: &v[2]})
		}
		e.Tc.Sigactions = list
	})
	var got []string
	for _, h := range rows.SignalHandlers {
		got = append(got, *h.Signal.Name+" "+h.Disposition)
		if h.HandlerMappingStart != nil {
			t.Errorf("an address that is not mapped is in %#x", *h.HandlerMappingStart)
		}
	}
	if want := "SIGINT default, SIGQUIT default, SIGILL ignore, SIGTRAP handler"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestPendingSignalThatCannotBe: a siginfo of too few bytes is kept as it is.
func TestPendingSignalThatCannotBe(t *testing.T) {
	rows := withCore(t, func(e *core.CoreEntry) {
		e.ThreadCore.SignalsP = &siginfo.SignalQueueEntry{Signals: []*siginfo.SiginfoEntry{{Siginfo: []byte{15, 0, 0}}}}
	})
	if len(rows.PendingSignals) != 1 || !tableHasProblem(rows, "pending_signals", decode.Malformed) {
		t.Fatalf("%+v, problems %+v", rows.PendingSignals, rows.Problems)
	}
	if p := rows.PendingSignals[0]; p.Signal.Code != nil || p.Errno != nil || *p.TID != 1 || p.Queue != "private" || len(p.Siginfo) != 3 {
		t.Errorf("%+v", p)
	}
}

// TestNoSignal: where a signal may be named, 0 is none: a timer that notifies nobody, a
// parent whose death is of no matter, a process that was not stopped.
func TestNoSignal(t *testing.T) {
	rows := withCore(t, func(e *core.CoreEntry) {
		e.Tc.StopSigno, e.ThreadCore.PdeathSig = proto.Uint32(0), proto.Uint32(0)
		e.Tc.Timers = &timer.TaskTimersEntry{Posix: []*timer.PosixTimerEntry{{
			ItId: proto.Uint32(1), ClockId: proto.Uint32(1), SiSigno: proto.Uint32(0), ItSigevNotify: proto.Uint32(1), SivalPtr: proto.Uint64(0),
			Overrun: proto.Uint32(0), Isec: proto.Uint64(0), Insec: proto.Uint64(0), Vsec: proto.Uint64(1), Vnsec: proto.Uint64(0),
		}}}
	})
	equal(t, "what the timer does", *rows.Timers[0].Notify.Name, "SIGEV_NONE")
	for what, signal := range map[string]schema.Enum{"timer": rows.Timers[0].Signal, "death of the parent": rows.Threads[0].PdeathSignal, "stopped": rows.Processes[0].StopSignal} {
		if signal.Name != nil || signal.Code != nil {
			t.Errorf("%s: signal %s", what, *signal.Name)
		}
	}
}

// TestSumsOfTimes: seconds and nanoseconds that only overflow together are NULL, not
// what is left of the sum.
func TestSumsOfTimes(t *testing.T) {
	const most, second = uint64(math.MaxUint64), uint64(1_000_000_000)
	for _, c := range []struct {
		seconds, nanoseconds uint64
		fits                 bool
	}{
		{most / second, most % second, true}, {most / second, most%second + 1, false}, {most/second - 2, 1 << 63, false}, {most/second + 1, 0, false}, {0, most, true},
		{1, most - second, true}, {1, most - second + 1, false},
	} {
		rows := withCore(t, func(e *core.CoreEntry) {
			e.Tc.Timers = &timer.TaskTimersEntry{Posix: []*timer.PosixTimerEntry{{
				ItId: proto.Uint32(1), ClockId: proto.Uint32(1), SiSigno: proto.Uint32(10), ItSigevNotify: proto.Uint32(0), SivalPtr: proto.Uint64(0),
				Overrun: proto.Uint32(0), Isec: &c.seconds, Insec: &c.nanoseconds, Vsec: &c.seconds, Vnsec: &c.nanoseconds,
			}}}
		})
		if len(rows.Timers) != 1 {
			t.Fatalf("%d timers", len(rows.Timers))
		}
		for _, got := range []*uint64{rows.Timers[0].ValueNS, rows.Timers[0].IntervalNS} {
			if (got != nil) != c.fits || got != nil && *got != c.seconds*second+c.nanoseconds {
				t.Errorf("%d s and %d ns: %v", c.seconds, c.nanoseconds, got)
			}
		}
	}
}

// TestTimersAtTheirLimits: times that do not fit are NULL, clocks of processes
// have names.
func TestTimersAtTheirLimits(t *testing.T) {
	itimer := func(sec, usec uint64) *timer.ItimerEntry {
		return &timer.ItimerEntry{Isec: &sec, Iusec: &usec, Vsec: &sec, Vusec: &usec}
	}
	big := uint64(1 << 63)
	rows := withCore(t, func(e *core.CoreEntry) {
		e.Tc.Timers = &timer.TaskTimersEntry{Real: itimer(1, 2), Virt: itimer(big, 0), Prof: itimer(0, big), Posix: []*timer.PosixTimerEntry{{
			ItId: proto.Uint32(3), ClockId: proto.Uint32(1<<32 - 6), SiSigno: proto.Uint32(10), ItSigevNotify: proto.Uint32(4), SivalPtr: &big,
			Overrun: proto.Uint32(5), Isec: &big, Insec: &big, Vsec: proto.Uint64(7), Vnsec: proto.Uint64(8), NotifyThreadId: proto.Int32(9),
		}}}
	})
	if len(rows.Timers) != 4 {
		t.Fatalf("%d timers", len(rows.Timers))
	}
	if r := rows.Timers[0]; *r.ValueNS != 1_000_002_000 || *r.IntervalNS != 1_000_002_000 || !r.IsArmed {
		t.Errorf("%+v", r)
	}
	for _, r := range rows.Timers[1:3] {
		if r.ValueNS != nil || r.IntervalNS != nil || !r.IsArmed {
			t.Errorf("%+v", r)
		}
	}
	if p := rows.Timers[3]; *p.ValueNS != 7_000_000_008 || p.IntervalNS != nil || *p.Clock.Name != "PROCESS_CPUTIME_ID" || *p.Notify.Name != "SIGEV_THREAD_ID" ||
		*p.NotifyTID != 9 || *p.Sigval != big || *p.Overrun != 5 || *p.Signal.Name != "SIGUSR1" {
		t.Errorf("%+v", p)
	}
}
