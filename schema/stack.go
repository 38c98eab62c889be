package schema

// StackFrame is a call of a thread that has not returned.
type StackFrame struct {
	_ struct{} `table:"stack_frames" memory:"stacks" key:"checkpoint_id tid frame" doc:"A call of a thread that has not returned, the innermost first. A checkpoint has the stacks, but mostly not the programs, so that below the first frame the method tells how sure one is. Threads of x86-64 and AArch64; others have their first frame only. With --memory stacks only."`
	_ struct{} `compare:"pid tid frame" show:"path file_offset symbol"`

	PID                uint32  `arrow:"pid" ref:"processes(pid)" doc:"process"`
	TID                uint32  `arrow:"tid" ref:"threads(tid)" doc:"thread"`
	Frame              uint32  `arrow:"frame" doc:"position, from 0, which is where the thread was stopped"`
	InstructionPointer uint64  `arrow:"instruction_pointer" was:"ip" compare:"no" encode:"delta" range:"uint64" doc:"of frame 0 the next instruction, of others where the call returns to" src:"core-*.img; pages-*.img"`
	StackPointer       uint64  `arrow:"stack_pointer" was:"sp" compare:"no" encode:"delta" range:"uint64" doc:"stack pointer in the frame"`
	FramePointer       *uint64 `arrow:"frame_pointer" was:"fp" compare:"no" range:"uint64" doc:"frame pointer register in the frame; NULL where it is not known"`
	MappingKind        *string `arrow:"mapping_kind" sensitive:"no" doc:"kind of the mapping at the instruction pointer, see memory_mappings.kind; NULL where nothing is mapped"`
	Perms              *string `arrow:"perms" sensitive:"no" doc:"of that mapping, as memory_mappings.perms"`
	Path               Text    `arrow:"path" encode:"bloom" sensitive:"no" doc:"file, device or memfd mapped there"`
	FileOffset         *uint64 `arrow:"file_offset" range:"uint64" doc:"the instruction pointer as an offset in that file"`
	Symbol             Text    `arrow:"symbol" sensitive:"no" doc:"function, by the symbol table of the file or Go's own, where the archive holds the file; of frames above 0 that of the call"`
	SymbolOffset       *uint64 `arrow:"symbol_offset" range:"uint64" doc:"distance of the instruction pointer from the beginning of the function, in bytes"`
	Method             string  `arrow:"method" sensitive:"no" doc:"how it was found. registers: those of the thread; unwind: by the unwind table of the file; frame_pointer: by the chain of frame pointers; scan: a word of the stack that points into code"`
	Confidence         string  `arrow:"confidence" sensitive:"no" doc:"high: registers, unwind; medium: frame_pointer, and scan where the file has a call before it; low: other scans, which may be left over from earlier calls"`
}
