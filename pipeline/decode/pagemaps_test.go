package decode_test

import (
	"cmp"
	"encoding/binary"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// pagemapEntries returns the page runs of a pagemap image.
func pagemapEntries(t testing.TB, data []byte) []*pagemap.PagemapEntry {
	t.Helper()
	var runs []*pagemap.PagemapEntry
	for i, at := range entryBorders(data) {
		if i == 0 || at == len(data) { // the head entry, and the end
			continue
		}
		run := &pagemap.PagemapEntry{}
		if err := proto.Unmarshal(data[at+4:at+4+int(binary.LittleEndian.Uint32(data[at:]))], run); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

// pagemapImage makes a pagemap image.
func pagemapImage(t testing.TB, pagesID uint32, runs []*pagemap.PagemapEntry) []byte {
	t.Helper()
	image := binary.LittleEndian.AppendUint32(nil, 0x54564319)
	image = binary.LittleEndian.AppendUint32(image, 0x56084025)
	add := func(m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		image = append(binary.LittleEndian.AppendUint32(image, uint32(len(data))), data...)
	}
	add(&pagemap.PagemapHead{PagesId: &pagesID})
	for _, r := range runs {
		add(r)
	}
	return image
}

// newGeneration is a run as CRIU 4.2 writes it, oldGeneration as those before.
func newGeneration(address, pages uint64) *pagemap.PagemapEntry {
	return &pagemap.PagemapEntry{Vaddr: &address, CompatNrPages: new(uint32), Flags: proto.Uint32(4), NrPages: &pages}
}

func oldGeneration(address, pages uint64) *pagemap.PagemapEntry {
	return &pagemap.PagemapEntry{Vaddr: &address, CompatNrPages: proto.Uint32(uint32(pages))}
}

// TestPagemapGenerations: the number of pages stands in one field since CRIU
// 4.2 and in another before. Reading one alone gives empty command lines.
func TestPagemapGenerations(t *testing.T) {
	want := decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0]
	for name, entry := range map[string]func(address, pages uint64) *pagemap.PagemapEntry{"new": newGeneration, "old": oldGeneration} {
		members := readTar(t, own("odd-env-argv.tar"))
		for i, m := range members {
			if !strings.HasPrefix(path.Base(m.header.Name), "pagemap-") {
				continue
			}
			runs := pagemapEntries(t, m.data)
			if len(runs) == 0 {
				t.Fatalf("%s has no runs", m.header.Name)
			}
			for k, r := range runs {
				runs[k] = entry(r.GetVaddr(), max(r.GetNrPages(), uint64(r.GetCompatNrPages())))
			}
			members[i].data = pagemapImage(t, 1, runs)
		}
		result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
		got := result.Checkpoints[0]
		if result.Archive.Status != "ok" || !reflect.DeepEqual(got.Environment, want.Environment) || !reflect.DeepEqual(got.Processes[0].Argv, want.Processes[0].Argv) {
			t.Errorf("%s: status %s, argv %q, want %q", name, result.Archive.Status, got.Processes[0].Argv.Text, want.Processes[0].Argv.Text)
		}
		if g, w := got.Checkpoints[0].ProcessPagesPresent, want.Checkpoints[0].ProcessPagesPresent; g != w {
			t.Errorf("%s: %d pages, want %d", name, g, w)
		}
	}
}

// TestMemoryInParent: memory that the parent checkpoint has, or that was left
// on the host, is unknown, not empty.
func TestMemoryInParent(t *testing.T) {
	for name, flags := range map[string]uint32{"parent": 1, "lazy": 2} {
		members := readTar(t, own("odd-env-argv.tar"))
		pages := indexOf(t, members, "pages-1.img")
		m := &members[indexOf(t, members, "pagemap-1.img")]
		runs := pagemapEntries(t, m.data)
		for _, r := range runs {
			r.Flags = &flags
		}
		m.data, members[pages].data = pagemapImage(t, 1, runs), nil
		rows := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members))).Checkpoints[0]
		p := rows.Processes[0]
		if p.Argv.Text != nil || p.Cmdline != nil || len(rows.Environment) != 0 || p.CmdlineStatus == nil || *p.CmdlineStatus != "missing" {
			t.Errorf("%s: argv %q, status %v, %d variables", name, p.Argv.Text, p.CmdlineStatus, len(rows.Environment))
		}
		if len(rows.Problems) == 0 {
			t.Errorf("%s: no problem tells of the missing memory", name)
		}
	}
}

