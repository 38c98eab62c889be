package decode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/apparmor"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/cgroup"
	x86 "github.com/checkpoint-restore/go-criu/v8/crit/images/core-x86"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/cpuinfo"
	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/seccomp"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/stats"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/schema"
)

// TestSeccompChains: filters that follow one another, and chains that lead
// nowhere or in a circle.
func TestSeccompChains(t *testing.T) {
	filter := func(prev *uint32, program string) *seccomp.SeccompFilter {
		return &seccomp.SeccompFilter{Filter: []byte(program), Prev: prev, Flags: proto.Uint32(0)}
	}
	allow := "\x06\x00\x00\x00\x00\x00\xff\x7f"
	whole := []*seccomp.SeccompFilter{filter(nil, allow), filter(proto.Uint32(0), ""), filter(proto.Uint32(1), allow+"odd")}
	rows := decodeWith(t, imageOf(t, "checkpoint/seccomp.img", &seccomp.SeccompEntry{SeccompFilters: whole}), coreWithFilter(t, 2))
	for i, f := range rows.SeccompFilters {
		if *f.ChainLength != uint32(i+1) || *f.ThreadCount != 1 || slices.Contains(f.InnermostTIDs, 1) != (i == 2) {
			t.Errorf("%d: %+v", i, f)
		}
	}
	if p := programOf(t, rows, 2); len(p.Instructions) != 1 || p.Instructions[0].Mnemonic != "ret #0x7fff0000" || *p.Instructions[0].Operand != "ALLOW" ||
		!tableHasProblem(rows, "seccomp_filters", decode.Malformed) {
		t.Errorf("%+v", p)
	}

	broken := []*seccomp.SeccompFilter{filter(proto.Uint32(1), allow), filter(proto.Uint32(0), allow), filter(nil, allow), filter(proto.Uint32(0), allow), filter(proto.Uint32(99), allow),
		filter(nil, strings.Repeat(allow, 5000))}
	rows = decodeWith(t, imageOf(t, "checkpoint/seccomp.img", &seccomp.SeccompEntry{SeccompFilters: broken}), coreWithFilter(t, 77))
	for i, f := range rows.SeccompFilters {
		if (f.ChainLength != nil) != (i == 2 || i == 5) || f.ThreadCount != nil || (programOf(t, rows, i).Instructions == nil) != (i == 5) {
			t.Errorf("%d: %+v", i, f)
		}
	}
	for _, want := range [][2]string{{"seccomp_filters", decode.DanglingReference}, {"seccomp_filters", decode.LimitExceeded}, {"threads", decode.DanglingReference}} {
		if !tableHasProblem(rows, want[0], want[1]) {
			t.Errorf("no problem %v", want)
		}
	}
}

// programOf returns the program of a filter.
func programOf(t *testing.T, rows *schema.Rows, filter int) schema.SeccompProgram {
	t.Helper()
	f := rows.SeccompFilters[filter]
	at := slices.IndexFunc(rows.SeccompPrograms, func(p schema.SeccompProgram) bool {
		return p.ProgramSHA256 == f.ProgramSHA256 && p.ByteOrder == f.ByteOrder
	})
	if at < 0 {
		t.Fatalf("filter %d has no program", filter)
	}
	return rows.SeccompPrograms[at]
}

func coreWithFilter(t *testing.T, filter uint32) tarMember {
	t.Helper()
	var c core.CoreEntry
	firstMessage(t, "core-1.img", &c)
	c.ThreadCore.SeccompMode, c.ThreadCore.SeccompFilter = core.SeccompMode_filter.Enum(), &filter
	return imageOf(t, "checkpoint/core-1.img", &c)
}

