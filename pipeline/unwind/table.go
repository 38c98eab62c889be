package unwind

import (
	"github.com/go-delve/delve/pkg/dwarf/frame"
)

// row is what an unwind table says of an address.
type row struct{ rules *frame.FrameContext }

// apply returns the registers of the caller. It ends where the table says that
// there is none; ok is false where a rule is not understood, or needs what is not
// known.
func (r row) apply(regs registers, memory Memory) (next registers, ends, ok bool) {
	cfa, ok := r.cfa(&regs)
	if !ok {
		return next, false, false
	}
	a := regs.arch
	next = regs.only(append(a.preserved, a.fp))
	next.set(a.sp, cfa)
	for number, rule := range r.rules.Regs {
		if number >= uint64(len(regs.values)) || number == r.rules.RetAddrReg || rule.Rule == frame.RuleUndefined {
			continue // undefined is also how the parser has one that was restored
		}
		if value, ok := valueOf(rule, cfa, &regs, memory, int(number)); ok {
			next.set(int(number), value)
		} else {
			next.known &^= 1 << number
		}
	}
	from := int(min(r.rules.RetAddrReg, uint64(len(regs.values))))
	rule, told := r.rules.Regs[r.rules.RetAddrReg]
	switch {
	case from == len(regs.values):
		return next, false, false
	case told && rule.Rule == frame.RuleUndefined:
		return next, true, true
	case !told && from == a.ip: // x86: it is always on the stack
		return next, false, false
	case !told: // a leaf: it is still in the link register
		rule.Rule = frame.RuleSameVal
	}
	caller, ok := valueOf(rule, cfa, &regs, memory, from)
	if caller = a.plainAddress(caller); ok && caller == 0 {
		return next, true, true
	}
	next.set(a.ip, caller)
	return next, false, ok
}

// cfa returns the canonical frame address: what the stack pointer was before the
// call.
func (r row) cfa(regs *registers) (uint64, bool) {
	rule := r.rules.CFA
	if rule.Rule != frame.RuleCFA || rule.Reg >= uint64(len(regs.values)) || !regs.isKnown(int(rule.Reg)) {
		return 0, false
	}
	return regs.values[rule.Reg] + uint64(rule.Offset), true
}

// valueOf returns a register of the caller. Expressions are not evaluated: C
// compilers make them for signal frames and stubs only.
func valueOf(rule frame.DWRule, cfa uint64, regs *registers, memory Memory, number int) (uint64, bool) {
	switch rule.Rule {
	case frame.RuleOffset:
		return memory.Word(cfa + uint64(rule.Offset))
	case frame.RuleValOffset:
		return cfa + uint64(rule.Offset), true
	case frame.RuleSameVal:
		return regs.values[number], regs.isKnown(number)
	case frame.RuleRegister:
		if rule.Reg < uint64(len(regs.values)) {
			return regs.values[rule.Reg], regs.isKnown(int(rule.Reg))
		}
	}
	return 0, false
}
