package criu

import (
	"encoding/binary"
	"fmt"

	"github.com/ckexport/ckexport/pipeline/kernel"
)

// Instruction is one instruction of classic BPF.
type Instruction struct {
	Code         uint16
	True, Else   uint8
	K            uint32
	Mnemonic     string
	Operand      string // what k means to seccomp; empty where it is only a number
	ReturnsConst bool   // Operand is an action
}

// MaxInstructions is how long a filter can be.
const MaxInstructions = kernel.BPF_MAXINSNS

// SizeofInstruction is the size of struct sock_filter.
const SizeofInstruction = 8

// Disassemble decodes the whole instructions of a seccomp filter.
func Disassemble(program []byte, order binary.ByteOrder) []Instruction {
	list := make([]Instruction, len(program)/SizeofInstruction)
	for i := range list {
		b := program[i*SizeofInstruction:]
		in := &list[i]
		in.Code, in.True, in.Else, in.K = order.Uint16(b), b[2], b[3], order.Uint32(b[4:])
		in.Mnemonic = in.mnemonic(i)
		switch {
		case in.Code == kernel.BPF_LD|kernel.BPF_W|kernel.BPF_ABS:
			in.Operand = seccompData(in.K, order)
		case in.Code == kernel.BPF_RET|kernel.BPF_K:
			in.Operand, in.ReturnsConst = seccompAction(in.K), true
		}
	}
	return list
}

// mnemonic writes the instruction at a position as tcpdump -d does.
func (in *Instruction) mnemonic(at int) string {
	var text string
	switch in.Code & 7 {
	case kernel.BPF_LD:
		text = in.load()
	case kernel.BPF_LDX:
		text = in.loadIndex()
	case kernel.BPF_ALU:
		text = in.arithmetic()
	case kernel.BPF_JMP:
		text = in.jump(at)
	default:
		text = in.other()
	}
	if text == "" {
		return fmt.Sprintf("unimp %#x", in.Code)
	}
	return text
}

// load writes a load into the accumulator, empty if it is none. So do the next for
// their classes of instructions.
func (in *Instruction) load() string {
	name, ok := loadNames[in.Code&0x18]
	if !ok {
		return ""
	}
	switch in.Code &^ 0x1f {
	case kernel.BPF_IMM:
		return fmt.Sprintf("%s #%#x", name, in.K)
	case kernel.BPF_ABS:
		return fmt.Sprintf("%s [%d]", name, in.K)
	case kernel.BPF_IND:
		return fmt.Sprintf("%s [x + %d]", name, in.K)
	case kernel.BPF_MEM:
		return fmt.Sprintf("%s M[%d]", name, in.K)
	case kernel.BPF_LEN:
		return name + " #pktlen"
	}
	return ""
}

func (in *Instruction) loadIndex() string {
	switch in.Code {
	case kernel.BPF_LDX | kernel.BPF_W | kernel.BPF_IMM:
		return fmt.Sprintf("ldx #%#x", in.K)
	case kernel.BPF_LDX | kernel.BPF_W | kernel.BPF_MEM:
		return fmt.Sprintf("ldx M[%d]", in.K)
	case kernel.BPF_LDX | kernel.BPF_W | kernel.BPF_LEN:
		return "ldx #pktlen"
	case kernel.BPF_LDX | kernel.BPF_B | kernel.BPF_MSH:
		return fmt.Sprintf("ldxb 4*([%d]&0xf)", in.K)
	}
	return ""
}

func (in *Instruction) arithmetic() string {
	name, ok := aluNames[in.Code&^0xf]
	switch {
	case !ok:
		return ""
	case in.Code&^0xf == kernel.BPF_NEG:
		return name
	case in.Code&8 == kernel.BPF_X:
		return name + " x"
	}
	return fmt.Sprintf("%s #%#x", name, in.K)
}

