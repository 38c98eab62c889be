package criu

// TermiosInput names termios_entry.c_iflag, as on x86 and most architectures.
var TermiosInput = Flags{"termios_input", "asm-generic/termbits.h", bitNames("IGNBRK", "BRKINT", "IGNPAR", "PARMRK", "INPCK", "ISTRIP", "INLCR",
	"IGNCR", "ICRNL", "IUCLC", "IXON", "IXANY", "IXOFF", "IMAXBEL", "IUTF8")}

// TermiosOutput names termios_entry.c_oflag, as on x86 and most architectures.
var TermiosOutput = Flags{"termios_output", "asm-generic/termbits.h", append(
	bitNames("OPOST", "OLCUC", "ONLCR", "OCRNL", "ONOCR", "ONLRET", "OFILL", "OFDEL", "NL1"),
	Flag{Value: 0x200, Name: "CR1", Mask: 0x600}, Flag{Value: 0x400, Name: "CR2", Mask: 0x600}, Flag{Value: 0x600, Name: "CR3", Mask: 0x600},
	Flag{Value: 0x800, Name: "TAB1", Mask: 0x1800}, Flag{Value: 0x1000, Name: "TAB2", Mask: 0x1800}, Flag{Value: 0x1800, Name: "TAB3", Mask: 0x1800},
	Flag{Value: 0x2000, Name: "BS1"}, Flag{Value: 0x4000, Name: "VT1"}, Flag{Value: 0x8000, Name: "FF1"})}

// TermiosControl names termios_entry.c_cflag, as on x86 and most architectures.
var TermiosControl = Flags{"termios_control", "asm-generic/termbits.h", append(termiosSpeeds(0x100f, 0x1000, 0x1001), []Flag{
	{Value: 0, Name: "CS5", Mask: 0x30}, {Value: 0x10, Name: "CS6", Mask: 0x30}, {Value: 0x20, Name: "CS7", Mask: 0x30}, {Value: 0x30, Name: "CS8", Mask: 0x30},
	{Value: 0x40, Name: "CSTOPB"}, {Value: 0x80, Name: "CREAD"}, {Value: 0x100, Name: "PARENB"}, {Value: 0x200, Name: "PARODD"},
	{Value: 0x400, Name: "HUPCL"}, {Value: 0x800, Name: "CLOCAL"}, {Value: 0x20000000, Name: "ADDRB"}, {Value: 0x40000000, Name: "CMSPAR"},
	{Value: 0x80000000, Name: "CRTSCTS"},
}...)}

// termiosSpeeds lists the speeds in the field CBAUD: the lower ones are the same on
// all architectures, the higher ones follow each other from fast on.
func termiosSpeeds(mask, other, fast uint64) []Flag {
	var list []Flag
	for i, name := range []string{"B0", "B50", "B75", "B110", "B134", "B150", "B200", "B300", "B600", "B1200", "B1800", "B2400", "B4800", "B9600", "B19200", "B38400"} {
		list = append(list, Flag{Value: uint64(i), Name: name, Mask: mask})
	}
	list = append(list, Flag{Value: other, Name: "BOTHER", Mask: mask})
	for i, name := range []string{"B57600", "B115200", "B230400", "B460800", "B500000", "B576000", "B921600", "B1000000", "B1152000", "B1500000",
		"B2000000", "B2500000", "B3000000", "B3500000", "B4000000"} {
		list = append(list, Flag{Value: fast + uint64(i), Name: name, Mask: mask})
	}
	return list
}

// TermiosLocal names termios_entry.c_lflag, as on x86 and most architectures.
var TermiosLocal = Flags{"termios_local", "asm-generic/termbits.h", bitNames("ISIG", "ICANON", "XCASE", "ECHO", "ECHOE", "ECHOK", "ECHONL", "NOFLSH",
	"TOSTOP", "ECHOCTL", "ECHOPRT", "ECHOKE", "FLUSHO", "", "PENDIN", "IEXTEN", "EXTPROC")}

// termbitsPPC64 is where POWER's names of termios are from.
const termbitsPPC64 = "arch/powerpc/include/uapi/asm/termbits.h"

