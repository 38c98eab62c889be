package decode_test

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// decodeMemory decodes an archive with all that its memory holds.
func decodeMemory(t *testing.T, path string) *decode.Result {
	t.Helper()
	d := decode.Decoder{Limits: decode.DefaultLimits(), Memory: schema.MemoryKinds()}
	result, err := d.Decode(context.Background(), source.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	noFault(t, path, result)
	return result
}

// pagesOf makes the rows of memory_pages, some at a time.
func pagesOf(rows *schema.Rows) (all []schema.MemoryPage) {
	packed := rows.Packed["memory_pages"]
	if packed == nil {
		return nil
	}
	for from := 0; from < packed.Len(); from += 7 {
		var some schema.Rows
		packed.Unpack(&some, from, min(from+7, packed.Len()))
		all = append(all, some.MemoryPages...)
	}
	return all
}

// TestMemoryLimits: what memory holds takes no more than an archive may have, and what
// is left out for that is told by table.
func TestMemoryLimits(t *testing.T) {
	members := readTar(t, own("memhash-shm.tar"))
	image := members[indexOf(t, members, "pages-1.img")].data
	for at := 0; at+pageSize <= len(image); at += pageSize { // no page without a text, and a header
		copy(image[at:], fmt.Sprintf("\x7fELF\x02\x01\x01\x00%s", strings.Repeat(fmt.Sprintf("\x00/srv/%d/x\x00/srv/%d/y", at, at), 100)))
	}
	path := writeFile(t, "a.tar", tarOf(t, members))
	for _, table := range []string{"memory_elf_headers", "memory_pages", "memory_strings"} {
		lookup, _ := schema.Lookup(table)
		d := decode.Decoder{Limits: decode.DefaultLimits(), Memory: schema.MemoryKinds(), Tables: []*schema.Table{lookup}}
		whole, err := d.Decode(context.Background(), source.Path(path))
		if err != nil {
			t.Fatal(err)
		}
		all, isMet := lookup.Count(whole.Checkpoints[0]), false
		for limit := int64(1 << 20); limit > 1<<14; limit = limit * 9 / 10 {
			d.Limits.MemoryBytes = limit
			result, err := d.Decode(context.Background(), source.Path(path))
			if err != nil {
				t.Fatal(err)
			}
			noFault(t, path, result)
			if len(result.Checkpoints) == 0 {
				continue
			}
			rows := result.Checkpoints[0]
			n := lookup.Count(rows)
			isMet = isMet || n < all && n > 0
			if n < all && !slices.ContainsFunc(rows.Problems, func(p schema.Problem) bool { return p.Code == decode.LimitExceeded }) {
				t.Errorf("%s: %d of %d rows within %d bytes, and no problem", table, n, all, limit)
			}
		}
		if !isMet {
			t.Errorf("%s: no limit left out some rows", table)
		}
	}
}

func keyOf(p schema.MemoryPage) pageKey {
	if p.PID != nil {
		return pageKey{"process", uint64(*p.PID), p.Address}
	}
	return pageKey{"shared", *p.ShmemID, p.Address}
}

// TestMemoryPages: memory_pages has each page that an archive holds once, in the
// order of its key, with the hash that the page had while the processes ran,
// however the archive is packed, and also where a parent checkpoint has it.
func TestMemoryPages(t *testing.T) {
	archives := []string{own("memhash-shm.tar")}
	for _, p := range archivesBelow(t, sharedArchives) {
		if strings.HasPrefix(filepath.Base(p), "memhash-") {
			archives = append(archives, p)
		}
	}
	for _, file := range archives {
		t.Run(filepath.Base(file), func(t *testing.T) {
			members := readTar(t, file)
			rows := decodeFile(t, file).Checkpoints[0]
			want := storedHashes(t, rows, pagesImages(t, file, "checkpoint"))
			split := splitMemory(t, members)
			for variant, path := range map[string]string{
				"as it is":           file,
				"pages first, gzip":  writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(members)))),
				"unpacked":           unpack(t, members),
				"parent, zstd":       writeFile(t, "a.tar.zst", zstdOf(t, tarOf(t, split))),
				"parent, pages last": writeFile(t, "a.tar", tarOf(t, reversed(split))),
			} {
				result := decodeMemory(t, path)
				got := map[pageKey]string{}
				inherited := 0
				pages := pagesOf(result.Checkpoints[0])
				for i, p := range pages {
					got[keyOf(p)] = p.SHA256
					if p.Inherited {
						inherited++
					}
					if p.Entropy < 0 || p.Entropy > 8 || p.IsZero && p.Entropy != 0 || (p.MappingKind == nil) {
						t.Errorf("%s: %+v", variant, p)
					}
					if i > 0 && keyOf(pages[i-1]).kind == keyOf(p).kind && keyOf(pages[i-1]).id == keyOf(p).id && pages[i-1].Address >= p.Address {
						t.Errorf("%s: page %#x comes after %#x", variant, p.Address, pages[i-1].Address)
					}
				}
				if !maps.Equal(got, want) || len(pages) != len(want) {
					t.Errorf("%s: %d pages, want %d", variant, len(pages), len(want))
				}
				if isSplit := strings.HasPrefix(variant, "parent"); isSplit != (inherited > 0) || isSplit && inherited > len(pages)/2+len(pages)/10 {
					t.Errorf("%s: %d of %d pages are inherited", variant, inherited, len(pages))
				}
				if variant == "as it is" {
					comparePageRows(t, file, result, pages)
				}
			}
		})
	}
}