// TestPagesOutsideMappings: a page map whose runs begin between pages, or lie in
// no mapping, contradicts itself or the mappings.
func TestPagesOutsideMappings(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	i := indexOf(t, members, "pagemap-1.img")
	runs := pagemapEntries(t, members[i].data)
	for what, change := range map[string]func(*pagemap.PagemapEntry){
		"between pages": func(r *pagemap.PagemapEntry) { *r.Vaddr += 16 },
		"in no mapping": func(r *pagemap.PagemapEntry) { *r.Vaddr = 0x1000 },
	} {
		t.Run(what, func(t *testing.T) {
			first := proto.Clone(runs[0]).(*pagemap.PagemapEntry)
			change(first)
			members[i].data = pagemapImage(t, 1, append([]*pagemap.PagemapEntry{first}, runs[1:]...))
			rows := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members))).Checkpoints[0]
			if !tableHasProblem(rows, "pagemaps", decode.Inconsistent) {
				t.Errorf("%+v", rows.Problems)
			}
		})
	}
}

// TestTextsOutsidePageMap: memory that a damaged page map does not name is unknown. It is
// no memory that was never written to, which would be a command line of empty texts. Where
// entries are missing, all that is behind them lies elsewhere than the page map tells.
func TestTextsOutsidePageMap(t *testing.T) {
	members := readTar(t, own("odd-env-argv.tar"))
	i := indexOf(t, members, "pagemap-1.img")
	whole := members[i].data
	runs := pagemapEntries(t, whole)
	slices.SortFunc(runs, func(a, b *pagemap.PagemapEntry) int { return cmp.Compare(a.GetVaddr(), b.GetVaddr()) })
	args := *decodeFile(t, own("odd-env-argv.tar")).Checkpoints[0].Processes[0].ArgStart
	stack := slices.IndexFunc(runs, func(r *pagemap.PagemapEntry) bool {
		return r.GetVaddr()+4096*(r.GetNrPages()+uint64(r.GetCompatNrPages())) > args
	})
	moved := proto.Clone(runs[stack]).(*pagemap.PagemapEntry)
	*moved.Vaddr = 0x1000
	for what, c := range map[string]struct {
		image  []byte
		status memory.Status
		code   string
	}{
		"cut":                     {whole[:len(whole)/2], memory.StatusUnmapped, decode.Inconsistent},
		"another one's":           {pagemapImage(t, 1, append([]*pagemap.PagemapEntry{moved}, runs[:stack]...)), memory.StatusUnmapped, decode.Inconsistent},
		"shorter than its pages":  {pagemapImage(t, 1, runs[:stack]), memory.StatusMissing, decode.MemoryNotKept},
		"without its first entry": {pagemapImage(t, 1, runs[1:]), memory.StatusMissing, decode.MemoryNotKept},
	} {
		t.Run(what, func(t *testing.T) {
			members[i].data = c.image
			result := decodeFile(t, writeFile(t, "a.tar", tarOf(t, members)))
			rows := result.Checkpoints[0]
			p := rows.Processes[0]
			if p.Argv.Text != nil || p.Cmdline != nil || len(rows.Environment) > 0 || *p.CmdlineStatus != string(c.status) || *p.EnvironStatus != string(c.status) {
				t.Errorf("argv %q (%s), %d variables (%s)", p.Argv.Text, *p.CmdlineStatus, len(rows.Environment), *p.EnvironStatus)
			}
			if result.Archive.Status != decode.StatusPartial || !tableHasProblem(rows, "processes", c.code) || !tableHasProblem(rows, "environment", c.code) {
				t.Errorf("%s: %+v", result.Archive.Status, rows.Problems)
			}
			if isUnplaced := c.status == memory.StatusMissing; isUnplaced != (rows.Pagemaps[0].PagesOffset == nil) {
				t.Errorf("pages_offset %v", rows.Pagemaps[0].PagesOffset)
			}
			if what == "another one's" && !strings.HasPrefix(*result.Archive.Error, "processes pid=1: the command line is not in the page map") { // that nothing else tells of
				t.Errorf("error of the archive: %s", *result.Archive.Error)
			}
		})
	}
}

// TestAIORingPages: a ring is mapped shared, but only the kernel shares it: its
// pages are the process's own.
func TestAIORingPages(t *testing.T) {
	var start uint64
	rows := withSpace(t, func(m *mm.MmEntry) {
		for _, v := range m.Vmas {
			if v.GetFlags()&criu.DialectOf(core.CoreEntry_X86_64).MapGrowsdown != 0 { // the stack has pages in any case
				start = v.GetStart()
				v.Flags, v.Status = proto.Uint32(v.GetFlags()&^kernel.MAP_PRIVATE|kernel.MAP_SHARED), proto.Uint32(v.GetStatus()|criu.VMAAIORing|criu.VMAAnonShared)
			}
		}
	})
	i := slices.IndexFunc(rows.MemoryMappings, func(m schema.MemoryMapping) bool { return m.StartAddress == start })
	if row := rows.MemoryMappings[i]; row.Kind != "aio" || row.PagesPresent == 0 || row.ShmemID != nil {
		t.Errorf("%+v", row)
	}
	if slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool { return p.Code == decode.MissingImage }) {
		t.Errorf("the ring is taken for an object of its own: %+v", rows.Problems)
	}
}
