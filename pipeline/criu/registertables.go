package criu

import (
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// array says which registers a repeated field holds.
type array struct {
	set    string
	prefix string
	suffix string
	first  int      // number of the first register
	names  []string // of those that are not prefix, number, suffix
	at     int      // position of the first of names
	words  int      // that make one register; 0 is 1
	count  int      // registers that there can be
	spare  int      // registers from here on are padding, left out if zero; 0 is none
	// whole joins all words to one register, called prefix.
	whole bool
	// lowFirst says that the low word comes first whatever the byte order;
	// otherwise words are in the order of memory.
	lowFirst bool
}

// registerSets are the sets that the fields of a message belong to, by message.
// Sub-messages have their own.
var registerSets = map[protoreflect.Name]string{
	"thread_info_aarch64": "general", "thread_info_arm": "general", "thread_info_mips": "general", "thread_info_loongarch64": "general",
	"thread_info_riscv64": "general",

	"user_x86_regs_entry": "general", "user_x86_fpregs_entry": "fp_control", "user_x86_xsave_entry": "control", "user_x86_cet_entry": "control",
	"user_aarch64_regs_entry": "general", "user_aarch64_fpsimd_context_entry": "fp_control", "pac_address_keys": "pac", "pac_generic_keys": "pac",
	"user_arm_regs_entry": "general", "user_arm_vfpstate_entry": "fp_control",
	"user_ppc64_regs_entry": "general", "user_ppc64_vrstate_entry": "vector",
	"user_s390_regs_entry": "general", "user_s390_fpregs_entry": "fp_control", "user_s390_ri_entry": "runtime_instr",
	"user_mips_regs_entry": "general", "user_mips_fpregs_entry": "fp",
	"user_loongarch64_gpregs_entry": "general", "user_loongarch64_fpregs_entry": "fp_control",
	"user_riscv64_regs_entry": "general", "user_riscv64_d_ext_entry": "fp_control",
}

// segmentRegisters are those of user_x86_regs_entry.
var segmentRegisters = map[protoreflect.Name]bool{
	"cs": true, "ds": true, "es": true, "fs": true, "gs": true, "ss": true, "fs_base": true, "gs_base": true,
}

// registerArrays are the repeated fields, by full name. Their layouts are those
// of CRIU's criu/arch/*/crtools.c and compel's uapi/asm/fpu.h.
var registerArrays = map[protoreflect.FullName]array{
	"user_x86_fpregs_entry.st_space":  {set: "fp", prefix: "st", words: 4, count: 8},
	"user_x86_fpregs_entry.xmm_space": {set: "vector", prefix: "xmm", words: 4, count: 16},
	"user_x86_fpregs_entry.padding":   {set: "fp_control", prefix: "fxsave_padding", count: 24, whole: true},

	"user_x86_xsave_entry.ymmh_space":   {set: "vector", prefix: "ymm", suffix: "_high", words: 4, count: 16},
	"user_x86_xsave_entry.bndreg_state": {set: "control", prefix: "bnd", words: 2, count: 4},
	"user_x86_xsave_entry.bndcsr_state": {set: "control", prefix: "bndcsr", names: []string{"bndcfgu", "bndstatus"}, count: 8, spare: 2},
	"user_x86_xsave_entry.opmask_reg":   {set: "vector", prefix: "k", count: 8},
	"user_x86_xsave_entry.zmm_upper":    {set: "vector", prefix: "zmm", suffix: "_high", words: 4, count: 16},
	"user_x86_xsave_entry.hi16_zmm":     {set: "vector", prefix: "zmm", first: 16, words: 8, count: 16},
	"user_x86_xsave_entry.pkru":         {set: "control", prefix: "pkru", names: []string{"pkru"}, count: 2, spare: 1},

	"user_aarch64_regs_entry.regs":            {set: "general", prefix: "x", count: 31},
	"user_aarch64_fpsimd_context_entry.vregs": {set: "vector", prefix: "v", words: 2, count: 32, lowFirst: true},

	"user_arm_vfpstate_entry.vfp_regs": {set: "fp", prefix: "d", count: 32},

	"user_ppc64_regs_entry.gpr":         {set: "general", prefix: "r", count: 32},
	"user_ppc64_fpstate_entry.fpregs":   {set: "fp", prefix: "f", names: []string{"fpscr"}, at: 32, count: 33},
	"user_ppc64_vrstate_entry.vrregs":   {set: "vector", prefix: "v", names: []string{"vscr"}, at: 32, words: 2, count: 33},
	"user_ppc64_vsxstate_entry.vsxregs": {set: "vector", prefix: "vs", suffix: "_low", count: 32},

	"user_s390_regs_entry.gprs":      {set: "general", prefix: "r", count: 16},
	"user_s390_regs_entry.acrs":      {set: "general", prefix: "acr", count: 16},
	"user_s390_fpregs_entry.fprs":    {set: "fp", prefix: "f", count: 16},
	"user_s390_vxrs_low_entry.regs":  {set: "vector", prefix: "v", suffix: "_low", count: 16},
	"user_s390_vxrs_high_entry.regs": {set: "vector", prefix: "v", first: 16, words: 2, count: 16},
	"user_s390_gs_cb_entry.regs":     {set: "guarded_storage", count: 4}, // named by its parent's field
	"user_s390_ri_entry.regs":        {set: "runtime_instr", prefix: "ri_cb", count: 8},

	"user_loongarch64_gpregs_entry.regs": {set: "general", prefix: "r", count: 32},
	"user_loongarch64_fpregs_entry.regs": {set: "fp", prefix: "f", count: 32},
	"user_riscv64_d_ext_entry.f":         {set: "fp", prefix: "f", count: 32},
}

// registerRoles are the roles of general registers in system calls, see
// syscall(2), by architecture.
var registerRoles = map[core.CoreEntryMarch]map[string]string{
	core.CoreEntry_X86_64: {"ip": "ip", "sp": "sp", "bp": "fp", "orig_ax": "syscall", "ax": "ret", "flags": "flags", "fs_base": "tls",
		"di": "arg0", "si": "arg1", "dx": "arg2", "r10": "arg3", "r8": "arg4", "r9": "arg5"},
	core.CoreEntry_AARCH64: {"pc": "ip", "sp": "sp", "x29": "fp", "x30": "lr", "x8": "syscall", "pstate": "flags", "tls": "tls",
		"x0": "arg0", "x1": "arg1", "x2": "arg2", "x3": "arg3", "x4": "arg4", "x5": "arg5"},
	core.CoreEntry_ARM: {"pc": "ip", "sp": "sp", "fp": "fp", "lr": "lr", "r7": "syscall", "cpsr": "flags", "tls": "tls",
		"r0": "arg0", "r1": "arg1", "r2": "arg2", "r3": "arg3", "r4": "arg4", "r5": "arg5"},
	core.CoreEntry_PPC64: {"nip": "ip", "r1": "sp", "link": "lr", "r0": "syscall", "ccr": "flags", "r13": "tls",
		"r3": "arg0", "r4": "arg1", "r5": "arg2", "r6": "arg3", "r7": "arg4", "r8": "arg5"},
	core.CoreEntry_S390: {"psw_addr": "ip", "r15": "sp", "r11": "fp", "r14": "lr", "system_call": "syscall", "psw_mask": "flags",
		"r2": "arg0", "r3": "arg1", "r4": "arg2", "r5": "arg3", "r6": "arg4", "r7": "arg5"},
	core.CoreEntry_MIPS: {"cp0_epc": "ip", "r29": "sp", "r30": "fp", "r31": "lr", "r2": "syscall", "tls": "tls",
		"r4": "arg0", "r5": "arg1", "r6": "arg2", "r7": "arg3", "r8": "arg4", "r9": "arg5"},
	core.CoreEntry_LOONGARCH64: {"pc": "ip", "r3": "sp", "r22": "fp", "r1": "lr", "r11": "syscall", "tls": "tls",
		"r4": "arg0", "r5": "arg1", "r6": "arg2", "r7": "arg3", "r8": "arg4", "r9": "arg5"},
	core.CoreEntry_RISCV64: {"pc": "ip", "sp": "sp", "s0": "fp", "ra": "lr", "a7": "syscall", "tls": "tls",
		"a0": "arg0", "a1": "arg1", "a2": "arg2", "a3": "arg3", "a4": "arg4", "a5": "arg5"},
}

// compatRoles are those of 32-bit code on x86_64.
var compatRoles = map[string]string{"ip": "ip", "sp": "sp", "bp": "arg5", "orig_ax": "syscall", "ax": "ret", "flags": "flags",
	"bx": "arg0", "cx": "arg1", "dx": "arg2", "si": "arg3", "di": "arg4"}
