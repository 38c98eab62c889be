package extract

import (
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// A core dump of a process, as the kernel writes one when a process crashes: an ELF
// file with a header for each piece of memory, and notes with the registers of the
// threads and what is known of the process. A mapping of which parts are absent has
// several headers: those of what is absent say that the file has nothing of it.
// Source: fs/binfmt_elf.c, elf_core_dump.

// cores yields core dumps.
func (c *checkpoint) cores(yield func(*item, error) bool) bool {
	for _, wanted := range c.session.opts.Selection.Cores {
		for n := range c.rows.Processes {
			p := &c.rows.Processes[n]
			if !wanted.has(p.PID) {
				continue
			}
			i, err := c.core(p, wanted.selector())
			if err != nil {
				yield(nil, err)
				return false
			}
			if i != nil && !yield(i, nil) {
				return false
			}
		}
	}
	return true
}

// core returns the core dump of a process. One without memory, as the dead are, has
// none; of one that no core is known for, the item says so.
func (c *checkpoint) core(p *schema.Process, selector string) (*item, error) {
	mappings, overlapping := c.mappings(p.PID)
	if len(mappings) == 0 {
		return nil, nil
	}
	threads, bare := c.threadsOf(p.PID)
	i := c.processItem("core", selector, p)
	i.suffix = ".core"
	if len(threads) == 0 {
		i.absent(0, "the registers of all threads, without which there is no core")
		return i, nil
	}
	machine, ok := machines[threads[0].registers.Arch]
	if !ok || p.IsCompat != nil && *p.IsCompat {
		i.absent(0, fmt.Sprintf("cores are written for 64-bit processes of x86_64 and aarch64, not for this one of %s", threads[0].registers.Arch))
		return i, nil
	}
	w := &coreWriter{room: c.session.room, machine: machine, space: c.space(p.PID), pageSize: c.copies.Memory.Process(p.PID).PageSize()}
	for _, m := range mappings {
		for _, s := range w.space.segments(m, memory.Everything) {
			w.plan(m, s)
		}
	}
	w.notes = c.notes(p, threads, mappings, machine, w.pageSize, &w.missing)
	if i.content = c.session.stage(); i.content == nil {
		return nil, c.session.err
	}
	if err := w.write(i.content); err != nil {
		return nil, err
	}
	if i.content.limit != nil { // a core that is cut off is none
		i.absent(uint64(i.content.size), i.content.limit.Error())
		i.content = nil
	}
	if overlapping > 0 {
		i.absent(0, fmt.Sprintf("%d mappings overlap others: these are left out", overlapping))
	}
	if len(bare) > 0 {
		i.absent(0, fmt.Sprintf("%d threads, whose registers are not in the archive: the first is %d", len(bare), bare[0]))
	}
	w.missing.tell(i)
	return i, c.session.err
}

// Sizes of ELF64. Source: linux/elf.h.
const (
	headerSize        = 64
	programHeaderSize = 56
	sectionHeaderSize = 64
	// manyHeaders in e_phnum says that the first section header has the number.
	manyHeaders = 0xffff
)

// coreWriter plans a core dump, and writes it.
type coreWriter struct {
	machine  machine
	space    *space
	pageSize uint64
	loads    []load
	notes    []byte
	room     room
	missing  absences
}

// load is memory that has a program header.
type load struct {
	segment
	flags    elf.ProgFlag
	fileSize uint64
}

// plan adds a segment.
func (w *coreWriter) plan(m *schema.MemoryMapping, s segment) {
	l := load{segment: s}
	if m.Readable {
		l.flags |= elf.PF_R
	}
	if m.Writable {
		l.flags |= elf.PF_W
	}
	if m.Executable {
		l.flags |= elf.PF_X
	}
	switch {
	case s.content == stored, s.content == zeros && w.room.take(s.Size()):
		l.fileSize = s.Size()
	case s.content == zeros:
		w.missing.add(s.Size(), whyHole)
	default:
		w.missing.add(s.Size(), s.why)
	}
	w.loads = append(w.loads, l)
}

// write writes the file: header, program headers, notes, memory, and a section header
// where there are very many of the others.
func (w *coreWriter) write(to *staged) error {
	headers := uint64(1 + len(w.loads))
	notesAt := headerSize + headers*programHeaderSize
	offset := notesAt + uint64(len(w.notes))
	table := encoded(nil, elf.Prog64{Type: uint32(elf.PT_NOTE), Off: notesAt, Filesz: uint64(len(w.notes)), Align: 4})
	offsets := make([]uint64, len(w.loads))
	for n, l := range w.loads {
		offsets[n] = w.align(offset, l.Start)
		table = encoded(table, elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(l.flags), Off: offsets[n], Vaddr: l.Start, Filesz: l.fileSize, Memsz: l.Size(), Align: w.pageSize,
		})
		if l.fileSize > 0 {
			offset = offsets[n] + l.fileSize
		}
	}
	to.Write(w.header(headers, offset)) //nolint:errcheck // the session has it
	to.Write(table)                     //nolint:errcheck // the same
	to.Write(w.notes)                   //nolint:errcheck // the same
	for n, l := range w.loads {
		if l.fileSize == 0 {
			continue
		}
		to.hole(offsets[n] - uint64(to.size))
		if l.content == zeros {
			to.hole(l.fileSize)
		} else if err := w.space.copyTo(to, l.segment); err != nil {
			return err
		}
		if to.limit != nil {
			return nil
		}
	}
	if headers >= manyHeaders {
		to.Write(firstSection(headers)) //nolint:errcheck // the same
	}
	return nil
}

// align returns the next offset at which memory of that address may stand.
func (w *coreWriter) align(offset, address uint64) uint64 {
	return offset + (address-offset)%w.pageSize
}

// header returns the ELF header.
func (w *coreWriter) header(programs, end uint64) []byte {
	h := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_CORE), Machine: uint16(w.machine.elf), Version: uint32(elf.EV_CURRENT), Phoff: headerSize,
		Ehsize: headerSize, Phentsize: programHeaderSize, Phnum: uint16(min(programs, manyHeaders)),
	}
	if programs >= manyHeaders {
		h.Shoff, h.Shentsize, h.Shnum = end, sectionHeaderSize, 1
	}
	return encoded(nil, h)
}

// firstSection returns the section header that tells how many program headers there
// are. Source: fs/binfmt_elf.c, fill_extnum_info.
func firstSection(programs uint64) []byte {
	return encoded(nil, elf.Section64{Type: uint32(elf.SHT_NULL), Size: 1, Info: uint32(programs)})
}

// encoded appends a struct as it lies in memory of the two architectures.
func encoded(to []byte, value any) []byte {
	data, err := binary.Append(to, binary.LittleEndian, value)
	if err != nil {
		panic(err) // a struct of numbers has no other size than its own
	}
	return data
}
