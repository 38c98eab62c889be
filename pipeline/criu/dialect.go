package criu

import (
	"maps"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
)

// Dialect is how an architecture names the numbers that are not the same on all:
// an image has those of the host it was made on.
type Dialect struct {
	Signal     *Enum
	SignalSet  *Flags
	Sigaction  *Flags
	StopSignal uint32 // the number of SIGSTOP

	Resource   *Enum
	SocketType *Enum

	OpenFlags    *Flags
	MapFlags     *Flags
	MapGrowsdown uint32 // the bit MAP_GROWSDOWN of MapFlags

	TermiosInput, TermiosOutput, TermiosControl, TermiosLocal *Flags
}

// DialectOf returns the dialect of an architecture.
func DialectOf(arch core.CoreEntryMarch) Dialect {
	d := Dialect{
		Signal: &Signal, SignalSet: &SignalSet, Sigaction: &sigactionFlags, StopSignal: 19, Resource: &Resource, SocketType: &SocketType,
		OpenFlags: &OpenFlags, MapFlags: &MapFlags, MapGrowsdown: 0x100,
		TermiosInput: &TermiosInput, TermiosOutput: &TermiosOutput, TermiosControl: &TermiosControl, TermiosLocal: &TermiosLocal,
	}
	switch arch {
	case core.CoreEntry_ARM, core.CoreEntry_AARCH64:
		d.OpenFlags = &openFlagsARM
	case core.CoreEntry_PPC64:
		d.OpenFlags, d.MapFlags = &openFlagsPPC64, &mapFlagsPPC64
		d.TermiosInput, d.TermiosOutput = &termiosInputPPC64, &termiosOutputPPC64
		d.TermiosControl, d.TermiosLocal = &termiosControlPPC64, &termiosLocalPPC64
	case core.CoreEntry_MIPS:
		d.Signal, d.SignalSet, d.Sigaction, d.StopSignal = &signalMIPS, &signalSetMIPS, &sigactionFlagsMIPS, 23
		d.Resource, d.SocketType, d.TermiosLocal = &resourceMIPS, &socketTypeMIPS, &termiosLocalMIPS
		d.OpenFlags, d.MapFlags, d.MapGrowsdown = &openFlagsMIPS, &mapFlagsMIPS, 0x1000
	}
	return d
}

// OpenFlags names flags of open files, as on x86 and most architectures.
var OpenFlags = Flags{"open_flags", "asm-generic/fcntl.h", openFlags(0o40000, 0o100000, 0o200000, 0o400000)}

// openFlagsARM names them on 32-bit and 64-bit ARM.
var openFlagsARM = Flags{"open_flags_arm", "arch/arm64/include/uapi/asm/fcntl.h", openFlags(0o200000, 0o400000, 0o40000, 0o100000)}

// openFlagsPPC64 names them on POWER.
var openFlagsPPC64 = Flags{"open_flags_ppc64", "arch/powerpc/include/uapi/asm/fcntl.h", openFlags(0o400000, 0o200000, 0o40000, 0o100000)}

// openFlags lists the flags of open files of which architectures change four.
func openFlags(direct, largefile, directory, nofollow uint64) []Flag {
	const tmpfile = 0o20000000 // __O_TMPFILE
	return []Flag{
		{Value: 0, Name: "O_RDONLY", Mask: 3}, {Value: 1, Name: "O_WRONLY", Mask: 3}, {Value: 2, Name: "O_RDWR", Mask: 3},
		{Value: 0o100, Name: "O_CREAT"}, {Value: 0o200, Name: "O_EXCL"}, {Value: 0o400, Name: "O_NOCTTY"}, {Value: 0o1000, Name: "O_TRUNC"},
		{Value: 0o2000, Name: "O_APPEND"}, {Value: 0o4000, Name: "O_NONBLOCK"},
		{Value: 0o4010000, Name: "O_SYNC", Mask: 0o4010000}, {Value: 0o10000, Name: "O_DSYNC", Mask: 0o4010000},
		{Value: 0o20000, Name: "O_ASYNC"}, {Value: direct, Name: "O_DIRECT"}, {Value: largefile, Name: "O_LARGEFILE"},
		{Value: tmpfile | directory, Name: "O_TMPFILE", Mask: tmpfile | directory}, {Value: directory, Name: "O_DIRECTORY", Mask: tmpfile | directory},
		{Value: nofollow, Name: "O_NOFOLLOW"}, {Value: 0o1000000, Name: "O_NOATIME"}, {Value: 0o2000000, Name: "O_CLOEXEC"},
		{Value: OpenPath, Name: "O_PATH"},
	}
}

// openFlagsMIPS names them on MIPS.
var openFlagsMIPS = Flags{"open_flags_mips", "arch/mips/include/uapi/asm/fcntl.h", []Flag{
	{Value: 0, Name: "O_RDONLY", Mask: 3}, {Value: 1, Name: "O_WRONLY", Mask: 3}, {Value: 2, Name: "O_RDWR", Mask: 3},
	{Value: 0x8, Name: "O_APPEND"}, {Value: 0x4010, Name: "O_SYNC", Mask: 0x4010}, {Value: 0x10, Name: "O_DSYNC", Mask: 0x4010},
	{Value: 0x80, Name: "O_NONBLOCK"}, {Value: 0x100, Name: "O_CREAT"}, {Value: 0x200, Name: "O_TRUNC"}, {Value: 0x400, Name: "O_EXCL"},
	{Value: 0x800, Name: "O_NOCTTY"}, {Value: 0x1000, Name: "O_ASYNC"}, {Value: 0x2000, Name: "O_LARGEFILE"}, {Value: 0x8000, Name: "O_DIRECT"},
	{Value: 0x410000, Name: "O_TMPFILE", Mask: 0x410000}, {Value: 0x10000, Name: "O_DIRECTORY", Mask: 0x410000},
	{Value: 0x20000, Name: "O_NOFOLLOW"}, {Value: 0x40000, Name: "O_NOATIME"}, {Value: 0x80000, Name: "O_CLOEXEC"}, {Value: OpenPath, Name: "O_PATH"},
}}