// termiosInputPPC64 names termios_entry.c_iflag on POWER.
var termiosInputPPC64 = Flags{"termios_input_ppc64", termbitsPPC64, bitNames("IGNBRK", "BRKINT", "IGNPAR", "PARMRK", "INPCK", "ISTRIP", "INLCR",
	"IGNCR", "ICRNL", "IXON", "IXOFF", "IXANY", "IUCLC", "IMAXBEL", "IUTF8")}

// termiosOutputPPC64 names termios_entry.c_oflag on POWER.
var termiosOutputPPC64 = Flags{"termios_output_ppc64", termbitsPPC64, append(bitNames("OPOST", "ONLCR", "OLCUC", "OCRNL", "ONOCR", "ONLRET", "OFILL", "OFDEL"),
	Flag{Value: 0x100, Name: "NL1", Mask: 0x300}, Flag{Value: 0x200, Name: "NL2", Mask: 0x300}, Flag{Value: 0x300, Name: "NL3", Mask: 0x300},
	Flag{Value: 0x400, Name: "TAB1", Mask: 0xc00}, Flag{Value: 0x800, Name: "TAB2", Mask: 0xc00}, Flag{Value: 0xc00, Name: "TAB3", Mask: 0xc00},
	Flag{Value: 0x1000, Name: "CR1", Mask: 0x3000}, Flag{Value: 0x2000, Name: "CR2", Mask: 0x3000}, Flag{Value: 0x3000, Name: "CR3", Mask: 0x3000},
	Flag{Value: 0x4000, Name: "FF1"}, Flag{Value: 0x8000, Name: "BS1"}, Flag{Value: 0x10000, Name: "VT1"})}

// termiosControlPPC64 names termios_entry.c_cflag on POWER.
var termiosControlPPC64 = Flags{"termios_control_ppc64", termbitsPPC64, append(termiosSpeeds(0xff, 0x1f, 0x10), []Flag{
	{Value: 0, Name: "CS5", Mask: 0x300}, {Value: 0x100, Name: "CS6", Mask: 0x300}, {Value: 0x200, Name: "CS7", Mask: 0x300}, {Value: 0x300, Name: "CS8", Mask: 0x300},
	{Value: 0x400, Name: "CSTOPB"}, {Value: 0x800, Name: "CREAD"}, {Value: 0x1000, Name: "PARENB"}, {Value: 0x2000, Name: "PARODD"},
	{Value: 0x4000, Name: "HUPCL"}, {Value: 0x8000, Name: "CLOCAL"}, {Value: 0x20000000, Name: "ADDRB"}, {Value: 0x40000000, Name: "CMSPAR"},
	{Value: 0x80000000, Name: "CRTSCTS"},
}...)}

// termiosLocalPPC64 names termios_entry.c_lflag on POWER.
var termiosLocalPPC64 = Flags{"termios_local_ppc64", termbitsPPC64, append(
	bitNames("ECHOKE", "ECHOE", "ECHOK", "ECHO", "ECHONL", "ECHOPRT", "ECHOCTL", "ISIG", "ICANON", "", "IEXTEN", "", "", "", "XCASE"),
	Flag{Value: 0x400000, Name: "TOSTOP"}, Flag{Value: 0x800000, Name: "FLUSHO"}, Flag{Value: 0x10000000, Name: "EXTPROC"},
	Flag{Value: 0x20000000, Name: "PENDIN"}, Flag{Value: 0x80000000, Name: "NOFLSH"})}

// termiosLocalMIPS names termios_entry.c_lflag on MIPS, which has the rest as most
// architectures do.
var termiosLocalMIPS = Flags{"termios_local_mips", "arch/mips/include/uapi/asm/termbits.h", bitNames("ISIG", "ICANON", "XCASE", "ECHO", "ECHOE", "ECHOK",
	"ECHONL", "NOFLSH", "IEXTEN", "ECHOCTL", "ECHOPRT", "ECHOKE", "", "FLUSHO", "PENDIN", "TOSTOP", "EXTPROC")}