// TestApparmorNamespaces: policies of nested namespaces, one without, and a
// nest whose path would grow without bounds.
func TestApparmorNamespaces(t *testing.T) {
	policy := func(name string) *apparmor.AaPolicy {
		return &apparmor.AaPolicy{Name: &name, Blob: []byte("policy " + name)}
	}
	deep := &apparmor.AaNamespace{Name: proto.String(strings.Repeat("n", 1000))}
	for range 100 {
		deep = &apparmor.AaNamespace{Name: proto.String(strings.Repeat("n", 1000)), Namespaces: []*apparmor.AaNamespace{deep}}
	}
	rows := decodeWith(t, imageOf(t, "checkpoint/apparmor.img", &apparmor.ApparmorEntry{Namespaces: []*apparmor.AaNamespace{
		{Name: proto.String("a"), Policies: []*apparmor.AaPolicy{policy("p"), policy("q\xff")}, Namespaces: []*apparmor.AaNamespace{
			{Name: proto.String("b"), Policies: []*apparmor.AaPolicy{policy("r")}},
		}},
		deep,
	}}))
	var got []string
	for _, p := range rows.ApparmorProfiles[:3] {
		got = append(got, exact(p.NamespacePath)+" "+exact(p.Profile))
		if string(p.Policy) != "policy "+exact(p.Profile) || *p.PolicySHA256 != digestOf(p.Policy) || *p.PolicyBytes != uint64(len(p.Policy)) {
			t.Errorf("%+v", p)
		}
	}
	if !slices.Equal(got, []string{"a p", "a q\xff", "a//b r"}) {
		t.Errorf("%q", got)
	}
	for _, p := range rows.ApparmorProfiles[3:] {
		if p.Profile.Text != nil || p.NamespacePath.Text != nil && len(*p.NamespacePath.Text) > 4096 {
			t.Errorf("%+v", p)
		}
	}
	if len(rows.ApparmorProfiles) != 3+101 || !tableHasProblem(rows, "apparmor_profiles", decode.LimitExceeded) {
		t.Errorf("%d rows", len(rows.ApparmorProfiles))
	}
}

// TestCgroupDirectories: directories below others, of the root, without
// properties, and controllers without directories.
func TestCgroupDirectories(t *testing.T) {
	perms := func(n uint32) *cgroup.CgroupPerms {
		return &cgroup.CgroupPerms{Mode: proto.Uint32(n), Uid: proto.Uint32(n + 1), Gid: proto.Uint32(n + 2)}
	}
	dir := func(name string, children ...*cgroup.CgroupDirEntry) *cgroup.CgroupDirEntry {
		return &cgroup.CgroupDirEntry{DirName: &name, Children: children, DirPerms: perms(10),
			Properties: []*cgroup.CgroupPropEntry{{Name: proto.String("p." + name), Value: proto.String("1\n2"), Perms: perms(20)}}}
	}
	empty := &cgroup.CgroupDirEntry{DirName: proto.String("empty")}
	rows := decodeWith(t, imageOf(t, "checkpoint/cgroup.img", &cgroup.CgroupEntry{Controllers: []*cgroup.CgControllerEntry{
		{Cnames: []string{"cpu", "cpuacct"}, IsThreaded: proto.Bool(true), Dirs: []*cgroup.CgroupDirEntry{dir("a/b", dir("c", empty))}},
		{Cnames: []string{""}, Dirs: []*cgroup.CgroupDirEntry{dir("", dir("system"))}},
		{Cnames: []string{"name=none"}},
		{Cnames: []string{strings.Repeat("x", 5000)}, Dirs: []*cgroup.CgroupDirEntry{dir(strings.Repeat("y", 5000))}},
	}}))
	var got []string
	for _, p := range rows.CgroupProperties {
		got = append(got, fmt.Sprintf("%d %q %q %v %q", p.ControllerPosition, p.Controllers.Text, exact(p.Path), p.Depth != nil && *p.Depth == 1, exact(p.Property)))
	}
	want := []string{
		`0 ["cpu" "cpuacct"] "/a/b" false "p.a/b"`, `0 ["cpu" "cpuacct"] "/a/b/c" true "p.c"`, `0 ["cpu" "cpuacct"] "/a/b/c/empty" false "\x00NULL"`,
		`1 [""] "/" false "p."`, `1 [""] "/system" true "p.system"`, `2 ["name=none"] "\x00NULL" false "\x00NULL"`,
	}
	if len(got) != 7 || !slices.Equal(got[:6], want) {
		t.Errorf("got %v", got)
	}
	p := rows.CgroupProperties[0]
	if *p.DirectoryMode != 10 || *p.DirectoryUID != 11 || *p.DirectoryGID != 12 || *p.PropertyMode != 20 || *p.PropertyUID != 21 || *p.PropertyGID != 22 ||
		exact(p.Value) != "1\n2" || !*p.IsThreaded {
		t.Errorf("%+v", p)
	}
	if long := rows.CgroupProperties[6]; long.Path.Text != nil || long.Controllers.Text != nil || !tableHasProblem(rows, "cgroup_properties", decode.LimitExceeded) {
		t.Errorf("%+v", long)
	}
}

