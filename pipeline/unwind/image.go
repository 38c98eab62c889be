package unwind

import (
	"bytes"
	"cmp"
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/go-delve/delve/pkg/dwarf/frame"
)

// Image is an ELF file that is at hand: its functions and its unwind tables. They
// are read when they are first asked for. Whatever a file says, asking it costs no
// more than its size allows.
type Image struct {
	data []byte
	file *elf.File

	symbols     []symbol
	hasSymbols  bool
	frames      []frame.FrameDescriptionEntries
	hasFrames   bool
	goFunctions *gosym.Table
}

type symbol struct {
	address, size uint64
	name          string
}

// Bounds of what is parsed: a section, and the instructions of a function's unwind
// table, of which each may take as long as all before it.
const (
	maxSection      = 64 << 20
	maxInstructions = 8 << 10
)

// NewImage reads the headers of an ELF file of a machine that Walk knows.
func NewImage(data []byte) (i *Image, err error) {
	defer func() { // debug/elf has been fuzzed, and yet
		if fault := recover(); fault != nil {
			i, err = nil, fmt.Errorf("reading ELF file: %v", fault)
		}
	}()
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading ELF file: %w", err)
	}
	if archOf(f.Machine) == nil || f.ByteOrder.String() != "LittleEndian" {
		return nil, fmt.Errorf("reading ELF file: %w", errMachine)
	}
	return &Image{data: data, file: f}, nil
}

var errMachine = errors.New("it is of another machine")

// Address returns the address that a byte of the file was linked to have.
func (i *Image) Address(offset uint64) (uint64, bool) {
	for _, p := range i.file.Progs {
		if p.Type == elf.PT_LOAD && offset >= p.Off && offset-p.Off < p.Filesz {
			return p.Vaddr + offset - p.Off, true
		}
	}
	return 0, false
}

// before returns up to n bytes of code before an address.
func (i *Image) before(address uint64, n uint64) []byte {
	for _, p := range i.file.Progs {
		if p.Type != elf.PT_LOAD || address < p.Vaddr || address-p.Vaddr > p.Filesz {
			continue
		}
		end := p.Off + address - p.Vaddr
		if end < p.Off || end > uint64(len(i.data)) {
			return nil
		}
		return i.data[end-min(n, address-p.Vaddr, end) : end]
	}
	return nil
}

// isBehindCall reports whether the instruction before an address is a call.
func (i *Image) isBehindCall(address uint64) bool {
	code := i.before(address, 7)
	if i.file.Machine == elf.EM_AARCH64 {
		if len(code) < 4 {
			return false
		}
		// Source: Arm Architecture Reference Manual, C6.2: BL and BLR.
		word := i.file.ByteOrder.Uint32(code[len(code)-4:])
		return word&0xfc000000 == 0x94000000 || word&0xfffffc1f == 0xd63f0000
	}
	// Source: Intel 64 Software Developer's Manual, volume 2A, CALL: E8 with a
	// distance of 4 bytes, FF /2 with a register or a place in memory.
	if n := len(code); n >= 5 && code[n-5] == 0xe8 {
		return true
	}
	for size := 2; size <= min(7, len(code)); size++ {
		call := code[len(code)-size:]
		if call[0] == 0xff && call[1]>>3&7 == 2 && size == callSize(call) {
			return true
		}
	}
	return false
}

// callTarget returns where the call before an address leads to, if that is part of
// the instruction.
func (i *Image) callTarget(address uint64) (target uint64, isDirect bool) {
	code := i.before(address, 5)
	switch {
	case i.file.Machine == elf.EM_AARCH64 && len(code) >= 4:
		word := i.file.ByteOrder.Uint32(code[len(code)-4:])
		distance := int64(int32(word<<6)) >> 6 * 4 // 26 bits with a sign
		return address - 4 + uint64(distance), word&0xfc000000 == 0x94000000
	case len(code) == 5 && code[0] == 0xe8:
		return address + uint64(int64(int32(i.file.ByteOrder.Uint32(code[1:])))), true
	}
	return 0, false
}

