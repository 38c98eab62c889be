package decode_test

import (
	"encoding/binary"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// checkSignals compares what processes do about signals, and what signals wait
// for them, with the masks of /proc/PID/status.
func checkSignals(s *subject) {
	ignored, caught := map[uint32]uint64{}, map[uint32]uint64{}
	for _, h := range s.rows.SignalHandlers {
		bit := uint64(1) << (*h.Signal.Code - 1)
		switch h.Disposition {
		case "ignore":
			ignored[h.PID] |= bit
		case "handler":
			caught[h.PID] |= bit
			same(s, h.PID, "signal_handlers.handler", *h.Signal.Name, h.HandlerMappingStart != nil, true)
		}
	}
	shared, private := map[uint32]uint64{}, map[uint32]uint64{}
	for _, p := range s.rows.PendingSignals {
		bit := uint64(1) << (*p.Signal.Code - 1)
		same(s, p.PID, "pending_signals.siginfo", *p.Signal.Name, int64(binary.LittleEndian.Uint32(p.Siginfo)), *p.Signal.Code)
		if p.TID == nil {
			shared[p.PID] |= bit
		} else {
			private[*p.TID] |= bit
		}
	}
	s.both(func(p *groundProcess, _ *schema.Process) {
		if p.State[0] == 'Z' || s.truth.shared {
			return
		}
		for _, m := range []struct {
			column, name string
			got          uint64
		}{
			{"signal_handlers", "SigIgn", ignored[p.PID]}, {"signal_handlers", "SigCgt", caught[p.PID]},
			{"pending_signals", "SigPnd", private[p.PID]}, {"pending_signals", "ShdPnd", shared[p.PID]},
		} {
			same(s, p.PID, m.column, m.name, fmt.Sprintf("%016x", m.got), p.Signals[m.name])
		}
	})
}

var timerBlock = regexp.MustCompile(`ID: (\d+)\nsignal: (\d+)/([0-9a-f]+)\nnotify: (\w+)/(pid|tid)\.\d+\nClockID: (-?\d+)\n`)

// checkTimers compares POSIX timers with /proc/PID/timers.
func checkTimers(s *subject) {
	interval := map[uint32][]string{}
	posix := map[uint32]map[string]schema.Timer{}
	for _, t := range s.rows.Timers {
		if t.Kind != "posix" {
			interval[t.PID] = append(interval[t.PID], t.Kind)
			continue
		}
		if posix[t.PID] == nil {
			posix[t.PID] = map[string]schema.Timer{}
		}
		posix[t.PID][fmt.Sprint(*t.TimerID)] = t
	}
	s.both(func(p *groundProcess, _ *schema.Process) {
		if p.State[0] == 'Z' {
			return
		}
		sameList(s, p.PID, "timers.kind", "", interval[p.PID], []string{"real", "virtual", "prof"})
		listing, ok := s.truth.proc(p.PID, "timers")
		if !ok {
			return
		}
		blocks := timerBlock.FindAllStringSubmatch(listing, -1)
		same(s, p.PID, "timers", "POSIX timers", len(posix[p.PID]), len(blocks))
		for _, b := range blocks {
			t, ok := posix[p.PID][b[1]]
			if !ok {
				s.differ(p.PID, "timers.timer_id", b[1], "no row", b[0])
				continue
			}
			same(s, p.PID, "timers.signal", b[1], fmt.Sprint(*t.Signal.Code), b[2])
			same(s, p.PID, "timers.sigval", b[1], fmt.Sprintf("%016x", *t.Sigval), b[3])
			same(s, p.PID, "timers.notify", b[1], *t.Notify.Name, "SIGEV_"+strings.ToUpper(b[4])+map[string]string{"pid": "", "tid": "_ID"}[b[5]])
			same(s, p.PID, "timers.clock", b[1], fmt.Sprint(int32(*t.Clock.Code)), b[6])
		}
	})
}

// checkAuxiliaryVectors compares with /proc/PID/auxv, and the name of the
// program with that of its file, or what the process is called.
func checkAuxiliaryVectors(s *subject) {
	rows := map[uint32][]uint64{}
	for _, a := range s.rows.AuxiliaryVectors {
		rows[a.PID] = append(rows[a.PID], uint64(*a.Type.Code), a.Value)
		if *a.Type.Name == "AT_PLATFORM" {
			same(s, a.PID, "auxiliary_vectors.text", "AT_PLATFORM", exact(a.Text), "x86_64")
		}
		if *a.Type.Name == "AT_EXECFN" {
			i := slices.IndexFunc(s.rows.Processes, func(p schema.Process) bool { return p.PID == a.PID })
			p := s.rows.Processes[i]
			if name := path.Base(exact(a.Text)); name != path.Base(exact(p.Exe)) && exact(a.Text) != "/proc/self/exe" {
				same(s, a.PID, "auxiliary_vectors.text", "AT_EXECFN", name, exact(p.Comm)) // called by a link's name
			}
		}
	}
	s.both(func(p *groundProcess, _ *schema.Process) {
		data, ok := s.truth.proc(p.PID, "auxv")
		if !ok || p.State[0] == 'Z' {
			return
		}
		var want []uint64
		for words := []byte(data); len(words) >= 16 && binary.LittleEndian.Uint64(words) != 0; words = words[16:] {
			want = append(want, binary.LittleEndian.Uint64(words), binary.LittleEndian.Uint64(words[8:]))
		}
		sameList(s, p.PID, "auxiliary_vectors", "", rows[p.PID], want)
	})
}

// checkIDMappings compares the extents with those the engine made.
func checkIDMappings(s *subject) {
	uids, gids := s.idMaps()
	got := map[string][]string{}
	for _, m := range s.rows.IDMappings {
		got[m.Kind] = append(got[m.Kind], fmt.Sprintf("%d:%d:%d", *m.InsideFirst, *m.OutsideFirst, *m.Count))
	}
	if !s.isMemoryOnly() {
		sameList(s, 0, "id_mappings", "uid", got["uid"], uids)
		sameList(s, 0, "id_mappings", "gid", got["gid"], gids)
	}
}

// checkRegisters checks that registers have what the kernel gives every
// process of 64 bits, that the stack pointer is in a mapping, and that the
// registers are those that threads tells of.
func checkRegisters(s *subject) {
	type key struct {
		tid  uint32
		name string
	}
	values, count := map[key]uint64{}, map[uint32]int{}
	for _, t := range s.rows.Registers {
		count[t.TID] = len(t.Registers)
		for _, r := range t.Registers {
			if r.Value == nil {
				same(s, t.PID, "registers.value_bytes", r.Name, len(r.ValueBytes), int(r.WidthBits)/8)
				continue
			}
			values[key{t.TID, r.Name}] = *r.Value
			if r.Role != nil && *r.Role == "ip" {
				values[key{t.TID, "role ip"}] = *r.Value
			}
		}
	}
	for _, t := range s.rows.Threads {
		if count[t.TID] < 60 {
			s.differ(t.PID, "registers", fmt.Sprint(t.TID), count[t.TID], "at least 60")
		}
		same(s, t.PID, "registers.value", "cs", values[key{t.TID, "cs"}], 0x33) // __USER_CS
		same(s, t.PID, "registers.value", "ss", values[key{t.TID, "ss"}], 0x2b) // __USER_DS
		same(s, t.PID, "registers.value", "mxcsr & exceptions", values[key{t.TID, "mxcsr"}]&0x1f80, 0x1f80)
		known(s, t.PID, "registers.value", "ip", t.InstructionPointer, values[key{t.TID, "role ip"}])
		sp := values[key{t.TID, "sp"}]
		same(s, t.PID, "registers.value", "sp", slices.ContainsFunc(s.rows.MemoryMappings, func(m schema.MemoryMapping) bool {
			return m.PID == t.PID && m.StartAddress <= sp && sp < m.EndAddress && m.Writable
		}), true)
	}
}
