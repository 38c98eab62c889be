package extract

import (
	"fmt"
	"strings"

	"github.com/ckexport/ckexport/schema"
)

// Types of notes. Source: uapi/linux/elf.h.
const (
	ntPRStatus  = 1
	ntFPRegSet  = 2
	ntPRPSInfo  = 3
	ntAuxv      = 6
	ntSigInfo   = 0x53494749
	ntFile      = 0x46494c45
	ntX86XState = 0x202
	ntARMTLS    = 0x401
)

// thread is a thread with its registers.
type thread struct {
	row       *schema.Thread
	registers *schema.ThreadRegisters
}

// byName returns the registers by their names.
func (t *thread) byName() map[string]*schema.Register {
	names := make(map[string]*schema.Register, len(t.registers.Registers))
	for i := range t.registers.Registers {
		names[t.registers.Registers[i].Name] = &t.registers.Registers[i]
	}
	return names
}

// threadsOf returns the threads of a process, the leader first, and those without
// registers apart.
func (c *checkpoint) threadsOf(pid uint32) (list []thread, bare []uint32) {
	rows := c.rowsOf(pid)
	for _, row := range rows.threads {
		r := rows.registers[row.TID]
		if r == nil {
			bare = append(bare, row.TID)
			continue
		}
		if list = append(list, thread{row, r}); row.IsLeader {
			list[0], list[len(list)-1] = list[len(list)-1], list[0]
		}
	}
	return list, bare
}

// notes returns the notes, in the kernel's order: those of the process stand behind
// the first of its leader. Source: fs/binfmt_elf.c, write_note_info.
func (c *checkpoint) notes(p *schema.Process, threads []thread, mappings []*schema.MemoryMapping, m machine, pageSize uint64, missing *absences) []byte {
	var n noteList
	for i, t := range threads {
		registers := t.byName()
		n.add("CORE", ntPRStatus, c.status(p, t.row, registers, m))
		if i == 0 {
			n.add("CORE", ntPRPSInfo, processInfo(p))
			n.add("CORE", ntSigInfo, signalInfo(p))
			n.add("CORE", ntAuxv, c.auxiliaryVector(p.PID))
			n.add("CORE", ntFile, fileNote(mappings, pageSize, missing))
		}
		for _, set := range m.sets {
			if data := set.encode(registers); data != nil {
				n.add(set.owner, set.note, data)
			}
		}
	}
	return n
}

// noteList is notes one behind another, each aligned to 4 bytes.
type noteList []byte

func (n *noteList) add(owner string, kind uint32, data []byte) {
	*n = encoded(*n, [3]uint32{uint32(len(owner) + 1), uint32(len(data)), kind})
	for _, part := range [][]byte{append([]byte(owner), 0), data} {
		*n = append(append(*n, part...), make([]byte, -len(part)&3)...)
	}
}

// statusHead is struct elf_prstatus in front of the registers. Source:
// linux/elfcore.h, elf_prstatus_common.
type statusHead struct {
	SigNo, SigCode, SigErrno     int32
	CurSig                       int16
	_                            [2]byte
	SigPend, SigHold             uint64
	PID, PPID, PGRP, SID         int32
	UTime, STime, CUTime, CSTime [2]int64
}

// status returns the struct elf_prstatus of a thread. Times are in no image.
func (c *checkpoint) status(p *schema.Process, t *schema.Thread, registers map[string]*schema.Register, m machine) []byte {
	head := statusHead{PID: int32(t.TID), PPID: int32(p.PPID), PGRP: int32(p.PGID), SID: int32(p.SID)}
	if t.IsLeader {
		head.CurSig = int16(stopSignal(p))
		head.SigNo = int32(head.CurSig)
	}
	if t.BlockedSignals.Bits != nil {
		head.SigHold = *t.BlockedSignals.Bits
	}
	for _, s := range c.rowsOf(p.PID).pending[t.TID] {
		if s.Signal.Code != nil && *s.Signal.Code >= 1 && *s.Signal.Code <= 64 {
			head.SigPend |= 1 << (*s.Signal.Code - 1)
		}
	}
	data := encoded(nil, head)
	for _, name := range m.general {
		data = encoded(data, valueOf(registers, name))
	}
	_, hasFP := registers[m.floating]
	return encoded(data, struct {
		FPValid bool
		_       [7]byte
	}{FPValid: hasFP})
}

