package criu_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	x86 "github.com/checkpoint-restore/go-criu/v8/crit/images/core-x86"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// fullCounts are the numbers of words that CRIU writes. Source: CRIU
// criu/arch/*/crtools.c.
var fullCounts = map[protoreflect.FullName]int{
	"user_x86_fpregs_entry.st_space": 32, "user_x86_fpregs_entry.xmm_space": 64, "user_x86_fpregs_entry.padding": 24,
	"user_x86_xsave_entry.ymmh_space": 64, "user_x86_xsave_entry.bndreg_state": 8, "user_x86_xsave_entry.bndcsr_state": 8,
	"user_x86_xsave_entry.opmask_reg": 8, "user_x86_xsave_entry.zmm_upper": 64, "user_x86_xsave_entry.hi16_zmm": 128, "user_x86_xsave_entry.pkru": 2,
	"user_aarch64_regs_entry.regs": 31, "user_aarch64_fpsimd_context_entry.vregs": 64, "user_arm_vfpstate_entry.vfp_regs": 32,
	"user_ppc64_regs_entry.gpr": 32, "user_ppc64_fpstate_entry.fpregs": 33, "user_ppc64_vrstate_entry.vrregs": 66, "user_ppc64_vsxstate_entry.vsxregs": 32,
	"user_s390_regs_entry.gprs": 16, "user_s390_regs_entry.acrs": 16, "user_s390_fpregs_entry.fprs": 16, "user_s390_vxrs_low_entry.regs": 16,
	"user_s390_vxrs_high_entry.regs": 32, "user_s390_gs_cb_entry.regs": 4, "user_s390_ri_entry.regs": 8,
	"user_loongarch64_gpregs_entry.regs": 32, "user_loongarch64_fpregs_entry.regs": 32, "user_riscv64_d_ext_entry.f": 32,
}

// fullCore returns a core entry of an architecture in which every field of the
// thread's registers is set, each number another one, and these numbers by
// field; those that are in other tables are left out.
func fullCore(t testing.TB, info protoreflect.Name) (*core.CoreEntry, map[uint64]string) {
	t.Helper()
	c := &core.CoreEntry{}
	values := map[uint64]string{}
	next := uint64(0x1000_0000)
	var fill func(m protoreflect.Message)
	fill = func(m protoreflect.Message) {
		for i := range m.Descriptor().Fields().Len() {
			d := m.Descriptor().Fields().Get(i)
			number := func() protoreflect.Value {
				next += 0x10001
				if d.Name() != "clear_tid_addr" {
					values[next] = string(d.FullName())
				}
				if d.Kind() == protoreflect.Uint32Kind {
					return protoreflect.ValueOfUint32(uint32(next))
				}
				return protoreflect.ValueOfUint64(next)
			}
			switch {
			case d.Name() == "mode", d.FullName() == "thread_info_x86.tls":
			case d.IsList():
				n, ok := fullCounts[d.FullName()]
				if !ok {
					t.Fatalf("how many words has %s?", d.FullName())
				}
				list := m.Mutable(d).List()
				for range n {
					list.Append(number())
				}
			case d.Kind() == protoreflect.MessageKind:
				fill(m.Mutable(d).Message())
			default:
				m.Set(d, number())
			}
		}
	}
	m := c.ProtoReflect()
	fill(m.Mutable(m.Descriptor().Fields().ByName(info)).Message())
	return c, values
}

var threadInfos = []protoreflect.Name{
	"thread_info", "ti_aarch64", "ti_arm", "ti_ppc64", "ti_s390", "ti_mips", "ti_loongarch64", "ti_riscv64",
}

// TestEveryRegister sets every field of every architecture's registers to a
// number of its own: each must be the value of one register or part of one, of
// which no two have the same name.
func TestEveryRegister(t *testing.T) {
	for _, info := range threadInfos {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			c, values := fullCore(t, info)
			found, uneven := new(criu.RegisterReader).Registers(order, c)
			if len(uneven) > 0 {
				t.Errorf("%s: uneven fields %v", info, uneven)
			}
			names := map[string]bool{}
			for _, r := range found {
				key := r.Set + " " + r.Name
				if names[key] || r.Set == "" || r.Name == "" {
					t.Errorf("%s: register %q twice, or without a name", info, key)
				}
				names[key] = true
				if r.Bytes == nil {
					if r.Bits != 32 && r.Bits != 64 || values[r.Value] == "" {
						t.Errorf("%s: %s has %d bits, and value %#x of no field", info, key, r.Bits, r.Value)
					}
					delete(values, r.Value)
					continue
				}
				if len(r.Bytes)*8 != int(r.Bits) {
					t.Errorf("%s: %s has %d bits in %d bytes", info, key, r.Bits, len(r.Bytes))
				}
				for data := r.Bytes; len(data) >= 4; {
					v, size := uint64(order.Uint32(data)), 4
					if len(data) >= 8 && values[order.Uint64(data)] != "" {
						v, size = order.Uint64(data), 8
					}
					if values[v] == "" {
						t.Fatalf("%s: %s has %#x of no field", info, key, v)
					}
					delete(values, v)
					data = data[size:]
				}
			}
			for v, name := range values {
				t.Errorf("%s: %s (%#x) is in no register", info, name, v)
			}
		}
	}
}