// callSize returns the size of an indirect call by its ModR/M byte.
// Source: the same manual, tables 2-2 and 2-3.
func callSize(call []byte) int {
	mode, place := call[1]>>6, call[1]&7
	size := 2
	if mode != 3 && place == 4 {
		size++ // a scaled index
	}
	switch {
	case mode == 1:
		size++
	case mode == 2, mode == 0 && place == 5:
		size += 4
	}
	return size
}

// Symbol returns the function that an address is in, and how far in it.
func (i *Image) Symbol(address uint64) (name string, offset uint64, ok bool) {
	i.readSymbols()
	n := sort.Search(len(i.symbols), func(n int) bool { return i.symbols[n].address > address })
	for n--; n >= 0; n-- {
		s := i.symbols[n]
		if address-s.address < max(s.size, 1) {
			return s.name, address - s.address, true
		}
		if s.size > 0 { // what begins before it does not reach as far, but for aliases
			break
		}
	}
	return i.goSymbol(address)
}

func (i *Image) goSymbol(address uint64) (name string, offset uint64, ok bool) {
	if i.goFunctions == nil {
		return "", 0, false
	}
	defer func() {
		if recover() != nil { // a table that contradicts itself
			name, offset, ok = "", 0, false
		}
	}()
	f := i.goFunctions.PCToFunc(address)
	if f == nil {
		return "", 0, false
	}
	return f.Name, address - f.Entry, true
}

func (i *Image) readSymbols() {
	if i.hasSymbols {
		return
	}
	i.hasSymbols = true
	defer func() { _ = recover() }() // what was read until then counts
	static, _ := i.file.Symbols()
	dynamic, _ := i.file.DynamicSymbols()
	for _, s := range slices.Concat(static, dynamic) {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Section != elf.SHN_UNDEF && s.Name != "" {
			i.symbols = append(i.symbols, symbol{s.Value, s.Size, s.Name})
		}
	}
	slices.SortStableFunc(i.symbols, func(a, b symbol) int {
		return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.size, b.size))
	})
	if table, text := i.section(".gopclntab"), i.file.Section(".text"); text != nil && countsGoFunctions(table) {
		i.goFunctions, _ = gosym.NewTable(nil, gosym.NewLineTable(table, text.Addr))
	}
}

// countsGoFunctions reports whether a table of Go's functions can have as many as it
// says: debug/gosym takes memory for all of them. Source: runtime/symtab.go,
// pcHeader.
func countsGoFunctions(table []byte) bool {
	const header, entry = 16, 8
	return len(table) >= header && binary.LittleEndian.Uint64(table[8:]) <= uint64(len(table)/entry)
}

// section returns the content of a section, nil if it has none, or too much.
func (i *Image) section(name string) []byte {
	s := i.file.Section(name)
	if s == nil || s.Type == elf.SHT_NOBITS || s.Size > maxSection {
		return nil
	}
	data, err := s.Data()
	if err != nil {
		return nil
	}
	return data
}

// row returns what the unwind tables say of an address.
func (i *Image) row(address uint64) (r row, ok bool) {
	i.readFrames()
	defer func() {
		if recover() != nil { // the parser of the tables panics on what is malformed
			ok = false
		}
	}()
	for _, entries := range i.frames {
		entry, err := entries.FDEForPC(address)
		if err != nil || len(entry.Instructions)+len(entry.CIE.InitialInstructions) > maxInstructions {
			continue
		}
		rules, err := entry.EstablishFrame(address)
		return row{rules}, err == nil
	}
	return row{}, false
}

func (i *Image) readFrames() {
	if i.hasFrames {
		return
	}
	i.hasFrames = true
	if s := i.file.Section(".eh_frame"); s != nil {
		i.addFrames(i.section(".eh_frame"), s.Addr)
	}
	i.addFrames(i.section(".debug_frame"), 0)
}

// addFrames parses an unwind table; mapped is where .eh_frame is linked to be.
func (i *Image) addFrames(table []byte, mapped uint64) {
	defer func() { _ = recover() }() // see row
	const pointerSize = 8
	entries, err := frame.Parse(table, i.file.ByteOrder, 0, pointerSize, mapped)
	if err != nil || len(entries) == 0 {
		return
	}
	slices.SortStableFunc(entries, func(a, b *frame.FrameDescriptionEntry) int { return cmp.Compare(a.Begin(), b.Begin()) })
	i.frames = append(i.frames, entries)
}
