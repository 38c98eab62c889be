package decode_test

import (
	"fmt"
	"strings"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fdinfo"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/fown"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/regfile"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/rlimit"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/signalfd"
	inet "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-inet"
	sockunix "github.com/checkpoint-restore/go-criu/v8/crit/images/sk-unix"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/tty"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
	"google.golang.org/protobuf/proto"
)

// TestNamesByArchitecture: numbers that architectures name in ways of their own
// are named as on the host that the checkpoint was made on. The numbers are those of
// golang.org/x/sys/unix for each, O_LARGEFILE and sockets' types those of the
// kernel's headers.
func TestNamesByArchitecture(t *testing.T) {
	for _, c := range []struct {
		arch              core.CoreEntryMarch
		open, mapped      uint32 // flags
		mmap              uint32
		control, local    uint32
		growsdown, stream uint32
		resource, signal  uint32
	}{
		{core.CoreEntry_X86_64, 0x8000 | 0x10000 | 0x200000, 0x4000 | 0x20000, 0x2000 | 0x4000, 0xf | 0x30 | 0x80, 1 | 2 | 8, 0x100, 1, 7, 17},
		{core.CoreEntry_AARCH64, 0x20000 | 0x4000 | 0x200000, 0x10000 | 0x8000, 0x2000 | 0x4000, 0xf | 0x30 | 0x80, 1 | 2 | 8, 0x100, 1, 7, 17},
		{core.CoreEntry_ARM, 0x20000 | 0x4000 | 0x200000, 0x10000 | 0x8000, 0x2000 | 0x4000, 0xf | 0x30 | 0x80, 1 | 2 | 8, 0x100, 1, 7, 17},
		{core.CoreEntry_PPC64, 0x10000 | 0x4000 | 0x200000, 0x20000 | 0x8000, 0x80 | 0x40, 0xf | 0x300 | 0x800, 0x80 | 0x100 | 8, 0x100, 1, 7, 17},
		{core.CoreEntry_MIPS, 0x2000 | 0x10000 | 0x200000, 0x8000 | 0x20000, 0x8000 | 0x400, 0xf | 0x30 | 0x80, 1 | 2 | 8, 0x1000, 2, 5, 18},
		{core.CoreEntry_S390, 0x8000 | 0x10000 | 0x200000, 0x4000 | 0x20000, 0x2000 | 0x4000, 0xf | 0x30 | 0x80, 1 | 2 | 8, 0x100, 1, 7, 17},
	} {
		t.Run(c.arch.String(), func(t *testing.T) {
			var cpu core.CoreEntry
			firstMessage(t, "core-1.img", &cpu)
			cpu.Mtype = c.arch.Enum()
			cpu.Tc.StopSigno, cpu.Tc.BlkSigset, cpu.Tc.Rlimits = &c.signal, proto.Uint64(1<<(c.signal-1)), &core.TaskRlimitsEntry{}
			for i := range uint64(16) {
				cpu.Tc.Rlimits.Rlimits = append(cpu.Tc.Rlimits.Rlimits, &rlimit.RlimitEntry{Cur: proto.Uint64(i), Max: proto.Uint64(i)})
			}
			cpu.ThreadCore.BlkSigset, cpu.ThreadCore.PdeathSig = cpu.Tc.BlkSigset, &c.signal
			var space mm.MmEntry
			firstMessage(t, "mm-1.img", &space)
			space.Vmas = append(space.Vmas, &vma.VmaEntry{Start: proto.Uint64(1 << 46), End: proto.Uint64(1<<46 + 4096), Pgoff: proto.Uint64(0), Shmid: proto.Uint64(0),
				Prot: proto.Uint32(1), Flags: proto.Uint32(2 | c.mmap | c.growsdown), Status: proto.Uint32(1<<9 | 1), Fd: proto.Int64(-1), Fdflags: &c.mapped})
			owner := &fown.FownEntry{Uid: proto.Uint32(0), Euid: proto.Uint32(0), Signum: &c.signal, PidType: proto.Uint32(0), Pid: proto.Uint32(0)}
			rows := decodeWith(t, imageOf(t, "checkpoint/core-1.img", &cpu), imageOf(t, "checkpoint/mm-1.img", &space),
				imageOf(t, "checkpoint/files.img",
					&fdinfo.FileEntry{Type: fdinfo.FdTypes_REG.Enum(), Id: proto.Uint32(900), Reg: &regfile.RegFileEntry{Id: proto.Uint32(900), Flags: &c.open, Fown: owner, Name: proto.String("/x")}},
					&fdinfo.FileEntry{Type: fdinfo.FdTypes_INETSK.Enum(), Id: proto.Uint32(901), Isk: &inet.InetSkEntry{Id: proto.Uint32(901), Type: &c.stream, Flags: &c.open}},
					&fdinfo.FileEntry{Type: fdinfo.FdTypes_UNIXSK.Enum(), Id: proto.Uint32(902), Usk: &sockunix.UnixSkEntry{Id: proto.Uint32(902), Type: &c.stream, Flags: &c.open}},
					&fdinfo.FileEntry{Type: fdinfo.FdTypes_SIGNALFD.Enum(), Id: proto.Uint32(903), Sgfd: &signalfd.SignalfdEntry{Id: proto.Uint32(903), Sigmask: cpu.Tc.BlkSigset}}),
				imageOf(t, "checkpoint/fdinfo-2.img", &fdinfo.FdinfoEntry{Id: proto.Uint32(900), Type: fdinfo.FdTypes_REG.Enum(), Fd: proto.Uint32(5), Flags: proto.Uint32(0)}),
				imageOf(t, "checkpoint/tty-info.img", &tty.TtyInfoEntry{Id: proto.Uint32(1), Termios: &tty.TermiosEntry{CCflag: &c.control, CLflag: &c.local}}))

			const opened = "O_RDONLY O_LARGEFILE O_DIRECTORY O_PATH"
			mapped := rows.MemoryMappings[len(rows.MemoryMappings)-1]
			sameNames(t, "files", rows.Files[0].OpenFlags.Names, opened)
			sameNames(t, "file_descriptors", rows.FileDescriptors[0].OpenFlags.Names, opened)
			sameNames(t, "fd_flags of memory_mappings", mapped.FdFlags.Names, "O_RDONLY O_DIRECT O_NOFOLLOW")
			sameNames(t, "map_flags", mapped.MapFlags.Names, "MAP_PRIVATE MAP_GROWSDOWN MAP_LOCKED MAP_NORESERVE")
			equal(t, "kind of mapping", mapped.Kind, "stack")
			for _, s := range rows.Sockets {
				sameNames(t, "sockets", s.OpenFlags.Names, opened)
				equal(t, "type of socket", *s.Type.Name, "stream")
			}
			sameNames(t, "control flags", rows.TTYs[0].ControlFlgs.Names, "B38400 CS8 CREAD")
			sameNames(t, "local flags", rows.TTYs[0].LocalFlags.Names, "ISIG ICANON ECHO")
			equal(t, "limit", rows.ResourceLimits[c.resource].Resource, "NOFILE")

			process, thread := rows.Processes[0], rows.Threads[0]
			equal(t, "signals", fmt.Sprint(*process.StopSignal.Name, *thread.PdeathSignal.Name, *rows.Files[0].OwnerSignal.Name), "SIGCHLDSIGCHLDSIGCHLD")
			for _, set := range [][]string{process.BlockedSignals.Names, thread.BlockedSignals.Names, rows.Files[3].SignalfdMask.Names} {
				sameNames(t, "set of signals", set, "SIGCHLD")
			}
		})
	}
}

// sameNames compares names of flags, in whatever order.
func sameNames(t *testing.T, what string, got []string, want string) {
	t.Helper()
	words := strings.Fields(want)
	equal(t, what, len(got), len(words))
	for _, w := range words {
		if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+w+" ") {
			t.Errorf("%s: %v, want %s", what, got, want)
		}
	}
}

// TestSchedulingPolicies: the kernel tells with the policy that children do not inherit it.
func TestSchedulingPolicies(t *testing.T) {
	for policy, name := range map[uint32]string{0: "OTHER", 2: "RR", 0x40000002: "RR|RESET_ON_FORK", 0x40000000: "OTHER|RESET_ON_FORK", 0x40000009: "UNKNOWN(1073741833)"} {
		var cpu core.CoreEntry
		firstMessage(t, "core-1.img", &cpu)
		cpu.ThreadCore.SchedPolicy = &policy
		rows := decodeWith(t, imageOf(t, "checkpoint/core-1.img", &cpu))
		if got := rows.Threads[0].SchedPolicy; *got.Name != name || *got.Code != int64(policy) {
			t.Errorf("%#x: %s, %#x", policy, *got.Name, *got.Code)
		}
	}
}