// OpenPath is O_PATH, on all architectures: such a file can be neither read nor
// written.
const OpenPath = 0o10000000

// MapShared is the bit MAP_SHARED of vma_entry.flags, on all architectures.
const MapShared = 0x1

// MapFlags names vma_entry.flags, as on x86 and most architectures.
var MapFlags = Flags{"map_flags", "asm-generic/mman.h", mapFlags(
	Flag{Value: 0x20, Name: "MAP_ANONYMOUS"}, Flag{Value: 0x100, Name: "MAP_GROWSDOWN"}, Flag{Value: 0x800, Name: "MAP_DENYWRITE"},
	Flag{Value: 0x1000, Name: "MAP_EXECUTABLE"}, Flag{Value: 0x2000, Name: "MAP_LOCKED"}, Flag{Value: 0x4000, Name: "MAP_NORESERVE"},
	Flag{Value: 0x8000, Name: "MAP_POPULATE"}, Flag{Value: 0x10000, Name: "MAP_NONBLOCK"}, Flag{Value: 0x20000, Name: "MAP_STACK"},
	Flag{Value: 0x40000, Name: "MAP_HUGETLB"}, Flag{Value: 0x80000, Name: "MAP_SYNC"})}

// mapFlagsPPC64 names them on POWER.
var mapFlagsPPC64 = Flags{"map_flags_ppc64", "arch/powerpc/include/uapi/asm/mman.h", mapFlags(
	Flag{Value: 0x20, Name: "MAP_ANONYMOUS"}, Flag{Value: 0x40, Name: "MAP_NORESERVE"}, Flag{Value: 0x80, Name: "MAP_LOCKED"},
	Flag{Value: 0x100, Name: "MAP_GROWSDOWN"}, Flag{Value: 0x800, Name: "MAP_DENYWRITE"}, Flag{Value: 0x1000, Name: "MAP_EXECUTABLE"},
	Flag{Value: 0x8000, Name: "MAP_POPULATE"}, Flag{Value: 0x10000, Name: "MAP_NONBLOCK"}, Flag{Value: 0x20000, Name: "MAP_STACK"},
	Flag{Value: 0x40000, Name: "MAP_HUGETLB"}, Flag{Value: 0x80000, Name: "MAP_SYNC"})}

// mapFlagsMIPS names them on MIPS.
var mapFlagsMIPS = Flags{"map_flags_mips", "arch/mips/include/uapi/asm/mman.h", mapFlags(
	Flag{Value: 0x400, Name: "MAP_NORESERVE"}, Flag{Value: 0x800, Name: "MAP_ANONYMOUS"}, Flag{Value: 0x1000, Name: "MAP_GROWSDOWN"},
	Flag{Value: 0x2000, Name: "MAP_DENYWRITE"}, Flag{Value: 0x4000, Name: "MAP_EXECUTABLE"}, Flag{Value: 0x8000, Name: "MAP_LOCKED"},
	Flag{Value: 0x10000, Name: "MAP_POPULATE"}, Flag{Value: 0x20000, Name: "MAP_NONBLOCK"}, Flag{Value: 0x40000, Name: "MAP_STACK"},
	Flag{Value: 0x80000, Name: "MAP_HUGETLB"})}

// mapFlags puts an architecture's own flags of mmap between those that all have.
func mapFlags(own ...Flag) []Flag {
	flags := append([]Flag{
		{Value: 1, Name: "MAP_SHARED", Mask: 0xf}, {Value: 2, Name: "MAP_PRIVATE", Mask: 0xf}, {Value: 3, Name: "MAP_SHARED_VALIDATE", Mask: 0xf},
		{Value: 8, Name: "MAP_DROPPABLE", Mask: 0xf}, {Value: 0x10, Name: "MAP_FIXED"},
	}, own...)
	return append(flags, Flag{Value: 0x100000, Name: "MAP_FIXED_NOREPLACE"})
}

// resourceMIPS names resource limits by their position on MIPS.
var resourceMIPS = Enum{"resource_mips", "arch/mips/include/uapi/asm/resource.h", changed(Resource.Names,
	map[uint64]string{5: "NOFILE", 6: "AS", 7: "RSS", 8: "NPROC", 9: "MEMLOCK"})}

// socketTypeMIPS names socket types on MIPS.
var socketTypeMIPS = Enum{"socket_type_mips", "arch/mips/include/asm/socket.h", changed(SocketType.Names,
	map[uint64]string{1: "dgram", 2: "stream"})}

// changed returns names with others for some of the numbers.
func changed(names, other map[uint64]string) map[uint64]string {
	names = maps.Clone(names)
	maps.Copy(names, other)
	return names
}