// comparePageRows compares rows with the hashes of the truth.
func comparePageRows(t *testing.T, file string, result *decode.Result, pages []schema.MemoryPage) {
	rows := result.Checkpoints[0]
	at := map[pageKey]string{}
	for _, p := range pages {
		at[keyOf(p)] = p.SHA256
	}
	s := &subject{name: filepath.Base(file), path: file, truth: readTruth(t, truthOf(file)), rows: rows, result: result, report: &report{used: map[int]int{}}, t: t}
	compared := 0
	comparePages(s, func(pid uint32, address uint64) (string, bool) {
		sum, ok := at[pageKey{"process", uint64(pid), address}]
		i := slices.IndexFunc(rows.MemoryMappings, func(m schema.MemoryMapping) bool {
			return m.PID == pid && m.StartAddress <= address && address < m.EndAddress && m.ShmemID != nil
		})
		if !ok && i >= 0 {
			m := rows.MemoryMappings[i]
			sum, ok = at[pageKey{"shared", *m.ShmemID, m.FileOffset + address - m.StartAddress}]
		}
		if ok {
			compared++
		}
		return sum, ok
	})
	excepted := 0
	for _, n := range s.report.used {
		excepted += n
	}
	t.Logf("%d pages in the archive, %d of them in the truth, %d differ for a known reason", len(pages), compared, excepted)
}

// TestForgedPageSize: pages have rows whatever page size an archive states; one that
// no kernel has counts for nothing.
func TestForgedPageSize(t *testing.T) {
	members := readTar(t, own("memhash-shm.tar"))
	i := slices.IndexFunc(members, func(m tarMember) bool { return strings.Contains(m.header.Name, "/mm-") })
	var space mm.MmEntry
	kind, _, _ := criu.KindOf(path.Base(members[i].header.Name))
	r, err := criu.NewReader(kind, members[i].data, false)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := criu.Unmarshal(entry, &space); err != nil {
		t.Fatal(err)
	}
	const atPagesz = 6 // linux/auxvec.h
	at := 0
	for space.MmSavedAuxv[at] != atPagesz {
		at += 2
	}
	want := len(pagesOf(decodeMemory(t, own("memhash-shm.tar")).Checkpoints[0]))
	for size := uint64(1); size != 0; size <<= 1 {
		space.MmSavedAuxv[at+1] = size
		forged := slices.Clone(members)
		forged[i] = imageOf(t, members[i].header.Name, &space)
		rows := decodeMemory(t, writeFile(t, "a.tar", tarOf(t, forged))).Checkpoints[0]
		isPossible := size >= 1<<10 && size <= memory.MaxBlock
		if got := len(pagesOf(rows)); isPossible && got == 0 && len(rows.Problems) == 0 || !isPossible && got != want {
			t.Errorf("page size %d: %d pages have rows, %d where none is forged; %d problems", size, got, want, len(rows.Problems))
		}
	}
}
