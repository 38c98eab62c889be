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
			in.Operand, in.ReturnsConst = SeccompAction(in.K), true
		}
	}
	return list
}

// mnemonic writes the instruction at a position as tcpdump -d does.
func (in *Instruction) mnemonic(at int) string {
	k := in.K
	switch in.Code & 7 {
	case kernel.BPF_LD:
		if name, ok := loadNames[in.Code&0x18]; ok {
			switch in.Code &^ 0x1f {
			case kernel.BPF_IMM:
				return fmt.Sprintf("%s #%#x", name, k)
			case kernel.BPF_ABS:
				return fmt.Sprintf("%s [%d]", name, k)
			case kernel.BPF_IND:
				return fmt.Sprintf("%s [x + %d]", name, k)
			case kernel.BPF_MEM:
				return fmt.Sprintf("%s M[%d]", name, k)
			case kernel.BPF_LEN:
				return name + " #pktlen"
			}
		}
	case kernel.BPF_LDX:
		switch in.Code {
		case kernel.BPF_LDX | kernel.BPF_W | kernel.BPF_IMM:
			return fmt.Sprintf("ldx #%#x", k)
		case kernel.BPF_LDX | kernel.BPF_W | kernel.BPF_MEM:
			return fmt.Sprintf("ldx M[%d]", k)
		case kernel.BPF_LDX | kernel.BPF_W | kernel.BPF_LEN:
			return "ldx #pktlen"
		case kernel.BPF_LDX | kernel.BPF_B | kernel.BPF_MSH:
			return fmt.Sprintf("ldxb 4*([%d]&0xf)", k)
		}
	case kernel.BPF_ST:
		if in.Code == kernel.BPF_ST {
			return fmt.Sprintf("st M[%d]", k)
		}
	case kernel.BPF_STX:
		if in.Code == kernel.BPF_STX {
			return fmt.Sprintf("stx M[%d]", k)
		}
	case kernel.BPF_ALU:
		name, ok := aluNames[in.Code&^0xf]
		switch {
		case !ok:
		case in.Code&^0xf == kernel.BPF_NEG:
			return name
		case in.Code&8 == kernel.BPF_X:
			return name + " x"
		default:
			return fmt.Sprintf("%s #%#x", name, k)
		}
	case kernel.BPF_JMP:
		name, ok := jumpNames[in.Code&^0xf]
		switch {
		case in.Code == kernel.BPF_JMP|kernel.BPF_JA:
			return fmt.Sprintf("ja %d", uint64(at)+1+uint64(k))
		case !ok:
		case in.Code&8 == kernel.BPF_X:
			return fmt.Sprintf("%s x jt %d jf %d", name, at+1+int(in.True), at+1+int(in.Else))
		default:
			return fmt.Sprintf("%s #%#x jt %d jf %d", name, k, at+1+int(in.True), at+1+int(in.Else))
		}
	case kernel.BPF_RET:
		switch in.Code {
		case kernel.BPF_RET | kernel.BPF_K:
			return fmt.Sprintf("ret #%#x", k)
		case kernel.BPF_RET | kernel.BPF_X:
			return "ret x"
		case kernel.BPF_RET | kernel.BPF_A:
			return "ret a"
		}
	case kernel.BPF_MISC:
		switch in.Code {
		case kernel.BPF_MISC | kernel.BPF_TAX:
			return "tax"
		case kernel.BPF_MISC | kernel.BPF_TXA:
			return "txa"
		}
	}
	return fmt.Sprintf("unimp %#x", in.Code)
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

// SeccompReturn names the actions of seccomp filters: the upper half of what
// they return.
var SeccompReturn = Enum{"seccomp_return", "linux/seccomp.h", map[uint64]string{
	kernel.SECCOMP_RET_KILL_PROCESS: "KILL_PROCESS", kernel.SECCOMP_RET_KILL_THREAD: "KILL_THREAD", kernel.SECCOMP_RET_TRAP: "TRAP",
	kernel.SECCOMP_RET_ERRNO: "ERRNO", kernel.SECCOMP_RET_USER_NOTIF: "USER_NOTIF", kernel.SECCOMP_RET_TRACE: "TRACE",
	kernel.SECCOMP_RET_LOG: "LOG", kernel.SECCOMP_RET_ALLOW: "ALLOW"}}

// SeccompAction names what a filter returns, with its number where it has one.
func SeccompAction(k uint32) string {
	name, ok := SeccompReturn.Names[uint64(k&kernel.SECCOMP_RET_ACTION_FULL)]
	data := k & kernel.SECCOMP_RET_DATA
	switch {
	case !ok:
		return fmt.Sprintf("UNKNOWN(%#x)", k)
	case data != 0 || name == "ERRNO":
		return fmt.Sprintf("%s(%d)", name, data)
	}
	return name
}