// jump counts from the instruction behind this one; the mnemonic has positions.
func (in *Instruction) jump(at int) string {
	next := at + 1
	name, ok := jumpNames[in.Code&^0xf]
	switch {
	case in.Code == kernel.BPF_JMP|kernel.BPF_JA:
		return fmt.Sprintf("ja %d", uint64(next)+uint64(in.K))
	case !ok:
		return ""
	case in.Code&8 == kernel.BPF_X:
		return fmt.Sprintf("%s x jt %d jf %d", name, next+int(in.True), next+int(in.Else))
	}
	return fmt.Sprintf("%s #%#x jt %d jf %d", name, in.K, next+int(in.True), next+int(in.Else))
}

// other writes stores, returns and copies between the registers.
func (in *Instruction) other() string {
	switch in.Code {
	case kernel.BPF_ST:
		return fmt.Sprintf("st M[%d]", in.K)
	case kernel.BPF_STX:
		return fmt.Sprintf("stx M[%d]", in.K)
	case kernel.BPF_RET | kernel.BPF_K:
		return fmt.Sprintf("ret #%#x", in.K)
	case kernel.BPF_RET | kernel.BPF_X:
		return "ret x"
	case kernel.BPF_RET | kernel.BPF_A:
		return "ret a"
	case kernel.BPF_MISC | kernel.BPF_TAX:
		return "tax"
	case kernel.BPF_MISC | kernel.BPF_TXA:
		return "txa"
	}
	return ""
}

var loadNames = map[uint16]string{kernel.BPF_W: "ld", kernel.BPF_H: "ldh", kernel.BPF_B: "ldb"}

var aluNames = map[uint16]string{
	kernel.BPF_ADD: "add", kernel.BPF_SUB: "sub", kernel.BPF_MUL: "mul", kernel.BPF_DIV: "div", kernel.BPF_OR: "or", kernel.BPF_AND: "and",
	kernel.BPF_LSH: "lsh", kernel.BPF_RSH: "rsh", kernel.BPF_NEG: "neg", kernel.BPF_MOD: "mod", kernel.BPF_XOR: "xor",
}

var jumpNames = map[uint16]string{kernel.BPF_JEQ: "jeq", kernel.BPF_JGT: "jgt", kernel.BPF_JGE: "jge", kernel.BPF_JSET: "jset"}

// seccompData names the part of struct seccomp_data at an offset; empty where
// there is none. Source: linux/seccomp.h.
func seccompData(offset uint32, order binary.ByteOrder) string {
	switch {
	case offset == 0:
		return "nr"
	case offset == 4:
		return "arch"
	case offset%4 != 0 || offset >= 64:
		return ""
	}
	half := "low"
	if (offset%8 == 4) == (order == binary.ByteOrder(binary.LittleEndian)) {
		half = "high"
	}
	if offset < 16 {
		return "instruction_pointer " + half
	}
	return fmt.Sprintf("args[%d] %s", (offset-16)/8, half)
}

// seccompReturn names the actions of seccomp filters: the upper half of what
// they return.
var seccompReturn = Enum{"seccomp_return", "linux/seccomp.h", map[uint64]string{
	kernel.SECCOMP_RET_KILL_PROCESS: "KILL_PROCESS", kernel.SECCOMP_RET_KILL_THREAD: "KILL_THREAD", kernel.SECCOMP_RET_TRAP: "TRAP",
	kernel.SECCOMP_RET_ERRNO: "ERRNO", kernel.SECCOMP_RET_USER_NOTIF: "USER_NOTIF", kernel.SECCOMP_RET_TRACE: "TRACE",
	kernel.SECCOMP_RET_LOG: "LOG", kernel.SECCOMP_RET_ALLOW: "ALLOW"}}

// seccompAction names what a filter returns, with its number where it has one.
func seccompAction(k uint32) string {
	name, ok := seccompReturn.Names[uint64(k&kernel.SECCOMP_RET_ACTION_FULL)]
	data := k & kernel.SECCOMP_RET_DATA
	switch {
	case !ok:
		return fmt.Sprintf("UNKNOWN(%#x)", k)
	case data != 0 || name == "ERRNO":
		return fmt.Sprintf("%s(%d)", name, data)
	}
	return name
}
