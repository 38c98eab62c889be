package decode_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/inventory"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"google.golang.org/protobuf/proto"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/decode"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/schema"
)

// pageKey names a page of a process, or of a shared object.
type pageKey struct {
	kind        string // as pagemaps.kind
	id, address uint64
}

// pageHashes is a consumer of all pages: their SHA-256.
type pageHashes struct {
	t    *testing.T
	sums map[pageKey]string
}

func (h *pageHashes) Wants(*memory.Space) []memory.Range { return []memory.Range{memory.Everything} }

func (h *pageHashes) Pages(b memory.Block) {
	kind := "process"
	if b.Space.Shared {
		kind = "shared"
	}
	if len(b.Data)%pageSize != 0 || b.Mapping == nil && !b.Space.Shared && b.Space.Descriptor() != nil {
		h.t.Errorf("%s %d: a block of %d bytes at %#x, mapping %v", kind, b.Space.ID, len(b.Data), b.Address, b.Mapping)
	}
	for at := 0; at < len(b.Data); at += pageSize {
		key := pageKey{kind, b.Space.ID, b.Address + uint64(at)}
		if h.sums[key] != "" {
			h.t.Errorf("%+v came twice", key)
		}
		sum := sha256.Sum256(b.Data[at : at+pageSize])
		h.sums[key] = hex.EncodeToString(sum[:])
	}
}

// hashPages decodes an archive and returns the hashes of all pages, by image folder.
func hashPages(t *testing.T, path string) (*decode.Result, map[string]map[pageKey]string) {
	t.Helper()
	all := map[string]map[pageKey]string{}
	result := decode.DecodeWithConsumer(source.Path(path), func(folder string) memory.Consumer {
		h := &pageHashes{t: t, sums: map[pageKey]string{}}
		all[filepath.Base(folder)] = h.sums
		return h
	})
	noFault(t, path, result)
	return result, all
}

// storedHashes returns the hashes of all pages in an archive as the rows say
// where they are: an independent way to them.
func storedHashes(t *testing.T, rows *schema.Rows, images map[uint32][]byte) map[pageKey]string {
	sums := map[pageKey]string{}
	for _, r := range rows.Pagemaps {
		if r.PagesOffset == nil {
			continue
		}
		for i := range r.PageCount {
			at := *r.PagesOffset + i*pageSize
			sum := sha256.Sum256(images[*r.PagesID][at : at+pageSize])
			sums[pageKey{r.Kind, spaceOf(r), r.StartAddress + i*pageSize}] = hex.EncodeToString(sum[:])
		}
	}
	if len(sums) == 0 {
		t.Fatal("no pages")
	}
	return sums
}

// splitMemory copies the pages of all processes and shared objects to a parent
// checkpoint; the checkpoint keeps every second one. The order is that of names.
func splitMemory(t *testing.T, members []tarMember) []tarMember {
	files := map[string]tarMember{"checkpoint/parent": {header: tar.Header{Typeflag: tar.TypeSymlink, Name: "checkpoint/parent", Linkname: "../pre-checkpoint"}}}
	for _, m := range members {
		files[m.header.Name] = m
	}
	for _, m := range members {
		base := path.Base(m.header.Name)
		if path.Dir(m.header.Name) != "checkpoint" || base != "inventory.img" && !strings.HasPrefix(base, "pagemap-") {
			continue
		}
		if base == "inventory.img" {
			files["pre-checkpoint/"+base] = imageOf(t, "pre-checkpoint/"+base, &inventory.InventoryEntry{ImgVersion: proto.Uint32(2), PreDumpMode: proto.Uint32(1)})
			continue
		}
		files["pre-checkpoint/"+base] = member("pre-checkpoint/"+base, m.data)
		kind, _, _ := criu.KindOf(base)
		r, err := criu.NewReader(kind, m.data, false)
		if err != nil {
			t.Fatal(err)
		}
		p, err := criu.ReadPagemap(r)
		if err != nil {
			t.Fatal(err)
		}
		image := fmt.Sprintf("pages-%d.img", p.PagesID)
		pages := files["checkpoint/"+image].data
		var runs []*pagemap.PagemapEntry
		var kept []byte
		for _, r := range p.Runs {
			for i := range r.Pages {
				run, page := newGeneration(r.Address+i*pageSize, 1), r.FirstPage+i
				if page%2 == 0 {
					run.Flags = proto.Uint32(criu.PageParent)
				} else {
					kept = append(kept, pages[page*pageSize:(page+1)*pageSize]...)
				}
				runs = append(runs, run)
			}
		}
		files["pre-checkpoint/"+image] = member("pre-checkpoint/"+image, pages)
		files["checkpoint/"+base] = member("checkpoint/"+base, pagemapImage(t, p.PagesID, runs))
		files["checkpoint/"+image] = member("checkpoint/"+image, kept)
	}
	var split []tarMember
	for _, name := range slices.Sorted(maps.Keys(files)) {
		split = append(split, files[name])
	}
	return split
}

