package decode

import (
	"debug/elf"
	"encoding/hex"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/pipeline/memory"
	"github.com/ckexport/ckexport/schema"
)

// newELFHeaders makes the consumer that finds ELF images in memory.
func (s *imageSet) newELFHeaders() memory.Consumer {
	s.elfHeaders = memory.NewELFHeaders(s.take)
	return s.elfHeaders
}

// decodeELFHeaders fills memory_elf_headers.
func (s *imageSet) decodeELFHeaders() {
	if s.elfHeaders.Full {
		s.passedIn(s.decoder.Limits.memory(), "memory_elf_headers", "there are more ELF images in memory than are kept; some, or their build ids and libraries, are left out")
	}
	for _, c := range s.contentSpaces() {
		for _, image := range s.elfHeaders.Of(c.Space) {
			if isFull(&s.notes, &s.rows.MemoryELFHeaders) {
				return
			}
			add(&s.notes, &s.rows.MemoryELFHeaders, s.elfHeaderRow(&c, image))
		}
	}
}

func (s *imageSet) elfHeaderRow(c *contentSpace, image *memory.ELFImage) schema.MemoryELFHeader {
	place := s.placeAt(c, image.Address)
	row := schema.MemoryELFHeader{
		PID: c.pid, ShmemID: c.shmemID, Address: image.Address, Evidence: "header", Class: "ELF32", ByteOrder: "little",
		MappingKind: place.kind, Path: place.path, Perms: place.perms, FileDeleted: place.fileDeleted, Inherited: image.Inherited,
	}
	if image.Class == elf.ELFCLASS64 {
		row.Class = "ELF64"
	}
	if image.Data == elf.ELFDATA2MSB {
		row.ByteOrder = "big"
	}
	if image.Wiped {
		row.Evidence = "program_headers"
	} else {
		row.Type, row.Machine, row.Entry = enum(&criu.ELFType, uint32(image.Type)), enum(&criu.ELFMachine, uint32(image.Machine)), &image.Entry
	}
	hasFile := place.kind != nil && (*place.kind == "file" || *place.kind == "memfd")
	row.IsMappedFile = hasFile && place.fileOffset != nil && *place.fileOffset == 0
	if id := image.BuildID(); id != nil {
		row.BuildID = ptr(hex.EncodeToString(id))
	}
	if names, ok := image.Needed(); ok {
		row.Needed = []string{}
		for _, name := range names {
			row.Needed = append(row.Needed, plain(string(name)))
		}
	}
	if size, ok := image.Size(); ok {
		row.SizeBytes = &size
	}
	return row
}
