package workload

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/checkpoint-restore/go-criu/v8/crit/images/mm"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/pagemap"
	"github.com/checkpoint-restore/go-criu/v8/crit/images/vma"
	"google.golang.org/protobuf/proto"
)

// baseName is the archive that the large ones are made of: one process, with
// connections.
const baseName = "tcp-established.tar.zst"

// base is an archive to be enlarged.
type base struct {
	members []member
}

func readBase(originals string) (*base, error) {
	members, _, err := readArchive(filepath.Join(originals, baseName))
	return &base{members}, err
}

// member returns an image by its base name.
func (b *base) member(name string) (*member, error) {
	i := slices.IndexFunc(b.members, func(m member) bool { return m.header.Name == "checkpoint/"+name })
	if i < 0 {
		return nil, fmt.Errorf("%s has no %s: %w", baseName, name, fs.ErrNotExist)
	}
	return &b.members[i], nil
}

// read decodes the messages of an image; newMessage is called for each.
func (b *base) read(name string, newMessage func(i int) proto.Message) (*member, error) {
	m, err := b.member(name)
	if err != nil {
		return nil, err
	}
	_, list, err := messages(m)
	if err != nil {
		return nil, err
	}
	for i, data := range list {
		if err := proto.Unmarshal(data, newMessage(i)); err != nil {
			return nil, fmt.Errorf("decoding %s: %w", name, err)
		}
	}
	return m, nil
}

// replace gives an image other messages behind the same head.
func (b *base) replace(name string, list ...proto.Message) error {
	m, err := b.member(name)
	if err != nil {
		return err
	}
	made, err := b.like(m, name, list...)
	if err == nil {
		m.data = made.data
	}
	return err
}

// like returns an image with the head of another one.
func (b *base) like(m *member, name string, list ...proto.Message) (*member, error) {
	head, _, err := messages(m)
	if err != nil {
		return nil, err
	}
	image := &member{headerNamed(m, name), slices.Clone(head)}
	for _, message := range list {
		if image.data, err = appendMessage(image.data, message); err != nil {
			return nil, err
		}
	}
	return image, nil
}

// headerNamed returns the header of an image under another name.
func headerNamed(m *member, name string) tar.Header {
	h := m.header
	h.Name = "checkpoint/" + name
	return h
}

// add puts a member behind the others.
func (b *base) add(m *member) {
	b.members = append(b.members, *m)
}

// write makes the archive. The content of members in streams comes from there.
func (b *base) write(path, compression string, streams map[string]stream) error {
	return writeArchive(path, compression, func(t *tar.Writer) error {
		for i := range b.members {
			m := &b.members[i]
			s, ok := streams[m.header.Name]
			if !ok {
				if err := writeMember(t, m); err != nil {
					return err
				}
				continue
			}
			m.header.Size, m.header.Format = s.size, tar.FormatUnknown // more than 8 GiB need another format
			if err := errors.Join(t.WriteHeader(&m.header), s.write(t)); err != nil {
				return fmt.Errorf("writing %q: %w", m.header.Name, err)
			}
		}
		return nil
	})
}

// stream is a content that is too large to be kept.
type stream struct {
	size  int64
	write func(*tar.Writer) error
}

// process is the memory of the base's process.
type process struct {
	space mm.MmEntry
	head  pagemap.PagemapHead
	runs  []*pagemap.PagemapEntry
	pages []byte
}

func (b *base) process() (*process, error) {
	p := &process{}
	if _, err := b.read("mm-1.img", func(int) proto.Message { return &p.space }); err != nil {
		return nil, err
	}
	_, err := b.read("pagemap-1.img", func(i int) proto.Message {
		if i == 0 {
			return &p.head
		}
		p.runs = append(p.runs, &pagemap.PagemapEntry{})
		return p.runs[len(p.runs)-1]
	})
	if err != nil {
		return nil, err
	}
	m, err := b.member(fmt.Sprintf("pages-%d.img", p.head.GetPagesId()))
	if err != nil {
		return nil, err
	}
	p.pages = m.data
	return p, nil
}

// Addresses and kinds of the mappings that are added. They lie below all that
// the kernel would choose, so that their pages come first.
const (
	addedAddress = 0x1000_0000_0000
	readWrite    = 0x3       // PROT_READ | PROT_WRITE
	anonPrivate  = 0x22      // MAP_PRIVATE | MAP_ANONYMOUS
	anonStatus   = 1 | 1<<9  // VMA_AREA_REGULAR | VMA_ANON_PRIVATE of CRIU criu/include/image.h
	fileStatus   = 1 | 1<<6  // VMA_AREA_REGULAR | VMA_FILE_PRIVATE
	privateFile  = 0x2       // MAP_PRIVATE
	readOnly     = 0x1       // PROT_READ
	present      = uint32(4) // PE_PRESENT of CRIU criu/include/pagemap.h
)

func anonymous(start, size uint64) *vma.VmaEntry {
	return &vma.VmaEntry{
		Start: proto.Uint64(start), End: proto.Uint64(start + size), Pgoff: proto.Uint64(0), Shmid: proto.Uint64(0),
		Prot: proto.Uint32(readWrite), Flags: proto.Uint32(anonPrivate), Status: proto.Uint32(anonStatus), Fd: proto.Int64(-1),
	}
}

// run returns pages that are there, in the words of the base: older CRIU has
// the compatible field alone.
func (p *process) run(start uint64, n int64) *pagemap.PagemapEntry {
	r := &pagemap.PagemapEntry{Vaddr: proto.Uint64(start), CompatNrPages: proto.Uint32(uint32(n)), Flags: proto.Uint32(present)}
	if p.runs[0].NrPages != nil {
		r.CompatNrPages, r.NrPages = proto.Uint32(0), proto.Uint64(uint64(n))
	}
	return r
}

// put brings the process's memory back into the images.
func (b *base) put(p *process) error {
	slices.SortFunc(p.space.Vmas, func(a, b *vma.VmaEntry) int { return cmp.Compare(a.GetStart(), b.GetStart()) })
	list := []proto.Message{&p.head}
	for _, r := range p.runs {
		list = append(list, r)
	}
	return errors.Join(b.replace("mm-1.img", &p.space), b.replace("pagemap-1.img", list...))
}
