package criu

import (
	x86 "github.com/checkpoint-restore/go-criu/v8/crit/images/core-x86"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
)

// Registers are those registers of a thread that every architecture has in
// some form.
type Registers struct {
	InstructionPointer, StackPointer uint64
	FramePointer                     *uint64 // nil where the ABI has none
	TLSBase                          *uint64 // nil where the image keeps none
	ClearTIDAddr                     uint64
	// Syscall is the number of the system call the thread sits in; nil if it
	// sits in none. Registers of ARM, LoongArch and RISC-V do not tell whether it
	// does: there it is the number of the last. Args are its six argument registers.
	Syscall *int64
	Args    []uint64
	// Compat is set for 32-bit code on x86_64; nil on other architectures.
	Compat *bool
}

// RegistersOf returns the registers of a core entry; nil where it has none, or
// those of an architecture unknown here. Roles of registers are those of the
// Linux system call ABIs, see syscall(2).
func RegistersOf(c *core.CoreEntry) *Registers {
	switch {
	case c.GetThreadInfo() != nil:
		return x86Registers(c.GetThreadInfo())
	case c.GetTiAarch64() != nil:
		t := c.GetTiAarch64()
		g := t.GetGpregs()
		r := &Registers{InstructionPointer: g.GetPc(), StackPointer: g.GetSp(), ClearTIDAddr: t.GetClearTidAddr(), TLSBase: ptr(t.GetTls())}
		if regs := g.GetRegs(); len(regs) >= 30 { // x0 to x30
			r.FramePointer = ptr(regs[29])
			r.Syscall, r.Args = ptr(int64(regs[8])), regs[0:6]
		}
		return r
	case c.GetTiArm() != nil:
		t := c.GetTiArm()
		g := t.GetGpregs()
		return &Registers{
			InstructionPointer: uint64(g.GetPc()), StackPointer: uint64(g.GetSp()), FramePointer: ptr(uint64(g.GetFp())),
			ClearTIDAddr: t.GetClearTidAddr(), TLSBase: ptr(uint64(t.GetTls())), Syscall: ptr(int64(g.GetR7())),
			Args: []uint64{uint64(g.GetR0()), uint64(g.GetR1()), uint64(g.GetR2()), uint64(g.GetR3()), uint64(g.GetR4()), uint64(g.GetR5())},
		}
	case c.GetTiPpc64() != nil:
		t := c.GetTiPpc64()
		g := t.GetGpregs()
		r := &Registers{InstructionPointer: g.GetNip(), ClearTIDAddr: t.GetClearTidAddr()}
		if gpr := g.GetGpr(); len(gpr) >= 14 {
			r.StackPointer, r.TLSBase = gpr[1], ptr(gpr[13])
			if trap := g.GetTrap() &^ 0xf; trap == 0xc00 || trap == 0x3000 { // sc, scv: asm/ptrace.h, trap_is_syscall
				r.Syscall, r.Args = ptr(int64(gpr[0])), gpr[3:9]
			}
		}
		return r
	case c.GetTiS390() != nil:
		t := c.GetTiS390()
		g := t.GetGpregs()
		r := &Registers{InstructionPointer: g.GetPswAddr(), ClearTIDAddr: t.GetClearTidAddr()}
		if gprs := g.GetGprs(); len(gprs) >= 16 {
			r.StackPointer, r.FramePointer = gprs[15], ptr(gprs[11])
			if n := g.GetSystemCall(); n != 0 { // 0 outside a system call, none of which has that number
				r.Syscall, r.Args = ptr(int64(n)), gprs[2:8]
			}
		}
		if acrs := g.GetAcrs(); len(acrs) >= 2 {
			r.TLSBase = ptr(uint64(acrs[0])<<32 | uint64(acrs[1]))
		}
		return r
	case c.GetTiMips() != nil:
		t := c.GetTiMips()
		g := t.GetGpregs()
		r := &Registers{
			InstructionPointer: g.GetCp0Epc(), StackPointer: g.GetR29(), FramePointer: ptr(g.GetR30()), ClearTIDAddr: t.GetClearTidAddr(),
			TLSBase: ptr(t.GetTls()),
		}
		if g.GetCp0Cause()>>2&0x1f == 8 { // EXCCODE_SYS, asm/mipsregs.h
			r.Syscall, r.Args = ptr(int64(g.GetR2())), []uint64{g.GetR4(), g.GetR5(), g.GetR6(), g.GetR7(), g.GetR8(), g.GetR9()}
		}
		return r
	case c.GetTiLoongarch64() != nil:
		t := c.GetTiLoongarch64()
		g := t.GetGpregs()
		r := &Registers{InstructionPointer: g.GetPc(), ClearTIDAddr: t.GetClearTidAddr(), TLSBase: ptr(t.GetTls())}
		if regs := g.GetRegs(); len(regs) >= 32 {
			r.StackPointer, r.FramePointer = regs[3], ptr(regs[22])
			r.Syscall, r.Args = ptr(int64(regs[11])), regs[4:10]
		}
		return r
	case c.GetTiRiscv64() != nil:
		t := c.GetTiRiscv64()
		g := t.GetGpregs()
		return &Registers{
			InstructionPointer: g.GetPc(), StackPointer: g.GetSp(), FramePointer: ptr(g.GetS0()), ClearTIDAddr: t.GetClearTidAddr(),
			TLSBase: ptr(t.GetTls()), Syscall: ptr(int64(g.GetA7())),
			Args: []uint64{g.GetA0(), g.GetA1(), g.GetA2(), g.GetA3(), g.GetA4(), g.GetA5()},
		}
	}
	return nil
}

// isCompat reports whether the registers are those of 32-bit code.
func isCompat(t *x86.ThreadInfoX86) bool {
	return t.GetGpregs().GetMode() == x86.UserX86RegsMode_COMPAT
}

func x86Registers(t *x86.ThreadInfoX86) *Registers {
	g := t.GetGpregs()
	r := &Registers{
		InstructionPointer: g.GetIp(), StackPointer: g.GetSp(), FramePointer: ptr(g.GetBp()), ClearTIDAddr: t.GetClearTidAddr(),
		TLSBase: ptr(g.GetFsBase()), Compat: ptr(isCompat(t)),
	}
	n, args := int64(g.GetOrigAx()), []uint64{g.GetDi(), g.GetSi(), g.GetDx(), g.GetR10(), g.GetR8(), g.GetR9()}
	if isCompat(t) {
		n, args = int64(int32(g.GetOrigAx())), []uint64{g.GetBx(), g.GetCx(), g.GetDx(), g.GetSi(), g.GetDi(), g.GetBp()}
		r.TLSBase = nil
		for _, d := range t.GetTls() {
			if SelectedByGS(t, d) {
				r.TLSBase = ptr(uint64(d.GetBaseAddr()))
			}
		}
	}
	// orig_ax is -1 outside a system call
	if n >= 0 {
		r.Syscall, r.Args = &n, args
	}
	return r
}

// SelectedByGS reports whether the register gs selects a descriptor of the
// thread: 32-bit programs find their thread-local storage so. A selector is a
// number in the global table, times 8, and the privilege level 3.
func SelectedByGS(t *x86.ThreadInfoX86, d *x86.UserDescT) bool {
	return !d.GetSegNotPresent() && t.GetGpregs().GetGs() == uint64(d.GetEntryNumber())<<3|3
}

func ptr[T any](v T) *T { return &v }
