package extract

import (
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/ckexport/ckexport/schema"
)

// machine is what cores of an architecture have. Registers have the names of table
// registers.
type machine struct {
	elf      elf.Machine
	general  []string      // elf_gregset_t, in its order
	floating string        // a register that is there if those of floating point are
	sets     []registerSet // further notes of each thread
}

// registerSet is a note of registers; encode returns nil where there are none.
type registerSet struct {
	owner  string
	note   uint32
	encode func(map[string]*schema.Register) []byte
}

// machines are the architectures that cores are written for, by registers.arch.
var machines = map[string]machine{
	"x86_64": {
		elf: elf.EM_X86_64,
		// Source: arch/x86/include/asm/user_64.h, user_regs_struct.
		general: []string{"r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di", "orig_ax",
			"ip", "cs", "flags", "sp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"},
		floating: "cwd",
		sets:     []registerSet{{"CORE", ntFPRegSet, fxsave}, {"LINUX", ntX86XState, xsave}},
	},
	"aarch64": {
		elf: elf.EM_AARCH64,
		// Source: arch/arm64/include/uapi/asm/ptrace.h, user_pt_regs.
		general:  append(numbered("x", 31), "sp", "pc", "pstate"),
		floating: "fpsr",
		sets:     []registerSet{{"CORE", ntFPRegSet, fpsimd}, {"LINUX", ntARMTLS, armTLS}},
	},
}

func numbered(prefix string, count int) (names []string) {
	for i := range count {
		names = append(names, fmt.Sprintf("%s%d", prefix, i))
	}
	return names
}

// valueOf returns the value of a register, 0 where the image has it not.
func valueOf(of map[string]*schema.Register, name string) uint64 {
	if r := of[name]; r != nil && r.Value != nil {
		return *r.Value
	}
	return 0
}

// putWide copies the bytes of wide registers, one behind another.
func putWide(to []byte, of map[string]*schema.Register, size int, names ...string) {
	for i, name := range names {
		if r := of[name]; r != nil {
			copy(to[i*size:(i+1)*size], r.ValueBytes)
		}
	}
}

const fxsaveSize = 512

// fxsave returns struct user_i387_struct, which is the area of FXSAVE. Source:
// arch/x86/include/asm/user_64.h.
func fxsave(of map[string]*schema.Register) []byte {
	if of["cwd"] == nil {
		return nil
	}
	data := make([]byte, fxsaveSize)
	put := binary.LittleEndian
	for i, name := range []string{"cwd", "swd", "twd", "fop"} {
		put.PutUint16(data[2*i:], uint16(valueOf(of, name)))
	}
	put.PutUint64(data[8:], valueOf(of, "rip"))
	put.PutUint64(data[16:], valueOf(of, "rdp"))
	put.PutUint32(data[24:], uint32(valueOf(of, "mxcsr")))
	put.PutUint32(data[28:], uint32(valueOf(of, "mxcsr_mask")))
	putWide(data[32:], of, 16, numbered("st", 8)...)
	putWide(data[160:], of, 16, numbered("xmm", 16)...)
	putWide(data[416:], of, 96, "fxsave_padding")
	return data
}

// xsave returns the area of XSAVE with the upper halves of the AVX registers, which
// the area of FXSAVE has no room for. Sources: Intel SDM volume 1, chapter 13;
// arch/x86/include/asm/user.h, USER_XSTATE_XCR0_WORD.
func xsave(of map[string]*schema.Register) []byte {
	const (
		xcr0At, stateBVAt, upperAt = 464, fxsaveSize, fxsaveSize + 64
		x87SSEAndAVX               = 7
	)
	legacy := fxsave(of)
	if legacy == nil || of["ymm0_high"] == nil {
		return nil
	}
	data := append(legacy, make([]byte, 64+16*16)...)
	stateBV := uint64(x87SSEAndAVX)
	if of["xstate_bv"] != nil {
		stateBV &= valueOf(of, "xstate_bv")
	}
	binary.LittleEndian.PutUint64(data[xcr0At:], x87SSEAndAVX)
	binary.LittleEndian.PutUint64(data[stateBVAt:], stateBV)
	for i := range 16 {
		putWide(data[upperAt+16*i:], of, 16, fmt.Sprintf("ymm%d_high", i))
	}
	return data
}

// fpsimd returns struct user_fpsimd_state. Source:
// arch/arm64/include/uapi/asm/ptrace.h.
func fpsimd(of map[string]*schema.Register) []byte {
	if of["fpsr"] == nil {
		return nil
	}
	data := make([]byte, 32*16+16)
	putWide(data, of, 16, numbered("v", 32)...)
	binary.LittleEndian.PutUint32(data[512:], uint32(valueOf(of, "fpsr")))
	binary.LittleEndian.PutUint32(data[516:], uint32(valueOf(of, "fpcr")))
	return data
}

// armTLS returns the register with the address of thread-local storage.
func armTLS(of map[string]*schema.Register) []byte {
	if of["tls"] == nil {
		return nil
	}
	return encoded(nil, valueOf(of, "tls"))
}
