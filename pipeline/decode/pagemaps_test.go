package decode_test

import (
	"encoding/binary"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"google.golang.org/protobuf/proto"
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
		if g, w := got.Checkpoints[0].PagesPresent, want.Checkpoints[0].PagesPresent; g != w {
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
