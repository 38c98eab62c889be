package decode_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/schema"
)

const pageSize = 4096

// checkPageContents proves the offsets of pagemaps: where the truth has a
// SHA-256 of each page of a process's memory, the pages that rows point to in
// the archive have it too.
func checkPageContents(s *subject) {
	var images map[uint32][]byte
	comparePages(s, func(pid uint32, address uint64) (string, bool) {
		if images == nil {
			images = pagesImages(s.t, s.path, "checkpoint")
		}
		page, ok := s.storedPage(images, pid, address)
		sum := sha256.Sum256(page)
		return hex.EncodeToString(sum[:]), ok
	})
}

// comparePages compares pages with the truth, if that has them; digestOf returns
// the SHA-256 of a page of a process.
func comparePages(s *subject, digestOf func(pid uint32, address uint64) (string, bool)) {
	s.both(func(p *groundProcess, _ *schema.Process) {
		text, ok := s.truth.proc(p.PID, "pages.sha256")
		if !ok {
			return
		}
		compared := 0
		for line := range strings.Lines(text) {
			f := strings.Fields(line)
			if len(f) < 4 || f[0] == "#" {
				continue
			}
			address := hexadecimal(s.t, f[0])
			digest, ok := digestOf(p.PID, address)
			if !ok {
				if f[2] == "A" {
					s.differ(p.PID, "pagemaps", fmt.Sprintf("%#x", address), "no such page", "an anonymous page")
				}
				continue
			}
			same(s, p.PID, "pagemaps.pages_offset", fmt.Sprintf("%#x %s", address, f[3]), digest, f[1])
			compared++
		}
		if compared < 5 {
			s.t.Errorf("%s: pid %d: only %d pages compared", s.name, p.PID, compared)
		}
	})
}

// pagesImages returns the pages images of a folder of an archive, by number.
func pagesImages(t *testing.T, archive, dir string) map[uint32][]byte {
	images := map[uint32][]byte{}
	for _, m := range readTar(t, archive) {
		var number uint32
		if n, _ := fmt.Sscanf(path.Base(m.header.Name), "pages-%d.img", &number); n == 1 && path.Base(path.Dir(m.header.Name)) == dir {
			images[number] = m.data
		}
	}
	return images
}

// storedPage returns the page at an address of a process as the rows say where
// it is: its own, or one of the shared object that is mapped there.
func (s *subject) storedPage(images map[uint32][]byte, pid uint32, address uint64) ([]byte, bool) {
	if page, ok := s.page(images, "process", uint64(pid), address); ok {
		return page, true
	}
	for _, m := range s.rows.MemoryMappings {
		if m.PID == pid && m.StartAddress <= address && address < m.EndAddress && m.ShmemID != nil {
			return s.page(images, "shared", *m.ShmemID, m.FileOffset+address-m.StartAddress)
		}
	}
	return nil, false
}

// spaceOf returns the number of the process, or shared object, that a run is of.
func spaceOf(r schema.Pagemap) uint64 {
	if r.PID != nil {
		return uint64(*r.PID)
	}
	return *r.ShmemID
}

func (s *subject) page(images map[uint32][]byte, kind string, id, address uint64) ([]byte, bool) {
	for _, r := range s.rows.Pagemaps {
		if r.Kind != kind || spaceOf(r) != id || address < r.StartAddress || address >= r.StartAddress+r.PageCount*pageSize || r.PagesOffset == nil {
			continue
		}
		offset := *r.PagesOffset + address - r.StartAddress
		image := images[*r.PagesID]
		if offset+pageSize > uint64(len(image)) {
			s.t.Errorf("%s: %s %d: page %#x is at %d of a pages image of %d bytes", s.name, kind, id, address, offset, len(image))
			return nil, false
		}
		return image[offset : offset+pageSize], true
	}
	return nil, false
}
