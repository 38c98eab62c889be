package criu_test

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"

	"github.com/ckexport/ckexport/pipeline/criu"
)

// TestSiginfo decodes siginfo_t of every kind. Signal, code and errno take the
// first words; then come words of 16 bits each, numbered by their offset, so
// that what is read tells from where.
func TestSiginfo(t *testing.T) {
	for _, c := range []struct {
		signal, code int32
		arch         core.CoreEntryMarch
		want         string
	}{
		{10, 0, core.CoreEntry_X86_64, "SI_USER SenderPID=11101010 SenderUID=15141414"},
		{10, 0x80, core.CoreEntry_X86_64, "SI_KERNEL SenderPID=11101010 SenderUID=15141414"},
		{36, -1, core.CoreEntry_X86_64, "SI_QUEUE SenderPID=11101010 SenderUID=15141414 Value=1d1c1c1c19181818"},
		{36, -1, core.CoreEntry_ARM, "SI_QUEUE SenderPID=d0c0c0c SenderUID=11101010 Value=15141414"},
		{14, -2, core.CoreEntry_AARCH64, "SI_TIMER Value=1d1c1c1c19181818 TimerID=11101010 TimerOverrun=15141414"},
		{14, -3, core.CoreEntry_MIPS, "SI_TIMER Value=1d1c1c1c19181818 TimerID=11101010 TimerOverrun=15141414"},
		{14, -2, core.CoreEntry_MIPS, "SI_ASYNCIO SenderPID=11101010 SenderUID=15141414 Value=1d1c1c1c19181818"},
		{17, 1, core.CoreEntry_X86_64, "CLD_EXITED SenderPID=11101010 SenderUID=15141414 ChildStatus=19181818 ChildUser=2524242421202020 ChildSystem=2d2c2c2c29282828"},
		{17, 2, core.CoreEntry_ARM, "CLD_KILLED SenderPID=d0c0c0c SenderUID=11101010 ChildStatus=15141414 ChildUser=19181818 ChildSystem=1d1c1c1c"},
		{18, 3, core.CoreEntry_MIPS, "CLD_DUMPED SenderPID=11101010 SenderUID=15141414 ChildStatus=19181818 ChildUser=2524242421202020 ChildSystem=2d2c2c2c29282828"},
		{11, 1, core.CoreEntry_X86_64, "SEGV_MAPERR FaultAddress=1514141411101010"},
		{7, 4, core.CoreEntry_ARM, "BUS_MCEERR_AR FaultAddress=d0c0c0c"},
		{29, 1, core.CoreEntry_X86_64, "POLL_IN PollBand=1514141411101010 PollFD=19181818"},
		{40, 6, core.CoreEntry_X86_64, "POLL_HUP PollBand=1514141411101010 PollFD=19181818"},
		{31, 1, core.CoreEntry_X86_64, "SYS_SECCOMP SyscallAddress=1514141411101010 SyscallNumber=19181818 SyscallArch=1d1c1c1c"},
		{11, 99, core.CoreEntry_X86_64, "UNKNOWN(99) SenderPID=11101010 SenderUID=15141414"},
		{15, -45, core.CoreEntry_X86_64, "UNKNOWN(-45) SenderPID=11101010 SenderUID=15141414 Value=1d1c1c1c19181818"},
	} {
		data := make([]byte, 128)
		for at := 12; at < 128; at += 4 {
			binary.LittleEndian.PutUint32(data[at:], uint32(at)*0x010101+uint32(at+1)<<24)
		}
		words := []int32{c.signal, 5, c.code}
		if c.arch == core.CoreEntry_MIPS {
			words[1], words[2] = c.code, 5
		}
		for i, v := range words {
			binary.LittleEndian.PutUint32(data[4*i:], uint32(v))
		}
		s, err := criu.ParseSiginfo(data, binary.LittleEndian, c.arch)
		if err != nil {
			t.Fatal(err)
		}
		if s.Signal != c.signal || s.Errno != 5 || s.Code != c.code {
			t.Errorf("%v: signal %d, errno %d, code %d", c, s.Signal, s.Errno, s.Code)
		}
		got := []string{criu.SiginfoCodeName(c.arch, c.signal, c.code)}
		v := reflect.ValueOf(*s)
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
				got = append(got, fmt.Sprintf("%s=%x", v.Type().Field(i).Name, f.Elem().Interface()))
			}
		}
		for n := range data {
			if s, err := criu.ParseSiginfo(data[:n], binary.LittleEndian, c.arch); (err == nil) != (s != nil) || n < 32 && err == nil {
				t.Errorf("%v: %d bytes: %v, %v", c, n, s, err)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("signal %d, code %d on %v: got %s, want %s", c.signal, c.code, c.arch, strings.Join(got, " "), c.want)
		}
	}
}