// TestAllPages: a consumer that wants everything gets each page of processes
// and of shared objects once, and with the content that was hashed while the
// processes ran, however the archive is packed. An archive is read once where
// what tells whose the pages are comes before them, also those of a parent.
func TestAllPages(t *testing.T) {
	archives := []string{own("memhash-shm.tar")}
	for _, p := range archivesBelow(t, sharedArchives) {
		if strings.HasPrefix(filepath.Base(p), "memhash-") {
			archives = append(archives, p)
		}
	}
	for _, file := range archives {
		t.Run(filepath.Base(file), func(t *testing.T) {
			members := readTar(t, file)
			result, hashes := hashPages(t, file)
			rows := result.Checkpoints[0]
			s := &subject{name: filepath.Base(file), path: file, truth: readTruth(t, truthOf(file)), rows: rows, result: result, report: &report{used: map[int]int{}}, t: t}
			comparePages(s, func(pid uint32, address uint64) (string, bool) {
				if sum := hashes["checkpoint"][pageKey{"process", uint64(pid), address}]; sum != "" {
					return sum, true
				}
				for _, m := range rows.MemoryMappings {
					if m.PID == pid && m.StartAddress <= address && address < m.EndAddress && m.ShmemID != nil {
						sum := hashes["checkpoint"][pageKey{"shared", *m.ShmemID, m.FileOffset + address - m.StartAddress}]
						return sum, sum != ""
					}
				}
				return "", false
			})
			want := storedHashes(t, rows, pagesImages(t, file, "checkpoint"))
			split := splitMemory(t, members)
			for variant, c := range map[string]struct {
				path   string
				passes int64 // 0 where it may be read at offsets
			}{
				"as it is":                   {file, 0},
				"plain":                      {writeFile(t, "a.tar", tarOf(t, members)), 0},
				"zstd":                       {writeFile(t, "a.tar.zst", zstdOf(t, tarOf(t, members))), 1},
				"gzip":                       {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, members))), 1},
				"unpacked":                   {unpack(t, members), 0},
				"pages first":                {writeFile(t, "a.tar", tarOf(t, reversed(members))), 0},
				"pages first, gzip":          {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, reversed(members)))), 2},
				"parent":                     {writeFile(t, "a.tar", tarOf(t, split)), 0},
				"parent, gzip":               {writeFile(t, "a.tar.gz", gzipOf(t, tarOf(t, split))), 1},
				"parent, unpacked":           {unpack(t, split), 0},
				"parent, pages first, zstd":  {writeFile(t, "a.tar.zst", zstdOf(t, tarOf(t, reversed(split)))), 2},
				"parent, pages first, plain": {writeFile(t, "a.tar", tarOf(t, reversed(split))), 0},
			} {
				result, hashes := hashPages(t, c.path)
				if result.Archive.Status != decode.StatusOK {
					t.Errorf("%s: %+v", variant, problemsOf(result))
				}
				for folder, got := range hashes {
					if !maps.Equal(got, want) {
						t.Errorf("%s, %s: %d pages, want %d", variant, folder, len(got), len(want))
					}
				}
				info, err := os.Stat(c.path)
				if err != nil {
					t.Fatal(err)
				}
				if read := int64(result.Archive.BytesRead); c.passes != 0 && read != c.passes*info.Size() {
					t.Errorf("%s: %d bytes of %d were read", variant, read, info.Size())
				}
			}
		})
	}
}

// TestPagesOfRealParents: of a real checkpoint and the pre-dump it builds on in
// one archive, each page that is in the parent comes from there.
func TestPagesOfRealParents(t *testing.T) {
	finals := []string{own("sleep-final.tar.zst")}
	for _, p := range archivesBelow(t, sharedArchives) {
		if filepath.Base(filepath.Dir(p)) == "precopy" && strings.Contains(p, "-final") {
			finals = append(finals, p)
		}
	}
	inherited := 0
	for _, final := range finals {
		pre := strings.Replace(final, "-final", "-pre", 1)
		before := storedHashes(t, decodeFile(t, pre).Checkpoints[0], pagesImages(t, pre, "pre-checkpoint"))
		rows := decodeFile(t, final).Checkpoints[0]
		want := storedHashes(t, rows, pagesImages(t, final, "checkpoint"))
		for _, r := range rows.Pagemaps {
			for i := range r.PageCount {
				key := pageKey{r.Kind, spaceOf(r), r.StartAddress + i*pageSize}
				if r.Content == criu.Parent.String() {
					want[key] = before[key]
					inherited++
				}
			}
		}
		members := readTar(t, final)
		for _, m := range readTar(t, pre) {
			if strings.HasPrefix(m.header.Name, "pre-checkpoint/") {
				members = append(members, m)
			}
		}
		data := tarOf(t, members)
		for variant, path := range map[string]string{"plain": writeFile(t, "a.tar", data), "gzip": writeFile(t, "a.tar.gz", gzipOf(t, data))} {
			_, hashes := hashPages(t, path)
			if !maps.Equal(hashes["checkpoint"], want) || !maps.Equal(hashes["pre-checkpoint"], before) {
				t.Errorf("%s, %s: %d and %d pages, want %d and %d", final, variant, len(hashes["checkpoint"]), len(hashes["pre-checkpoint"]), len(want), len(before))
			}
		}
	}
	if inherited == 0 && len(finals) > 1 { // that of the test data has all pages itself
		t.Error("nothing is inherited")
	}
}

// TestPagesLeftBehind: pages that were left on the host, or are in a parent that
// is elsewhere, never come.
func TestPagesLeftBehind(t *testing.T) {
	for _, flags := range []uint32{criu.PageParent, criu.PageLazy} {
		members := readTar(t, own("odd-env-argv.tar"))
		m := &members[indexOf(t, members, "pagemap-1.img")]
		runs := pagemapEntries(t, m.data)
		for _, r := range runs {
			r.Flags = &flags
		}
		m.data = pagemapImage(t, 1, runs)
		m = &members[indexOf(t, members, "pages-1.img")]
		m.data = bytes.Repeat([]byte{0}, pageSize)
		if _, hashes := hashPages(t, writeFile(t, "a.tar", tarOf(t, members))); len(hashes["checkpoint"]) != 0 {
			t.Errorf("flags %d: %d pages", flags, len(hashes["checkpoint"]))
		}
	}
}