// processHead is struct elf_prpsinfo. Source: linux/elfcore.h.
type processHead struct {
	State, SName, Zombie, Nice byte
	_                          [4]byte
	Flag                       uint64
	UID, GID                   uint32
	PID, PPID, PGRP, SID       int32
	FName                      [16]byte
	PSArgs                     [80]byte
}

// processInfo returns the struct elf_prpsinfo of a process.
func processInfo(p *schema.Process) []byte {
	head := processHead{SName: 'R', PID: int32(p.PID), PPID: int32(p.PPID), PGRP: int32(p.PGID), SID: int32(p.SID)}
	if stopSignal(p) != 0 {
		head.State, head.SName = 3, 'T' // its place in the kernel's "RSDTZW"
	}
	if p.TaskFlags.Bits != nil {
		head.Flag = *p.TaskFlags.Bits
	}
	if p.UID != nil && p.GID != nil {
		head.UID, head.GID = *p.UID, *p.GID
	}
	comm, _ := exact(p.Comm)
	copy(head.FName[:len(head.FName)-1], comm)
	copy(head.PSArgs[:len(head.PSArgs)-1], strings.Join(exactList(p.Argv), " "))
	return encoded(nil, head)
}

// stopSignal returns the signal that stopped a process, 0 for none.
func stopSignal(p *schema.Process) int64 {
	if p.State.Name == nil || *p.State.Name != "stopped" || p.StopSignal.Code == nil {
		return 0
	}
	return *p.StopSignal.Code
}

// signalInfo returns the siginfo_t of the signal that ended the process, which a
// process that is checkpointed has none of: only that it was stopped.
func signalInfo(p *schema.Process) []byte {
	const size = 128
	return append(encoded(nil, int32(stopSignal(p))), make([]byte, size-4)...)
}

// auxiliaryVector returns the vector, with the pair of zeros at its end.
func (c *checkpoint) auxiliaryVector(pid uint32) (data []byte) {
	for _, v := range c.rowsOf(pid).auxiliary {
		if v.Type.Code != nil {
			data = encoded(data, [2]uint64{uint64(*v.Type.Code), v.Value})
		}
	}
	return encoded(data, [2]uint64{})
}

// maxFileNote bounds the note of mapped files: a kernel's is of 4 MiB at most.
// Source: fs/binfmt_elf.c, MAX_FILE_NOTE_SIZE.
const maxFileNote = 64 << 20

// fileNote returns which files are mapped where. Source: fs/binfmt_elf.c,
// fill_files_note.
func fileNote(mappings []*schema.MemoryMapping, pageSize uint64, missing *absences) []byte {
	var places, names []byte
	count, left := uint64(0), uint64(0)
	for _, m := range mappings {
		path, ok := exact(m.Path)
		switch {
		case !ok || strings.IndexByte(path, 0) >= 0:
			continue
		case len(places)+len(names)+len(path) > maxFileNote:
			left++
			continue
		}
		if m.FileDeleted != nil && *m.FileDeleted {
			path += " (deleted)"
		}
		count++
		places = encoded(places, [3]uint64{m.StartAddress, m.EndAddress, m.FileOffset / pageSize})
		names = append(append(names, path...), 0)
	}
	if left > 0 {
		missing.add(0, fmt.Sprintf("names of %d mapped files", left))
	}
	return append(append(encoded(nil, [2]uint64{count, pageSize}), places...), names...)
}