// TestBigEndianSiginfo: the host's byte order counts.
func TestBigEndianSiginfo(t *testing.T) {
	data := make([]byte, 128)
	binary.BigEndian.PutUint32(data, 15)
	binary.BigEndian.PutUint32(data[16:], 77)
	s, err := criu.ParseSiginfo(data, binary.BigEndian, core.CoreEntry_S390)
	if err != nil || s.Signal != 15 || *s.SenderPID != 77 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestDisassemble checks an instruction of each kind. The mnemonics are those
// that tcpdump -d and the kernel's bpf_dbg print.
func TestDisassemble(t *testing.T) {
	for _, c := range []struct {
		code        uint16
		jt, jf      uint8
		k           uint32
		want, means string
	}{
		{0x20, 0, 0, 4, "ld [4]", "arch"}, {0x20, 0, 0, 0, "ld [0]", "nr"}, {0x20, 0, 0, 8, "ld [8]", "instruction_pointer low"},
		{0x20, 0, 0, 28, "ld [28]", "args[1] high"}, {0x20, 0, 0, 64, "ld [64]", ""}, {0x20, 0, 0, 9, "ld [9]", ""},
		{0x28, 0, 0, 12, "ldh [12]", ""}, {0x30, 0, 0, 23, "ldb [23]", ""}, {0x00, 0, 0, 7, "ld #0x7", ""}, {0x40, 0, 0, 2, "ld [x + 2]", ""},
		{0x60, 0, 0, 3, "ld M[3]", ""}, {0x80, 0, 0, 0, "ld #pktlen", ""}, {0x01, 0, 0, 9, "ldx #0x9", ""}, {0x61, 0, 0, 1, "ldx M[1]", ""},
		{0xb1, 0, 0, 14, "ldxb 4*([14]&0xf)", ""}, {0x81, 0, 0, 0, "ldx #pktlen", ""}, {0x02, 0, 0, 5, "st M[5]", ""}, {0x03, 0, 0, 6, "stx M[6]", ""},
		{0x04, 0, 0, 1, "add #0x1", ""}, {0x1c, 0, 0, 0, "sub x", ""}, {0x54, 0, 0, 255, "and #0xff", ""}, {0x84, 0, 0, 0, "neg", ""}, {0xa4, 0, 0, 3, "xor #0x3", ""},
		{0x05, 0, 0, 10, "ja 37", ""}, {0x15, 1, 2, 0xc000003e, "jeq #0xc000003e jt 29 jf 30", ""}, {0x25, 0, 1, 5, "jgt #0x5 jt 29 jf 30", ""},
		{0x3d, 3, 0, 0, "jge x jt 33 jf 30", ""}, {0x45, 0, 0, 1, "jset #0x1 jt 31 jf 31", ""},
		{0x06, 0, 0, 0x50026, "ret #0x50026", "ERRNO(38)"}, {0x06, 0, 0, 0x7fff0000, "ret #0x7fff0000", "ALLOW"}, {0x06, 0, 0, 0x80000000, "ret #0x80000000", "KILL_PROCESS"},
		{0x06, 0, 0, 0x7ff00003, "ret #0x7ff00003", "TRACE(3)"}, {0x06, 0, 0, 0x12340000, "ret #0x12340000", "UNKNOWN(0x12340000)"},
		{0x0e, 0, 0, 0, "ret x", ""}, {0x16, 0, 0, 0, "ret a", ""}, {0x07, 0, 0, 0, "tax", ""}, {0x87, 0, 0, 0, "txa", ""}, {0xffff, 0, 0, 0, "unimp 0xffff", ""},
	} {
		// each stands where jumps are told as above
		at := map[string]int{"ja": 26, "jeq": 27, "jgt": 28, "jge": 29, "jset": 30}[strings.Fields(c.want)[0]]
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			program := make([]byte, 8*(at+1))
			b := program[8*at:]
			order.PutUint16(b, c.code)
			b[2], b[3] = c.jt, c.jf
			order.PutUint32(b[4:], c.k)
			in := criu.Disassemble(program, order)[at]
			means := c.means
			if order == binary.ByteOrder(binary.BigEndian) {
				means = strings.NewReplacer("low", "high", "high", "low").Replace(means)
			}
			if in.Mnemonic != c.want || in.Operand != means {
				t.Errorf("%#x: got %q (%s), want %q (%s)", c.code, in.Mnemonic, in.Operand, c.want, means)
			}
		}
	}
}
