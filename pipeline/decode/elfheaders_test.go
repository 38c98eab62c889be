package decode_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ckexport/ckexport/schema"
)

// plantImages returns an archive's members with the first page of process 1's vDSO,
// an ELF image, also in place of the last page of its stack, without the header, and
// of the first of a memfd.
func plantImages(t *testing.T, path string) (members []tarMember, vdso, stack, memfd uint64) {
	t.Helper()
	members = readTar(t, path)
	rows := decodeFile(t, path).Checkpoints[0]
	offset := func(kind string, id, address uint64) *uint64 {
		for _, r := range rows.Pagemaps {
			if r.Kind == kind && spaceOf(r) == id && r.StartAddress <= address && address < r.StartAddress+r.PageCount*pageSize && r.PagesOffset != nil {
				return ptr(*r.PagesOffset + address - r.StartAddress)
			}
		}
		return nil
	}
	pages := func(kind string, id uint64) []byte {
		i := slices.IndexFunc(rows.Pagemaps, func(r schema.Pagemap) bool { return r.Kind == kind && spaceOf(r) == id })
		return members[indexOf(t, members, fmt.Sprintf("pages-%d.img", *rows.Pagemaps[i].PagesID))].data
	}
	process := pages("process", 1)
	for _, m := range rows.MemoryMappings {
		switch {
		case m.PID != 1:
		case m.Kind == "vdso":
			vdso = m.StartAddress
		case m.Kind == "stack":
			for a := m.StartAddress; a < m.EndAddress; a += pageSize {
				if offset("process", 1, a) != nil {
					stack = a
				}
			}
		}
	}
	memfd = rows.SharedMemory[slices.IndexFunc(rows.SharedMemory, func(m schema.SharedMemory) bool {
		return m.Kind == "memfd" && m.PagesPresent != nil && *m.PagesPresent > 0
	})].ShmemID
	image := process[*offset("process", 1, vdso):][:pageSize]
	copy(pages("shared", memfd)[*offset("shared", memfd, 0):], image)
	wiped := process[*offset("process", 1, stack):]
	copy(wiped, image)
	clear(wiped[:64])
	return members, vdso, stack, memfd
}

// TestELFHeaderRows: images in memory without a file and in memfds have rows that say
// what they are and where they stand.
func TestELFHeaderRows(t *testing.T) {
	members, vdso, stack, memfd := plantImages(t, "../../testdata/more/memfd.tar.zst")
	for _, path := range []string{writeFile(t, "a.tar", tarOf(t, members)), writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(members))))} {
		got := map[string]schema.MemoryELFHeader{}
		for _, h := range decodeMemory(t, path).Checkpoints[0].MemoryELFHeaders {
			got[*h.MappingKind] = h
		}
		if len(got) != 3 {
			t.Fatalf("%d images: %+v", len(got), got)
		}
		real, hidden, shared := got["vdso"], got["stack"], got["memfd"]
		if real.BuildID == nil || real.Address != vdso || *real.PID != 1 || *real.Type.Name != "DYN" || *real.Machine.Name != "X86_64" || real.Class != "ELF64" || real.IsMappedFile {
			t.Errorf("vDSO: %+v", real)
		}
		if hidden.Evidence != "program_headers" || hidden.Address != stack || hidden.Type.Name != nil || hidden.Entry != nil || *hidden.BuildID != *real.BuildID || *hidden.SizeBytes != *real.SizeBytes {
			t.Errorf("stack: %+v", hidden)
		}
		if shared.PID != nil || *shared.ShmemID != memfd || shared.Address != 0 || !shared.IsMappedFile || shared.Evidence != "header" || *shared.BuildID != *real.BuildID || shared.Perms != nil {
			t.Errorf("memfd: %+v", shared)
		}
	}
}
