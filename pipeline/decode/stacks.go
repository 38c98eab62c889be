package decode

import (
	"debug/elf"
	"fmt"

	core "github.com/checkpoint-restore/go-criu/v8/crit/images/criu-core"
	remap "github.com/checkpoint-restore/go-criu/v8/crit/images/remap-file-path"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/kernel"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/pipeline/unwind"
	"github.com/ckexport/ckexport/schema"
)

// newStacks makes the consumer that keeps stacks. It needs the registers of a
// process's threads before its pages: engines write them in front of these.
func (s *imageSet) newStacks() memory.Consumer {
	s.stacks = memory.NewStacks(s.stackPointers, s.take)
	return s.stacks
}

// hasCore reports whether the image of a process's main thread is there.
func (s *imageSet) hasCore(space *memory.Space) bool {
	return s.image(coreName(uint32(space.ID))) != nil
}

func coreName(tid uint32) string { return fmt.Sprintf("core-%d.img", tid) }

// stackPointers returns the stack pointers that may be of a process's threads: of
// its main thread, and of all threads of which it is not known yet whose they are.
// Images tell nothing of faults here; they are decoded again with the rest.
func (s *imageSet) stackPointers(space *memory.Space) []uint64 {
	if s.earlyStacks == nil {
		s.earlyStacks = map[uint32]*uint64{}
	}
	var list []uint64
	for _, img := range s.ofKind("CORE") {
		tid := uint32(img.number)
		if _, isMain := s.images[fmt.Sprintf("mm-%d.img", tid)]; isMain && uint64(tid) != space.ID {
			continue
		}
		sp, known := s.earlyStacks[tid]
		if !known {
			sp = stackPointer(img)
			s.earlyStacks[tid] = sp
		}
		if sp != nil {
			list = append(list, *sp)
		}
	}
	return list
}

// stackPointer reads the stack pointer from the image of a thread, nil if it has
// none.
func stackPointer(img *image) *uint64 {
	r, err := criu.NewReader(img.kind, img.data, img.truncated)
	if err != nil {
		return nil
	}
	data, err := r.Next()
	if err != nil {
		return nil
	}
	c := &core.CoreEntry{}
	_ = criu.Unmarshal(data, c) // what could be decoded is what counts
	if found := criu.RegistersOf(c); found != nil {
		return &found.StackPointer
	}
	return nil
}

// decodeStacks fills stack_frames.
func (s *imageSet) decodeStacks() {
	programs := s.newPrograms()
	for _, p := range s.tree() {
		space := s.memory.Process(p.GetPid())
		code := processCode{set: s, programs: programs, of: contentSpace{Space: space, pid: ptr(p.GetPid())}}
		for _, tid := range liveThreads(p) {
			if isFull(&s.notes, &s.rows.StackFrames) {
				return
			}
			if c := s.cores()[tid]; c != nil {
				s.threadFrames(p.GetPid(), tid, c, &code)
			}
		}
	}
	if s.stacks.Full || programs.isFull {
		s.passedIn(s.decoder.Limits.memory(), "stack_frames", "the archive takes more memory; some stacks or programs were not kept, and frames are missing")
	}
}

// threadFrames adds the frames of a thread.
func (s *imageSet) threadFrames(pid, tid uint32, c *core.CoreEntry, code *processCode) {
	r := criu.RegistersOf(c)
	if r == nil {
		return
	}
	var frames []unwind.Frame
	if thread := unwind.NewThread(machineOf(c)); thread != nil && (r.Compat == nil || !*r.Compat) {
		found, _ := s.decoder.registers.Registers(s.hostOrder(), c)
		for _, reg := range found {
			if reg.Set == "general" && reg.Bytes == nil {
				thread.Set(reg.Name, reg.Value)
			}
		}
		frames = unwind.Walk(thread, s.stackOf(code.of.Space), code)
	}
	if len(frames) == 0 {
		frames = []unwind.Frame{{IP: r.InstructionPointer, SP: r.StackPointer, FP: r.FramePointer, Method: unwind.ByRegisters, Confidence: unwind.High}}
	}
	for i, f := range frames {
		place := s.placeAt(&code.of, f.IP)
		row := schema.StackFrame{
			PID: pid, TID: tid, Frame: uint32(i), IP: f.IP, SP: f.SP, FP: f.FP, MappingKind: place.kind, Perms: place.perms, Path: place.path,
			FileOffset: place.fileOffset, Method: string(f.Method), Confidence: string(f.Confidence),
		}
		if f.Image != nil {
			if name, offset, ok := f.Image.Symbol(f.Address); ok {
				if i > 0 {
					offset++ // Address is that of the call's last byte
				}
				row.Symbol, row.SymbolOffset = text(name), &offset
			}
		}
		add(&s.notes, &s.rows.StackFrames, row)
	}
}

