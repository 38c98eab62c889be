package criu

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
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
const MaxInstructions = unix.BPF_MAXINSNS

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
		case in.Code == unix.BPF_LD|unix.BPF_W|unix.BPF_ABS:
			in.Operand = seccompData(in.K, order)
		case in.Code == unix.BPF_RET|unix.BPF_K:
			in.Operand, in.ReturnsConst = SeccompAction(in.K), true
		}
	}
	return list
}

// mnemonic writes the instruction at a position as tcpdump -d does.
func (in *Instruction) mnemonic(at int) string {
	k := in.K
	switch in.Code & 7 {
	case unix.BPF_LD:
		if name, ok := loadNames[in.Code&0x18]; ok {
			switch in.Code &^ 0x1f {
			case unix.BPF_IMM:
				return fmt.Sprintf("%s #%#x", name, k)
			case unix.BPF_ABS:
				return fmt.Sprintf("%s [%d]", name, k)
			case unix.BPF_IND:
				return fmt.Sprintf("%s [x + %d]", name, k)
			case unix.BPF_MEM:
				return fmt.Sprintf("%s M[%d]", name, k)
			case unix.BPF_LEN:
				return name + " #pktlen"
			}
		}
	case unix.BPF_LDX:
		switch in.Code {
		case unix.BPF_LDX | unix.BPF_W | unix.BPF_IMM:
			return fmt.Sprintf("ldx #%#x", k)
		case unix.BPF_LDX | unix.BPF_W | unix.BPF_MEM:
			return fmt.Sprintf("ldx M[%d]", k)
		case unix.BPF_LDX | unix.BPF_W | unix.BPF_LEN:
			return "ldx #pktlen"
		case unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH:
			return fmt.Sprintf("ldxb 4*([%d]&0xf)", k)
		}
	case unix.BPF_ST:
		if in.Code == unix.BPF_ST {
			return fmt.Sprintf("st M[%d]", k)
		}
	case unix.BPF_STX:
		if in.Code == unix.BPF_STX {
			return fmt.Sprintf("stx M[%d]", k)
		}
	case unix.BPF_ALU:
		name, ok := aluNames[in.Code&^0xf]
		switch {
		case !ok:
		case in.Code&^0xf == unix.BPF_NEG:
			return name
		case in.Code&8 == unix.BPF_X:
			return name + " x"
		default:
			return fmt.Sprintf("%s #%#x", name, k)
		}
	case unix.BPF_JMP:
		name, ok := jumpNames[in.Code&^0xf]
		switch {
		case in.Code == unix.BPF_JMP|unix.BPF_JA:
			return fmt.Sprintf("ja %d", uint64(at)+1+uint64(k))
		case !ok:
		case in.Code&8 == unix.BPF_X:
			return fmt.Sprintf("%s x jt %d jf %d", name, at+1+int(in.True), at+1+int(in.Else))
		default:
			return fmt.Sprintf("%s #%#x jt %d jf %d", name, k, at+1+int(in.True), at+1+int(in.Else))
		}
	case unix.BPF_RET:
		switch in.Code {
		case unix.BPF_RET | unix.BPF_K:
			return fmt.Sprintf("ret #%#x", k)
		case unix.BPF_RET | unix.BPF_X:
			return "ret x"
		case unix.BPF_RET | unix.BPF_A:
			return "ret a"
		}
	case unix.BPF_MISC:
		switch in.Code {
		case unix.BPF_MISC | unix.BPF_TAX:
			return "tax"
		case unix.BPF_MISC | unix.BPF_TXA:
			return "txa"
		}
	}
	return fmt.Sprintf("unimp %#x", in.Code)
}

var loadNames = map[uint16]string{unix.BPF_W: "ld", unix.BPF_H: "ldh", unix.BPF_B: "ldb"}

var aluNames = map[uint16]string{
	unix.BPF_ADD: "add", unix.BPF_SUB: "sub", unix.BPF_MUL: "mul", unix.BPF_DIV: "div", unix.BPF_OR: "or", unix.BPF_AND: "and",
	unix.BPF_LSH: "lsh", unix.BPF_RSH: "rsh", unix.BPF_NEG: "neg", unix.BPF_MOD: "mod", unix.BPF_XOR: "xor",
}

var jumpNames = map[uint16]string{unix.BPF_JEQ: "jeq", unix.BPF_JGT: "jgt", unix.BPF_JGE: "jge", unix.BPF_JSET: "jset"}

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
	unix.SECCOMP_RET_KILL_PROCESS: "KILL_PROCESS", unix.SECCOMP_RET_KILL_THREAD: "KILL_THREAD", unix.SECCOMP_RET_TRAP: "TRAP",
	unix.SECCOMP_RET_ERRNO: "ERRNO", unix.SECCOMP_RET_USER_NOTIF: "USER_NOTIF", unix.SECCOMP_RET_TRACE: "TRACE",
	unix.SECCOMP_RET_LOG: "LOG", unix.SECCOMP_RET_ALLOW: "ALLOW"}}

// SeccompAction names what a filter returns, with its number where it has one.
func SeccompAction(k uint32) string {
	name, ok := SeccompReturn.Names[uint64(k&unix.SECCOMP_RET_ACTION_FULL)]
	data := k & unix.SECCOMP_RET_DATA
	switch {
	case !ok:
		return fmt.Sprintf("UNKNOWN(%#x)", k)
	case data != 0 || name == "ERRNO":
		return fmt.Sprintf("%s(%d)", name, data)
	}
	return name
}