// TestCgroupNamespace: below the root of a control group namespace paths are those
// that /proc/PID/cgroup shows in it, and the root is one.
func TestCgroupNamespace(t *testing.T) {
	member := func(path string, prefix uint32) *cgroup.CgMemberEntry {
		return &cgroup.CgMemberEntry{Name: proto.String(""), Path: &path, CgnsPrefix: &prefix}
	}
	rows := decodeWith(t, imageOf(t, "checkpoint/cgroup.img", &cgroup.CgroupEntry{Sets: []*cgroup.CgSetEntry{{Id: proto.Uint32(2), Ctls: []*cgroup.CgMemberEntry{
		member("/a/b/c", 4), member("/a/b", 4), member("/a/b", 0), member("/a", 9),
	}}}}))
	var got []string
	for _, m := range rows.CgroupMemberships {
		got = append(got, exact(m.PathInNamespace))
	}
	if want := []string{"/c", "/", "/a/b", "/a"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCPUInfo: the processors of three architectures.
func TestCPUInfo(t *testing.T) {
	words := make([]uint32, 19)
	words[0], words[4], words[18] = 1<<25|1<<10, 1<<28, 1<<31
	intel := cpuinfo.CpuinfoX86Entry_INTEL
	x := &cpuinfo.CpuinfoX86Entry{VendorId: &intel, CpuFamily: proto.Uint32(6), Model: proto.Uint32(143), Stepping: proto.Uint32(8), CapabilityVer: proto.Uint32(2),
		Capability: words, ModelId: proto.String("Xeon"), XfeaturesMask: proto.Uint64(0x80000207), XsaveSize: proto.Uint32(1), XsaveSizeMax: proto.Uint32(2)}
	newer := proto.Clone(x).(*cpuinfo.CpuinfoX86Entry)
	newer.CapabilityVer = proto.Uint32(3)
	little := cpuinfo.CpuinfoPpc64Entry_LITTLEENDIAN
	rows := decodeWith(t, imageOf(t, "checkpoint/cpuinfo.img", &cpuinfo.CpuinfoEntry{
		X86Entry:   []*cpuinfo.CpuinfoX86Entry{x, newer},
		Ppc64Entry: []*cpuinfo.CpuinfoPpc64Entry{{Endian: &little, Hwcap: []uint64{3, 4}}},
		S390Entry:  []*cpuinfo.CpuinfoS390Entry{{Hwcap: []uint64{5}}},
	}))
	if len(rows.CPUInfo) != 4 {
		t.Fatalf("%d rows", len(rows.CPUInfo))
	}
	first := rows.CPUInfo[0]
	if *first.Vendor.Name != "INTEL" || *first.Family != 6 || *first.Model != 143 || *first.Stepping != 8 || exact(first.ModelName) != "Xeon" ||
		!slices.Equal(first.Features, []string{"0:10", "sse", "avx", "spec_ctrl_ssbd"}) || !slices.Equal(first.XFeatures.Names, []string{"x87", "sse", "avx", "pkru", "0x80000000"}) ||
		*first.XsaveSize != 1 || *first.XsaveSizeMax != 2 || !slices.Equal(first.CapabilityWords, words) {
		t.Errorf("%+v", first)
	}
	if rows.CPUInfo[1].Features != nil || !tableHasProblem(rows, "cpu_info", decode.Inconsistent) {
		t.Error("features of a layout that is not known have names")
	}
	if p := rows.CPUInfo[2]; p.Arch != "ppc64" || *p.Endianness.Name != "little" || !slices.Equal(p.HWCap, []uint64{3, 4}) || p.Vendor.Name != nil {
		t.Errorf("%+v", p)
	}
	if s := rows.CPUInfo[3]; s.Arch != "s390" || !slices.Equal(s.HWCap, []uint64{5}) {
		t.Errorf("%+v", s)
	}
}

// TestRestoreStatistics: those of an earlier restore stand beside the others.
func TestRestoreStatistics(t *testing.T) {
	restored := imageOf(t, "stats-restore", &stats.StatsEntry{Restore: &stats.RestoreStatsEntry{
		PagesCompared: proto.Uint64(1), PagesSkippedCow: proto.Uint64(2), ForkingTime: proto.Uint32(3), RestoreTime: proto.Uint32(4), PagesRestored: proto.Uint64(5),
	}})
	before := decodeWith(t).Checkpoints[0]
	after := decodeWith(t, restored).Checkpoints[0]
	if before.RestoreUS != nil || before.PagesWritten == nil || *after.PagesWritten != *before.PagesWritten {
		t.Errorf("statistics of the dump: %v, %v", before.PagesWritten, after.PagesWritten)
	}
	if *after.RestorePagesCompared != 1 || *after.RestorePagesSkippedCOW != 2 || *after.RestoreForkingUS != 3 || *after.RestoreUS != 4 || *after.RestorePagesRestored != 5 {
		t.Errorf("%+v", after)
	}
}

// TestSpaceTables: contexts of asynchronous I/O, an auxiliary vector with odd
// and unknown values, and one that does not end.
func TestSpaceTables(t *testing.T) {
	rows := withSpace(t, func(m *mm.MmEntry) {
		m.Aios = []*mm.AioRingEntry{{Id: m.Vmas[0].Start, NrReq: proto.Uint32(128), RingLen: proto.Uint32(8192)}, {Id: proto.Uint64(1)}}
		m.MmSavedAuxv = []uint64{31, 1, 15, 1 << 60, 999, 5, 0, 0, 6, 4096}
	})
	if len(rows.AIORings) != 2 || *rows.AIORings[0].NrRequests != 128 || *rows.AIORings[0].RingLength != 8192 || rows.AIORings[0].MappingKind == nil ||
		rows.AIORings[1].NrRequests != nil || rows.AIORings[1].MappingKind != nil {
		t.Errorf("%+v", rows.AIORings)
	}
	var got []string
	for _, a := range rows.AuxiliaryVectors {
		got = append(got, fmt.Sprint(a.Position, " ", *a.Type.Name, " ", a.Value))
		if a.Text.Text != nil {
			t.Errorf("%s has text %q", *a.Type.Name, *a.Text.Text)
		}
	}
	if !slices.Equal(got, []string{"0 AT_EXECFN 1", "1 AT_PLATFORM 1152921504606846976", "2 UNKNOWN(999) 5"}) {
		t.Errorf("%q", got)
	}
	rows = withSpace(t, func(m *mm.MmEntry) { m.MmSavedAuxv = slices.Repeat([]uint64{6, 4096}, 100_000) })
	if len(rows.AuxiliaryVectors) > 256 || !tableHasProblem(rows, "auxiliary_vectors", decode.Inconsistent) {
		t.Errorf("%d rows", len(rows.AuxiliaryVectors))
	}
}

// TestTLSDescriptors: a 32-bit program's thread-local storage.
func TestTLSDescriptors(t *testing.T) {
	rows := withCore(t, func(c *core.CoreEntry) {
		c.ThreadInfo.Gpregs.Mode, c.ThreadInfo.Gpregs.Gs = x86.UserX86RegsMode_COMPAT.Enum(), proto.Uint64(0x63)
		c.ThreadInfo.Tls = []*x86.UserDescT{
			{EntryNumber: proto.Uint32(12), BaseAddr: proto.Uint32(0xf7000040), Limit: proto.Uint32(0xfffff), Seg_32Bit: proto.Bool(true), ContentsH: proto.Bool(false),
				ContentsL: proto.Bool(true), ReadExecOnly: proto.Bool(false), LimitInPages: proto.Bool(true), SegNotPresent: proto.Bool(false), Usable: proto.Bool(true)},
			{EntryNumber: proto.Uint32(13)},
		}
	})
	d := rows.TLSDescriptors[0]
	if d.PID != 1 || d.TID != 1 || d.Position != 0 || *d.EntryNumber != 12 || *d.BaseAddress != 0xf7000040 || *d.Limit != 0xfffff || !*d.Seg32Bit || *d.ContentsHigh ||
		!*d.ContentsLow || *d.ReadExecOnly || !*d.LimitInPages || *d.SegNotPresent || !*d.Usable || !*d.IsSelectedByGS {
		t.Errorf("%+v", d)
	}
	if e := rows.TLSDescriptors[1]; e.SegNotPresent != nil || *e.IsSelectedByGS {
		t.Errorf("an absent field has a value: %+v", e)
	}
	if *rows.Threads[0].TLSBase != 0xf7000040 || !*rows.Processes[0].IsCompat {
		t.Errorf("thread-local storage of a 32-bit program: %+v", rows.Threads[0])
	}
}
