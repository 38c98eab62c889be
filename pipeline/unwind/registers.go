package unwind

import (
	"debug/elf"
	"slices"
)

// arch is what unwinding must know of an architecture. Registers have DWARF's
// numbers.
type arch struct {
	names      []string // of the registers, by number, as CRIU names them
	ip, sp, fp int
	preserved  []int // by calls
	// addressBits are those of an address; the others may hold a signature.
	addressBits uint
}

var (
	// Source: System V ABI for AMD64, figures 3.4 and 3.36; 16 is the return
	// address.
	amd64 = &arch{
		names: []string{"ax", "dx", "cx", "bx", "si", "di", "bp", "sp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "ip"},
		ip:    16, sp: 7, fp: 6, preserved: []int{3, 12, 13, 14, 15}, addressBits: 64,
	}
	// Source: DWARF for the Arm 64-bit Architecture, 4.1; AAPCS64, 6.1.1. The
	// program counter has a number of ours. Pointer authentication puts signatures
	// above bit 48 of return addresses.
	arm64 = &arch{
		names: []string{"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
			"x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp", "pc"},
		ip: 32, sp: 31, fp: 29, preserved: []int{19, 20, 21, 22, 23, 24, 25, 26, 27, 28}, addressBits: 48,
	}
)

func archOf(machine elf.Machine) *arch {
	switch machine {
	case elf.EM_X86_64:
		return amd64
	case elf.EM_AARCH64:
		return arm64
	}
	return nil
}

// plainAddress returns an address without its signature.
func (a *arch) plainAddress(address uint64) uint64 { return address & (1<<a.addressBits - 1) }

// registers are the registers of a frame, as far as they are known.
type registers struct {
	arch   *arch
	values [33]uint64
	known  uint64 // a bit each
}

func (r *registers) isKnown(number int) bool { return r.known>>number&1 != 0 }

func (r *registers) set(number int, value uint64) {
	r.values[number] = value
	r.known |= 1 << number
}

// only returns those registers, and forgets the others.
func (r *registers) only(numbers []int) registers {
	kept := registers{arch: r.arch}
	for _, n := range numbers {
		if r.isKnown(n) {
			kept.set(n, r.values[n])
		}
	}
	return kept
}

// Thread is a thread whose stack is to be walked.
type Thread struct{ regs registers }

// NewThread returns a thread of a machine, nil if it is not known here.
func NewThread(machine elf.Machine) *Thread {
	a := archOf(machine)
	if a == nil {
		return nil
	}
	return &Thread{registers{arch: a}}
}

// Set sets a register, by the name that CRIU gives it; others are passed over.
func (t *Thread) Set(name string, value uint64) {
	if n := slices.Index(t.regs.arch.names, name); n >= 0 {
		t.regs.set(n, value)
	}
}
