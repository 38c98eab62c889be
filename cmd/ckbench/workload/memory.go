package workload

import (
	"archive/tar"
	"encoding/binary"
	"path/filepath"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
	"google.golang.org/protobuf/proto"
)

// fillPages says what is in the pages of a big archive.
type fillPages func(seed uint64) func(page []byte)

// realistic pages are those of content.go.
func realistic(seed uint64) func([]byte) { return newPages(newRand(seed, "pages")).fill }

// holey pages are zero: as a plain file they take no room.
func holey(uint64) func([]byte) { return func(p []byte) { clear(p) } }

// repeated pages are realistic ones again and again, with some bytes of their
// own: they compress well, for where only the size matters.
func repeated(seed uint64) func([]byte) {
	block := make([]byte, 2<<20)
	fill := realistic(seed)
	for i := 0; i < len(block); i += pageSize {
		fill(block[i : i+pageSize])
	}
	r, at := newRand(seed, "repeated"), 0
	return func(p []byte) {
		at = (at + copy(p, block[at:])) % len(block)
		for i := range 4 {
			binary.LittleEndian.PutUint64(p[8*i:], r.Uint64())
		}
	}
}

// makePages makes an archive with so many bytes of memory in one mapping.
func makePages(originals, dir string, seed uint64, size int64, compression string, fill fillPages) error {
	b, err := readBase(originals)
	if err != nil {
		return err
	}
	p, err := b.process()
	if err != nil {
		return err
	}
	p.space.Vmas = append(p.space.Vmas, anonymous(addedAddress, uint64(size)))
	p.runs = slices.Insert(p.runs, 0, p.run(addedAddress, size/pageSize))
	if err := b.put(p); err != nil {
		return err
	}
	content := stream{size + int64(len(p.pages)), func(t *tar.Writer) error {
		next := fill(seed)
		chunk := make([]byte, min(1<<20, size))
		for left := size; left > 0; left -= int64(len(chunk)) {
			chunk = chunk[:min(int64(len(chunk)), left)]
			for i := 0; i < len(chunk); i += pageSize {
				next(chunk[i : i+pageSize])
			}
			if _, err := t.Write(chunk); err != nil {
				return err
			}
		}
		_, err := t.Write(p.pages)
		return err
	}}
	return b.write(filepath.Join(dir, "pages.tar"+suffix(compression)), compression, map[string]stream{"checkpoint/pages-1.img": content})
}

func suffix(compression string) string {
	return map[string]string{none: "", gz: ".gz", zstdC: ".zst"}[compression]
}

// makeMappings makes an archive whose process has n more mappings, of memory
// and of a file in turn, with a page in every tenth.
func makeMappings(originals, dir string, seed uint64, n int) error {
	const apart = 4 * pageSize
	b, err := readBase(originals)
	if err != nil {
		return err
	}
	p, err := b.process()
	if err != nil {
		return err
	}
	var file *vma.VmaEntry // one of the program's
	for _, v := range p.space.Vmas {
		if v.GetStatus()&fileStatus == fileStatus {
			file = v
		}
	}
	fill := realistic(seed)
	var runs []*pagemap.PagemapEntry
	var content []byte
	for i := range uint64(n) {
		start := addedAddress + i*apart
		v := anonymous(start, 2*pageSize)
		if i%2 == 1 && file != nil {
			v = proto.Clone(file).(*vma.VmaEntry)
			v.Start, v.End, v.Pgoff = proto.Uint64(start), proto.Uint64(start+pageSize), proto.Uint64(0)
			v.Prot, v.Flags = proto.Uint32(readOnly), proto.Uint32(privateFile)
		}
		p.space.Vmas = append(p.space.Vmas, v)
		if i%10 == 0 {
			runs = append(runs, p.run(start, 1))
			content = append(content, make([]byte, pageSize)...)
			fill(content[len(content)-pageSize:])
		}
	}
	p.runs = append(runs, p.runs...)
	if err := b.put(p); err != nil {
		return err
	}
	m, err := b.member("pages-1.img")
	if err != nil {
		return err
	}
	m.data = append(content, p.pages...)
	return b.write(filepath.Join(dir, "mappings.tar.zst"), zstdC, nil)
}