// machineOf returns what ELF files call the architecture of a thread.
func machineOf(c *core.CoreEntry) elf.Machine {
	switch c.GetMtype() {
	case core.CoreEntry_X86_64:
		return elf.EM_X86_64
	case core.CoreEntry_AARCH64:
		return elf.EM_AARCH64
	}
	return elf.EM_NONE
}

// stackOf is the memory of a process, as far as its stacks were kept, but for what
// the kernel put above the first call: arguments, environment and auxiliary vector.
type stackOf struct {
	stacks *memory.Stacks
	space  *memory.Space
	texts  memory.Range
}

func (s *imageSet) stackOf(space *memory.Space) stackOf {
	m := stackOf{stacks: s.stacks, space: space}
	if start := space.Descriptor().GetMmStartStack(); start != 0 {
		m.texts = memory.Range{Start: start, End: s.mappings(uint32(space.ID)).Around(start).End}
	}
	return m
}

// Word implements unwind.Memory.
func (m stackOf) Word(address uint64) (uint64, bool) {
	if address >= m.texts.Start && address < m.texts.End {
		return 0, false
	}
	return m.stacks.Word(m.space, address)
}

// processCode is the code of a process.
type processCode struct {
	set      *imageSet
	programs *programFiles
	of       contentSpace
}

// IsCode implements unwind.Code.
func (c *processCode) IsCode(address uint64) bool {
	v := c.set.mappingAt(*c.of.pid, address)
	return v != nil && v.GetProt()&kernel.PROT_EXEC != 0
}

// Image implements unwind.Code.
func (c *processCode) Image(address uint64) (*unwind.Image, uint64) {
	v := c.set.mappingAt(*c.of.pid, address)
	if v == nil {
		return nil, 0
	}
	file := c.set.mappedFile(v)
	if file == nil {
		return nil, 0
	}
	image := c.programs.of(file, c.set.sharedObject(v, file))
	if image == nil {
		return nil, 0
	}
	linked, ok := image.Address(v.GetPgoff() + address - v.GetStart())
	if !ok {
		return nil, 0
	}
	return image, linked
}

// programFiles are the ELF files that the archive holds, by what processes map:
// captured files, deleted ones, memfds.
type programFiles struct {
	set    *imageSet
	byPath map[string][]byte
	ghosts map[*openFile][]byte
	images map[*openFile]*unwind.Image // nil where there is none
	isFull bool
}

func (s *imageSet) newPrograms() *programFiles {
	p := &programFiles{set: s, byPath: map[string][]byte{}, ghosts: map[*openFile][]byte{}, images: map[*openFile]*unwind.Image{}}
	if s.main {
		s.resolveCapturePaths()
	}
	deleted := map[uint32]*heldELF{}
	for _, held := range s.heldELFs {
		p.isFull = p.isFull || held.isFull
		switch {
		case held.ghost != nil && held.set == s:
			deleted[*held.ghost] = held
		case held.ghost == nil && s.main && held.row < len(s.filesystem):
			if f := s.filesystem[held.row]; f.hasPath {
				p.byPath[f.path] = held.data // of several the last, which was mounted over the others
			}
		}
	}
	for _, r := range s.files().remaps {
		if kind, id := remapOf(r); kind == remap.RemapType_GHOST && deleted[id] != nil {
			p.ghosts[s.files().byID[r.GetOrigId()]] = deleted[id].data
		}
	}
	return p
}

// of returns the image of a file that is mapped, nil if it is not at hand.
func (p *programFiles) of(file *openFile, shared *uint64) *unwind.Image {
	image, known := p.images[file]
	if known {
		return image
	}
	data := p.ghosts[file]
	switch {
	case data != nil:
	case shared != nil:
		data = p.set.stacks.Image(p.set.memory.SharedObject(*shared))
	case file.path != nil && !file.deleted:
		data = p.byPath[*file.path]
	}
	if data != nil {
		image, _ = unwind.NewImage(data) // one of another machine, or damaged, is as none
	}
	p.images[file] = image
	return image
}