// TestRegisterRoles compares the roles of registers with those that threads
// shows.
func TestRegisterRoles(t *testing.T) {
	for _, info := range threadInfos {
		c, _ := fullCore(t, info)
		sitsInSyscall(c)
		roles := map[string]uint64{}
		found, _ := new(criu.RegisterReader).Registers(binary.LittleEndian, c)
		for _, r := range found {
			if r.Role == "" {
				continue
			}
			if _, twice := roles[r.Role]; twice {
				t.Errorf("%s: two registers are %s", info, r.Role)
			}
			roles[r.Role] = r.Value
		}
		want := criu.RegistersOf(c)
		same := func(role string, v *uint64) {
			t.Helper()
			if got, ok := roles[role]; v != nil && (!ok || got != *v) || v == nil && ok {
				t.Errorf("%s: %s is %#x, threads has %v", info, role, got, v)
			}
		}
		same("ip", &want.InstructionPointer)
		same("sp", &want.StackPointer)
		same("fp", want.FramePointer)
		if info != "ti_s390" { // half of it in each of two registers
			same("tls", want.TLSBase)
		}
		number := uint64(*want.Syscall)
		same("syscall", &number)
		for i, v := range want.Args {
			same(fmt.Sprintf("arg%d", i), &v)
		}
	}
}

// sitsInSyscall changes registers to those of a thread in a system call, on
// architectures that tell.
func sitsInSyscall(c *core.CoreEntry) {
	if t := c.GetTiPpc64(); t != nil {
		t.Gpregs.Trap = proto.Uint64(0xc01)
	}
	if t := c.GetTiMips(); t != nil {
		t.Gpregs.Cp0Cause = proto.Uint64(8 << 2)
	}
}

// TestOutsideSyscalls: a thread that was interrupted in its own code sits in no
// system call, whatever number is left in the register for it.
func TestOutsideSyscalls(t *testing.T) {
	for info, change := range map[protoreflect.Name]func(*core.CoreEntry){
		"thread_info": func(c *core.CoreEntry) { c.GetThreadInfo().Gpregs.OrigAx = proto.Uint64(1<<64 - 1) },
		"ti_ppc64":    func(c *core.CoreEntry) { c.GetTiPpc64().Gpregs.Trap = proto.Uint64(0x500) },
		"ti_s390":     func(c *core.CoreEntry) { c.GetTiS390().Gpregs.SystemCall = proto.Uint32(0) },
		"ti_mips":     func(c *core.CoreEntry) { c.GetTiMips().Gpregs.Cp0Cause = proto.Uint64(0) },
	} {
		c, _ := fullCore(t, info)
		change(c)
		if r := criu.RegistersOf(c); r.Syscall != nil || r.Args != nil || r.StackPointer == 0 {
			t.Errorf("%s: in system call %v with %v", info, r.Syscall, r.Args)
		}
	}
}

// TestUnevenRegisters: lists of other lengths than registers have give the
// whole registers in them, and are told.
func TestUnevenRegisters(t *testing.T) {
	c, _ := fullCore(t, "thread_info")
	fp := c.GetThreadInfo().GetFpregs()
	fp.XmmSpace = fp.XmmSpace[:62]
	fp.StSpace = append(fp.StSpace, make([]uint32, 1<<16)...)
	fp.Xsave.OpmaskReg = nil
	found, uneven := new(criu.RegisterReader).Registers(binary.LittleEndian, c)
	count := map[string]int{}
	for _, r := range found {
		count[strings.TrimRight(r.Name, "0123456789")]++
	}
	if count["xmm"] != 15 || count["st"] != 8 || count["k"] != 0 || !slices.Equal(uneven, []string{"user_x86_fpregs_entry.st_space", "user_x86_fpregs_entry.xmm_space"}) {
		t.Errorf("registers %v, uneven %v", count, uneven)
	}
}

// TestCompatRegisters: 32-bit code on x86_64 has its own ABI.
func TestCompatRegisters(t *testing.T) {
	c, _ := fullCore(t, "thread_info")
	g := c.GetThreadInfo().GetGpregs()
	g.Mode = x86.UserX86RegsMode_COMPAT.Enum()
	r := criu.RegistersOf(c)
	if !*r.Compat || r.Args[0] != g.GetBx() || r.Args[5] != g.GetBp() || r.TLSBase != nil {
		t.Errorf("%+v", r)
	}
	entry, base, notPresent, selector := uint32(12), uint32(0xf7d00040), false, uint64(0x63)
	g.Gs, c.GetThreadInfo().Tls = &selector, []*x86.UserDescT{{EntryNumber: &entry, BaseAddr: &base, SegNotPresent: &notPresent}}
	if r := criu.RegistersOf(c); r.TLSBase == nil || *r.TLSBase != uint64(base) {
		t.Errorf("thread-local storage: %v", r.TLSBase)
	}
	none := uint64(0xffffffff) // -1 of 32 bits
	g.OrigAx = &none
	if r := criu.RegistersOf(c); r.Syscall != nil {
		t.Errorf("in system call %d", *r.Syscall)
	}
}
