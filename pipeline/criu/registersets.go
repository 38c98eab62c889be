package criu

import (
	"encoding/binary"
	"reflect"
	"strconv"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Register is one register of a thread.
type Register struct {
	Set, Name string
	Role      string // as schema.Register.Role; empty for most
	Bits      uint16
	Value     uint64 // of registers up to 64 bits
	Bytes     []byte // of wider ones, as they lie in memory
}

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

// RegisterReader reads the registers of threads. It keeps what it learned of
// the messages: a checkpoint may have thousands of threads of a hundred
// registers each.
type RegisterReader struct {
	fields map[reflect.Type][]registerField // by message
	found  []Register
}

// registerField is what is known of a field of a register message.
type registerField struct {
	index     int // in the struct
	set, name string
	fullName  string
	bits      uint16
	message   bool
	array     *array
	names     []string // of the array's registers
}

// Registers returns all registers of a core entry of a checkpoint with that byte
// order, and the names of fields that do not have as many words as the registers
// they hold; of those the whole registers that can be are returned. The list is
// overwritten by the next call.
func (r *RegisterReader) Registers(order binary.ByteOrder, c *core.CoreEntry) (found []Register, uneven []string) {
	t := threadInfo(c)
	if t == nil {
		return nil, nil
	}
	w := registerWalk{reader: r, order: order, roles: registerRoles[architecture(c)], found: r.found[:0]}
	if regs := c.GetThreadInfo(); regs != nil && isCompat(regs) {
		w.roles = compatRoles
	}
	w.message(reflect.ValueOf(t).Elem(), "", "")
	r.found = w.found
	return w.found, w.uneven
}

// threadInfo returns the message with the thread's registers, nil if there is
// none.
func threadInfo(c *core.CoreEntry) proto.Message {
	switch {
	case c.GetThreadInfo() != nil:
		return c.GetThreadInfo()
	case c.GetTiAarch64() != nil:
		return c.GetTiAarch64()
	case c.GetTiArm() != nil:
		return c.GetTiArm()
	case c.GetTiPpc64() != nil:
		return c.GetTiPpc64()
	case c.GetTiS390() != nil:
		return c.GetTiS390()
	case c.GetTiMips() != nil:
		return c.GetTiMips()
	case c.GetTiLoongarch64() != nil:
		return c.GetTiLoongarch64()
	case c.GetTiRiscv64() != nil:
		return c.GetTiRiscv64()
	}
	return nil
}

// architecture tells the architecture by the registers that are there.
func architecture(c *core.CoreEntry) core.CoreEntryMarch {
	switch {
	case c.GetThreadInfo() != nil:
		return core.CoreEntry_X86_64
	case c.GetTiAarch64() != nil:
		return core.CoreEntry_AARCH64
	case c.GetTiArm() != nil:
		return core.CoreEntry_ARM
	case c.GetTiPpc64() != nil:
		return core.CoreEntry_PPC64
	case c.GetTiS390() != nil:
		return core.CoreEntry_S390
	case c.GetTiMips() != nil:
		return core.CoreEntry_MIPS
	case c.GetTiLoongarch64() != nil:
		return core.CoreEntry_LOONGARCH64
	case c.GetTiRiscv64() != nil:
		return core.CoreEntry_RISCV64
	}
	return core.CoreEntry_UNKNOWN
}

// registerWalk goes over the messages of one thread.
type registerWalk struct {
	reader *RegisterReader
	order  binary.ByteOrder
	roles  map[string]string
	found  []Register
	uneven []string
}

// message adds the registers of a message and those below it. tm, if set,
// takes the place of every set, parent that of the prefix of arrays without
// one of their own. Fields are read from the struct, not by protobuf's
// reflection: a run has a third of its rows from here.
func (w *registerWalk) message(m reflect.Value, tm, parent string) {
	fields := w.reader.fieldsOf(m.Type())
	for i := range fields {
		f, v := &fields[i], m.Field(fields[i].index)
		switch {
		case v.IsNil():
		case f.array != nil:
			w.array(f, wordsOf(v), tm, parent)
		case f.message:
			below := tm
			if f.name == "tmstate" {
				below = "tm"
			}
			w.message(v.Elem(), below, f.name)
		default:
			reg := Register{Set: f.set, Name: f.name, Bits: f.bits, Value: v.Elem().Uint()}
			if tm != "" {
				reg.Set = tm
			}
			w.add(reg)
		}
	}
}

func (w *registerWalk) add(reg Register) {
	if reg.Set == "general" || reg.Set == "segment" {
		reg.Role = w.roles[reg.Name]
	}
	w.found = append(w.found, reg)
}

// bitsOf returns the width of a number: only these two are used for registers.
func bitsOf(d protoreflect.FieldDescriptor) uint16 {
	if d.Kind() == protoreflect.Uint32Kind {
		return 32
	}
	return 64
}

// fieldsOf returns what is known of the fields of a message that hold
// registers.
func (r *RegisterReader) fieldsOf(t reflect.Type) []registerField {
	fields, known := r.fields[t]
	if known {
		return fields
	}
	d := reflect.Zero(reflect.PointerTo(t)).Interface().(proto.Message).ProtoReflect().Descriptor()
	for i := range t.NumField() {
		described := d.Fields().ByNumber(fieldNumber(t.Field(i)))
		if described == nil {
			continue // protobuf's own
		}
		if f, ok := registerFieldOf(described); ok {
			f.index = i
			fields = append(fields, f)
		}
	}
	if r.fields == nil {
		r.fields = map[reflect.Type][]registerField{}
	}
	r.fields[t] = fields
	return fields
}

// registerFieldOf returns what is known of a field; ok is false where it holds
// no register.
func registerFieldOf(d protoreflect.FieldDescriptor) (f registerField, ok bool) {
	of := d.Parent().Name()
	f = registerField{set: registerSets[of], name: string(d.Name()), fullName: string(d.FullName()), bits: bitsOf(d), message: d.Message() != nil}
	switch {
	case of == "user_x86_regs_entry" && segmentRegisters[d.Name()]:
		f.set = "segment"
	case of == "user_mips_fpregs_entry" && f.name[0] == 'r':
		f.name = "f" + f.name[1:]
	case d.Name() == "clear_tid_addr", d.Name() == "mode", of == "thread_info_x86" && d.Name() == "tls":
		return f, false // threads, processes and tls_descriptors have these
	}
	a, ok := registerArrays[d.FullName()]
	if !ok {
		return f, !d.IsList()
	}
	a.words = max(a.words, 1)
	f.array = &a
	for i := range a.count {
		f.names = append(f.names, a.name(i))
	}
	return f, true
}

// name returns the name of the nth register of an array.
func (a *array) name(n int) string {
	switch named := n - a.at; {
	case a.whole:
		return a.prefix
	case named >= 0 && named < len(a.names):
		return a.names[named]
	}
	return a.prefix + strconv.Itoa(a.first+n) + a.suffix
}

// wordList is the values of a repeated field: one of the two lists.
type wordList struct {
	short []uint32
	long  []uint64
}

func wordsOf(v reflect.Value) wordList {
	if short, ok := v.Addr().Interface().(*[]uint32); ok {
		return wordList{short: *short}
	}
	return wordList{long: *v.Addr().Interface().(*[]uint64)}
}

func (w wordList) len() int { return len(w.short) + len(w.long) }

func (w wordList) at(i int) uint64 {
	if w.short != nil {
		return uint64(w.short[i])
	}
	return w.long[i]
}

// array adds the registers of a repeated field.
func (w *registerWalk) array(f *registerField, list wordList, tm, parent string) {
	a := f.array
	words, count := a.words, a.count
	if a.whole {
		words, count = min(list.len(), a.count), 1
	}
	if list.len() == 0 {
		return
	}
	if list.len()%words != 0 || list.len()/words > count {
		w.uneven = append(w.uneven, f.fullName)
	}
	count = min(list.len()/words, count)
	var data []byte
	size := words * int(f.bits/8)
	wide := words > 1 || a.whole
	if wide {
		data = w.bytes(list, count, words, a.lowFirst)
	}
	for i := range count {
		reg := Register{Set: a.set, Name: f.names[i], Bits: f.bits * uint16(words)}
		if tm != "" {
			reg.Set = tm
		}
		if a.prefix == "" {
			reg.Name = parent + "_" + f.names[i] // gs_cb or gs_bc
		}
		if wide {
			reg.Bytes = data[i*size : (i+1)*size : (i+1)*size]
		} else {
			reg.Value = list.at(i)
		}
		if a.spare > 0 && i >= a.spare && reg.Value == 0 || a.whole && isZero(reg.Bytes) {
			continue
		}
		w.add(reg)
	}
}

// bytes returns the words of n registers as they lie in memory.
func (w *registerWalk) bytes(list wordList, n, words int, lowFirst bool) []byte {
	reversed := lowFirst && w.order == binary.ByteOrder(binary.BigEndian)
	width := 8
	if list.short != nil {
		width = 4
	}
	data := make([]byte, n*words*width)
	rest := data
	for i := range n * words {
		at := i
		if reversed {
			at = i/words*words + words - 1 - i%words
		}
		if list.short != nil {
			w.order.PutUint32(rest, list.short[at])
		} else {
			w.order.PutUint64(rest, list.long[at])
		}
		rest = rest[width:]
	}
	return data
}

func isZero(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}
